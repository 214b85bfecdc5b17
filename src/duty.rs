//! What a gateway does besides mail: it gives a sign of life, and does the duties that fall to it.
//!
//! Any number of gateways may work on one store. Each says again and again that it lives; what only one of them may do is done by the
//! one that holds the duty, and by another when that one has died. The duties are such that doing one twice does no harm.

use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::model::time::Time;
use crate::store::objects::ORPHANED;
use crate::store::presence::SIGN_EVERY;
use crate::store::{Fault, Store};

/// The duty of removing what counts for nothing any more.
const HOUSEKEEPING: &str = "housekeeping";
/// How often that is done, in signs of life: every ten minutes.
const HOUSEKEEPING_EVERY: u64 = 240;
/// How often orphaned objects are looked for, in signs of life: every six hours. Each time all objects are listed.
const SWEEP_EVERY: u64 = 36 * HOUSEKEEPING_EVERY;
/// Clocks that differ by more than this are worth a word: leases of the outbox are measured by them.
const TOLERATED: Duration = Duration::from_secs(2);

/// Joins the gateways of the store. Before it takes up anything, a gateway must have.
pub async fn join(store: &Store, name: &str) -> Result<(), Fault> {
    let number = store.join(name).await?;
    tracing::debug!(number, "joined the gateways of this store");
    Ok(())
}

/// Gives signs of life and does duties until told to stop.
pub async fn run(store: Store, name: String, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(SIGN_EVERY);
    // A gateway that was paused gives one sign, not all that it missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = false;
    // Beside the signs of life, which must not wait for it; ended with us.
    let mut sweeping = JoinSet::new();
    for count in 0_u64.. {
        tokio::select! { _ = ticks.tick() => {}, _ = stop.changed() => return }
        match store.give_sign().await {
            Ok(ahead) => {
                let apart = ahead.unsigned_abs() > u64::try_from(TOLERATED.as_micros()).unwrap_or(u64::MAX);
                if apart && !told {
                    let seconds = ahead / 1_000_000;
                    tracing::warn!(
                        seconds,
                        "the clock of the database is ahead of ours by so much; please let both follow the same time"
                    );
                }
                told = apart;
            }
            // Its row is gone: it was thought dead for a day.
            Err(Fault::Refused(_)) => {
                if let Err(fault) = join(&store, &name).await {
                    tracing::debug!(%fault, "cannot join again yet");
                }
            }
            Err(fault) => tracing::debug!(%fault, "no sign of life could be given"),
        }
        if count % HOUSEKEEPING_EVERY == 1 {
            let ours = keep_house(&store).await;
            while sweeping.try_join_next().is_some() {}
            if ours && count % SWEEP_EVERY == 1 && sweeping.is_empty() {
                sweeping.spawn(sweep(store.clone()));
            }
        }
    }
}

/// Whether this falls to us.
async fn keep_house(store: &Store) -> bool {
    let done = match store.has_duty(HOUSEKEEPING).await {
        Ok(true) => store.tidy_up(Time::from(SystemTime::now())).await,
        Ok(false) => return false,
        Err(fault) => Err(fault),
    };
    match &done {
        Ok(rows) => tracing::debug!(rows, "tidied up"),
        Err(fault) => tracing::warn!(%fault, "could not tidy up; tried again in ten minutes"),
    }
    done.is_ok()
}

async fn sweep(store: Store) {
    match store.sweep_objects(ORPHANED).await {
        Ok(0) => {}
        Ok(objects) => tracing::info!(objects, "objects that no mail names were removed"),
        Err(fault) => tracing::warn!(%fault, "could not look for objects that no mail names; tried again in six hours"),
    }
}

/// Wakes worker and sender when there is something new in the store, until told to stop.
pub async fn listen(store: Store, wake: [std::sync::Arc<Notify>; 2], mut stop: watch::Receiver<bool>) {
    let [worker, sender] = wake;
    tokio::select! { () = store.listen(&worker, &sender) => {}, _ = stop.changed() => {} }
}
