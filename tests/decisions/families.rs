//! Runs every family below `fixtures/mail`. `UPDATE_FIXTURES=1` writes what is decided now into the `.decision` files;
//! then every difference is to be read by a person.

use std::fs;

use postdesk::decide::parse::parse;
use postdesk::model::address::Mailbox;
use postdesk::model::desk::Limits;
use postdesk::model::mail::Mail;
use serde_json::{Map, Value, json};

use crate::desk::decision_section;
use crate::world::{Family, families, folder};

#[test]
fn every_family_is_read_as_its_decision_says() {
    let families = families();
    assert!(families.len() >= 45, "only {} families", families.len());
    let mut differences = String::new();
    for family in &families {
        let sections = [("mail", mail_section(family)), ("decision", readable(decision_section(family), family))];
        for (name, actual) in sections {
            differences.push_str(&compare(family, name, &actual));
        }
    }
    assert!(differences.is_empty(), "{differences}");
    println!("families={}", families.len());
}

#[test]
fn every_family_has_the_facts_that_its_decision_needs() {
    const KNOWN: [&str; 21] = [
        "from",
        "to",
        "trusted",
        "ticket",
        "notes",
        "line_ends",
        "stranger",
        "tell",
        "proven",
        "another",
        "released",
        "held",
        "told",
        "sent",
        "dead",
        "known",
        "human_senders",
        "lately",
        "language",
        "source",
        "days_ago",
    ];
    for family in families() {
        let unknown: Vec<_> = family.facts.keys().filter(|key| !KNOWN.contains(&key.as_str())).collect();
        assert!(unknown.is_empty(), "{}: unknown facts {unknown:?}", family.name);
        assert!(family.facts.get("to").is_some_and(|to| to.is_array()), "{}: no recipients", family.name);
        assert!(family.facts.get("trusted").is_some_and(|trusted| trusted.is_bool()), "{}: trusted or not", family.name);
    }
}

/// Holds one section of the decision file against what is decided now; what differs, for a person.
fn compare(family: &Family, section: &str, actual: &Value) -> String {
    let path = folder().join(format!("{}.decision", family.name));
    let text = fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
    let mut decision: Map<String, Value> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let expected = decision.get(section).cloned().unwrap_or(Value::Null);
    if expected == *actual {
        return String::new();
    }
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        decision.insert(section.to_owned(), actual.clone());
        let text = serde_json::to_string_pretty(&decision).expect("a map of JSON");
        fs::write(&path, text + "\n").expect("the fixture can be written");
        return String::new();
    }
    format!("\n{} ({section}):\n{}", family.name, difference(&expected, actual))
}

/// The lines that are only in one of the two.
fn difference(expected: &Value, actual: &Value) -> String {
    let lines = |value: &Value| serde_json::to_string_pretty(value).expect("JSON").lines().map(str::to_owned).collect::<Vec<_>>();
    let (expected, actual) = (lines(expected), lines(actual));
    let missing = expected.iter().filter(|line| !actual.contains(line)).map(|line| format!("  - {line}\n"));
    let added = actual.iter().filter(|line| !expected.contains(line)).map(|line| format!("  + {line}\n"));
    missing.chain(added).collect()
}

fn mail_section(family: &Family) -> Value {
    let mail = parse(&family.raw, &Limits::default());
    let mailboxes = |list: &[Mailbox]| list.iter().map(|mailbox| mailbox.to_string()).collect::<Vec<_>>();
    let mut section = json!({
        "subject": mail.subject,
        "from": mailboxes(&mail.from),
        "to": mailboxes(&mail.to),
        "cc": mailboxes(&mail.cc),
        "reply_to": mailboxes(&mail.reply_to),
        "delivered_to": mail.delivered_to,
        "date": mail.date,
        "message_id": mail.message_id,
        "references": mail.references,
        "text": lines(&mail.text),
        "quoted": lines(&mail.quoted),
        "html": mail.html.as_deref().map(lines),
        "forwarded": forwarded(&mail),
        "protection": mail.protection.map(|protection| protection.name()),
        "sent_at": mail.sent_at,
        "attachments": attachments(&mail),
        "marks": marks(&mail),
        "report": report(&mail),
        "defects": mail.defects.iter().map(|defect| defect.name).collect::<Vec<_>>(),
    });
    if let Some(section) = section.as_object_mut() {
        section.retain(|name, value| {
            !["report", "html", "forwarded", "protection", "sent_at"].contains(&name.as_str()) || !value.is_null()
        });
    }
    readable(section, family)
}

