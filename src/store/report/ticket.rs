//! Lists of tickets.

use super::{Page, Person};
use crate::model::time::Time;
use crate::store::{Fault, Store};
use serde::Serialize;

/// Which tickets are wanted; what is `None` or `false` does not narrow the list.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    /// Key of the department.
    pub department: Option<String>,
    /// Name of the status.
    pub status: Option<String>,
    /// Key of the agent.
    pub assignee: Option<String>,
    /// Text in the subject, the requester's name or address, or a message, whatever its case. SQLite folds the case of ASCII only;
    /// beyond it a text in small letters or in capitals finds what is written so throughout.
    pub search: Option<String>,
    /// Only tickets that were due at this time and for which it is our turn.
    pub overdue_at: Option<Time>,
}

/// A ticket in a list.
#[derive(Debug, Clone, Serialize)]
pub struct TicketRow {
    /// Number, unique over the whole desk.
    pub number: i64,
    /// Key of the department.
    pub department: String,
    /// Subject of the first mail.
    pub subject: String,
    /// Name of the status.
    pub status: String,
    /// Name of the priority.
    pub priority: String,
    /// Who asked.
    pub requester: Person,
    /// Key of the agent who has to close it.
    pub assignee: Option<String>,
    /// When it should be done.
    pub due_at: Option<Time>,
    /// When it was opened.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Store {
    /// Up to `limit` tickets with numbers below `before`, the newest first.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn tickets(&self, filter: &TicketFilter, before: i64, limit: i64) -> Result<Page<TicketRow>, Fault> {
        looking!(self, base => base.tickets(filter, before, limit))
    }
}
