//! What goes wrong around the gateway: nothing is lost, nothing stands still, and the one who can do something is told.
#![cfg(test)]

#[path = "faults/command_line.rs"]
mod command_line;
#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "faults/overdue.rs"]
mod overdue;
#[path = "faults/wire.rs"]
mod wire;

use gateway::{DEADLINE, Gateway, wait_for};
use serde_json::Value;
use sqlx::{Connection, Executor, SqliteConnection};
use wire::Wire;

fn started(relay: &str) -> (tempfile::TempDir, Gateway) {
    let folder = tempfile::tempdir().unwrap();
    let relay = relay.replace("FOLDER", folder.path().to_str().unwrap());
    let mut gateway = Gateway::new(folder.path(), &relay);
    gateway.start();
    (folder, gateway)
}

/// A connection to the gateway's database, as another process has it.
async fn database(folder: &tempfile::TempDir) -> SqliteConnection {
    SqliteConnection::connect(folder.path().join("data/postdesk.db").to_str().unwrap()).await.unwrap()
}

/// The arrival with this subject, once it has an outcome.
fn decided(gateway: &Gateway, subject: &str) -> Value {
    wait_for("the outcome", DEADLINE, || {
        let arrivals = gateway.json(&["arrival", "list", "--json", "--all"]);
        arrivals.into_iter().find(|arrival| arrival["subject"] == subject && !arrival["outcome"].is_null())
    })
}

#[tokio::test]
async fn a_mail_that_makes_a_step_fail_is_held_after_three_attempts_and_the_next_goes_on() {
    let (folder, gateway) = started("discard:");
    let trigger = "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.subject = 'poison' \
                   BEGIN SELECT RAISE(ABORT, 'the test refuses this row'); END";
    database(&folder).await.execute(trigger).await.unwrap();
    let mut wire = Wire::connect(gateway.port());
    let replies: Vec<u16> = ["before", "poison", "after"].iter().map(|subject| wire.mail(subject)).collect();
    assert_eq!(replies, [250, 250, 250]);
    assert_eq!(decided(&gateway, "before")["outcome"], "request");
    assert_eq!(decided(&gateway, "after")["outcome"], "request");
    let held = wait_for("the poisoned mail to be held", DEADLINE, || {
        let arrivals = gateway.json(&["arrival", "list", "--json", "--outcome", "held"]);
        arrivals.into_iter().next()
    });
    assert_eq!(held["cause"], "failed-repeatedly");
    assert!(held["reasons"][0].as_str().unwrap().contains("the test refuses this row"), "{held}");
    let raw = gateway.verb(&["arrival", "raw", &held["id"].to_string()]);
    assert!(String::from_utf8(raw).unwrap().contains("Subject: poison\r\n"));
    assert_eq!(gateway.json(&["ticket", "list", "--json"]).len(), 2);
}

#[tokio::test]
async fn a_locked_store_is_451_and_mail_flows_again_when_it_is_back() {
    let (folder, gateway) = started("discard:");
    let mut other = database(&folder).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let port = gateway.port();
    let refused = tokio::task::spawn_blocking(move || Wire::connect(port).mail("refused")).await.unwrap();
    assert_eq!(refused, 451);
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(Wire::connect(port).mail("taken"), 250);
    assert_eq!(decided(&gateway, "taken")["outcome"], "request");
    assert_eq!(gateway.json(&["arrival", "list", "--json", "--all"]).len(), 1, "nothing of the refused mail remains");
}

#[test]
fn a_running_transfer_ends_with_its_250_and_the_gateway_with_0_when_asked_to_stop() {
    let (_folder, mut gateway) = started("file:FOLDER/out");
    let mut wire = Wire::connect(gateway.port());
    wire.begin();
    let port = gateway.port();
    let finishing = std::thread::spawn(move || {
        // The door is closed to others before this transfer is finished.
        wait_for("the listener to close", DEADLINE, || gateway::greeting(port).is_none().then_some(()));
        wire.finish("late")
    });
    assert_eq!(gateway.stop().code(), Some(0));
    assert_eq!(finishing.join().unwrap(), 250);
    gateway.start();
    assert_eq!(decided(&gateway, "late")["outcome"], "request");
}

#[test]
fn a_relay_that_is_down_keeps_the_notices_and_an_operator_can_have_them_tried_at_once() {
    let relay = gateway::free_port();
    let (_folder, gateway) = started(&format!("smtp://127.0.0.1:{relay}"));
    assert_eq!(Wire::connect(gateway.port()).mail("waiting"), 250);
    let waiting = wait_for("an attempt at each notice", DEADLINE, || {
        let notices = gateway.json(&["outbox", "list", "--json"]);
        let tried = |notice: &Value| notice["state"] == "due" && !notice["last_error"].is_null();
        (notices.len() == 3 && notices.iter().all(tried)).then_some(notices)
    });
    for notice in waiting {
        let later = notice["next_attempt_at"].as_str().unwrap().to_owned();
        gateway.verb(&["outbox", "retry", &notice["id"].to_string()]);
        wait_for("another attempt", DEADLINE, || {
            let notices = gateway.json(&["outbox", "list", "--json"]);
            let now = notices.into_iter().find(|other| other["id"] == notice["id"]).unwrap();
            (now["next_attempt_at"].as_str() != Some(&later)).then_some(())
        });
    }
}
