//! The notice that a mail of ours came back.

use super::words::{Returned, Words};
use super::{Letter, ticket_words};
use crate::decide::Rules;
use crate::decide::watchers::Watcher;
use crate::model::address::Address;
use crate::model::desk::Department;
use crate::model::notice::Outgoing;
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
    /// What its status code means, or empty.
    pub meaning: &'a str,
    /// Whether the address is not written to any more.
    pub dead: bool,
    /// Whether we gave up, rather than another server reporting it.
    pub given_up: bool,
}

/// Makes the mail.
pub fn undelivered(told: &Undelivered<'_>, rules: Rules<'_>) -> Outgoing {
    let returned = Returned {
        address: told.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        what: what(told.event).to_owned(),
        sent_at: told.sent_at.rfc5322(),
        said: told.said.to_owned(),
        meaning: told.meaning.to_owned(),
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
fn what(event: &str) -> &'static str {
    match event {
        "acknowledgement" => "the acknowledgement of the request",
        "request" => "the notice of the request",
        "reply" => "a reply",
        "answer" => "an answer",
        "note" => "an internal note",
        "closed" => "the notice that the ticket was closed",
        "reopened" => "the notice that the ticket was opened again",
        "assigned" => "the notice of who is responsible",
        "receipt" => "a receipt for commands",
        "held" => "the notice of a mail that is held",
        _ => "a notice",
    }
}
