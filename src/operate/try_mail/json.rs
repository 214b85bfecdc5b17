//! What `postdesk try --json` says of a mail: an object a line. Fields may be added, and none is taken away.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::View;
use super::ticket;
use crate::decide::{Case, Decision};
use crate::model::encoding::hex;
use crate::model::mail::{Mail, Marks, Report};
use crate::model::message::{Attachment, Message};

/// A file that holds no mail that could be read.
pub(super) fn unread(file: &Path, why: &str) -> Value {
    json!({"file": file.display().to_string(), "error": why})
}

/// How a mail was read, and what would become of it.
pub(super) fn object(file: &Path, case: &Case, decision: &Decision, view: &View<'_>) -> Value {
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
        "mail": mail(&case.mail),
        "report": case.mail.report.as_ref().map(report),
        "message": message(case, decision),
        "defects": defects,
        "changes": changes(decision),
        "notices": notices,
        "reasons": decision.reasons,
    })
}

/// The header as it was read.
fn mail(mail: &Mail) -> Value {
    json!({
        "subject": mail.subject,
        "from": mail.from,
        "to": mail.to,
        "cc": mail.cc,
        "reply_to": mail.reply_to,
        "date": mail.date,
        "sent_at": mail.sent_at,
        "message_id": mail.message_id,
        "references": mail.references,
        "automatic": automatic(&mail.marks),
        "doubtful_from": mail.marks.doubtful_from,
    })
}

/// Those signs of a machine that there are.
fn automatic(marks: &Marks) -> Value {
    let Marks { auto_submitted, precedence, list_field, other_report, autoreply_field, rule_field, machine_field, loops, .. } =
        marks;
    let words = [
        ("auto_submitted", auto_submitted),
        ("precedence", precedence),
        ("list_field", list_field),
        ("other_report", other_report),
        ("autoreply_field", autoreply_field),
        ("rule_field", rule_field),
        ("machine_field", machine_field),
    ];
    let flags = [
        ("delivery_report", marks.delivery_report),
        ("null_return_path", marks.null_return_path),
        ("answer_subject", marks.answer_subject.is_some()),
        ("answer_words", marks.answer_words),
        ("feedback_id", marks.feedback_id),
        ("suppresses_answers", marks.suppresses_answers),
    ];
    let mut found = Map::new();
    for (name, word) in words {
        found.extend(word.as_deref().map(|word| (name.to_owned(), word.into())));
    }
    found.extend(flags.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (name.to_owned(), true.into())));
    if !loops.is_empty() {
        found.insert("loops".to_owned(), json!(loops));
    }
    found.into()
}

fn report(report: &Report) -> Value {
    let recipients: Vec<Value> = report
        .recipients
        .iter()
        .map(|reported| {
            json!({"addresses": reported.addresses, "action": reported.action.name(),
                "status": reported.status.map(|status| status.to_string()), "status_inferred": reported.inferred,
                "permanent": reported.is_permanent(), "diagnostic": reported.diagnostic})
        })
        .collect();
    json!({"kind": report.kind.name(), "recipients": recipients, "message_id": report.message_id, "structured": report.structured})
}

/// The message in the shape of `ticket show`. A mail that makes no message is shown as it was read.
fn message(case: &Case, decision: &Decision) -> Value {
    let mail = &case.mail;
    let entry = decision.message.as_ref();
    let from = mail.from.first();
    let original = mail.forwarded.as_ref().map(|forwarded| &forwarded.original);
    let protection = entry.map_or(mail.protection, |entry| entry.protection);
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
        "html": entry.map_or(&mail.html, |entry| &entry.html),
        "forwarded": entry.map_or(original, |entry| entry.forwarded.as_ref()),
        "protection": protection.map(|protection| protection.name()),
        "attachments": mail.attachments.iter().map(attachment).collect::<Vec<_>>(),
        "authenticated": case.authenticity.is_proven(),
        "arrival": null,
    })
}

fn attachment(file: &Attachment) -> Value {
    json!({"name": file.name, "media_type": file.media_type, "size": file.size, "sha256": hex(&file.sha256),
        "inline": file.inline, "content_id": file.content_id})
}

fn changes(decision: &Decision) -> Vec<Value> {
    let change = |event: &crate::model::ticket::Event| json!({"actor": event.actor, "kind": event.kind, "from": event.from, "to": event.to});
    decision.events.iter().map(change).collect()
}
