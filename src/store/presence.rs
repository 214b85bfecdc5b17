//! The gateways of a store: each gives a sign of life, and each may ask for a duty that only one of them does.
//!
//! A gateway whose sign has run out counts as dead: what it had in hand is taken up by others, and its duties too. Should it only
//! have slept, it finds its fences passed and changes nothing. Signs are given by the clock of the database, so that the
//! gateways' own clocks do not matter here.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Fault, Kind, News, Store};
use crate::model::time::Time;

/// How long a sign of life counts.
pub const SIGN_LASTS: Duration = Duration::from_secs(10);
/// How often it is given.
pub const SIGN_EVERY: Duration = Duration::from_millis(2_500);
/// A sign that is never given again: a hundred years, in microseconds.
const FOR_EVER: i64 = 100 * 365 * 86_400 * 1_000_000;

impl Store {
    /// Joins the gateways of this store under a number of its own, which claims and duties are noted with. A file has one gateway: who
    /// joins it takes the place of whoever was there.
    pub async fn join(&self, name: &str) -> Result<i64, Fault> {
        let alone = matches!(self.kind, Kind::Lite(_));
        let lasts = if alone { FOR_EVER } else { micros(SIGN_LASTS) };
        let number = on_either!(self, base => base.join(name, alone, lasts))?;
        self.gateway.store(number, Ordering::Relaxed);
        if let Kind::Lite(base) = &self.kind {
            base.mark().await?;
        }
        Ok(number)
    }

    /// Gives the sign of life again; how far the clock of the database is ahead of ours, in microseconds. On a file it is the mark beside it
    /// that is renewed.
    pub async fn give_sign(&self) -> Result<i64, Fault> {
        match &self.kind {
            Kind::Lite(base) => base.mark().await.map(|()| 0),
            Kind::Pg(base) => super::pg::step(base, super::pg::STEP, base.give_sign(self.gateway(), micros(SIGN_LASTS))).await,
        }
    }

    /// Leaves: what is still in hand is free for the others at once.
    pub async fn leave(&self) -> Result<(), Fault> {
        on_either!(self, base => base.leave(self.gateway()))?;
        if let Kind::Lite(base) = &self.kind {
            base.unmark()?;
        }
        self.tell(News::Arrival).await;
        Ok(())
    }

    /// Asks for a duty; true when it is ours, until we leave or give no sign of life. Asked for again and again, by every gateway, it is
    /// always with one that lives. A file has one gateway, and all duties are its own.
    pub async fn has_duty(&self, duty: &str) -> Result<bool, Fault> {
        match &self.kind {
            Kind::Lite(_) => Ok(true),
            Kind::Pg(base) => super::pg::step(base, super::pg::STEP, base.has_duty(duty, self.gateway())).await,
        }
    }

    /// What a failover of the database could lose, in words; `None` when it is nothing.
    pub async fn risk(&self) -> Result<Option<&'static str>, Fault> {
        match &self.kind {
            Kind::Lite(_) => Ok(None),
            Kind::Pg(base) => super::pg::step(base, super::pg::STEP, base.risk()).await,
        }
    }

    /// Removes what counts for nothing any more: old counts of acknowledgements, gateways long gone.
    pub async fn tidy_up(&self, now: Time) -> Result<u64, Fault> {
        on_either!(self, base => base.tidy_up(now))
    }

    /// Our number among the gateways; 0 for who has not joined.
    pub(in crate::store) fn gateway(&self) -> i64 {
        self.gateway.load(Ordering::Relaxed)
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
