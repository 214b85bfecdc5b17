//! What `postdesk try` shows to people: a page a mail. What strangers wrote is made harmless by `operate::table`.

use std::path::Path;

use super::super::View;
use super::super::table::{Look, field, indented, many_lines, octets};
use super::ticket;
use crate::decide::{Case, Decision};
use crate::model::mail::{Report, Reported};
use crate::model::message::{Attachment, Original};

/// A file that holds no mail that could be read.
pub(super) fn unread(file: &Path, why: &str, look: Look) -> String {
    format!("{}\n{}\n", look.bold(&file.display().to_string()), field("Unread", why, look))
}

/// How a mail was read, and what would become of it.
pub(super) fn page(file: &Path, case: &Case, decision: &Decision, view: &View<'_>, look: Look) -> String {
    let mut page = format!("{}\n", look.bold(&file.display().to_string()));
    for (label, value) in rows_of_decision(case, decision, view).into_iter().chain(rows_of_mail(case)) {
        page.push_str(&field(label, &value, look));
    }
    for defect in &case.mail.defects {
        page.push_str(&field("Defect", &format!("{}: {}", defect.name, defect.detail), look));
    }
    for reason in &decision.reasons {
        page.push_str(&field("Reason", reason, look));
    }
    page.push('\n');
    let text = decision.message.as_ref().map_or(&case.mail.text, |entry| &entry.text);
    page.push_str(&indented(&many_lines(text), 4, look));
    let quoted = decision.message.as_ref().map_or(&case.mail.quoted, |entry| &entry.quoted).lines().count();
    if quoted > 0 {
        page.push_str(&look.dim(&format!("    (quoted lines not shown: {quoted})\n")));
    }
    page.push('\n');
    page
}

type Row = (&'static str, String);

fn rows_of_decision(case: &Case, decision: &Decision, view: &View<'_>) -> Vec<Row> {
    let cause = decision.cause.map(|cause| format!(" ({})", cause.name())).unwrap_or_default();
    let mut rows = vec![
        ("Outcome", format!("{}{cause}", decision.outcome.name())),
        ("Department", case.arrival.department.clone()),
        ("Ticket", ticket(decision, case, view).unwrap_or_else(|| "none".to_owned())),
    ];
    for event in &decision.events {
        let from = event.from.as_ref().map(|from| format!("{from} → ")).unwrap_or_default();
        rows.push(("Change", format!("{}: {from}{} (by {})", event.kind, event.to.as_deref().unwrap_or(""), event.actor)));
    }
    for notice in &decision.notices {
        rows.push(("Notice", format!("{} to {}", notice.event.name(), notice.recipient)));
    }
    rows
}

fn rows_of_mail(case: &Case) -> Vec<Row> {
    let mail = &case.mail;
    let mut rows = vec![("Subject", mail.subject.clone())];
    rows.extend(mail.from.iter().map(|from| ("From", from.to_string())));
    rows.extend(mail.forwarded.iter().map(|forwarded| ("Forwarded", original(&forwarded.original))));
    rows.extend(mail.protection.iter().map(|protection| ("Protection", protection.name().to_owned())));
    rows.extend(mail.report.iter().flat_map(reported));
    rows.extend(mail.attachments.iter().map(|file| ("File", described(file))));
    rows
}

/// What is known of a mail that was passed on.
fn original(original: &Original) -> String {
    let from = original.from.as_ref().map(|from| format!("from {from}"));
    let rest = [&original.date, &original.subject].into_iter().filter(|text| !text.is_empty()).cloned();
    let known: Vec<String> = from.into_iter().chain(rest).collect();
    if known.is_empty() { "from somebody who is not named".to_owned() } else { known.join(", ") }
}

/// A row for each recipient that a report names, or one that says that it names none.
fn reported(report: &Report) -> Vec<Row> {
    if report.recipients.is_empty() {
        return vec![("Report", "of a mail to recipients that cannot be read".to_owned())];
    }
    report.recipients.iter().map(|reported| ("Report", fate(reported))).collect()
}

fn fate(reported: &Reported) -> String {
    let mut words = vec![reported.action.name().to_owned()];
    words.extend(reported.addresses.iter().map(ToString::to_string));
    words.extend(reported.status.iter().map(ToString::to_string));
    words.push(reported.diagnostic.clone());
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn described(file: &Attachment) -> String {
    let place = if file.inline { ", in the text" } else { "" };
    format!("{} ({}, {}{place})", file.name, file.media_type, octets(file.size))
}
