//! Held mail: what operators and admins decide of it, and what admins have been told of.

use std::time::Duration;

use super::{Fault, News, Store};
use crate::decide::Operation;
use crate::decide::digest::Untold;
use crate::model::notice::Outgoing;
use crate::model::time::Time;

/// The setting that says when the last digest of held mail was written.
pub const DIGEST: &str = "digest";

/// What became of an operator's word on an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operated {
    /// It was done.
    Done,
    /// There is no such arrival.
    Unknown,
    /// It is not held: how it ended, or `None` while it is pending.
    NotHeld(Option<String>),
    /// It cannot be released: nobody is known who could be answered.
    NoSender,
    /// The ticket that it was to join does not exist.
    NoSuchTicket,
}

impl Store {
    /// Does to an arrival what an operator says, if it is held, in one transaction. One that is in a worker's hand is not held, so nothing
    /// is taken from under a decision.
    pub async fn operate(&self, operation: &Operation, now: Time) -> Result<Operated, Fault> {
        let operated = on_either!(self, base => base.operate(operation, now))?;
        if operated == Operated::Done {
            self.tell(News::Arrival).await;
        }
        Ok(operated)
    }

    /// Queues a digest of what is held and was never told of, unless the last one is younger than `every`. `write` makes its mails, and is
    /// not called when there is nothing to tell; of whom it makes mails for, `people` are looked up among the dead addresses, as
    /// `Address::key` writes them. Returns how many mails were queued.
    ///
    /// What was told of is noted in the same transaction as the mails, so nothing is told twice and nothing forgotten, also when two
    /// gateways do it at once.
    pub async fn tell_of_held(
        &self,
        now: Time,
        every: Duration,
        people: &[String],
        write: impl Fn(&Untold) -> Vec<Outgoing> + Sync,
    ) -> Result<usize, Fault> {
        let queued = on_either!(self, base => base.tell_of_held(now, every, people, &write))?;
        if queued > 0 {
            self.tell(News::Outbox).await;
        }
        Ok(queued)
    }
}
