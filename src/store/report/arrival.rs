//! Arrivals: what came in, how it ended, and the original octets.

use super::outbox::OutboxRow;
use super::{Page, TicketName};
use crate::model::time::Time;
use crate::store::retention::Gone;
use crate::store::{Fault, Store};

/// Which arrivals are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ArrivalFilter {
    /// All.
    #[default]
    Any,
    /// Those that no decision has been made about yet.
    Pending,
    /// Those that ended with the outcome of this name.
    Outcome(String),
}

/// An arrival in a list.
#[derive(Debug, Clone)]
pub struct ArrivalRow {
    /// Number of the arrival.
    pub id: i64,
    /// Key of the department it is for.
    pub department: String,
    /// When it was received.
    pub received_at: Time,
    /// How it came.
    pub source: String,
    /// Envelope sender; `None` for the null sender.
    pub sender: Option<String>,
    /// Envelope recipients that led to the department.
    pub recipients: Vec<String>,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Its subject; `None` while it is pending.
    pub subject: Option<String>,
    /// Octets.
    pub size: i64,
    /// How it ended; `None` while it is pending.
    pub outcome: Option<String>,
    /// Why it is held.
    pub cause: Option<String>,
    /// What is proven of its sender; `None` while it is pending.
    pub authenticity: Option<String>,
    /// The ticket it belongs to.
    pub ticket: Option<TicketName>,
    /// The trace of its decision.
    pub reasons: Vec<String>,
}

/// An arrival with everything that is known of it.
#[derive(Debug, Clone)]
pub struct ArrivalDetail {
    /// The fields of the list.
    pub arrival: ArrivalRow,
    /// Address of the client that handed it in.
    pub peer_ip: Option<String>,
    /// What the client called itself.
    pub peer_helo: Option<String>,
    /// Whether it came over TLS.
    pub peer_tls: bool,
    /// How often it was taken up.
    pub attempts: i64,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Time>,
    /// What is wrong with the mail.
    pub defects: Vec<String>,
    /// What it went through before an operator released it or had it decided again.
    pub history: Vec<String>,
    /// That its original was removed.
    pub original_gone: Option<Gone>,
    /// The notices that it caused, oldest first.
    pub notices: Vec<OutboxRow>,
}

/// Octets, the object that holds them instead, and their digest.
pub(in crate::store) type Original = (Vec<u8>, Option<String>, Vec<u8>);

impl Store {
    /// Up to `limit` arrivals with ids below `before`, the newest first.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn arrivals(&self, filter: &ArrivalFilter, before: i64, limit: i64) -> Result<Page<ArrivalRow>, Fault> {
        looking!(self, base => base.arrivals(filter, before, limit))
    }

    /// An arrival with everything that is known of it; `None` when there is none of this number.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn arrival(&self, id: i64) -> Result<Option<ArrivalDetail>, Fault> {
        looking!(self, base => base.arrival(id))
    }

    /// The number of the arrival that became a message with this Message-ID (without angle brackets); `None` when there is none.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn arrival_of_message(&self, message_id: &str) -> Result<Option<i64>, Fault> {
        looking!(self, base => base.arrival_of_message(message_id))
    }

    /// The original octets of an arrival; `None` when there is none of this number.
    ///
    /// # Errors
    /// [`Fault::Gone`] when they were removed; when the store is away or refuses the question.
    pub async fn raw(&self, arrival: i64) -> Result<Option<Vec<u8>>, Fault> {
        match looking!(self, base => base.raw(arrival))? {
            Some((_, Some(object), digest)) => self.objects.whole(&object, &digest).await.map(Some),
            Some((octets, None, _)) => Ok(Some(octets)),
            None => Ok(None),
        }
    }
}
