//! The commit point of the second hop: what was decided of a batch, its tickets, messages, events and notices, all in one transaction.
//!
//! A crash before the COMMIT leaves the arrivals pending, and they are decided again as if nothing had been; after it, they have
//! their outcome and are never looked at again. The unique index on the content key stands behind that on the database's side.
//!
//! Decisions are made one batch at a time, over all gateways of a store: the transaction begins by locking the counter of the tickets. So
//! numbers have no gaps, caps and copies are exact, and two replies to one ticket never race. What can be done beside each other,
//! reading mails and finding out about their senders, is done before.

use std::collections::HashSet;

use super::{Fault, Store};
use crate::decide::recall::{Facts, Wanted};
use crate::decide::{Case, Decision};
use crate::model::time::Time;

/// What became of a batch.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// The decisions that were committed, in the order of the cases.
    pub decisions: Vec<Decision>,
    /// Arrivals that speak of something earlier while an older arrival is undecided: their turn comes after it. Waiting is no attempt:
    /// what was counted when they were taken up is given back, once.
    pub postponed: Vec<i64>,
    /// Arrivals that are not ours any more: decided, or taken over by another gateway because we gave no sign of life.
    pub lost: Vec<i64>,
}

/// The mails of a batch and whose they are.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// Mails in the order of their arrival.
    pub cases: &'a [Case],
    /// Those of them that were postponed before.
    pub waiting: &'a HashSet<i64>,
    /// What they ask of the store.
    pub wanted: &'a Wanted,
    /// The time of the decision.
    pub now: Time,
}

impl Store {
    /// Recalls, decides and commits a batch. `decide` is called once for each case, in order, with the facts as they are after the
    /// cases before it.
    pub async fn decide_batch(
        &self,
        matter: Matter<'_>,
        decide: impl Fn(&Case, &Facts) -> Decision + Sync,
    ) -> Result<Decided, Fault> {
        let decided = on_either!(self, base => base.decide_batch(matter, &decide, self.gateway()))?;
        self.worker_wrote();
        Ok(decided)
    }

    /// What is known now, for a mail that is only tried: outside any transaction.
    pub async fn recall(&self, wanted: &Wanted, now: Time) -> Result<Facts, Fault> {
        on_either!(self, base => base.recall(wanted, now))
    }
}
