//! `postdesk try`: what would happen with a mail, without anything happening.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::table::{Look, field, indented, many_lines};
use super::{Code, Ended, Format, Trouble, View, settled, write_json};
use crate::accept::pipe;
use crate::decide::recall::{Facts, Wanted};
use crate::decide::{Case, Decision, decide};
use crate::model::arrival::{Arrival, Incoming};
use crate::model::message::Message;
use crate::process::House;
use crate::store::Store;

/// The mails to try and their envelope.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Files, or folders whose files are meant.
    pub files: &'a [PathBuf],
    /// Envelope recipients.
    pub to: &'a [String],
    /// Envelope sender; `None` for the null sender.
    pub from: Option<&'a str>,
    /// Octets of one mail.
    pub max_message_size: usize,
}

/// Tries each mail against what is in the store; without a store, against an empty one.
pub async fn try_mails(
    store: Option<&Store>,
    house: &House,
    attempt: &Attempt<'_>,
    view: &View<'_>,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    settled(try_each(store, house, attempt, view, out).await)
}

async fn try_each(
    store: Option<&Store>,
    house: &House,
    attempt: &Attempt<'_>,
    view: &View<'_>,
    out: &mut dyn Write,
) -> Result<(), Ended> {
    for file in files(attempt.files)? {
        let unreadable = |error: &dyn std::fmt::Display| Trouble::new(Code::Input, format!("{}: {error}", file.display()));
        let input = std::fs::File::open(&file).map_err(|error| unreadable(&error))?;
        let raw = pipe::read(input, attempt.max_message_size).map_err(|error| unreadable(&error))?;
        let incoming = pipe::incoming(raw, attempt.from, attempt.to, &house.desk).map_err(Trouble::from)?;
        for arrival in arrivals(incoming) {
            let case = house.prepare(arrival).await;
            let wanted = Wanted::of(std::slice::from_ref(&case), &house.desk);
            let facts = match store {
                Some(store) => store.recall(&wanted, view.now).await?,
                None => Facts { next_number: 1, ..Facts::default() },
            };
            let decision = decide(&case, &facts, house.rules(view.now));
            match view.format {
                Format::Json => write_json(&as_json(&file, &case, &decision, view), out)?,
                Format::People(look) => out.write_all(for_people(&file, &case, &decision, view, look).as_bytes())?,
            }
        }
    }
    Ok(())
}

fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Trouble> {
    let mut files = Vec::new();
    for path in named {
        let unreadable = |error: std::io::Error| Trouble::new(Code::Input, format!("{}: {error}", path.display()));
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?.path();
            if entry.is_file() {
                inside.push(entry);
            }
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

fn arrivals(incoming: Incoming) -> Vec<Arrival> {
    let Incoming { raw, sender, departments, source, peer, received_at } = incoming;
    let arrival = |(department, recipients)| Arrival {
        id: 0,
        raw_id: 0,
        department,
        sender: sender.clone(),
        recipients,
        source,
        peer: peer.clone(),
        received_at,
        attempts: 1,
        raw: raw.clone(),
        missing: None,
        findings: None,
        release: None,
    };
    departments.into_iter().map(arrival).collect()
}

fn as_json(file: &Path, case: &Case, decision: &Decision, view: &View<'_>) -> Value {
    let defects: Vec<Value> =
        case.mail.defects.iter().map(|defect| json!({"name": defect.name, "detail": defect.detail})).collect();
    let notices: Vec<Value> = decision
        .notices
        .iter()
        .map(|notice| json!({"event": notice.event.name(), "recipient": notice.recipient, "message_id": notice.message_id}))
        .collect();
    json!({
        "file": file.display().to_string(),
        "outcome": decision.outcome.name(),
        "cause": decision.cause.map(|cause| cause.name()),
        "department": case.arrival.department,
        "ticket": ticket(decision, case, view),
        "message": message(case, decision),
        "defects": defects,
        "changes": changes(decision),
        "notices": notices,
        "reasons": decision.reasons,
    })
}

fn ticket(decision: &Decision, case: &Case, view: &View<'_>) -> Option<String> {
    let department = decision.change.as_ref().map_or(&case.arrival.department, |change| &change.ticket.department);
    decision.ticket.map(|number| view.reference(department, number))
}

/// The message in the shape of `ticket show`. A mail that makes no message is shown as it was read.
fn message(case: &Case, decision: &Decision) -> Value {
    let mail = &case.mail;
    let entry = decision.message.as_ref();
    let attachments: Vec<Value> = mail
        .attachments
        .iter()
        .map(|file| {
            json!({"name": file.name, "media_type": file.media_type, "size": file.size,
                "sha256": crate::model::encoding::hex(&file.sha256), "inline": file.inline, "content_id": file.content_id})
        })
        .collect();
    let from = mail.from.first();
    json!({
        "id": null,
        "kind": entry.map(|entry| entry.kind.name()),
        "public": entry.is_some_and(|entry| entry.kind.is_public()),
        "author": {
            "name": entry.map_or_else(|| from.map(|from| from.name.clone()).unwrap_or_default(), |entry| entry.author.name.clone()),
            "address": from.map(|from| from.address.to_string()),
            "agent": entry.and_then(|entry: &Message| entry.author.agent.clone()),
        },
        "at": case.arrival.received_at,
        "message_id": mail.message_id,
        "subject": mail.subject,
        "text": entry.map_or(&mail.text, |entry| &entry.text),
        "quoted": entry.map_or(&mail.quoted, |entry| &entry.quoted),
        "html": null,
        "attachments": attachments,
        "authenticated": case.authenticity.is_proven(),
        "arrival": null,
    })
}

fn changes(decision: &Decision) -> Vec<Value> {
    let change = |event: &crate::model::ticket::Event| json!({"actor": event.actor, "kind": event.kind, "from": event.from, "to": event.to});
    decision.events.iter().map(change).collect()
}

fn for_people(file: &Path, case: &Case, decision: &Decision, view: &View<'_>, look: Look) -> String {
    let mut page = format!("{}\n", look.bold(&file.display().to_string()));
    let mut row = |label: &str, value: &str| page.push_str(&field(label, value, look));
    let cause = decision.cause.map(|cause| format!(" ({})", cause.name())).unwrap_or_default();
    row("Outcome", &format!("{}{cause}", decision.outcome.name()));
    row("Department", &case.arrival.department);
    row("Ticket", ticket(decision, case, view).as_deref().unwrap_or("none"));
    row("Subject", &case.mail.subject);
    for event in &decision.events {
        let from = event.from.as_ref().map(|from| format!("{from} → ")).unwrap_or_default();
        row("Change", &format!("{}: {from}{} (by {})", event.kind, event.to.as_deref().unwrap_or(""), event.actor));
    }
    for notice in &decision.notices {
        row("Notice", &format!("{} to {}", notice.event.name(), notice.recipient));
    }
    for defect in &case.mail.defects {
        row("Defect", &format!("{}: {}", defect.name, defect.detail));
    }
    for reason in &decision.reasons {
        row("Reason", reason);
    }
    page.push('\n');
    let text = decision.message.as_ref().map_or(&case.mail.text, |entry| &entry.text);
    page.push_str(&indented(&many_lines(text), 4, look));
    page.push('\n');
    page
}
