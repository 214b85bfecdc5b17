//! The outbox as lists and single notices, and the changes that an operator may make to it.

use super::{Page, TicketName};
use crate::model::time::Time;
use crate::store::{Fault, News, Store};

/// The names of the states of a notice, in the order in which it goes through them; `held` by an operator.
pub const STATES: [&str; 6] = ["due", "leased", "sent", "failed", "dropped", "held"];

/// A notice in a list.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// Number of the row.
    pub id: i64,
    /// The ticket it speaks of.
    pub ticket: Option<TicketName>,
    /// Envelope recipient.
    pub recipient: String,
    /// Where it goes: a domain. `None` in rows of earlier versions.
    pub destination: Option<String>,
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

/// A notice with everything that its row holds.
#[derive(Debug, Clone)]
pub struct OutboxDetail {
    /// What the list shows.
    pub notice: OutboxRow,
    /// Number of the arrival that caused it.
    pub arrival: i64,
    /// Envelope sender.
    pub sender: String,
    /// Whether it says that no person wrote it; `None` in rows of earlier versions.
    pub automatic: Option<bool>,
    /// When it was queued.
    pub created_at: Time,
    /// When it was sent, given up or dropped.
    pub settled_at: Option<Time>,
}

/// What an operator may want of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Send it now: it waits, is held, has failed or was dropped. Its mail and Message-ID stay as they are.
    Retry,
    /// Never send it.
    Drop,
    /// Do not send it before a retry.
    Hold,
}

/// What became of the wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// It is so.
    Done,
    /// It has been sent.
    Sent,
    /// Somebody is sending it until then, and knows best how that ends.
    Leased(Time),
    /// In this state there is nothing to do.
    Needless(String),
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

    /// A notice by its number; `None` when there is none.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn notice(&self, id: i64) -> Result<Option<OutboxDetail>, Fault> {
        looking!(self, base => base.notice(id))
    }

    /// Does what an operator wants of a notice; that it was dropped becomes an event of its ticket in the same transaction.
    ///
    /// # Errors
    /// When the store is away or refuses the change; nothing has changed then.
    pub async fn change_notice(&self, id: i64, wish: Wish, by: &str, now: Time) -> Result<Granted, Fault> {
        let granted = looking!(self, base => base.change_notice(id, wish, by, now))?;
        if granted == Granted::Done && wish == Wish::Retry {
            self.tell(News::Outbox).await;
        }
        Ok(granted)
    }
}
