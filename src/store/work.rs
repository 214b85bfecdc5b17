//! What the worker takes up: pending arrivals, counted before they are worked on.
//!
//! Several gateways may work on one store. Each notes its number on what it takes up; what a gateway had in hand that gives no sign of
//! life any more is free again. The fence is that note, the number of attempts and the time of arrival: who decides must hold all three as
//! they are in the store.

use super::{Fault, Store};
use crate::model::arrival::{Arrival, Findings};
use crate::model::time::Time;

/// How much the worker takes up at a time.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// Mails.
    pub mails: i64,
    /// Octets of raw mail, so that a batch of large ones does not fill the memory. One mail is always taken.
    pub octets: i64,
}

/// How many mails of archives are taken up at a time, whatever else would fit: nobody waits for them, and somebody may wait for what comes
/// next.
pub(in crate::store) const ARCHIVED: usize = 128;

impl Store {
    /// Takes up the oldest pending arrivals, those of archives only when there are no others and never together with others, and counts the attempt, in one commit, before anything is done with them.
    ///
    /// A mail that was taken up before without an outcome may have killed the process, and is taken up alone. What is in hand already
    /// is not taken up again, nor is what another gateway has in hand.
    ///
    /// What an object holds is fetched beside, counts as in hand meanwhile, and comes with a later call; [`Store::listen`] tells when.
    pub async fn claim(&self, batch: Batch, in_hand: &[i64]) -> Result<Vec<Arrival>, Fault> {
        let mut busy = self.objects.busy();
        busy.in_hand.extend_from_slice(in_hand);
        let taken = on_either!(self, base => base.claim(batch, &busy, self.gateway()))?;
        let mut arrivals = self.begin_to_fetch(taken);
        arrivals.sort_by_key(|arrival| arrival.id);
        Ok(arrivals)
    }

    /// Keeps what had to be asked about the senders of arrivals, in one statement, so that a later attempt need not ask again.
    pub async fn keep_findings(&self, found: &[(i64, &Findings)]) -> Result<(), Fault> {
        if found.is_empty() {
            return Ok(());
        }
        on_either!(self, base => base.keep_findings(found))
    }

    /// Gives back what was taken up and could not be worked on, as if it had not been: that is nobody's fault. No later mail waits for it
    /// any more.
    pub(in crate::store) async fn pass_over(&self, id: i64, attempts: i64, why: &str) -> Result<(), Fault> {
        on_either!(self, base => base.pass_over(id, attempts, why))
    }

    /// Notes why an attempt failed, for the operator.
    pub async fn note_failure(&self, id: i64, why: &str) -> Result<(), Fault> {
        on_either!(self, base => base.note_failure(id, why))
    }

    /// Holds an arrival that failed as often as is tried, without looking into it again; why, unless it has an outcome meanwhile.
    pub async fn hold_failed(&self, id: i64, now: Time) -> Result<Option<String>, Fault> {
        on_either!(self, base => base.hold_failed(id, now))
    }
}
