//! What is taken, when, and what becomes of it on the server.

use std::time::Instant;

use super::client::Client;
use super::desk::{Account, Desk, request};
use super::gateway::{DEADLINE, wait_for};

#[test]
fn a_mail_that_comes_in_is_a_ticket_soon_after_the_server_knows_of_it() {
    let mut desk = Desk::new();
    desk.open(&[Account::of("desk", desk.server.plain()).with("poll", "1h")], "");
    desk.wait_until_well("desk");
    let mut delays = Vec::new();
    for number in 1..=5 {
        let begun = Instant::now();
        desk.server.put("desk", "INBOX", &request(&format!("prompt-{number}")));
        // Read from the database: starting a verb takes longer than what is measured.
        wait_for("custody", DEADLINE, || (desk.count() == number).then(|| delays.push(begun.elapsed())));
        desk.wait_for_mails(usize::try_from(number).unwrap());
        println!("ticket after {} ms, custody after {} ms", begun.elapsed().as_millis(), delays[delays.len() - 1].as_millis());
    }
    desk.assert_once(&["prompt-1", "prompt-2", "prompt-3", "prompt-4", "prompt-5"]);
    desk.close();
}

#[test]
fn mail_that_another_client_has_read_flagged_or_moved_away_and_back_is_taken_like_any_other() {
    let mut desk = Desk::new();
    for subject in ["read", "answered", "untouched"] {
        desk.server.put("desk", "INBOX", &request(subject));
    }
    let mut client = Client::login(desk.server.plain(), "desk");
    client.open("INBOX");
    client.command("UID STORE 1 +FLAGS (\\Seen)");
    client.command("UID STORE 2 +FLAGS (\\Seen \\Answered \\Flagged)");
    desk.open(&[Account::of("desk", desk.server.plain())], "");
    desk.wait_for_mails(3);
    desk.wait_until_well("desk");
    client.command("UID STORE 1:* -FLAGS (\\Seen)");
    desk.server.put("desk", "INBOX", &request("read-at-once"));
    client.command("NOOP");
    client.command("UID STORE 1:* +FLAGS (\\Seen)");
    desk.wait_for_mails(4);
    desk.assert_once(&["read", "answered", "untouched", "read-at-once"]);
}

#[test]
fn what_is_ours_is_flagged_moved_or_deleted_as_configured_and_nothing_else_is() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    Client::login(port, "sales").command("CREATE Archive");
    for user in ["desk", "sales", "gone"] {
        desk.server.put(user, "INBOX", &request(&format!("before-{user}")));
    }
    let moved = Account::of("sales", port).with("after", "move:Archive");
    let deleted = Account::of("gone", port).with("after", "delete");
    desk.open(&[Account::of("desk", port), moved, deleted], "");
    for user in ["desk", "sales", "gone"] {
        desk.wait_until_well(user);
        desk.server.put(user, "INBOX", &request(&format!("later-{user}")));
    }
    desk.wait_for_mails(6);
    for user in ["desk", "sales", "gone"] {
        desk.wait_for_status(user, "done", |status| status["undone"] == 0 && status["behind"] == 0);
    }
    let mut client = Client::login(port, "desk");
    wait_for("both to be seen", DEADLINE, || {
        let flags = client.flags("INBOX");
        (flags.len() == 2 && flags.iter().all(|(_, flags)| flags.contains("\\Seen"))).then_some(())
    });
    let mut client = Client::login(port, "sales");
    wait_for("both to be moved", DEADLINE, || (client.fields("Archive", "Subject").len() == 2).then_some(()));
    assert_eq!(client.open("INBOX").exists, 0);
    assert!(client.flags("Archive").iter().all(|(_, flags)| !flags.contains("\\Deleted")));
    let mut client = Client::login(port, "gone");
    wait_for("both to be deleted", DEADLINE, || (client.open("INBOX").exists == 0).then_some(()));
    let sources: Vec<String> = desk.taken().into_iter().map(|mail| mail.source).collect();
    assert!(
        ["imap:desk", "imap:sales", "imap:gone"].iter().all(|name| sources.iter().filter(|source| source == name).count() == 2)
    );
}

#[test]
fn what_another_client_marks_as_deleted_is_not_expunged_with_ours() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    for subject in ["theirs", "ours"] {
        desk.server.put("gone", "INBOX", &request(subject));
    }
    let mut client = Client::login(port, "gone");
    client.open("INBOX");
    client.command("UID STORE 1 +FLAGS (\\Deleted)");
    // Mail from before is not ours, so that the first one stays another client's.
    desk.open(&[Account::of("gone", port).with("after", "delete").with("start", "new")], "");
    desk.wait_until_well("gone");
    desk.server.put("gone", "INBOX", &request("new"));
    desk.wait_for_mails(1);
    wait_for("ours to be deleted", DEADLINE, || (client.fields("INBOX", "Subject").len() == 2).then_some(()));
    assert_eq!(client.flags("INBOX").iter().map(|(uid, _)| *uid).collect::<Vec<_>>(), [1, 2]);
    desk.assert_once(&["new"]);
}

#[test]
fn mail_from_before_us_stays_where_it_is_when_only_new_mail_is_asked_for_and_on_postgres_too() {
    for mut desk in [Desk::new(), Desk::on_postgres()] {
        for subject in ["old-1", "old-2"] {
            desk.server.put("desk", "INBOX", &request(subject));
        }
        desk.open(&[Account::of("desk", desk.server.plain()).with("start", "new")], "");
        desk.wait_until_well("desk");
        desk.server.put("desk", "INBOX", &request("new-1"));
        desk.wait_for_mails(1);
        // New while we are away is new all the same.
        desk.close();
        desk.server.put("desk", "INBOX", &request("new-2"));
        desk.gateway.start();
        desk.wait_for_mails(2);
        desk.assert_once(&["new-1", "new-2"]);
        let mut client = Client::login(desk.server.plain(), "desk");
        wait_for("the new ones to be flagged", DEADLINE, || {
            let seen: Vec<bool> = client.flags("INBOX").iter().map(|(_, flags)| flags.contains("\\Seen")).collect();
            (seen == [false, false, true, true]).then_some(())
        });
    }
}

#[test]
fn the_original_is_kept_with_line_ends_made_whole() {
    let mut desk = Desk::new();
    let octets = request("line-ends");
    let bare: Vec<u8> = octets.iter().copied().filter(|octet| *octet != b'\r').collect();
    desk.server.put("desk", "INBOX", &bare);
    desk.open(&[Account::of("desk", desk.server.plain())], "");
    assert_eq!(desk.wait_for_mails(1)[0].octets, octets);
}
