//! The signs of a machine at work (RFC 3834 and what is found in the field), the strongest first.
//!
//! What has the surest sign, a loop, a delivery report or the null sender, is a machine's whatever the configuration says. All other signs
//! are only words in a header: for senders that are known to mark what people write (`[automatic_mail] human_senders`), and that are
//! proven, they count for nothing.

use super::MachineKind;
use crate::decide::Case;
use crate::model::address::Address;
use crate::model::desk::Desk;
use crate::model::mail::ReportKind;

/// Local parts that no person reads or writes as, with `-` for every separator.
const ROBOTS: [&str; 9] = [
    "mailer-daemon",
    "mailerdaemon",
    "mail-daemon",
    "postmaster",
    "autoreply",
    "auto-reply",
    "autoresponder",
    "bounce",
    "bounces",
];

/// Words within a local part that ask not to be answered, with `-` for every separator and at both ends.
const NO_REPLY: [&str; 6] = ["-noreply-", "-no-reply-", "-donotreply-", "-do-not-reply-", "-donot-reply-", "-dontreply-"];

/// What kind of machine wrote a mail, and by what sign; `None` for a person.
pub(super) fn machine(case: &Case, desk: &Desk, reasons: &mut Vec<String>) -> Option<(MachineKind, String)> {
    let certain = loops(case, desk).or_else(|| report(case)).or_else(|| null_sender(case));
    if certain.is_some() {
        return certain;
    }
    person_or(marked(case, desk)?, case, desk, reasons)
}

/// Unless a person wrote it in spite of its marks.
fn person_or(
    (kind, why): (MachineKind, String),
    case: &Case,
    desk: &Desk,
    reasons: &mut Vec<String>,
) -> Option<(MachineKind, String)> {
    if is_human_by_configuration(case, desk) {
        reasons.push(format!("{why}; but `[automatic_mail] human_senders` names its proven sender, so a person wrote it"));
        return None;
    }
    Some((kind, why))
}

/// The same for a mail of an archive, which goes in no circles any more. What the desk itself sent long ago was sent through services and
/// lists that mark all of it, so there only what says that a machine wrote these very words counts.
pub(super) fn of_archive(case: &Case, of_desk: bool, desk: &Desk, reasons: &mut Vec<String>) -> Option<(MachineKind, String)> {
    if case.links.own_message.is_some() {
        return Some((MachineKind::Loop, "its Message-ID is one of ours: a mail of this gateway".to_owned()));
    }
    let certain = report(case).or_else(|| null_sender(case));
    if certain.is_some() {
        return certain;
    }
    if of_desk {
        let field =
            || case.mail.marks.autoreply_field.as_ref().map(|field| (MachineKind::Reply, format!("it has the field {field}")));
        return auto_submitted(case).or_else(field).or_else(|| other_report(case, kind(case)));
    }
    person_or(marked(case, desk)?, case, desk, reasons)
}

/// Whether the sender is proven, or vouched for with an archive, and one whose mail counts as a person's in spite of its marks.
pub fn is_human_by_configuration(case: &Case, desk: &Desk) -> bool {
    let [mailbox] = case.mail.from.as_slice() else { return false };
    let human_senders = &desk.automatic_mail.human_senders;
    (case.authenticity.is_proven() || case.is_archived()) && human_senders.iter().any(|pattern| pattern.matches(&mailbox.address))
}

fn loops(case: &Case, desk: &Desk) -> Option<(MachineKind, String)> {
    let mail = &case.mail;
    if case.links.own_message.is_some() {
        return Some((MachineKind::Loop, "its Message-ID is one of ours: our own mail came back".to_owned()));
    }
    if mail.marks.loops.iter().any(|host| host.eq_ignore_ascii_case(&desk.hostname)) {
        return Some((MachineKind::Loop, format!("X-Loop: {}: our own mail came back", desk.hostname)));
    }
    if mail.marks.received >= desk.limits.received {
        return Some((MachineKind::Loop, format!("{} Received fields: it goes in circles", mail.marks.received)));
    }
    let own = mail.from.iter().find(|mailbox| desk.is_ours(&mailbox.address))?;
    Some((MachineKind::Loop, format!("From is our own address {}", own.address)))
}

fn report(case: &Case) -> Option<(MachineKind, String)> {
    let report = case.mail.report.as_ref().filter(|report| report.is_delivery());
    if case.mail.marks.delivery_report || report.is_some_and(|report| report.structured) {
        return Some((MachineKind::Report, "a delivery report".to_owned()));
    }
    report.map(|_| (MachineKind::Report, "a delivery report in words, without its standard form".to_owned()))
}

/// Reports and automatic answers have the null sender, so that nobody answers them. Without a word of a delivery it is an answer: an
/// out-of-office goes to the envelope sender (RFC 3834 section 4), which is our bounce address.
fn null_sender(case: &Case) -> Option<(MachineKind, String)> {
    let is_null = case.arrival.sender.is_none();
    is_null.then(|| auto_submitted(case).unwrap_or_else(|| (MachineKind::Reply, "the null sender".to_owned())))
}

