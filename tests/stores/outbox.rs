//! Leases of notices: each is one sender's at a time, and only its newest lease settles.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join;
use postdesk::store::Store;
use postdesk::store::outbox::Settlement;

use crate::base::Base;
use crate::mails::{NOW, sealed, take};

on_both!(
    only_the_newest_lease_settles_and_a_row_that_cannot_be_read_fails_alone,
    senders_that_lease_at_once_get_each_notice_once,
    destinations_are_named_in_turn_and_leased_one_by_one,
    what_was_not_begun_is_as_if_it_had_not_been_leased,
    what_waits_is_brought_forward_when_the_clock_was_set_back,
);

const COLUMNS: &str = "INSERT INTO outbox (id, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, created_at) \
                       VALUES ";

async fn only_the_newest_lease_settles_and_a_row_that_cannot_be_read_fails_alone(base: Base) {
    let store = base.gateway().await;
    take(&store, &[sealed(b"one", &["support"])]).await.unwrap();
    let rows = "(1, 1, 'reply', 'mia@customer.example', 'a', 'b@desk.example.org', 'x', 'due', 0, 0), \
                (2, 1, 'reply', 'no address', 'b', 'b@desk.example.org', 'y', 'due', 0, 0)";
    base.run(&format!("{COLUMNS}{rows}")).await;
    let second = Duration::from_secs(1);
    let first = store.lease(NOW, NOW.plus(second), 10).await.unwrap();
    assert_eq!(first.iter().map(|notice| (notice.id, notice.lease)).collect::<Vec<_>>(), [(1, 1)]);
    assert!(store.lease(NOW, NOW.plus(second), 10).await.unwrap().is_empty(), "leased already");
    let later = NOW.plus(second * 2);
    let taken_over = store.lease(later, later.plus(second), 10).await.unwrap();
    assert_eq!(taken_over[0].lease, 2);
    store.settle(&[(1, 1, Settlement::Never { why: "too late".to_owned() })], later).await.unwrap();
    assert_eq!(base.texts("SELECT state FROM outbox ORDER BY id").await, ["leased", "failed"]);
    store.settle(&[(1, 2, Settlement::Sent)], later).await.unwrap();
    assert_eq!(base.texts("SELECT state FROM outbox ORDER BY id").await, ["sent", "failed"]);
}

async fn what_waits_is_brought_forward_when_the_clock_was_set_back(base: Base) {
    let store = base.gateway().await;
    take(&store, &[sealed(b"one", &["support"])]).await.unwrap();
    let row = |id: i64, state: &str, seconds: i64| {
        let at = NOW.0 + seconds * 1_000_000;
        format!("({id}, 1, 'reply', 'mia@customer.example', 'a{id}', 'b@desk.example.org', 'x{id}', '{state}', {at}, 0)")
    };
    let rows = [row(1, "due", -5), row(2, "due", 50), row(3, "due", 90), row(4, "leased", 90), row(5, "sent", 90)].join(", ");
    base.run(&format!("{COLUMNS}{rows}")).await;
    assert_eq!(store.bring_forward(Duration::from_secs(60), NOW).await.unwrap(), 2);
    let kept = base.texts("SELECT CAST(next_attempt_at AS TEXT) FROM outbox ORDER BY id").await;
    let expected: Vec<String> = [-5, 0, 30, 90, 90].iter().map(|seconds| (NOW.0 + seconds * 1_000_000).to_string()).collect();
    assert_eq!(kept, expected);
}

/// Leases until nothing is free, as another does at the same time.
async fn lease_all(store: &Store) -> Vec<i64> {
    let mut leased = Vec::new();
    loop {
        let notices = store.lease(NOW, NOW.plus(Duration::from_secs(60)), 7).await.unwrap();
        if notices.is_empty() {
            return leased;
        }
        assert!(notices.iter().all(|notice| notice.lease == 1 && notice.attempts == 1), "{notices:?}");
        leased.extend(notices.iter().map(|notice| notice.id));
    }
}

