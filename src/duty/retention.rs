//! The duty of letting go: `[retention]` is carried out again and again, in small steps, beside everything else.
//!
//! Only the gateway with the housekeeping does it; that two did it at a time for a moment would do no harm. Before each step it lets custody
//! and the worker go first. A run that is broken off, by a stop, a kill or a store that is away, is begun anew by the next one, and finds
//! what is left.

use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::model::time::Time;
use crate::observe::numbers;
use crate::store::retention::{Age, Cursor, Options, What};
use crate::store::{Fault, Store, Turn};

/// How often a run begins. One that finds nothing asks a few indexes.
const EVERY: Duration = Duration::from_secs(3_600);

/// Begins runs, one at a time.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    begun: Option<Instant>,
    /// Beside the signs of life, which must not wait for it; ended with us.
    at_work: JoinSet<()>,
}

impl Keeper {
    /// Begins a run when the last one has ended and was begun long enough ago.
    pub(super) fn look(&mut self, store: &Store, options: &Options) {
        while self.at_work.try_join_next().is_some() {}
        if super::is_due(self.begun, EVERY) && self.at_work.is_empty() && options.rules().next().is_some() {
            self.begun = Some(Instant::now());
            self.at_work.spawn(run(store.clone(), options.clone()));
        }
    }
}

/// Carries out every rule once. What was removed is told at the end, and what went wrong, after which the other rules still have their turn.
async fn run(store: Store, options: Options) {
    for (what, age) in options.rules() {
        let mut removed = 0;
        let ended = let_go(&store, what, age, &mut removed).await;
        if removed > 0 {
            tracing::info!(what = what.key(), older_than = age.written, removed, "removed what was kept for long enough");
        }
        if let Err(fault) = ended {
            tracing::warn!(what = what.key(), %fault, "could not remove what was kept for long enough; tried again in an hour");
        }
    }
}

/// Steps until everything of this kind was looked at.
async fn let_go(store: &Store, what: What, age: &Age, removed: &mut u64) -> Result<(), Fault> {
    let mut after = Some(Cursor::default());
    while let Some(cursor) = after {
        store.give_way(Turn::Sender).await;
        let step = store.let_go(what, age, cursor, Time::from(SystemTime::now())).await?;
        *removed += step.removed;
        numbers::removed(what.key(), step.removed);
        after = step.next;
    }
    Ok(())
}
