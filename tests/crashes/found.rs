//! What is in a gateway after the run: asked of its verbs, its database and the folder that its mail went to.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use super::check::{Found, Kept, Notice};
use super::gateway::{Gateway, wait_for};

/// How long the gateway may take to decide and deliver what is left.
const SETTLING: Duration = Duration::from_secs(300);

/// Waits until every arrival has an outcome and every notice is done with.
pub(crate) fn wait_until_settled(gateway: &Gateway) {
    wait_for("every arrival to have an outcome", SETTLING, || {
        let arrivals = gateway.json(&["arrival", "list", "--json", "--all"]);
        arrivals.iter().all(|arrival| !arrival["outcome"].is_null()).then_some(())
    });
    wait_for("every notice to leave", SETTLING, || {
        let outbox = gateway.json(&["outbox", "list", "--json", "--all"]);
        outbox.iter().all(|notice| !["due", "leased"].contains(&text(notice, "state").as_str())).then_some(())
    });
}

/// Gathers everything that the judgement needs. `ordered` is the reference of the ticket whose order counts.
pub(crate) fn gather(gateway: &Gateway, folder: &Path, ordered: &str) -> Found {
    let mut found = Found { left: mails_that_left(&folder.join("outgoing")), ..Found::default() };
    let octets = raw_octets(&folder.join("data/postdesk.db"));
    for arrival in gateway.json(&["arrival", "list", "--json", "--all"]) {
        if arrival["outcome"] != "duplicate" {
            let number = arrival["id"].as_i64().unwrap();
            let held = arrival["outcome"] == "held";
            let kept = Kept { octets: octets[&number].clone(), ticket: text(&arrival, "ticket"), held };
            // From the original: an arrival that is held because every attempt at it failed has no subject.
            let id = ledger_id(&kept.octets).unwrap_or_else(|| format!("arrival {number}"));
            assert!(!held || arrival["cause"] == "failed-repeatedly", "{arrival}");
            found.kept.entry(id).or_default().push(kept);
        }
    }
    for ticket in gateway.json(&["ticket", "list", "--json", "--all"]) {
        let subject = text(&ticket, "subject");
        *found.tickets.entry(ledger_id(subject.as_bytes()).unwrap_or(subject)).or_default() += 1;
    }
    for notice in gateway.json(&["outbox", "list", "--json", "--all"]) {
        assert_eq!(text(&notice, "state"), "sent", "{notice}");
        let message_id = text(&notice, "message_id").trim_matches(['<', '>']).to_owned();
        found.owed.push(Notice { ticket: text(&notice, "ticket"), event: text(&notice, "event"), message_id });
    }
    found.order = entry_numbers(&gateway.json(&["ticket", "show", ordered, "--json"])[0]);
    found
}

/// Compares every fiftieth original as the operator's verb prints it with what the database holds.
pub(crate) fn assert_that_the_verb_prints_the_originals(gateway: &Gateway, folder: &Path) {
    for (number, octets) in raw_octets(&folder.join("data/postdesk.db")).iter().filter(|(number, _)| *number % 50 == 1) {
        assert!(gateway.verb(&["arrival", "raw", &number.to_string()]) == *octets, "arrival raw {number} differs");
    }
}

/// What SQLite itself says of the file.
pub(crate) fn integrity(database: &Path) -> String {
    query(database, async |connection| sqlx::query_scalar("PRAGMA integrity_check").fetch_one(connection).await.unwrap())
}

/// Files in the folder of outgoing mail that are no finished mail.
pub(crate) fn stray_files(outgoing: &Path) -> Vec<String> {
    let names = fs::read_dir(outgoing).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".eml")).collect()
}

fn raw_octets(database: &Path) -> HashMap<i64, Vec<u8>> {
    let text = "SELECT arrival.id, raw.octets FROM arrival JOIN raw ON raw.id = arrival.raw_id";
    let rows: Vec<(i64, Vec<u8>)> = query(database, async |connection| sqlx::query_as(text).fetch_all(connection).await.unwrap());
    rows.into_iter().collect()
}

fn query<T>(database: &Path, ask: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(&format!("sqlite:{}", database.display())).await.unwrap();
        let answer = ask(&mut connection).await;
        connection.close().await.unwrap();
        answer
    })
}

fn mails_that_left(outgoing: &Path) -> HashMap<String, Vec<Vec<u8>>> {
    let mut left: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    for entry in fs::read_dir(outgoing).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            let octets = fs::read(&path).unwrap();
            let mail = mail_parser::MessageParser::new().parse_headers(&octets);
            let id = mail.and_then(|mail| mail.message_id().map(str::to_owned));
            left.entry(id.unwrap_or_else(|| path.display().to_string())).or_default().push(octets);
        }
    }
    left
}

/// The numbers that the replies of the ordered ticket carry, in the order of its messages.
fn entry_numbers(ticket: &Value) -> Vec<usize> {
    let messages = ticket["messages"].as_array().unwrap().iter().map(|message| text(message, "text"));
    messages.filter_map(|text| text.split_once("entry number ")?.1.split('.').next()?.parse().ok()).collect()
}

/// The id in a mail or subject: 32 hexadecimal digits behind `ledger-`.
fn ledger_id(octets: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&octets[..octets.len().min(512)]);
    text.split_once("ledger-").and_then(|(_, rest)| rest.get(..32)).map(str::to_owned)
}

/// A field as text, empty when it is null.
fn text(object: &Value, name: &str) -> String {
    match &object[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
