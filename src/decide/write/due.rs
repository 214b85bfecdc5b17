//! The notices that a ticket is due soon, or overdue.

use super::about::history;
use super::page::Blocks;
use super::words::Words;
use super::{Letter, ticket_words, voice};
use crate::decide::Rules;
use crate::decide::watchers::Watcher;
use crate::model::desk::Department;
use crate::model::notice::Outgoing;
use crate::model::ticket::Ticket;

/// What is told of a ticket.
#[derive(Debug)]
pub struct Due<'a> {
    /// The agent who is told, and of which of the two.
    pub watcher: &'a Watcher<'a>,
    /// The ticket.
    pub ticket: &'a Ticket,
    /// Its department.
    pub department: &'a Department,
    /// Number of the arrival that the notice is noted with.
    pub arrival: i64,
}

/// Makes the mail.
pub fn due(told: &Due<'_>, rules: Rules<'_>) -> Outgoing {
    let Due { watcher, ticket, department, arrival } = *told;
    let words = ticket_words(ticket, department, watcher, rules);
    let history = history(ticket, i64::MAX, voice(watcher, Some(ticket), department, rules));
    let letter = Letter {
        watcher,
        ticket: Some(ticket),
        internal: false,
        department,
        arrival,
        words: Words { blocks: Blocks { history, ..words.blocks }, ..words },
        from_person: None,
        references: ticket.first_message_id.iter().map(String::as_str).collect(),
        files: Vec::new(),
        raw_id: 0,
    };
    letter.finish(rules)
}
