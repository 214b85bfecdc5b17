//! The clock of a real gateway: agents hear once that a ticket is overdue, also from one that is killed in between.

use std::fs;

use serde_json::Value;

use crate::gateway::{DEADLINE, Gateway, wait_for};
use crate::wire::Wire;

/// The notices that a ticket is overdue, once both agents of the department were sent theirs.
fn told(gateway: &Gateway, ticket: &str) -> Vec<Value> {
    wait_for("word to both agents that the ticket is overdue", DEADLINE, || {
        let notices = gateway.json(&["outbox", "list", "--json"]);
        let about = |notice: &Value| notice["event"] == "overdue" && notice["ticket"] == ticket && notice["state"] == "sent";
        let told: Vec<Value> = notices.into_iter().filter(about).collect();
        (told.len() >= 2).then_some(told)
    })
}

#[test]
fn a_ticket_is_told_as_overdue_once_by_a_gateway_that_is_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut gateway = Gateway::new(folder.path(), &format!("file:{}", out.display()));
    let configuration = folder.path().join("postdesk.toml");
    let text = fs::read_to_string(&configuration).unwrap();
    fs::write(&configuration, text.replace("reopen_within", "answer_within = \"1s\"\nreopen_within")).unwrap();
    gateway.start();
    assert_eq!(Wire::connect(gateway.port()).mail("first"), 250);
    assert_eq!(told(&gateway, "SUP-1").len(), 2);
    gateway.kill();
    gateway.start();
    assert_eq!(Wire::connect(gateway.port()).mail("second"), 250);
    // When the second is told, the first has been looked at again.
    assert_eq!(told(&gateway, "SUP-2").len(), 2);
    assert_eq!(told(&gateway, "SUP-1").len(), 2);
    let overdue = gateway.json(&["ticket", "list", "--overdue", "--json"]);
    let references: Vec<&str> = overdue.iter().map(|ticket| ticket["reference"].as_str().unwrap()).collect();
    assert_eq!(references, ["SUP-2", "SUP-1"]);
    let mails = fs::read_dir(&out).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let about = mails.filter(|mail| mail.contains("SUP-1 is overdue: it was due")).count();
    assert_eq!(about, 2, "a mail to each agent");
}
