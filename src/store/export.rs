//! What an export of a ticket asks for beside the ticket itself: the notices that were written about it.

use super::{Fault, Store};
use crate::model::time::Time;

/// A notice of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Number of its row in the outbox.
    pub id: i64,
    /// Name of the event.
    pub event: String,
    /// Envelope recipient.
    pub recipient: String,
    /// When it was queued.
    pub created_at: Time,
}

impl Store {
    /// The notices of a ticket that have left, oldest first. Reads the whole outbox: for a person's question, not for the way of a mail.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn notices_sent_about(&self, ticket: i64) -> Result<Vec<Written>, Fault> {
        looking!(self, base => base.notices_sent_about(ticket))
    }
}
