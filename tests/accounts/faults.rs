//! Whatever a server refuses or breaks: the account says what is wrong, nothing is lost, and the others go on.

use std::time::Duration;

use postdesk::accept::imap::After;
use postdesk::model::account::State;

use crate::gateway::{Gateway, account, quick};
use crate::server::{Fault, Server, mail};

/// A server with one mail that is healed after the account has said what is wrong.
async fn is_told_and_recovers(part: &'static str, fault: Fault, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.append("INBOX", "one");
    server.fault(part, usize::MAX, fault);
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    let row = gateway
        .account(words, |row| row.last_error.as_ref().is_some_and(|error| error.contains(words)) && row.state == State::Waiting)
        .await;
    assert!(row.failing_since.is_some() && row.next_attempt_at.is_some(), "{row:?}");
    assert_eq!(server.flagged("INBOX", "\\Seen"), 0);
    server.heal();
    gateway.settled(1).await;
    gateway.account("well", |row| row.state == State::Well).await;
    gateway.stop().await;
}

#[tokio::test]
async fn each_refusal_is_the_state_of_the_account_until_it_is_over() {
    is_told_and_recovers("LOGIN", Fault::Say("NO [AUTHENTICATIONFAILED] wrong password"), "wrong password").await;
    is_told_and_recovers("SELECT", Fault::Say("NO [NONEXISTENT] there is no such box"), "no such box").await;
    is_told_and_recovers("SELECT", Fault::Say("NO [LIMIT] too many connections"), "too many connections").await;
    is_told_and_recovers("SEARCH", Fault::Say("BAD what is that?"), "what is that?").await;
    is_told_and_recovers("SEARCH", Fault::Bye, "going down").await;
    is_told_and_recovers("SEARCH", Fault::Raw("* SEARCH 1 2 3 {500000000}\r\n"), "literal").await;
}

#[tokio::test]
async fn a_password_that_is_wrong_is_tried_slowly_and_others_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (server, other) = (Server::start().await, Server::start().await);
    server.state().password = "another";
    other.append("INBOX", "one");
    let mut well = account(&other, folder.path());
    well.name = "well".to_owned();
    let mut pace = quick();
    pace.shortest_when_refused = Duration::from_secs(600);
    pace.longest_when_refused = Duration::from_secs(600);
    let gateway = Gateway::start_with(folder.path(), vec![account(&server, folder.path()), well], pace).await;
    let row = gateway.account("it waits", |row| row.state == State::Waiting).await;
    gateway.settled(1).await;
    other.append("INBOX", "two");
    gateway.settled(2).await;
    let wait = row.next_attempt_at.unwrap().0 - row.last_error_at.unwrap().0;
    assert!((590..=720).contains(&(wait / 1_000_000)), "{wait}");
    assert_eq!(server.heard("LOGIN"), 1);
    assert_eq!(gateway.row("well").await.unwrap().last_error, None);
    gateway.stop().await;
}

