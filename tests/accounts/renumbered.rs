//! A changed UIDVALIDITY: all numbers mean something else, no old mail comes in twice, and no new one is passed over.

use std::time::Duration;

use postdesk::accept::imap::Start;
use postdesk::model::account::State;

use crate::gateway::{Gateway, account};
use crate::server::{Fault, Server, mail};

const LONG_AGO: &str = "01-Nov-2010 10:00:00 +0000";

#[tokio::test]
async fn old_mail_is_known_by_what_it_holds_and_new_mail_is_taken() {
    for running in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start().await;
        for n in 0..100 {
            server.append("INBOX", &format!("m{n}"));
        }
        let first = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
        first.settled(100).await;
        let kept = if running {
            first.until("it waits for news", async || server.heard("IDLE") > 0).await;
            Some(first)
        } else {
            first.stop().await;
            None
        };
        server.change("INBOX", |inbox| {
            inbox.put(mail("new"), "01-Nov-2030 10:00:00 +0000");
            inbox.renumber(2, 1);
        });
        server.cut();
        let gateway = match kept {
            Some(gateway) => gateway,
            None => Gateway::start(folder.path(), vec![account(&server, folder.path())]).await,
        };
        gateway.settled(101).await;
        gateway.until("renumbered", async || gateway.number("SELECT validity FROM folder").await == 2).await;
        assert_eq!(gateway.number("SELECT COUNT(*) FROM fetched WHERE validity = 2 AND gone_at IS NULL").await, 101);
        assert_eq!(gateway.number("SELECT COUNT(*) FROM fetched WHERE validity = 1 AND gone_at IS NULL").await, 0);
        assert_eq!(gateway.number("SELECT COUNT(DISTINCT arrival) FROM fetched").await, 101);
        server.append("INBOX", "newer");
        gateway.settled(102).await;
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_resync_that_is_broken_off_anywhere_is_done_again_and_doubles_nothing() {
    for part in ["SEARCH", "RFC822.SIZE", "UID FETCH 20 (UID BODY", "UID FETCH 40 (UID BODY", "STORE"] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start().await;
        for n in 0..40 {
            server.append("INBOX", &format!("m{n}"));
        }
        server.fault("STORE", usize::MAX, Fault::Say("NO not yet"));
        let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
        gateway.until("all are taken", async || gateway.at("taken").await == 40).await;
        gateway.kill().await;
        server.change("INBOX", |inbox| inbox.renumber(7, 11));
        server.heal();
        server.fault(part, 1, Fault::Silence);
        let heard = server.heard(part);
        let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
        gateway.until("it is there", async || server.heard(part) > heard).await;
        gateway.kill().await;
        let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
        gateway.settled(40).await;
        gateway.until("all are flagged", async || server.flagged("INBOX", "\\Seen") == 40).await;
        gateway.stop().await;
    }
}

#[tokio::test]
async fn mail_that_was_there_before_us_stays_there_whatever_its_number_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    for n in 0..10 {
        server.append_raw("INBOX", mail(&format!("old{n}")), LONG_AGO);
    }
    let mut ours = account(&server, folder.path());
    ours.start = Start::New;
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    gateway.account("well", |row| row.state == State::Well).await;
    server.append("INBOX", "ours");
    gateway.settled(1).await;
    server.change("INBOX", |inbox| {
        inbox.put(mail("newer"), "01-Nov-2030 10:00:00 +0000");
        inbox.renumber(2, 1);
    });
    server.cut();
    gateway.settled(2).await;
    gateway.until("renumbered", async || gateway.number("SELECT validity FROM folder").await == 2).await;
    assert_eq!(gateway.number("SELECT COUNT(*) FROM fetched WHERE why = 'there before us'").await, 10);
    assert_eq!(gateway.number("SELECT COUNT(*) FROM fetched WHERE validity = 2").await, 12);
    // And stays there when the numbers change once more.
    server.change("INBOX", |inbox| inbox.renumber(3, 1));
    server.cut();
    gateway.until("renumbered", async || gateway.number("SELECT validity FROM folder").await == 3).await;
    assert_eq!((gateway.arrivals().await, gateway.at("taken").await), (2, 0));
    gateway.stop().await;
}

