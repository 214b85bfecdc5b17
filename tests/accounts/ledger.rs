//! Every message becomes one arrival, whatever flags it has and in whatever order numbers come up; what is to become of it comes after.

use std::collections::BTreeSet;
use std::time::Duration;

use postdesk::accept::imap::{After, Start};
use postdesk::model::account::State;

use crate::gateway::{Gateway, account};
use crate::server::{Fault, Server, mail};

#[tokio::test]
async fn mail_that_is_there_and_mail_that_comes_is_taken_once_and_flagged_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.append("INBOX", "one");
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.settled(1).await;
    server.append("INBOX", "two");
    gateway.settled(2).await;
    gateway.until("both are flagged", async || server.flagged("INBOX", "\\Seen") == 2).await;
    let row = gateway.account("well", |row| row.state == State::Well && row.undone == Some(0)).await;
    assert_eq!((row.behind, row.left_there, row.last_error), (Some(0), Some(0), None));
    assert_eq!(gateway.texts("SELECT DISTINCT source FROM arrival").await, ["imap:support"]);
    assert_eq!(gateway.texts("SELECT sender FROM arrival WHERE id = 1").await, ["mia@customer.example"]);
    gateway.stop().await;
    let again = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    server.append("INBOX", "three");
    again.settled(3).await;
    again.stop().await;
}

#[tokio::test]
async fn mail_that_another_client_has_read_is_taken_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let uid = server.append("INBOX", "read");
    server.change("INBOX", |inbox| inbox.messages.get_mut(&uid).unwrap().flags = BTreeSet::from(["\\Seen".to_owned()]));
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.settled(1).await;
    gateway.stop().await;
}

#[tokio::test]
async fn only_what_comes_after_the_first_look_is_ours_where_the_configuration_says_so() {
    for reticent in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start().await;
        server.append("INBOX", "old");
        server.change("INBOX", |inbox| inbox.reticent = reticent);
        let mut ours = account(&server, folder.path());
        ours.start = Start::New;
        let gateway = Gateway::start(folder.path(), vec![ours.clone()]).await;
        gateway.account("well", |row| row.state == State::Well).await;
        server.append("INBOX", "new");
        gateway.settled(1).await;
        gateway.stop().await;
        // What came while nobody looked is new as well.
        server.append("INBOX", "meanwhile");
        let gateway = Gateway::start(folder.path(), vec![ours]).await;
        gateway.settled(2).await;
        assert_eq!(
            gateway.texts("SELECT CAST(uid AS TEXT) FROM fetched WHERE arrival IS NOT NULL ORDER BY uid").await,
            ["2", "3"]
        );
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_number_that_comes_up_late_is_found_by_the_comparison_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.change("INBOX", |inbox| {
        inbox.put_at(5, mail("five"), "01-Nov-2030 10:00:00 +0000");
        inbox.next = 6;
    });
    let mut ours = account(&server, folder.path());
    ours.reconcile = Duration::from_millis(300);
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    gateway.settled(1).await;
    server.change("INBOX", |inbox| inbox.put_at(3, mail("three"), "01-Nov-2030 10:00:00 +0000"));
    gateway.settled(2).await;
    gateway.until("it is noted", async || gateway.number("SELECT COUNT(*) FROM folder WHERE reconciled_at > 0").await == 1).await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_gone_from_the_server_is_noted_and_needs_nothing_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let uid = server.append("INBOX", "one");
    server.fault("STORE", usize::MAX, Fault::Say("NO not now"));
    let mut ours = account(&server, folder.path());
    ours.reconcile = Duration::from_millis(100);
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    gateway.until("it is taken", async || gateway.at("taken").await == 1).await;
    drop(server.change("INBOX", |inbox| inbox.messages.remove(&uid)));
    gateway
        .until("it is gone", async || gateway.number("SELECT COUNT(*) FROM fetched WHERE gone_at IS NOT NULL").await == 1)
        .await;
    assert_eq!(gateway.at("done").await, 1);
    gateway.stop().await;
}