#[tokio::test]
async fn several_folders_ask_a_server_that_refuses_them_no_more_often_than_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.state().password = "another";
    let mut ours = account(&server, folder.path());
    ours.folders = ["INBOX", "One", "Two", "Three"].map(str::to_owned).to_vec();
    let mut pace = quick();
    pace.shortest_when_refused = Duration::from_secs(600);
    pace.longest_when_refused = Duration::from_secs(600);
    let gateway = Gateway::start_with(folder.path(), vec![ours], pace).await;
    gateway.account("it waits", |row| row.state == State::Waiting && row.last_error.is_some()).await;
    assert_eq!(server.heard("LOGIN"), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_connection_that_is_cut_in_idle_is_made_anew_and_nothing_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.account("well", |row| row.state == State::Well).await;
    for round in 0..5 {
        server.append("INBOX", &format!("before {round}"));
        server.cut();
        server.append("INBOX", &format!("after {round}"));
    }
    gateway.settled(10).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_that_cannot_be_fetched_is_set_aside_and_others_go_on() {
    for fault in [Fault::Say("NO broken on the disk"), Fault::Raw("* 2 FETCH (UID 2 BODY[]<0> {999999999}\r\n"), Fault::Close] {
        for part in ["UID FETCH 2 (UID BODY", "UID FETCH 2 (UID RFC"] {
            let folder = tempfile::tempdir().unwrap();
            let server = Server::start().await;
            ["one", "two", "three"].iter().for_each(|subject| drop(server.append("INBOX", subject)));
            server.fault(part, usize::MAX, fault.clone());
            if part.contains("RFC") {
                // It poisons every question that it is part of.
                server.fault("UID FETCH 1:3 (UID RFC", usize::MAX, fault.clone());
            }
            let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
            gateway.settled(2).await;
            gateway.until("it is tried and tried again", async || server.heard(part) > 4).await;
            let row = gateway
                .account("it is told", |row| row.last_error.as_ref().is_some_and(|error| error.contains("message 2")))
                .await;
            assert!(row.last_error.unwrap().starts_with("folder INBOX: "));
            server.append("INBOX", "four");
            gateway.settled(3).await;
            server.heal();
            gateway.settled(4).await;
            gateway.account("well", |row| row.state == State::Well && row.behind == Some(0)).await;
            gateway.stop().await;
        }
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_stays_is_told_once_and_is_taken_when_the_limit_was_raised() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let mut large = mail("large");
    large.extend(b"x".repeat(70_000));
    large.extend(b"\r\n");
    server.append_raw("INBOX", large, "01-Nov-2030 10:00:00 +0000");
    server.append("INBOX", "small");
    let mut ours = account(&server, folder.path());
    ours.max_message_size = 10_000;
    let gateway = Gateway::start(folder.path(), vec![ours.clone()]).await;
    gateway.settled(1).await;
    let row = gateway.account("it is counted", |row| row.left_there == Some(1)).await;
    assert_eq!((row.behind, row.state), (Some(0), State::Well));
    assert_eq!(gateway.texts("SELECT why FROM fetched WHERE stage = 'left'").await, ["larger than is taken"]);
    gateway.stop().await;
    ours.max_message_size = 100_000;
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    gateway.settled(2).await;
    gateway.account("none is left", |row| row.left_there == Some(0) && row.state == State::Well).await;
    gateway.stop().await;
}

#[tokio::test]
async fn mail_is_taken_though_it_cannot_be_flagged_or_moved_and_that_is_done_when_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.append("INBOX", "one");
    let mut ours = account(&server, folder.path());
    ours.after = After::Move("Archive".to_owned());
    let gateway = Gateway::start(folder.path(), vec![ours]).await;
    let row = gateway.account("partly", |row| row.state == State::Partly && row.undone == Some(1)).await;
    assert!(row.last_error.as_ref().is_some_and(|error| error.contains("moved to Archive")), "{row:?}");
    assert_eq!((gateway.arrivals().await, server.count("INBOX"), row.failing_since), (1, 1, None));
    server.change("Archive", |_| ());
    gateway.settled(1).await;
    gateway.account("well", |row| row.state == State::Well && row.undone == Some(0)).await;
    assert_eq!((server.count("INBOX"), server.count("Archive")), (0, 1));
    gateway.stop().await;
}

#[tokio::test]
async fn a_folder_that_may_only_be_read_is_said_to_be_and_its_mail_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.append("INBOX", "one");
    server.change("INBOX", |inbox| inbox.read_only = true);
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    let row = gateway.account("partly", |row| row.state == State::Partly && row.undone == Some(1)).await;
    assert!(row.last_error.as_ref().is_some_and(|error| error.contains("only read this folder")), "{row:?}");
    server.change("INBOX", |inbox| inbox.read_only = false);
    gateway.settled(1).await;
    assert_eq!(server.flagged("INBOX", "\\Seen"), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn nothing_is_marked_while_the_store_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let gateway = Gateway::start(folder.path(), vec![account(&server, folder.path())]).await;
    gateway.account("well", |row| row.state == State::Well).await;
    gateway.run("CREATE TRIGGER refuse BEFORE INSERT ON raw BEGIN SELECT RAISE(ABORT, 'no'); END").await;
    server.append("INBOX", "one");
    gateway.account("it is told", |row| row.last_error.as_ref().is_some_and(|error| error.contains("no mail is taken"))).await;
    assert_eq!((gateway.arrivals().await, server.flagged("INBOX", "\\Seen")), (0, 0));
    gateway.run("DROP TRIGGER refuse").await;
    gateway.settled(1).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_server_that_accepts_and_leaves_at_once_is_not_asked_without_a_pause() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    server.fault("IDLE", usize::MAX, Fault::Bye);
    let mut pace = quick();
    pace.shortest = Duration::from_secs(600);
    pace.longest = Duration::from_secs(600);
    let gateway = Gateway::start_with(folder.path(), vec![account(&server, folder.path())], pace).await;
    let row = gateway.account("it waits", |row| row.state == State::Waiting).await;
    assert!(row.next_attempt_at.unwrap().0 - row.updated_at.0 > 500_000_000, "{row:?}");
    assert_eq!(server.heard("LOGIN"), 1);
    gateway.stop().await;
}
