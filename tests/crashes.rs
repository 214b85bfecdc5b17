//! The ledger: eight clients, mails of 1 KiB to 2 MiB, `kill -9` in a loop, and then the count of what was promised against
//! what is there. `POSTDESK_KILLS` asks for more kills than the thirty of the short form.
#![cfg(test)]

#[path = "crashes/check.rs"]
mod check;
#[path = "crashes/client.rs"]
#[expect(dead_code, reason = "shared with the ledger of several gateways, which needs more of it")]
mod client;
#[path = "crashes/found.rs"]
mod found;
#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "crashes/ledger.rs"]
#[expect(dead_code, reason = "shared with the ledger of several gateways, which needs more of it")]
mod ledger;
#[path = "crashes/mail.rs"]
mod mail;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sqlx::{Connection, SqliteConnection};

use check::{Counts, Found, Kept, Notice, assert_that_it_was_a_load, judge, what_is_right};
use client::Client;
use gateway::{DEADLINE, Gateway, wait_for};
use ledger::{EndOfLoad, Entry, Load, request, run_client};
use mail::{Chance, Mail, Purpose};

/// Clients that send requests; one more sends replies to one ticket, in order.
const CLIENTS: u64 = 8;
/// Mails that may be sent in one life of the gateway.
const MAILS_IN_A_LIFE: usize = 80;

#[test]
fn nothing_is_lost_and_nothing_doubled_by_thirty_kills_under_load() {
    let kills = std::env::var("POSTDESK_KILLS").map_or(30, |number| number.parse().unwrap());
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let outgoing = folder.path().join("outgoing");
    let mut gateway = Gateway::new(folder.path(), &format!("file:{}", outgoing.display()));
    gateway.start();
    let (first, reference) = found::open_the_ordered_ticket(&gateway);

    let (mut ledger, slowest) = kill_under_load(&mut gateway, kills, &reference);
    ledger.push(first);
    assert!(gateway.stop().success(), "a drain ends with exit 0");
    gateway.start();
    found::wait_until_settled(&gateway);

    let counts = judge(&ledger, &found::gather(&gateway, &outgoing, &reference));
    println!("{counts}");
    println!("kills={kills} slowest start={} ms", slowest.as_millis());
    if counts != what_is_right(&counts, &ledger) {
        println!("the store is kept for a look at it: {}", folder.keep().display());
        panic!("a promise was broken: {counts}");
    }
    assert_that_it_was_a_load(&counts);
    found::assert_that_the_verb_prints_the_originals(&gateway);
    assert!(gateway.stop().success(), "a drain ends with exit 0");
    assert_eq!(integrity(gateway.store()), "ok");
    assert_eq!(found::stray_files(&outgoing), Vec::<String>::new());
}