/// Whether a mail answers to another.
fn answers(case: &Case) -> bool {
    !case.links.sealed.is_empty() || !case.mail.references.is_empty()
}

/// Whether a marked mail is an answer: many an out-of-office names no mail that it answers to, but has their subject.
fn kind(case: &Case) -> MachineKind {
    let is_answer = answers(case) || case.mail.marks.answer_subject.is_some();
    if is_answer { MachineKind::Reply } else { MachineKind::Sender }
}

fn auto_submitted(case: &Case) -> Option<(MachineKind, String)> {
    let value = case.mail.marks.auto_submitted.as_ref()?;
    let kind = if value == "auto-replied" { MachineKind::Reply } else { kind(case) };
    Some((kind, format!("Auto-Submitted: {value}")))
}

/// A read receipt answers a mail; a complaint is for the agents.
fn other_report(case: &Case, kind: MachineKind) -> Option<(MachineKind, String)> {
    let read = case.mail.report.as_ref().map(|report| report.kind);
    if read == Some(ReportKind::Disposition) {
        return Some((MachineKind::Reply, "a report of the type disposition-notification".to_owned()));
    }
    if read == Some(ReportKind::Feedback) {
        return Some((kind, "a report of the type feedback-report".to_owned()));
    }
    case.mail.marks.other_report.as_ref().map(|report| (kind, format!("a report of the type {report}")))
}

/// An automatic answer without a mark that would do alone: two signs of different kinds. People write each of them: the subject, the turns
/// of the text, a rule of their mailbox that passed a mail on, the wish not to be answered.
fn looks_like_an_answer(case: &Case) -> Option<(MachineKind, String)> {
    let marks = &case.mail.marks;
    let subject = marks.answer_subject.map(|language| format!("the subject of an automatic answer ({language})"));
    let signs: Vec<String> = [
        subject.clone(),
        marks.answer_words.then(|| "words of an automatic answer".to_owned()),
        marks.null_return_path.then(|| "Return-Path: <>".to_owned()),
        marks.rule_field.as_ref().map(|field| format!("the field {field}")).filter(|_| subject.is_some()),
        (marks.suppresses_answers && subject.is_some()).then(|| "X-Auto-Response-Suppress".to_owned()),
        // People answer to a reference of ours, but they begin with `Re:`.
        (case.links.subject.is_some() && subject.is_some()).then(|| "our reference".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    (signs.len() > 1).then(|| (MachineKind::Reply, format!("it has {}", signs.join(" and "))))
}

fn marked(case: &Case, desk: &Desk) -> Option<(MachineKind, String)> {
    if let Some(found) = auto_submitted(case) {
        return Some(found);
    }
    let (marks, answers) = (&case.mail.marks, answers(case));
    let kind = kind(case);
    if let Some(field) = &marks.autoreply_field {
        return Some((MachineKind::Reply, format!("it has the field {field}")));
    }
    if let Some(found) = other_report(case, kind).or_else(|| looks_like_an_answer(case)) {
        return Some(found);
    }
    if let Some(field) = &marks.machine_field {
        return Some((kind, format!("it has the field {field}")));
    }
    if let Some(field) = &marks.list_field {
        return Some((kind, format!("it has a {field} field")));
    }
    if let Some(value) = &marks.precedence {
        let kind = if value.starts_with("auto") { MachineKind::Reply } else { kind };
        return Some((kind, format!("Precedence: {value}")));
    }
    // Help desks send what people write through services for mass mail, which mark all of it: an answer to a mail of ours is no mass mail.
    let by_feedback = (marks.feedback_id && !answers).then(|| "it has a Feedback-ID field, as mass mail has".to_owned());
    by_feedback.or_else(|| robot(case, desk)).map(|why| (kind, why))
}

/// An address that no person reads. An agent is one, whatever the address.
fn robot(case: &Case, desk: &Desk) -> Option<String> {
    let from = case.mail.from.iter().map(|mailbox| ("From", &mailbox.address));
    let senders = from.chain(case.arrival.sender.iter().map(|sender| ("the envelope sender", sender)));
    let mut robots = senders.filter(|(_, address)| desk.agent_by_address(address).is_none() && is_robot(address));
    robots.next().map(|(place, address)| format!("nobody reads {address}, as {place} has it"))
}

fn is_robot(address: &Address) -> bool {
    let plain: String =
        address.local().to_ascii_lowercase().chars().map(|c| if matches!(c, '_' | '.' | '+' | '=') { '-' } else { c }).collect();
    let within = format!("-{plain}-");
    ROBOTS.contains(&plain.as_str()) || NO_REPLY.iter().any(|words| within.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_nobody_reads_are_told_from_those_of_people() {
        let robot = |local: &str| is_robot(&Address::parse(&format!("{local}@shop.example")).unwrap());
        for local in
            ["noreply", "No-Reply", "do_not_reply", "donotreply", "orders.no-reply", "noreply+17", "MAILER-DAEMON", "postmaster"]
        {
            assert!(robot(local), "{local}");
        }
        for local in ["mia", "casinoreply", "reply", "no", "mailer", "noreplyhater", "postmasters", "orders"] {
            assert!(!robot(local), "{local}");
        }
    }
}
