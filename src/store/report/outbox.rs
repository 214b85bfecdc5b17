//! The outbox as lists, and the one change an operator may make to it here: try again.

use super::{Page, TicketName};
use crate::model::time::Time;
use crate::store::{Fault, News, Store};

/// The names of the states of a notice, in the order in which it goes through them.
pub const STATES: [&str; 5] = ["due", "leased", "sent", "failed", "dropped"];

/// A notice in a list.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// Number of the row.
    pub id: i64,
    /// The ticket it speaks of.
    pub ticket: Option<TicketName>,
    /// Envelope recipient.
    pub recipient: String,
    /// Name of the event.
    pub event: String,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// One of [`STATES`].
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next; of a leased row, when the lease ends. `None` when it will not be tried again.
    pub next_attempt_at: Option<Time>,
    /// Why the last attempt did not work.
    pub last_error: Option<String>,
}

/// What became of an operator's wish to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retry {
    /// It is due now.
    Due,
    /// It has been sent: a second copy would be a second mail.
    Sent,
    /// Somebody is sending it until then, and knows best how that ends.
    Leased(Time),
    /// There is no such row.
    Unknown,
}

impl Store {
    /// Up to `limit` notices with ids below `before`, the newest first, of one state or of all.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn outbox(&self, state: Option<&str>, before: i64, limit: i64) -> Result<Page<OutboxRow>, Fault> {
        looking!(self, base => base.outbox(state, before, limit))
    }

    /// Makes a notice that waits, has failed or was dropped due at `now`. Its mail and Message-ID stay as they are.
    ///
    /// # Errors
    /// When the store is away or refuses the change; nothing has changed then.
    pub async fn retry_outbox(&self, id: i64, now: Time) -> Result<Retry, Fault> {
        let retried = looking!(self, base => base.retry_outbox(id, now))?;
        if retried == Retry::Due {
            self.tell(News::Outbox).await;
        }
        Ok(retried)
    }
}