#[tokio::test]
async fn ten_thousand_mails_are_ten_thousand_arrivals_in_few_commits() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.change("INBOX", |inbox| {
        for n in 0..10_000 {
            inbox.put(mail(&format!("m{n}")), "01-Nov-2030 10:00:00 +0000");
        }
    });
    let mut ours = account(&server, folder.path());
    ours.after = After::Delete;
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    gateway.settled(10_000).await;
    gateway.until("the mailbox is empty", async || server.count("INBOX") == 0).await;
    assert_eq!(gateway.number("SELECT COUNT(DISTINCT raw_id) FROM arrival").await, 10_000);
    assert!(gateway.number("SELECT COUNT(DISTINCT received_at) FROM arrival").await > 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_gateway_that_ends_between_any_two_steps_takes_nothing_twice() {
    // What the gateway was about to do when it ended: each is the last command that the server hears of it.
    for part in ["SELECT", "SEARCH", "RFC822.SIZE", "BODY.PEEK", "STORE"] {
        for fault in [Fault::Silence, Fault::DoAndClose] {
            let folder = tempfile::tempdir().unwrap();
            let server = Server::start().await;
            for n in 0..5 {
                server.append("INBOX", &format!("m{n}"));
            }
            server.fault(part, 1, fault);
            let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
            gateway.until("it is there", async || server.heard(part) > 0).await;
            gateway.kill().await;
            server.heal();
            let again = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
            again.settled(5).await;
            again.until("all are flagged", async || server.flagged("INBOX", "\\Seen") == 5).await;
            again.stop().await;
        }
    }
}

#[tokio::test]
async fn what_was_taken_is_moved_or_deleted_and_both_may_have_happened_already() {
    for (after, target) in [(After::Move("Archive".to_owned()), Some("Archive")), (After::Delete, None)] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start().await;
        server.change("Archive", |_| ());
        server.append("INBOX", "one");
        server.append("INBOX", "two");
        // The first time it is done, and nobody hears of it.
        server.fault(if target.is_some() { "MOVE" } else { "EXPUNGE" }, 1, Fault::DoAndClose);
        let mut ours = account(&server, folder.path());
        ours.after = after;
        let gateway = Gateway::start(folder.path(), vec![ours]).await;
        gateway.settled(2).await;
        assert_eq!(server.count("INBOX"), 0);
        assert_eq!(target.map(|target| server.count(target)).unwrap_or(2), 2);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn each_folder_of_an_account_has_a_connection_of_its_own_and_announces_its_mail() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.change("Sales", |_| ());
    let mut ours = account(&server, folder.path());
    ours.folders.push("Sales".to_owned());
    // Nothing is found by looking without having been called.
    ours.poll = Duration::from_secs(3_000);
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    gateway.until("both wait for news", async || server.heard("IDLE") >= 2).await;
    server.append("Sales", "one");
    server.append("INBOX", "two");
    gateway.settled(2).await;
    assert_eq!(gateway.texts("SELECT folder FROM fetched ORDER BY folder").await, ["INBOX", "Sales"]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_mailbox_that_is_put_back_gives_numbers_again_and_its_new_mail_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    for n in 0..4 {
        server.append("INBOX", &format!("m{n}"));
    }
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.settled(4).await;
    gateway.until("it waits for news", async || server.heard("IDLE") > 0).await;
    // The backup is older than the last two; the validity is the same.
    server.change("INBOX", |inbox| {
        inbox.messages.retain(|uid, _| *uid < 3);
        inbox.next = 3;
    });
    server.cut();
    gateway.until("two numbers are free", async || gateway.number("SELECT COUNT(*) FROM fetched").await == 2).await;
    server.append("INBOX", "another three");
    server.append("INBOX", "another four");
    gateway.settled(6).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_that_cannot_be_moved_does_not_keep_the_others_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.change("Archive", |_| ());
    for n in 1..=20 {
        server.append("INBOX", &format!("m{n}"));
    }
    // Every set that 13 is part of, down to 13 alone.
    for set in ["MOVE 1:20 ", "MOVE 13:15 ", "MOVE 13 "] {
        server.fault(set, usize::MAX, Fault::Say("NO cannot be moved"));
    }
    let mut ours = account(&server, folder.path());
    ours.after = After::Move("Archive".to_owned());
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    let row = gateway.account("one is left", |row| row.undone == Some(1) && row.state == State::Partly).await;
    assert!(row.last_error.as_ref().is_some_and(|error| error.contains("cannot be moved to Archive")), "{row:?}");
    assert_eq!((server.count("Archive"), server.count("INBOX")), (19, 1));
    server.heal();
    gateway.settled(20).await;
    assert_eq!(server.count("Archive"), 20);
    gateway.stop().await;
}

#[tokio::test]
async fn what_came_long_before_us_is_an_archive_and_what_comes_later_is_not_however_old_it_is() {
    const OLD: &str = "01-Nov-2010 10:00:00 +0000";
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.append_raw("INBOX", mail("years ago"), OLD);
    server.append_raw("INBOX", mail("just now"), "01-Nov-2030 10:00:00 +0000");
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.settled(2).await;
    server.append_raw("INBOX", mail("moved here"), OLD);
    gateway.settled(3).await;
    let archived = "SELECT received_at / 31557600000000 + 1970 FROM arrival WHERE archived = 1";
    assert_eq!(gateway.number("SELECT COUNT(*) FROM arrival WHERE archived = 1").await, 1);
    assert_eq!(gateway.number(archived).await, 2010);
    gateway.stop().await;
}