#[tokio::test]
async fn a_validity_that_comes_back_hides_no_other_mail_behind_its_old_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    for n in 0..5 {
        server.append("INBOX", &format!("m{n}"));
    }
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.settled(5).await;
    for (validity, arrivals) in [(2, 5), (1, 10), (2, 15), (1, 20)] {
        server.change("INBOX", |inbox| {
            if arrivals > 5 {
                inbox.messages.clear();
                inbox.next = 1;
                for n in 0..5 {
                    inbox.put(mail(&format!("m{arrivals}-{n}")), "01-Nov-2030 10:00:00 +0000");
                }
            }
            inbox.renumber(validity, 1);
        });
        server.cut();
        gateway.until("renumbered", async || gateway.number("SELECT validity FROM folder").await == i64::from(validity)).await;
        gateway.settled(arrivals).await;
    }
    gateway.stop().await;
}

#[tokio::test]
async fn under_new_numbers_the_date_tells_what_is_of_long_ago() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.append("INBOX", "one");
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.settled(1).await;
    server.change("INBOX", |inbox| {
        inbox.put(mail("years ago"), LONG_AGO);
        inbox.put(mail("just now"), "01-Nov-2030 10:00:00 +0000");
        inbox.renumber(2, 50);
    });
    server.cut();
    gateway.settled(3).await;
    assert_eq!(gateway.number("SELECT COUNT(*) FROM arrival WHERE archived = 1 AND received_at < 1300000000000000").await, 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_does_not_keep_the_others_from_their_new_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    for subject in ["one", "two", "three"] {
        server.append("INBOX", subject);
    }
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.settled(3).await;
    server.fault("UID FETCH 2 (UID BODY", usize::MAX, Fault::Say("NO broken"));
    server.change("INBOX", |inbox| inbox.renumber(2, 1));
    server.cut();
    gateway.until("renumbered", async || gateway.number("SELECT validity FROM folder").await == 2).await;
    server.heal();
    gateway.until("it is known", async || gateway.number("SELECT COUNT(*) FROM fetched WHERE validity = 2").await == 3).await;
    assert_eq!(gateway.arrivals().await, 3);
    gateway.stop().await;
}

#[tokio::test]
async fn a_change_under_an_open_connection_is_found_by_the_next_look() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.append("INBOX", "one");
    let mut ours = account(&server, folder.path());
    ours.poll = Duration::from_secs(3_000);
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    gateway.settled(1).await;
    gateway.until("it waits for news", async || server.heard("IDLE") > 0).await;
    // A server should drop the connection. This one tells of a new mail, and nothing of the numbers.
    server.change("INBOX", |inbox| {
        inbox.put(mail("two"), "01-Nov-2030 10:00:00 +0000");
        inbox.renumber(9, 100);
    });
    gateway.until("renumbered", async || gateway.number("SELECT validity FROM folder").await == 9).await;
    assert_eq!(gateway.arrivals().await, 2);
    gateway.stop().await;
}

#[tokio::test]
async fn mail_that_came_shortly_before_us_is_not_taken_for_new_whatever_the_clocks_say() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    // By the clock of the server it came after our first look.
    server.append("INBOX", "shortly before");
    let mut ours = account(&server, folder.path());
    ours.start = Start::New;
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    gateway.account("well", |row| row.state == State::Well).await;
    server.change("INBOX", |inbox| inbox.renumber(2, 1));
    server.cut();
    gateway.until("renumbered", async || gateway.number("SELECT validity FROM folder").await == 2).await;
    assert_eq!(gateway.arrivals().await, 0);
    server.append("INBOX", "new");
    gateway.settled(1).await;
    gateway.stop().await;
}
