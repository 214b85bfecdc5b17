//! What the gate before the wire asks, and has done: how many mails have left lately, and what becomes of those that may not.

use std::collections::HashMap;

use super::{Fault, Store};
use crate::model::time::Time;

/// How many mails of a kind have left. By whole slots of ten minutes, so a span reaches up to ten minutes further back than it says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Within an hour.
    pub hour: i64,
    /// Within a day.
    pub day: i64,
    /// Leased at present, by whomever: some of them may have left already.
    pub under_way: i64,
}

/// How many mails have left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Mails of any kind.
    pub all: Count,
    /// Acknowledgements.
    pub acknowledgements: Count,
    /// Acknowledgements to each of the addresses, by the key of the address.
    pub to: HashMap<String, Count>,
}

/// What becomes of a leased notice that may not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is due again later. It was not tried, so the attempt does not count.
    Waits {
        /// When.
        until: Time,
        /// Why, for the operator.
        why: String,
    },
    /// It is never sent, and its ticket says so.
    Dropped(String),
}

impl Store {
    /// How many mails have left within the day before `now`, and how many acknowledgements to the addresses with these keys.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn counts_at_the_wire(&self, keys: &[String], now: Time) -> Result<Counts, Fault> {
        on_either!(self, base => base.counts_at_the_wire(keys, now))
    }

    /// Settles leased notices that may not be sent: number, number of the lease, and what becomes of each. A row that somebody else has
    /// leased since is left alone.
    ///
    /// # Errors
    /// When the store is away or refuses the change; nothing has changed then.
    pub async fn keep_back(&self, kept: &[(i64, i64, Kept)], now: Time) -> Result<(), Fault> {
        if kept.is_empty() {
            return Ok(());
        }
        on_either!(self, base => base.keep_back(kept, now))
    }
}
