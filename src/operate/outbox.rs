//! `outbox list`; one notice in `show`, and what an operator does with them in `change`.

mod change;
mod show;

pub use change::{drop, hold, retry};
pub use show::{raw, show};

use std::io::Write;

use serde::Serialize;

use super::table::{Cell, Tone};
use super::{Ended, List, Trouble, View, settled, write_json, write_list};
use crate::model::time::Time;
use crate::store::report::Page;
use crate::store::report::outbox::{OutboxRow, STATES};
use crate::store::{Fault, Store};

/// Writes the list of notices, the newest first, of one state or of all: for people the newest 50 unless `all` is set, in JSON every one.
///
/// # Errors
/// [`super::Code::Usage`] for an unknown state.
pub async fn list(store: &Store, state: Option<&str>, all: bool, view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    if let Some(state) = state.filter(|state| !STATES.contains(state)) {
        return Err(Trouble::unknown_value("state", state, &STATES));
    }
    settled(write_list(&Notices { store, state, view }, all, view.format, out).await)
}

/// A line of `outbox list --json`.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    id: i64,
    ticket: Option<String>,
    recipient: &'a str,
    event: &'a str,
    message_id: &'a str,
    state: &'a str,
    attempts: i64,
    next_attempt_at: Option<Time>,
    last_error: Option<&'a str>,
    destination: Option<&'a str>,
}

impl<'a> Line<'a> {
    pub(super) fn new(row: &'a OutboxRow, view: &View<'_>) -> Self {
        Self {
            id: row.id,
            ticket: view.reference_of(row.ticket.as_ref()),
            recipient: &row.recipient,
            event: &row.event,
            message_id: &row.message_id,
            state: &row.state,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_error: row.last_error.as_deref(),
            destination: row.destination.as_deref(),
        }
    }
}

/// The titles of the columns of [`cells`].
pub(super) const TITLES: &[&str] = &["id", "ticket", "event", "recipient", "destination", "state", "tries", "next", "last error"];

/// A notice as a line of a table.
pub(super) fn cells(row: &OutboxRow, view: &View<'_>) -> Vec<Cell> {
    vec![
        Cell::number(row.id),
        Cell::toned(view.reference_of(row.ticket.as_ref()).as_deref().unwrap_or("–"), Tone::Title),
        Cell::new(&row.event),
        Cell::new(&row.recipient),
        Cell::toned(row.destination.as_deref().unwrap_or("–"), Tone::Quiet),
        Cell::toned(&row.state, Tone::of(&row.state)),
        Cell::number(row.attempts),
        row.next_attempt_at.map_or_else(|| Cell::new("–"), |next| view.moment_in_table(next)),
        Cell::new(row.last_error.as_deref().unwrap_or_default()),
    ]
}

struct Notices<'a> {
    store: &'a Store,
    state: Option<&'a str>,
    view: &'a View<'a>,
}

impl List for Notices<'_> {
    type Row = OutboxRow;
    const TITLES: &'static [&'static str] = TITLES;
    const NOTHING: &'static str = "No notices.";

    async fn page(&self, before: i64, limit: i64) -> Result<Page<OutboxRow>, Fault> {
        self.store.outbox(self.state, before, limit).await
    }

    fn write_json(&self, row: &OutboxRow, out: &mut dyn Write) -> Result<(), Ended> {
        write_json(&Line::new(row, self.view), out)
    }

    fn cells(&self, row: &OutboxRow) -> Vec<Cell> {
        cells(row, self.view)
    }
}
