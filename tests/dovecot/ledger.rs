//! The ledger over IMAP: mails with random ids are put into three boxes while the server and the gateway are killed in turn and the boxes
//! forget their numbers; at the end each id is one message, and each message on the server is as configured. `POSTDESK_KILLS` asks for
//! another number of kills of each than the twenty of the short form.

use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, SqliteConnection};

use super::client::Client;
use super::count::{Counts, OnServer, judge};
use super::desk::{Account, Desk, ask};
use super::gateway::{DEADLINE, wait_for};
use super::mail::{Chance, Mail, Purpose};

/// The boxes: one that is flagged, one that is moved, one that is deleted.
const BOXES: [&str; 3] = ["desk", "sales", "gone"];
/// Mails that are put in between two kills.
const MAILS_IN_A_LIFE: usize = 8;

#[test]
fn nothing_is_lost_and_nothing_doubled_over_imap_by_kills_of_server_and_gateway() {
    let kills = std::env::var("POSTDESK_KILLS").map_or(20, |number| number.parse().unwrap());
    let mut desk = Desk::new();
    let port = desk.server.plain();
    Client::login(port, "sales").command("CREATE Archive");
    let begun = Instant::now();
    let account = |user| Account::of(user, port).with("poll", "5s");
    desk.open(&[account("desk"), account("sales").with("after", "move:Archive"), account("gone").with("after", "delete")], "");
    let (sent, renumbered) = kill_in_turn(&mut desk, kills);
    settle(&desk, sent.len());
    let on_server = look_at_the_server(port);
    desk.close();
    let counts = judge(&sent, &desk.taken(), &subjects(&desk), &on_server);
    println!("{counts} server_kills={kills} gateway_kills={kills} renumbered={renumbered} seconds={}", begun.elapsed().as_secs());
    assert_eq!(counts, Counts { acked: sent.len(), stored: sent.len(), ..Counts::default() });
}

/// Kills the server and the gateway again and again while mail comes in; both run when this returns. What was put into each box, and how
/// often a box got new numbers.
fn kill_in_turn(desk: &mut Desk, kills: usize) -> (Vec<(&'static str, Mail)>, usize) {
    let mut chance = Chance::new(u64::try_from(kills).unwrap());
    let (mut sent, mut renumbered) = (Vec::new(), 0);
    for number in 0..kills {
        live(desk, &mut chance, &mut sent);
        desk.server.kill();
        put(desk, &mut sent);
        if number % 3 == 1 {
            desk.server.renumber(BOXES[number / 3 % BOXES.len()], "INBOX");
            renumbered += 1;
        }
        desk.server.start_again();
        if number % 5 == 4 {
            // This time the gateway finds the way back by itself, and meets a box that changes its numbers while it looks.
            BOXES.iter().for_each(|account| drop(desk.wait_until_well(account)));
            put(desk, &mut sent);
            desk.server.renumber(BOXES[number / 5 % BOXES.len()], "INBOX");
            renumbered += 1;
        }
        if number % 3 == 0 {
            kill_while_nothing_can_be_committed(desk, &mut chance, &mut sent);
        } else {
            live(desk, &mut chance, &mut sent);
            desk.gateway.kill();
        }
        put(desk, &mut sent);
        desk.gateway.start();
    }
    (sent, renumbered)
}

/// Another process holds the store while mails come in, until the gateway is killed: whatever it has marked, moved or deleted by then is lost.
/// No kill at a random moment hits the milliseconds between a commit and a mark as surely.
fn kill_while_nothing_can_be_committed(desk: &mut Desk, chance: &mut Chance, sent: &mut Vec<(&'static str, Mail)>) {
    ask(async {
        let mut other = SqliteConnection::connect(desk.gateway.store()).await.unwrap();
        other.execute("PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE").await.unwrap();
        live(desk, chance, sent);
        // Longer than the gateway lets pass between two looks at a box.
        let begun = Instant::now();
        wait_for("another look", DEADLINE, || (begun.elapsed() > Duration::from_millis(1_200)).then_some(()));
        desk.gateway.kill();
        other.execute("ROLLBACK").await.unwrap();
    });
}

/// Puts mails in for a random while.
fn live(desk: &Desk, chance: &mut Chance, sent: &mut Vec<(&'static str, Mail)>) {
    let (begun, life) = (Instant::now(), Duration::from_secs_f64(chance.spread(0.05, 1.5)));
    let mut left = MAILS_IN_A_LIFE;
    wait_for("the moment of the kill", DEADLINE, || {
        if left > 0 {
            left -= 1;
            put(desk, sent);
        }
        (begun.elapsed() >= life).then_some(())
    });
}

fn put(desk: &Desk, sent: &mut Vec<(&'static str, Mail)>) {
    let mail = Mail::new(sent.len() as u64 + 1, &Purpose::Request);
    let user = BOXES[sent.len() % BOXES.len()];
    desk.server.put(user, "INBOX", &mail.octets);
    sent.push((user, mail));
}

/// Waits until all has been taken, decided, and dealt with on the server; not in vain, so that what is missing is counted and not waited for.
fn settle(desk: &Desk, mails: usize) {
    let mut last = (0, Instant::now());
    wait_for("the gateway to come to rest", DEADLINE * 10, || {
        let taken = desk.taken();
        if taken.len() != last.0 {
            last = (taken.len(), Instant::now());
        }
        let decided = taken.len() >= mails && taken.iter().all(|mail| !mail.outcome.is_empty());
        let at_rest = BOXES.iter().all(|account| {
            let status = desk.status(account);
            status["state"] == "well" && status["undone"] == 0 && status["behind"] == 0
        });
        (at_rest && (decided || last.1.elapsed() > DEADLINE / 2)).then_some(())
    });
}

/// What is in the boxes, and what of it is not as configured.
fn look_at_the_server(port: u16) -> OnServer {
    let login = |user| Client::login(port, user);
    let mut client = login("desk");
    let unseen = client.flags("INBOX").iter().filter(|(_, flags)| !flags.contains("\\Seen")).count();
    let kept = vec![("desk", client.fields("INBOX", "X-Ledger")), ("sales", login("sales").fields("Archive", "X-Ledger"))];
    let not_moved = login("sales").open("INBOX").exists;
    let not_deleted = login("gone").open("INBOX").exists;
    OnServer { kept, undone: unseen + not_moved + not_deleted }
}

/// The subject of each ticket.
fn subjects(desk: &Desk) -> Vec<String> {
    desk.tickets().into_iter().flat_map(|(subject, number)| vec![subject; number]).collect()
}
