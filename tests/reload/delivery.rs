//! One sender after the other: nothing is sent twice and nothing stays behind, also under load.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::desk::{Desk, Text, Wire, department};
use crate::gateway::{DEADLINE, free_port, wait_for};
use crate::sink::Sink;

/// Clients that send at the same time, and how often the configuration is read anew meanwhile.
const CLIENTS: usize = 4;
const RELOADS: usize = 50;

fn by_way_of(text: &Text, sink: &Sink) -> Text {
    Text { delivery: format!("relay = \"smtp://127.0.0.1:{}\"", sink.port), ..text.clone() }
}

/// The Message-IDs of all notices, once all have left.
fn sent(desk: &Desk, least: usize) -> Vec<String> {
    wait_for("every notice to leave", DEADLINE, || {
        let notices = desk.json(&["outbox", "list", "--json", "--all"]);
        let done = notices.len() >= least && notices.iter().all(|notice| notice["state"] == "sent");
        let id = |notice: &serde_json::Value| notice["message_id"].as_str().unwrap().trim_matches(['<', '>']).to_owned();
        done.then(|| notices.iter().map(id).collect())
    })
}

#[test]
fn a_new_relay_gets_the_next_notice_while_the_old_one_has_not_answered_yet_and_each_leaves_once() {
    let (old, new) = (Sink::start(), Sink::start());
    let (mut desk, text) = Desk::new();
    old.hold(true);
    by_way_of(&text, &old).write(desk.folder.path());
    desk.start();
    let mut wire = Wire::connect(desk.port);
    assert_eq!(wire.mail("support@shop.example", "first"), 250);
    wait_for("the first notice to be with the old relay", DEADLINE, || (old.waiting() == 1).then_some(()));
    let told = desk.reload(&by_way_of(&text, &new));
    assert!(told.contains("another sender takes over"), "{told}");
    assert_eq!(wire.mail("support@shop.example", "second"), 250);
    wait_for("the second notice to be with the new relay", DEADLINE, || (new.taken().len() == 1).then_some(()));
    // A word that comes late is heard: the notice is not sent again, by the new one neither.
    old.hold(false);
    let notices = sent(&desk, 2);
    assert_eq!(notices.len(), 2);
    let (with_old, with_new) = (old.taken(), new.taken());
    assert_eq!((with_old.values().sum::<usize>(), with_new.values().sum::<usize>()), (1, 1));
    assert!(notices.iter().all(|id| with_old.contains_key(id) != with_new.contains_key(id)), "{notices:?}");
    desk.stop();
}

#[test]
fn nothing_is_lost_and_nothing_doubled_while_fifty_reloads_alternate_between_two_configurations() {
    let (first, second) = (Sink::start(), Sink::start());
    let (mut desk, text) = Desk::new();
    let one = by_way_of(&text, &first);
    let mut other = by_way_of(&text, &second);
    other.departments.push(department("sales"));
    other.smtp = other.smtp.replace("listen = [", &format!("listen = [\"127.0.0.1:{}\", ", free_port()));
    other.smtp.push_str("\nmax_message_size = \"1 MiB\"\nmax_connections = 100");
    other.delivery.push_str("\nmax_connections = 2");
    one.write(desk.folder.path());
    desk.start();
    let (port, over) = (desk.port, AtomicBool::new(false));
    let acked: Vec<String> = std::thread::scope(|scope| {
        // Each has one connection for the whole of it: one that ends fails the test.
        let send = |client: usize| {
            let mut wire = Wire::connect(port);
            let subjects = (0..).map(|number| format!("ledger {client} {number}"));
            let acked = |subject: &String| wire.mail("support@shop.example", subject) == 250;
            subjects.take_while(|_| !over.load(Ordering::Relaxed)).filter(acked).collect::<Vec<_>>()
        };
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || send(client))).collect();
        for count in 0..RELOADS {
            let told = desk.reload(if count % 2 == 0 { &other } else { &one });
            assert!(told.contains("another sender takes over"), "{told}");
            // Notices give way to mail that comes in, so a quick storm could be over before the second relay had any.
            if count == 0 {
                wait_for("the second relay to take a notice", DEADLINE, || (!second.taken().is_empty()).then_some(()));
            }
        }
        over.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let notices = sent(&desk, acked.len());
    let mut times: HashMap<String, usize> = first.taken();
    for (id, count) in second.taken() {
        *times.entry(id).or_default() += count;
    }
    let mut stored: HashMap<String, usize> = HashMap::new();
    for arrival in desk.json(&["arrival", "list", "--json", "--all"]) {
        *stored.entry(arrival["subject"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let lost = acked.iter().filter(|subject| !stored.contains_key(*subject)).count()
        + notices.iter().filter(|id| !times.contains_key(*id)).count();
    let doubled = stored.values().chain(times.values()).filter(|count| **count > 1).count();
    println!(
        "reloads={RELOADS} acked={} stored={} notified={} lost={lost} doubled={doubled} (first relay {}, second {})",
        acked.len(),
        stored.len(),
        times.len(),
        first.taken().len(),
        second.taken().len()
    );
    assert_eq!((lost, doubled), (0, 0));
    assert_eq!((stored.len(), notices.len(), times.len()), (acked.len(), acked.len(), acked.len()));
    assert!(!first.taken().is_empty() && !second.taken().is_empty(), "both relays had their share");
    desk.stop();
}
