//! The gateways of a store: each gives a sign of life, and each may ask for a duty that only one of them does.
//!
//! A gateway whose sign has run out counts as dead: what it had in hand is taken up by others, and its duties too. Should it only
//! have slept, it finds its fences passed and changes nothing. Signs are given by the clock of the database, so that the
//! gateways' own clocks do not matter here.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Fault, Kind, Store};

/// How long a sign of life counts.
pub const SIGN_LASTS: Duration = Duration::from_secs(10);
/// How often it is given.
pub const SIGN_EVERY: Duration = Duration::from_millis(2_500);

impl Store {
    /// Joins the gateways of this store under a number of its own, which claims and duties are noted with. A file has one gateway: who
    /// joins it takes the place of whoever was there.
    pub async fn join(&self, name: &str) -> Result<i64, Fault> {
        let alone = matches!(self.kind, Kind::Lite(_));
        let lasts = if alone { Duration::from_secs(100 * 365 * 86_400) } else { SIGN_LASTS };
        let number = on_either!(self, base => base.join(name, alone, lasts))?;
        self.gateway.store(number, Ordering::Relaxed);
        Ok(number)
    }

    /// Gives the sign of life again; how far the clock of the database is ahead of ours, in microseconds. On a file nothing is to be done.
    pub async fn give_sign(&self) -> Result<i64, Fault> {
        match &self.kind {
            Kind::Lite(_) => Ok(0),
            Kind::Pg(_) => on_either!(self, base => base.give_sign(self.gateway(), SIGN_LASTS)),
        }
    }

    /// Leaves: what is still in hand is free for the others at once.
    pub async fn leave(&self) -> Result<(), Fault> {
        on_either!(self, base => base.leave(self.gateway()))
    }

    /// Asks for a duty; true when it is ours, until we leave or give no sign of life. Asked for again and again, by every gateway, it is
    /// always with one that lives.
    pub async fn has_duty(&self, duty: &str) -> Result<bool, Fault> {
        on_either!(self, base => base.has_duty(duty, self.gateway()))
    }

    /// Removes what counts for nothing any more: old counts of acknowledgements, gateways long gone.
    pub async fn tidy_up(&self, now: crate::model::time::Time) -> Result<u64, Fault> {
        on_either!(self, base => base.tidy_up(now))
    }

    /// Our number among the gateways; 0 for who has not joined.
    pub(in crate::store) fn gateway(&self) -> i64 {
        self.gateway.load(Ordering::Relaxed)
    }
}
