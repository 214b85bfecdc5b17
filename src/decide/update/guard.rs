//! Notes never leave: what an agent sends to customers must not repeat an internal note of the ticket.
//!
//! Quotations have been cut off before. What still repeats a note stops the whole mail, and its author is told which words; there is
//! no second way out. Files that can be read as text are looked through as well, mails in them to the last; a mail of ours and an
//! address of ours never go along, whatever they say. What is in pictures, archives and the like is not looked into.

mod repeated;

use super::Matter;
use crate::decide::parse::cut::has_marker;
use crate::decide::phrase::Phrase;
use crate::decide::watchers::Watcher;
use crate::decide::write::frame;
use crate::model::address::Address;
use crate::model::desk::Agent;
use crate::model::mail::Enclosed;
use crate::model::notice::Event;
use crate::model::ticket::Ticket;
use repeated::Guarded;

/// What would have left.
#[derive(Debug)]
pub(super) struct Leak {
    /// Where, and what it is, for a person.
    pub(super) why: Phrase,
    /// The words, or the name of the file.
    pub(super) words: String,
}

/// What stands on a ticket already and is recognised in whatever way it is quoted: its newest messages, and every note. Without the
/// signatures below them, which stand below new words, too.
pub(super) fn known<'a>(matter: &Matter<'a>, ticket: &Ticket) -> Vec<&'a str> {
    let texts = matter.facts.texts.get(&ticket.number).map(Vec::as_slice).unwrap_or_default();
    unsigned(matter, texts).chain(notes(matter, ticket)).collect()
}

fn notes<'a>(matter: &Matter<'a>, ticket: &Ticket) -> impl Iterator<Item = &'a str> {
    let notes = matter.facts.notes.get(&ticket.number).map(Vec::as_slice).unwrap_or_default();
    unsigned(matter, notes).filter(|note| !is_commands(note))
}

/// A mail of commands is kept among the notes, and holds no words of anybody.
fn is_commands(note: &str) -> bool {
    note.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with(['#', '＃']))
}

fn unsigned<'a>(matter: &Matter<'a>, texts: &'a [String]) -> impl Iterator<Item = &'a str> {
    let names: Vec<&str> = matter.rules.desk.agents.iter().map(|agent| agent.name.as_str()).collect();
    texts.iter().map(move |text| repeated::without_signature(text, &names))
}

/// What an answer with these words would show of notes, if anything. The files are those of the mail. What was cut off below the words
/// is looked at for what begins above it: the cut may have gone through the middle of a note.
pub(super) fn leak(matter: &Matter<'_>, agent: &Agent, ticket: &Ticket, text: &str, cut_off: &str) -> Option<Leak> {
    let mail = &matter.case.mail;
    let guarded = guarded(matter, agent, ticket);
    if let Some(words) = guarded.at_the_start(&format!("{text}\n{cut_off}"), text.len()) {
        return Some(Leak { why: Phrase::new("refused.note"), words });
    }
    for file in &mail.attachments {
        if let Some(words) = guarded.in_text(&file.name) {
            return Some(Leak { why: Phrase::new("refused.note-name"), words });
        }
    }
    mail.enclosed.iter().find_map(|enclosed| {
        let why = in_file(matter, enclosed, &guarded)?;
        let name = mail.attachments.get(enclosed.file).map(|file| file.name.clone()).unwrap_or_default();
        Some(Leak { why, words: name })
    })
}

fn in_file(matter: &Matter<'_>, enclosed: &Enclosed, guarded: &Guarded) -> Option<Phrase> {
    let keys = &matter.rules.desk.keys;
    if enclosed.tokens.iter().any(|token| keys.read(token).is_some()) {
        return Some(Phrase::new("refused.note-link"));
    }
    if has_marker(&enclosed.text) {
        return Some(Phrase::new("refused.note-notice"));
    }
    guarded.in_text(&enclosed.text).map(|words| Phrase::new("refused.note-file").with("words", words))
}

/// The words that must not leave. Those of the frame around a note in our notices are among them, so that the shortest note is
/// recognised where it is passed on as it came.
fn guarded(matter: &Matter<'_>, agent: &Agent, ticket: &Ticket) -> Guarded {
    let mut notes = notes(matter, ticket).peekable();
    if notes.peek().is_none() {
        return Guarded::default();
    }
    let department = matter.department_of(ticket);
    let frame = |event| frame(&Watcher::agent(agent, event), ticket, department, matter.rules);
    let agents = matter.rules.desk.agents.iter().map(|agent| agent.name.as_str());
    let people = ticket.customer_side().map(|person| person.name.as_str()).chain(agents);
    // Of addresses ours alone: those of customers are made of words that a note may be about.
    let addresses = [&department.address, &ticket.mailbox].into_iter();
    let known = people.chain(addresses.map(Address::as_str)).chain([ticket.subject.as_str(), &department.name]);
    let mut guarded = Guarded::new(known.chain([matter.rules.desk.hostname.as_str()]));
    notes.for_each(|note| guarded.add_note(note));
    guarded.add_frame(&frame(Event::Note));
    for public in [Event::Request, Event::Reply, Event::Answer, Event::Assigned] {
        guarded.allow(&frame(public));
    }
    let public = matter.facts.public.get(&ticket.number).map(Vec::as_slice).unwrap_or_default();
    public.iter().for_each(|text| guarded.allow(text));
    guarded
}
