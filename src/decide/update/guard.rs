//! Notes never leave: what an agent sends to customers must not repeat an internal note of the ticket.
//!
//! Quotations have been cut off before. What still repeats a note stops the whole mail, and its author is told which words; there is
//! no second way out. Files that can be read as text are looked through as well, mails in them to the last; a mail of ours and an
//! address of ours never go along, whatever they say. What is in pictures, archives and the like is not looked into.

mod repeated;

use super::Matter;
use crate::decide::Decision;
use crate::decide::parse::cut::has_marker;
use crate::decide::watchers::Watcher;
use crate::decide::write::{Receipt, frame, receipt};
use crate::model::arrival::Cause;
use crate::model::desk::Agent;
use crate::model::mail::Enclosed;
use crate::model::notice::Event;
use crate::model::ticket::Ticket;
use repeated::Guarded;

/// What would have left.
#[derive(Debug)]
pub(super) struct Leak {
    /// Where, and what it is, for a person.
    why: String,
    /// The words, or the name of the file.
    words: String,
}

/// What an answer with these words would show of notes, if anything. The files are those of the mail.
pub(super) fn leak(matter: &Matter<'_>, agent: &Agent, ticket: &Ticket, text: &str) -> Option<Leak> {
    let mail = &matter.case.mail;
    let guarded = guarded(matter, agent, ticket);
    if let Some(words) = guarded.in_text(text) {
        return Some(Leak { why: "repeats an internal note".to_owned(), words });
    }
    for file in &mail.attachments {
        if let Some(words) = guarded.in_text(&file.name) {
            return Some(Leak { why: "is the name of a file and repeats an internal note".to_owned(), words });
        }
    }
    mail.enclosed.iter().find_map(|enclosed| {
        let why = in_file(matter, enclosed, &guarded)?;
        let name = mail.attachments.get(enclosed.file).map(|file| file.name.clone()).unwrap_or_default();
        Some(Leak { why: format!("is attached and {why}"), words: name })
    })
}

fn in_file(matter: &Matter<'_>, enclosed: &Enclosed, guarded: &Guarded) -> Option<String> {
    let keys = &matter.rules.desk.keys;
    if enclosed.tokens.iter().any(|token| keys.read(token).is_some()) {
        return Some("holds a mail or an address that this gateway made for one person only".to_owned());
    }
    if has_marker(&enclosed.text) {
        return Some("holds a notice of this gateway to an agent".to_owned());
    }
    guarded.in_text(&enclosed.text).map(|words| format!("repeats an internal note: {words}"))
}

/// The words that must not leave. Those of the frame around a note in our notices are among them, so that the shortest note is
/// recognised where it is passed on as it came.
fn guarded(matter: &Matter<'_>, agent: &Agent, ticket: &Ticket) -> Guarded {
    let none = Vec::new();
    let notes = matter.facts.notes.get(&ticket.number).unwrap_or(&none);
    if notes.is_empty() {
        return Guarded::default();
    }
    let desk = matter.rules.desk;
    let department = matter.department_of(ticket);
    let frame = |event| frame(&Watcher::agent(agent, event), ticket, department, matter.rules);
    let names: Vec<&str> = desk.agents.iter().map(|agent| agent.name.as_str()).collect();
    let people = ticket.customer_side().map(|person| person.name.as_str()).chain(names.iter().copied());
    let mut guarded = Guarded::new(people.chain([ticket.subject.as_str(), &department.name]));
    for note in notes {
        guarded.add_note(repeated::without_signature(note, &names));
    }
    guarded.add_frame(&frame(Event::Note));
    for public in [Event::Request, Event::Reply, Event::Answer, Event::Assigned] {
        guarded.allow(&frame(public));
    }
    matter.facts.public.get(&ticket.number).unwrap_or(&none).iter().for_each(|text| guarded.allow(text));
    guarded
}

/// The mail is stopped as a whole, and its author told.
pub(super) fn stopped(matter: &Matter<'_>, agent: &Agent, ticket: &Ticket, leak: &Leak, mut reasons: Vec<String>) -> Decision {
    reasons.push(format!("{:?} {}: the whole mail is stopped", leak.words, leak.why));
    let mut decision = Decision::held(matter.case, Cause::NoteInAnswer, Some(ticket.number), reasons);
    let watcher = Watcher::agent(agent, Event::Receipt);
    let told = Receipt {
        watcher: &watcher,
        ticket,
        department: matter.department_of(ticket),
        arrival: &matter.case.arrival,
        line: &leak.words,
        why: &leak.why,
        of_note: true,
        text: &matter.case.mail.text,
        in_reply_to: matter.case.mail.message_id.as_deref(),
    };
    decision.notices.push(receipt(&told, matter.rules));
    decision
}
