//! No word of an internal note in any mail to a customer, over random threads: answers, notes, answers to notes, and agents who quote,
//! forward, paste and attach notes in every way that mail programs and people do.
//!
//! The threads are the same ones in each run, so that a change is judged and not chance; `POSTDESK_SEED=7` for others,
//! `POSTDESK_THREADS=100000` for more than ten thousand.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may end in a panic, also in what its functions share")]

#[path = "canary/chance.rs"]
mod chance;
#[path = "canary/mails.rs"]
mod mails;
#[path = "canary/octets.rs"]
mod octets;
#[path = "canary/styles.rs"]
mod styles;
#[path = "canary/thread.rs"]
mod thread;
#[path = "canary/world.rs"]
mod world;

use chance::Chance;
use world::{Counts, House};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")))
}

/// What the threads are drawn from, unless the environment says otherwise.
const SEED: u64 = 20_261_122;

#[test]
fn no_word_of_a_note_reaches_a_customer_and_no_honest_answer_is_stopped() {
    let threads = number("POSTDESK_THREADS").unwrap_or(10_000);
    let seed = number("POSTDESK_SEED").unwrap_or(SEED);
    println!("POSTDESK_SEED={seed}");
    let house = House::new();
    let share = |part: u64| {
        let mut counts = Counts::default();
        for thread in (0..threads).filter(|thread| thread % 2 == part) {
            let mut chance = Chance::new(seed.wrapping_add(thread.wrapping_mul(0x1_0000_01b3)));
            thread::play(&house, &mut chance, &mut counts, &format!("POSTDESK_SEED={seed}, thread {thread}"));
        }
        counts
    };
    let counts = std::thread::scope(|scope| {
        let other = scope.spawn(|| share(1));
        let mine = share(0);
        mine.and(other.join().expect("the other half of the threads"))
    });
    println!("{counts:?}");
    assert_eq!(counts.threads, threads);
    if threads >= 1_000 {
        assert!(counts.notes > threads / 2 && counts.honest > threads / 4 && counts.to_customers > threads);
        assert!(counts.stopped > 0 && counts.cut > 0, "both the guard and the cutting were needed");
    }
}