/// The mail that it passes on.
fn forwarded(mail: &Mail) -> Value {
    let Some(forwarded) = &mail.forwarded else { return Value::Null };
    let original = &forwarded.original;
    json!({
        "from": original.from.as_ref().map(|from| from.to_string()),
        "date": original.date,
        "subject": original.subject,
        "words": lines(&forwarded.words),
        "text": lines(&forwarded.text),
    })
}

/// What it reports of a delivery.
fn report(mail: &Mail) -> Value {
    let Some(report) = &mail.report else { return Value::Null };
    let recipients = report.recipients.iter().map(|told| {
        json!({
            "addresses": told.addresses,
            "action": told.action.name(),
            "status": told.status.map(|status| status.to_string()),
            "inferred": told.inferred,
            "permanent": told.is_permanent(),
            "diagnostic": told.diagnostic,
        })
    });
    json!({
        "kind": report.kind.name(),
        "structured": report.structured,
        "message_id": report.message_id,
        "recipients": recipients.collect::<Vec<_>>(),
    })
}

/// Placeholders for tokens, so that a person can read it.
fn readable(mut section: Value, family: &Family) -> Value {
    with_placeholders(&mut section, &family.tokens);
    section
}

/// A text as its lines: a difference can be read.
fn lines(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split('\n').collect() }
}

fn attachments(mail: &Mail) -> Vec<Value> {
    mail.attachments
        .iter()
        .map(|file| {
            let mut listed = json!({
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "inline": file.inline,
                "content_id": file.content_id,
                "encoding": file.encoding.name(),
            });
            if let (Some(inner), Some(listed)) = (file.inner, listed.as_object_mut()) {
                listed.insert("inner".to_owned(), json!([inner.start, inner.end, inner.uuencoded]));
            }
            listed
        })
        .collect()
}

/// The marks that are set.
fn marks(mail: &Mail) -> Value {
    let marks = &mail.marks;
    let mut section = json!({
        "auto_submitted": marks.auto_submitted,
        "precedence": marks.precedence,
        "list_field": marks.list_field,
        "received": marks.received,
        "delivery_report": marks.delivery_report,
        "doubtful_from": marks.doubtful_from,
        "other_report": marks.other_report,
        "autoreply_field": marks.autoreply_field,
        "feedback_id": marks.feedback_id,
        "suppresses_answers": marks.suppresses_answers,
        "machine_field": marks.machine_field,
        "null_return_path": marks.null_return_path,
        "rule_field": marks.rule_field,
        "answer_subject": marks.answer_subject,
        "answer_words": marks.answer_words,
        "loops": marks.loops,
    });
    if let Some(section) = section.as_object_mut() {
        section.retain(|_, value| !value.is_null() && ![json!(false), json!(0), json!([])].contains(value));
    }
    section
}

/// Writes placeholders for tokens, so that a person can read the file.
fn with_placeholders(value: &mut Value, tokens: &[(String, String)]) {
    match value {
        Value::String(text) => {
            for (token, placeholder) in tokens {
                *text = text.replace(token, placeholder);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| with_placeholders(value, tokens)),
        Value::Object(values) => values.values_mut().for_each(|value| with_placeholders(value, tokens)),
        _ => {}
    }
}