/// Kills the gateway again and again while the clients send; it runs when this returns. Tells the slowest start as well.
fn kill_under_load(gateway: &mut Gateway, kills: usize, reference: &str) -> (Vec<Entry>, Duration) {
    let load = Load::new();
    let port = gateway.port();
    let mut slowest = Duration::ZERO;
    let mut moments = Chance::new(u64::try_from(kills).unwrap());
    let ledger = std::thread::scope(|scope| {
        let load = &load;
        let end = EndOfLoad(load);
        let mut clients: Vec<_> =
            (1..=CLIENTS).map(|stream| scope.spawn(move || run_client(load, Client::new(&[port]), stream, request))).collect();
        let reply = |number| Purpose::Reply { reference: reference.to_owned(), number: number + 1 };
        clients.push(scope.spawn(move || run_client(load, Client::new(&[port]), CLIENTS + 1, reply)));
        for _ in 0..kills {
            load.allow(MAILS_IN_A_LIFE);
            let life = Duration::from_secs_f64(moments.spread(0.05, 2.0));
            let begun = Instant::now();
            wait_for("the moment of the kill", DEADLINE, || (begun.elapsed() >= life).then_some(()));
            gateway.kill();
            slowest = slowest.max(gateway.start());
        }
        drop(end);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    (ledger, slowest)
}

/// What SQLite itself says of its file.
fn integrity(store: &str) -> String {
    found::ask(async {
        let mut connection = SqliteConnection::connect(store).await.unwrap();
        let answer = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        answer
    })
}

/// A ledger of three mails, and a gateway in which all is as it should be.
fn a_true_ledger() -> (Vec<Entry>, Found) {
    let mut found = Found { order: vec![1, 2, 3], ..Found::default() };
    let mut ledger = Vec::new();
    for seed in 1..=3 {
        let mail = Mail::new(seed, &Purpose::Request);
        let ticket = format!("SUP-{seed}");
        for event in ["acknowledgement", "request"] {
            let message_id = format!("{event}-{seed}@desk.example.org");
            found.left.insert(message_id.clone(), vec![b"a notice".to_vec()]);
            found.owed.push(Notice { ticket: ticket.clone(), event: event.to_owned(), message_id });
        }
        found.tickets.insert(mail.id.clone(), 1);
        found.kept.insert(mail.id.clone(), vec![Kept { octets: mail.octets, ticket, held: false }]);
        ledger.push(Entry { id: mail.id, seed, purpose: Purpose::Request, accepted: true, unknown: 0, took: Duration::ZERO });
    }
    (ledger, found)
}

#[test]
fn a_true_ledger_is_found_true() {
    let (ledger, found) = a_true_ledger();
    assert_eq!(judge(&ledger, &found), Counts { acked: 3, stored: 3, notified: 6, ..Counts::default() });
}

#[test]
fn an_accepted_mail_that_is_not_there_counts_as_lost() {
    let (ledger, mut found) = a_true_ledger();
    found.kept.remove(&ledger[1].id);
    let counts = judge(&ledger, &found);
    assert_eq!((counts.lost, counts.stored, counts.doubled), (1, 2, 0));
}

#[test]
fn a_mail_that_is_there_twice_counts_as_doubled() {
    let (ledger, mut found) = a_true_ledger();
    let twin = found.kept[&ledger[1].id][0].clone();
    found.kept.get_mut(&ledger[1].id).unwrap().push(twin);
    let counts = judge(&ledger, &found);
    assert_eq!((counts.lost, counts.stored, counts.doubled), (0, 2, 1));
}

#[test]
fn a_held_mail_is_neither_lost_nor_owed_a_ticket() {
    let (ledger, mut found) = a_true_ledger();
    found.kept.get_mut(&ledger[1].id).unwrap()[0].held = true;
    found.tickets.remove(&ledger[1].id);
    let counts = judge(&ledger, &found);
    assert_eq!((counts.lost, counts.stored, counts.held, counts.unnotified), (0, 3, 1, 0));
}

#[test]
fn a_held_mail_whose_copy_was_worked_on_counts_once() {
    let (ledger, mut found) = a_true_ledger();
    let held = Kept { ticket: String::new(), held: true, ..found.kept[&ledger[1].id][0].clone() };
    found.kept.get_mut(&ledger[1].id).unwrap().insert(0, held);
    assert_eq!(judge(&ledger, &found), Counts { acked: 3, stored: 3, notified: 6, ..Counts::default() });
}

#[test]
fn a_mail_with_two_tickets_counts_as_doubled() {
    let (ledger, mut found) = a_true_ledger();
    found.tickets = HashMap::from_iter(ledger.iter().map(|entry| (entry.id.clone(), 2)));
    assert_eq!(judge(&ledger, &found).doubled, 3);
}

#[test]
fn a_changed_octet_counts_as_altered() {
    let (ledger, mut found) = a_true_ledger();
    found.kept.get_mut(&ledger[2].id).unwrap()[0].octets[700] ^= 1;
    assert_eq!(judge(&ledger, &found).altered, 1);
}

#[test]
fn a_refused_mail_that_is_there_counts_as_from_nowhere() {
    let (mut ledger, found) = a_true_ledger();
    ledger[0].accepted = false;
    let counts = judge(&ledger, &found);
    assert_eq!((counts.refused, counts.from_nowhere), (1, 2));
}

#[test]
fn a_notice_that_did_not_leave_or_left_in_two_forms_is_counted() {
    let (ledger, mut found) = a_true_ledger();
    found.left.remove(&found.owed[0].message_id);
    let other_form = b"another form".to_vec();
    found.left.get_mut(&found.owed[3].message_id).unwrap().push(other_form);
    let counts = judge(&ledger, &found);
    assert_eq!((counts.notified, counts.unnotified), (4, 2));
}

#[test]
fn an_entry_before_an_earlier_one_counts_as_disordered() {
    let (ledger, mut found) = a_true_ledger();
    found.order = vec![1, 3, 2, 4];
    assert_eq!(judge(&ledger, &found).disordered, 1);
}

/// The whole way from the wire to the count needs a client that tells 250 from silence: shown against a listener that takes
/// the mail and closes without a word.
#[test]
fn a_connection_that_dies_after_the_dot_is_an_unknown_outcome() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 hello\r\n").unwrap();
        let mut read = [0; 4096];
        for reply in ["250 hello\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", ""] {
            assert!(stream.read(&mut read).unwrap() > 0);
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    let mail = Mail::new(1, &Purpose::BareNewline);
    assert_eq!(Client::new(&[port]).send(&mail), client::Outcome::Unknown);
    silent.join().unwrap();
}