async fn senders_that_lease_at_once_get_each_notice_once(base: Base) {
    const NOTICES: usize = 300;
    let [one, other] = base.two().await;
    take(&one, &[sealed(b"one", &["support"])]).await.unwrap();
    let row = |id| format!("({id}, 1, 'reply', 'mia@customer.example', '{id}', 'b@desk.example.org', '{id}', 'due', {id}, 0)");
    let rows: Vec<String> = (1..=NOTICES).map(row).collect();
    base.run(&format!("{COLUMNS}{}", rows.join(", "))).await;
    let (first, second) = join(lease_all(&one), lease_all(&other)).await;
    assert!(!first.is_empty() && !second.is_empty(), "one sender took all: nothing was tried");
    // Rows that were locked by the one were passed over by the other, which looks again at the next turn.
    let mut leased = lease_all(&one).await;
    leased.extend(first.into_iter().chain(second));
    let once: HashSet<i64> = leased.iter().copied().collect();
    assert_eq!((leased.len(), once.len()), (NOTICES, NOTICES));
}

async fn destinations_are_named_in_turn_and_leased_one_by_one(base: Base) {
    let store = base.gateway().await;
    take(&store, &[sealed(b"one", &["support"])]).await.unwrap();
    // Of b only what is not due yet; c has no destination, as earlier versions left it; two rows of a.
    let row = |id: i64, domain: &str, due: i64| {
        format!("({id}, 1, 'reply', 'mia@{domain}.example', '{id}', 'b@desk.example.org', '{id}', 'due', {due}, 0)")
    };
    let soon = NOW.plus(Duration::from_secs(9)).0;
    let rows = [row(1, "a", 0), row(2, "b", soon), row(3, "c", 0), row(4, "d", 0), row(5, "a", 0)];
    base.run(&format!("{COLUMNS}{}", rows.join(", "))).await;
    assert!(store.due_destinations("", NOW, 9).await.unwrap().is_empty());
    assert_eq!(store.name_destinations().await.unwrap(), 5);
    assert_eq!(store.name_destinations().await.unwrap(), 0);
    assert_eq!(store.due_destinations("", NOW, 9).await.unwrap(), ["a.example", "c.example", "d.example"]);
    assert_eq!(store.due_destinations("", NOW, 2).await.unwrap(), ["a.example", "c.example"]);
    assert_eq!(store.due_destinations("c.example", NOW, 2).await.unwrap(), ["d.example"]);
    assert!(store.due_destinations("d.example", NOW, 2).await.unwrap().is_empty());
    let until = NOW.plus(Duration::from_secs(60));
    let leased = store.lease_of(Some("a.example"), NOW, until, 9).await.unwrap();
    assert_eq!(leased.iter().map(|notice| notice.id).collect::<Vec<_>>(), [1, 5]);
    assert!(store.lease_of(Some("b.example"), NOW, until, 9).await.unwrap().is_empty());
    assert_eq!(store.due_destinations("", NOW, 9).await.unwrap(), ["c.example", "d.example"]);
}

async fn what_was_not_begun_is_as_if_it_had_not_been_leased(base: Base) {
    let store = base.gateway().await;
    take(&store, &[sealed(b"one", &["support"])]).await.unwrap();
    base.run(&format!("{COLUMNS}(1, 1, 'reply', 'mia@a.example', 'a', 'b@desk.example.org', 'x', 'due', 0, 0)")).await;
    base.run("INSERT INTO letter (outbox, head, parts, tail) VALUES (1, 'head', '[]', 'tail')").await;
    for lease in 1..=3 {
        let leased = store.lease(NOW, NOW.plus(Duration::from_secs(60)), 9).await.unwrap();
        assert_eq!((leased[0].lease, leased[0].attempts), (lease, 1));
        let unbegun = Settlement::Unbegun { due: leased[0].created_at, why: "the relay is away".to_owned() };
        // A sender that was paused changes nothing.
        store.settle(&[(1, lease - 1, unbegun.clone())], NOW).await.unwrap();
        assert_eq!(base.texts("SELECT state FROM outbox").await, ["leased"]);
        store.settle(&[(1, lease, unbegun)], NOW).await.unwrap();
        assert_eq!(base.texts("SELECT state || last_error FROM outbox WHERE attempts = 0").await, ["duethe relay is away"]);
    }
    let letters = store.letters(&[1, 2]).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].0, letters[0].1.head.as_str()), (1, "head"));
}
