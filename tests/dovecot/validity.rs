//! A folder that gets another UIDVALIDITY: its old mail is known again by what it holds, and new mail is taken.

use super::client::Client;
use super::desk::{Account, Desk, request};
use super::gateway::{DEADLINE, wait_for};

fn seen(client: &mut Client) -> usize {
    client.flags("INBOX").iter().filter(|(_, flags)| flags.contains("\\Seen")).count()
}

#[test]
fn new_numbers_double_no_old_mail_and_hide_no_new_mail_whenever_they_come() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    for subject in ["old-1", "old-2"] {
        desk.server.put("desk", "INBOX", &request(subject));
    }
    desk.open(&[Account::of("desk", port).with("poll", "5s")], "");
    desk.wait_for_mails(2);
    desk.wait_for_status("desk", "done", |status| status["undone"] == 0);
    // While the gateway is away, with a mail that came meanwhile and would have had one of the old numbers.
    desk.close();
    desk.server.renumber_for_certain("desk", "INBOX");
    desk.server.put("desk", "INBOX", &request("new-1"));
    desk.gateway.start();
    desk.wait_for_mails(3);
    desk.wait_until_well("desk");
    // While it is waiting for news.
    desk.server.renumber_for_certain("desk", "INBOX");
    desk.server.put("desk", "INBOX", &request("new-2"));
    desk.wait_for_mails(4);
    // Over and over, with mail at every moment.
    for number in 3..=6 {
        desk.server.put("desk", "INBOX", &request(&format!("new-{number}")));
        desk.server.renumber("desk", "INBOX");
    }
    desk.server.renumber_for_certain("desk", "INBOX");
    desk.wait_for_mails(8);
    desk.wait_for_status("desk", "done", |status| status["state"] == "well" && status["undone"] == 0 && status["behind"] == 0);
    desk.assert_once(&["old-1", "old-2", "new-1", "new-2", "new-3", "new-4", "new-5", "new-6"]);
    let mut client = Client::login(port, "desk");
    wait_for("all to be seen", DEADLINE, || (seen(&mut client) == 8).then_some(()));
}

#[test]
fn mail_from_before_us_stays_theirs_under_new_numbers() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    for subject in ["theirs-1", "theirs-2"] {
        desk.server.put("desk", "INBOX", &request(subject));
    }
    // The server gives a mail the time at which its file was written.
    desk.open(&[Account::of("desk", port).with("start", "new").with("poll", "5s")], "");
    desk.wait_until_well("desk");
    desk.server.put("desk", "INBOX", &request("ours-1"));
    desk.wait_for_mails(1);
    desk.server.renumber_for_certain("desk", "INBOX");
    desk.server.put("desk", "INBOX", &request("ours-2"));
    desk.wait_for_mails(2);
    desk.wait_for_status("desk", "done", |status| status["state"] == "well" && status["undone"] == 0 && status["behind"] == 0);
    desk.assert_once(&["ours-1", "ours-2"]);
    let mut client = Client::login(port, "desk");
    wait_for("ours to be seen", DEADLINE, || (seen(&mut client) == 2).then_some(()));
}

#[test]
fn the_same_mail_appended_again_makes_no_second_ticket() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    desk.server.put("desk", "INBOX", &request("appended"));
    desk.open(&[Account::of("desk", port).with("poll", "5s")], "");
    desk.wait_for_mails(1);
    desk.server.put("desk", "INBOX", &request("appended"));
    desk.server.put("desk", "INBOX", &request("another"));
    wait_for("the other one", DEADLINE, || desk.tickets().contains_key("another").then_some(()));
    desk.server.renumber_for_certain("desk", "INBOX");
    desk.server.put("desk", "INBOX", &request("last"));
    wait_for("the last one", DEADLINE, || desk.tickets().contains_key("last").then_some(()));
    desk.wait_for_status("desk", "done", |status| status["undone"] == 0 && status["behind"] == 0);
    assert!(desk.tickets().values().all(|number| *number == 1), "{:?}", desk.tickets());
    let mut client = Client::login(port, "desk");
    wait_for("all four to be seen", DEADLINE, || (seen(&mut client) == 4).then_some(()));
}

#[test]
fn mail_that_could_not_be_moved_yet_is_moved_under_its_new_number() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    desk.server.put("desk", "INBOX", &request("to-be-moved"));
    desk.open(&[Account::of("desk", port).with("after", "move:Archive")], "");
    desk.wait_for_mails(1);
    desk.wait_for_error("desk", &["Archive"]);
    desk.server.renumber_for_certain("desk", "INBOX");
    let mut client = Client::login(port, "desk");
    client.command("CREATE Archive");
    wait_for("the move", DEADLINE, || (client.fields("Archive", "Subject") == ["to-be-moved"]).then_some(()));
    wait_for("an empty INBOX", DEADLINE, || (client.open("INBOX").exists == 0).then_some(()));
    desk.assert_once(&["to-be-moved"]);
}
