//! What is in a gateway after the run: asked of its verbs, its database and the folder that its mail went to.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sqlx::{Connection, PgConnection, SqliteConnection};

use super::check::{Found, Kept, Notice};
use super::client::Client;
use super::gateway::{DEADLINE, Gateway, wait_for};
use super::ledger::{Entry, hand_over};
use super::mail::Purpose;

/// How long the gateway may take to decide and deliver what is left: minutes after two hundred kills on a busy machine.
const SETTLING: Duration = Duration::from_secs(1_800);

/// Sends the request whose ticket the ordered replies go to, and waits for its reference.
pub(crate) fn open_the_ordered_ticket(gateway: &Gateway) -> (Entry, String) {
    let mut client = Client::new(&[gateway.port()]);
    let entry = hand_over(&mut client, 0, Purpose::Opening);
    let reference = wait_for("the ordered ticket", DEADLINE, || {
        let tickets = gateway.json(&["ticket", "list", "--json"]);
        tickets.first().map(|ticket| ticket["reference"].as_str().unwrap().to_owned())
    });
    (entry, reference)
}

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

/// Gathers everything that the judgement needs. `ordered` is the reference of the ticket whose order counts; empty for none.
pub(crate) fn gather(gateway: &Gateway, outgoing: &Path, ordered: &str) -> Found {
    let mut found = Found { left: mails_that_left(outgoing), ..Found::default() };
    let octets = raw_octets(gateway.store());
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
    if ordered.is_empty() {
        return found;
    }
    found.order = entry_numbers(&gateway.json(&["ticket", "show", ordered, "--json"])[0]);
    found
}

/// Compares every fiftieth original as the operator's verb prints it with what the database holds.
pub(crate) fn assert_that_the_verb_prints_the_originals(gateway: &Gateway) {
    for (number, octets) in raw_octets(gateway.store()).iter().filter(|(number, _)| *number % 50 == 1) {
        assert!(gateway.verb(&["arrival", "raw", &number.to_string()]) == *octets, "arrival raw {number} differs");
    }
}

/// Files in the folder of outgoing mail that are no finished mail.
pub(crate) fn stray_files(outgoing: &Path) -> Vec<String> {
    let names = fs::read_dir(outgoing).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".eml")).collect()
}

fn raw_octets(store: &str) -> HashMap<i64, Vec<u8>> {
    let text = "SELECT arrival.id, raw.octets FROM arrival JOIN raw ON raw.id = arrival.raw_id";
    let rows: Vec<(i64, Vec<u8>)> = ask(async {
        if store.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(store).await.unwrap();
            let rows = sqlx::query_as(text).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            return rows;
        }
        let mut connection = PgConnection::connect(store).await.unwrap();
        let rows = sqlx::query_as(text).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows
    });
    rows.into_iter().collect()
}

/// Runs a question to a database.
pub(crate) fn ask<T>(question: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(question)
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
