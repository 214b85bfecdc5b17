//! The notice that a mail of ours came back.

use super::words::{Returned, Words};
use super::{Letter, ticket_words, voice};
use crate::decide::Rules;
use crate::decide::phrase::Phrase;
use crate::decide::watchers::Watcher;
use crate::model::address::Address;
use crate::model::desk::Department;
use crate::model::notice::{Event, Outgoing};
use crate::model::ticket::Ticket;
use crate::model::time::Time;

/// What is told of a mail that came back.
#[derive(Debug)]
pub struct Undelivered<'a> {
    /// The agent who is told.
    pub watcher: &'a Watcher<'a>,
    /// The ticket it was about.
    pub ticket: &'a Ticket,
    /// Its department.
    pub department: &'a Department,
    /// Number of the arrival that the notice is noted with: the one that reports it, where there is one.
    pub arrival: i64,
    /// Whom it was for: one, or several who did not get the same.
    pub addresses: &'a [&'a Address],
    /// Name of its event.
    pub event: &'a str,
    /// When it was written.
    pub sent_at: Time,
    /// The other server's words, on one line, perhaps empty.
    pub said: &'a str,
    /// The phrase for what its status code means, or empty.
    pub meaning: &'a str,
    /// Whether the address is not written to any more.
    pub dead: bool,
    /// Whether we gave up, rather than another server reporting it.
    pub given_up: bool,
}

/// Makes the mail.
pub fn undelivered(told: &Undelivered<'_>, rules: Rules<'_>) -> Outgoing {
    let voice = voice(told.watcher, Some(told.ticket), told.department, rules);
    let returned = Returned {
        address: told.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        what: voice.tell(&what(told.event)),
        sent_at: voice.date(told.sent_at),
        said: told.said.to_owned(),
        meaning: if told.meaning.is_empty() { String::new() } else { voice.say(told.meaning, &[]) },
        dead: told.dead,
        given_up: told.given_up,
    };
    let words = Words { returned, ..ticket_words(told.ticket, told.department, told.watcher, rules) };
    let letter = Letter {
        watcher: told.watcher,
        ticket: Some(told.ticket),
        internal: false,
        department: told.department,
        arrival: told.arrival,
        words,
        from_person: None,
        references: told.ticket.first_message_id.iter().map(String::as_str).collect(),
        files: Vec::new(),
        raw_id: 0,
    };
    letter.finish(rules)
}

/// What the mail was, by the name of its event.
fn what(event: &str) -> Phrase {
    let known = Event::ALL.iter().any(|known| known.name() == event);
    Phrase::of("mail", if known { event } else { "other" })
}
