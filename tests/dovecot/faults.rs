//! Servers and networks that fail: each fault shows in `imap status`, other accounts go on, and when it is over nothing is missing.

use std::time::Instant;

use super::client::Client;
use super::config::CONNECTIONS;
use super::desk::{Account, Desk, request};
use super::gateway::{DEADLINE, wait_for};
use super::line::Line;

/// A desk whose one account is well.
fn well(account: Account) -> Desk {
    let mut desk = Desk::new();
    desk.open(&[account.bare("port", &desk.server.plain().to_string())], "");
    desk.wait_until_well("desk");
    desk
}

/// A mail of so many octets.
fn large(subject: &str, octets: usize) -> Vec<u8> {
    let mut mail = request(subject);
    while mail.len() < octets {
        mail.extend_from_slice(format!("line {} of a long mail, with nothing to say but its length\r\n", mail.len()).as_bytes());
    }
    mail
}

#[test]
fn a_server_that_dies_in_idle_and_one_that_says_goodbye_are_noticed_at_once_and_come_back() {
    let desk = well(Account::of("desk", 0).with("poll", "1h"));
    for (subject, dies) in [("after-a-crash", true), ("after-a-restart", false)] {
        if dies {
            desk.server.kill()
        } else {
            desk.server.stop()
        }
        desk.wait_for_status("desk", "not well", |status| status["state"] != "well" && !status["last_error"].is_null());
        desk.server.put("desk", "INBOX", &request(subject));
        desk.server.start_again();
        wait_for(subject, DEADLINE, || desk.tickets().contains_key(subject).then_some(()));
        desk.wait_until_well("desk");
    }
    desk.assert_once(&["after-a-crash", "after-a-restart"]);
}

#[test]
fn a_server_that_dies_in_the_middle_of_a_message_leaves_no_half_of_it() {
    let mut desk = Desk::new();
    let line = Line::to(desk.server.plain());
    desk.open(&[Account::of("desk", line.port())], "");
    desk.wait_until_well("desk");
    let mail = large("cut-in-two", 900_000);
    line.allow(400_000);
    desk.server.put("desk", "INBOX", &mail);
    line.wait_until_it_stopped();
    desk.server.kill();
    line.resume();
    desk.wait_for_status("desk", "not well", |status| status["state"] != "well");
    assert_eq!(desk.count(), 0);
    desk.server.start_again();
    let taken = desk.wait_for_mails(1);
    assert!(taken.len() == 1 && taken[0].octets == mail, "{} octets of {}", taken[0].octets.len(), mail.len());
    desk.wait_until_well("desk");
    desk.assert_once(&["cut-in-two"]);
}

#[test]
fn a_line_that_goes_dead_is_noticed_while_waiting_and_what_came_meanwhile_is_taken() {
    let mut desk = Desk::new();
    let line = Line::to(desk.server.plain());
    let dead = Account::of("desk", line.port()).with("poll", "1h");
    desk.open(&[dead, Account::of("sales", desk.server.plain())], "");
    desk.wait_until_well("desk");
    let begun = Instant::now();
    line.cut();
    desk.server.put("desk", "INBOX", &request("behind-a-dead-line"));
    desk.wait_for_status("desk", "not well", |status| status["state"] != "well" && !status["last_error"].is_null());
    println!("a dead line was noticed after {} s: {}", begun.elapsed().as_secs(), desk.status("desk")["last_error"]);
    desk.server.put("sales", "INBOX", &request("other-account"));
    wait_for("the other account", DEADLINE, || desk.tickets().contains_key("other-account").then_some(()));
    line.resume();
    wait_for("the mail behind", DEADLINE * 2, || desk.tickets().contains_key("behind-a-dead-line").then_some(()));
    desk.assert_once(&["behind-a-dead-line", "other-account"]);
}

#[test]
fn a_server_that_goes_silent_in_the_middle_of_a_message_is_noticed() {
    let mut desk = Desk::new();
    let line = Line::to(desk.server.plain());
    desk.open(&[Account::of("desk", line.port())], "");
    desk.wait_until_well("desk");
    line.allow(300_000);
    let mail = large("silence", 900_000);
    desk.server.put("desk", "INBOX", &mail);
    line.wait_until_it_stopped();
    let begun = Instant::now();
    desk.wait_for_status("desk", "not well", |status| status["state"] != "well" && !status["last_error"].is_null());
    println!("silence was noticed after {} s: {}", begun.elapsed().as_secs(), desk.status("desk")["last_error"]);
    line.resume();
    let taken = desk.wait_for_mails(1);
    assert!(taken[0].octets == mail);
    desk.assert_once(&["silence"]);
}

