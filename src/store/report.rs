//! What the operator's verbs read: lists and single rows, never on the path of a mail.
//!
//! Every list comes in pages, the newest first, each found by the id that the one before ended with: a list of any length costs the
//! memory of one page, and rows that are added meanwhile never shift it. What a row holds is given as it is stored, so that a
//! row written by a newer version can still be looked at. Nothing here changes a row, except [`outbox`]'s retry.

pub mod arrival;
pub mod conversation;
pub mod health;
pub mod outbox;
pub mod ticket;

use serde::Serialize;

/// Where a list that begins with the newest row begins.
pub const NEWEST: i64 = i64::MAX;

/// A stretch of a list, the newest first.
#[derive(Debug, Clone)]
pub struct Page<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// What to ask for the next page with; `None` at the end of the list.
    pub next: Option<i64>,
}

impl<R> Page<R> {
    /// A full page may have more behind it; a short one is the last.
    pub(in crate::store) fn new(rows: Vec<R>, limit: i64, id: impl Fn(&R) -> i64) -> Self {
        let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
        let next = if full { rows.last().map(id) } else { None };
        Self { rows, next }
    }
}

/// A person as a row names one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Display name, perhaps empty.
    pub name: String,
    /// Mail address.
    pub address: String,
}

/// What a ticket is called by: the reference is made of it with the department's prefix, which the configuration knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketName {
    /// Key of the department.
    pub department: String,
    /// Number of the ticket.
    pub number: i64,
}

impl TicketName {
    /// From two columns of an outer join.
    pub(in crate::store) fn from_columns(number: Option<i64>, department: Option<String>) -> Option<Self> {
        Some(Self { department: department?, number: number? })
    }
}

/// A list as a column holds it: one entry a line.
pub(in crate::store) fn lines(column: Option<&str>) -> Vec<String> {
    column.unwrap_or_default().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
