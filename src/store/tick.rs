//! What the clock brings about: tickets that are due, and notices that were given up.
//!
//! What is told is noted in the transaction that queues the mails, so nothing is told twice and nothing forgotten, whenever we are
//! killed, and also when two gateways do it at once.

use super::{Fault, News, Store};
use crate::decide::Rules;

/// Tickets, and notices, that are told of at a time: decisions wait meanwhile.
pub const MOST: usize = 100;

/// What was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Tickets that are due soon or overdue.
    pub tickets: usize,
    /// Notices that were given up, those included of which nobody is told.
    pub given_up: usize,
    /// Mails that were queued.
    pub queued: usize,
}

impl Ticked {
    /// Whether there may be more to tell already.
    pub fn is_full(self) -> bool {
        self.tickets >= MOST || self.given_up >= MOST
    }
}

impl Store {
    /// Tells of what is due at `rules.now`, and of what was given up, up to [`MOST`] of either.
    pub async fn tick(&self, rules: Rules<'_>) -> Result<Ticked, Fault> {
        let ticked = on_either!(self, base => base.tick(rules))?;
        if ticked.queued > 0 {
            self.tell(News::Outbox).await;
        }
        Ok(ticked)
    }
}