#[test]
fn sessions_that_are_killed_again_and_again_lose_and_double_nothing() {
    let desk = well(Account::of("desk", 0));
    let subjects: Vec<String> = (0..4).map(|number| format!("killed-{number}")).collect();
    for subject in &subjects {
        desk.server.put("desk", "INBOX", &request(subject));
        desk.server.kill_sessions();
    }
    desk.wait_for_mails(subjects.len());
    desk.wait_until_well("desk");
    desk.assert_once(&subjects.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn too_many_connections_are_told_and_another_account_goes_on() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    let others: Vec<Client> = (0..CONNECTIONS).map(|_| Client::login(port, "desk")).collect();
    desk.server.put("desk", "INBOX", &request("no-room"));
    desk.open(&[Account::of("desk", port), Account::of("sales", port)], "");
    let status = desk.wait_for_error("desk", &["limit"]);
    println!("{}: next {}", status["last_error"], status["next_attempt_at"]);
    desk.wait_until_well("sales");
    assert_eq!(desk.count(), 0);
    drop(others);
    desk.close();
    desk.gateway.start();
    desk.wait_for_mails(1);
    desk.wait_until_well("desk");
}

#[test]
fn a_folder_that_is_missing_is_told_by_name_and_its_mail_is_taken_when_it_is_there() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    desk.open(&[Account::of("desk", port).bare("folders", "[\"INBOX\", \"Support\"]")], "");
    let status = desk.wait_for_error("desk", &["Support"]);
    println!("{}: {}", status["state"], status["last_error"]);
    desk.server.put("desk", "INBOX", &request("in-the-other-folder"));
    desk.wait_for_mails(1);
    Client::login(port, "desk").command("CREATE Support");
    desk.server.put("desk", "Support", &request("in-support"));
    desk.wait_for_mails(2);
    desk.wait_until_well("desk");
    desk.assert_once(&["in-the-other-folder", "in-support"]);
}

#[test]
fn mail_that_cannot_be_moved_is_taken_all_the_same_and_moved_when_that_works() {
    let cases = [("Missing", "missing"), ("Denied", "denied"), ("Small.Box", "quota")];
    for (target, subject) in cases {
        let mut desk = Desk::new();
        let port = desk.server.plain();
        let mut client = Client::login(port, "desk");
        if target != "Missing" {
            client.command(&format!("CREATE {target}"));
        }
        if target == "Small.Box" {
            desk.server.put("desk", "INBOX", &request("fills-the-box"));
            client.open("INBOX");
            client.command("UID MOVE 1 Small.Box");
        }
        if target == "Denied" {
            desk.server.may_write("desk", target, false);
        }
        desk.server.put("desk", "INBOX", &request(subject));
        desk.open(&[Account::of("desk", port).with("after", &format!("move:{target}"))], "");
        desk.wait_for_mails(1);
        let status = desk.wait_for_error("desk", &["moved", target]);
        println!("{}: {}", status["state"], status["last_error"]);
        assert_eq!((status["state"].as_str(), status["undone"].as_i64()), (Some("partly"), Some(1)), "{status}");
        assert_eq!(client.fields("INBOX", "Subject"), [subject]);
        match target {
            "Missing" => drop(client.command("CREATE Missing")),
            "Denied" => desk.server.may_write("desk", target, true),
            _ => {
                client.open(target);
                client.command("UID STORE 1 +FLAGS (\\Deleted)");
                client.command("EXPUNGE");
            }
        }
        wait_for("the move", DEADLINE * 2, || (client.fields(target, "Subject") == [subject]).then_some(()));
        let done = desk.wait_for_status("desk", "done", |status| status["undone"] == 0 && status["state"] == "well");
        assert_eq!(done["behind"], 0);
        assert_eq!(client.open("INBOX").exists, 0);
        desk.assert_once(&[subject]);
    }
}

#[test]
fn mail_of_a_folder_that_may_only_be_read_is_taken_and_flagged_when_it_may_be() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    let mut client = Client::login(port, "desk");
    client.command("CREATE Shared");
    desk.server.put("desk", "Shared", &request("read-only"));
    client.open("Shared");
    desk.server.may_write("desk", "Shared", false);
    desk.open(&[Account::of("desk", port).with("folder", "Shared").with("poll", "5s")], "");
    desk.wait_for_mails(1);
    let status = desk.wait_for_error("desk", &["seen"]);
    println!("{}: {}", status["state"], status["last_error"]);
    assert_eq!(status["undone"], 1, "{status}");
    desk.server.may_write("desk", "Shared", true);
    let seen = |client: &mut Client| client.flags("Shared").iter().all(|(_, flags)| flags.contains("\\Seen"));
    wait_for("the flag", DEADLINE * 2, || seen(&mut client).then_some(()));
    desk.wait_for_status("desk", "done", |status| status["undone"] == 0);
    desk.assert_once(&["read-only"]);
}

#[test]
fn a_gateway_that_is_asked_to_stop_while_it_fetches_drains_and_doubles_nothing() {
    let mut desk = Desk::new();
    let subjects: Vec<String> = (0..60).map(|number| format!("draining-{number}")).collect();
    for subject in &subjects {
        desk.server.put("desk", "INBOX", &large(subject, 60_000));
    }
    desk.open(&[Account::of("desk", desk.server.plain())], "");
    let begun = Instant::now();
    wait_for("the first mails", DEADLINE, || (desk.count() > 0).then_some(()));
    desk.close();
    println!("{} of {} taken when it stopped, after {} ms", desk.count(), subjects.len(), begun.elapsed().as_millis());
    desk.gateway.start();
    desk.wait_for_mails(subjects.len());
    desk.assert_once(&subjects.iter().map(String::as_str).collect::<Vec<_>>());
}
