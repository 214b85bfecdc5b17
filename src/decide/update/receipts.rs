//! Receipts: an agent who wrote commands is told what was done, or why nothing was.
//!
//! They go to the address on file of an agent who is proven, and to nobody else.

use super::Matter;
use super::command::mention::Mentions;
use super::command::{Command, Commanded, Refused};
use super::effect::Effects;
use super::guard::Leak;
use crate::decide::Decision;
use crate::decide::watchers::Watcher;
use crate::decide::write::receipt::{Receipt, receipt};
use crate::model::arrival::Cause;
use crate::model::desk::Agent;
use crate::model::notice::{Event, Outgoing};
use crate::model::ticket::Ticket;

/// Tells what was done. An answer to the receipt of a note is a note.
pub(super) fn done(
    matter: &Matter<'_>,
    agent: &Agent,
    effects: &Effects<'_>,
    (commanded, mentioned): (&Commanded, &Mentions<'_>),
    note: bool,
) -> Option<Outgoing> {
    if commanded.said.is_empty() && mentioned.remarks.is_empty() {
        return None;
    }
    told(matter, agent, effects, (commanded, mentioned), note)
}

/// The same where there is something to tell in any case.
pub(super) fn told(
    matter: &Matter<'_>,
    agent: &Agent,
    effects: &Effects<'_>,
    (commanded, mentioned): (&Commanded, &Mentions<'_>),
    note: bool,
) -> Option<Outgoing> {
    let watcher = Watcher::agent(agent, Event::Receipt);
    let told = Receipt {
        done: &effects.done,
        remarks: &mentioned.remarks,
        help: commanded.has(|command| *command == Command::Help),
        note: note || matter.thread.note,
        ..about(matter, &watcher, Some(&effects.ticket))
    };
    send(matter, &told)
}

/// The mail is stopped as a whole; its author is told every line that is wrong, and gets the text back.
pub(super) fn stopped(
    matter: &Matter<'_>,
    agent: &Agent,
    ticket: Option<&Ticket>,
    effects: &Effects<'_>,
    note: bool,
    mut reasons: Vec<String>,
) -> Decision {
    reasons.extend(effects.refused.iter().map(|refused| format!("the line {:?} {}", refused.line, refused.why)));
    reasons.push("a line that looks like a command was not understood or cannot be done: the whole mail is stopped".to_owned());
    let mut decision = Decision::held(matter.case, Cause::CommandNotUnderstood, ticket.map(|ticket| ticket.number), reasons);
    let watcher = Watcher::agent(agent, Event::Receipt);
    let told = Receipt {
        refused: &effects.refused,
        text: &matter.case.mail.text,
        note: note || matter.thread.note,
        ..about(matter, &watcher, ticket)
    };
    decision.notices.extend(send(matter, &told));
    decision
}

/// The same for an answer that would have shown an internal note.
pub(super) fn leaked(matter: &Matter<'_>, agent: &Agent, ticket: &Ticket, leak: &Leak, mut reasons: Vec<String>) -> Decision {
    reasons.push(format!("{:?} {}: the whole mail is stopped", leak.words, leak.why));
    let mut decision = Decision::held(matter.case, Cause::NoteInAnswer, Some(ticket.number), reasons);
    let watcher = Watcher::agent(agent, Event::Receipt);
    let refused = [Refused { at: 0, line: leak.words.clone(), why: leak.why.clone() }];
    let told =
        Receipt { refused: &refused, of_note: true, text: &matter.case.mail.text, ..about(matter, &watcher, Some(ticket)) };
    decision.notices.extend(send(matter, &told));
    decision
}

fn about<'a>(matter: &'a Matter<'_>, watcher: &'a Watcher<'a>, ticket: Option<&'a Ticket>) -> Receipt<'a> {
    Receipt {
        watcher,
        ticket,
        department: ticket.map_or(matter.route.department, |ticket| matter.department_of(ticket)),
        arrival: &matter.case.arrival,
        subject: &matter.case.mail.subject,
        in_reply_to: matter.case.mail.message_id.as_deref(),
        done: &[],
        remarks: &[],
        refused: &[],
        of_note: false,
        help: false,
        note: false,
        text: "",
    }
}

fn send(matter: &Matter<'_>, told: &Receipt<'_>) -> Option<Outgoing> {
    let dead = matter.facts.dead.contains(&told.watcher.person.address.key());
    (!dead).then(|| receipt(told, matter.rules))
}
