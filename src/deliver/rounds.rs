//! The loop: turn after turn, and what it waits for between them.
//!
//! Turns overlap: a notice that is slow keeps its own connection, and the other connections go on with the next turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use super::route::Kept;
use super::{Found, Outlet, Sender};
use crate::model::time::Time;
use crate::store::Fault;

/// The wait between two looks. Another process may have queued something, and nobody wakes us for that or for a retry that falls due;
/// a look that finds nothing is one read.
const POLL: Duration = Duration::from_secs(1);
/// The longest wait between two looks at a store that is away, in `POLL`: notices flow again soon after its return.
const LONGEST_ABSENCE: u32 = 2;

/// Faults of the store in a row: the first is logged, and the return.
#[derive(Default)]
struct Absence(u32);

impl Absence {
    /// Notes a fault; how long to leave the store alone.
    fn note(&mut self, fault: &Fault) -> Duration {
        if self.0 == 0 {
            tracing::error!(%fault, "the outbox cannot be read or settled; notices wait");
        }
        self.0 = (self.0 + 1).min(LONGEST_ABSENCE);
        POLL * self.0
    }

    fn over(&mut self) {
        if self.0 > 0 {
            tracing::info!("the outbox is back");
            self.0 = 0;
        }
    }
}

impl Sender {
    /// Sends until `stop` is true (or its sender is gone), then finishes the notices in flight, gives back the others and returns. The
    /// caller bounds how long that may take: an attempt lasts up to the timeout of one. `wake` says that something was queued.
    pub async fn run(self, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let sender = Arc::new(self);
        let mut turns = JoinSet::new();
        let mut absence = Absence::default();
        loop {
            sender.beat.beat();
            // Registered before the look, so that what is queued or becomes free during it is not slept over.
            let (woken, freed) = (wake.notified(), sender.freed.notified());
            tokio::pin!(woken, freed);
            woken.as_mut().enable();
            freed.as_mut().enable();
            let (pause, deaf) = match sender.look(&mut absence).await {
                Found::Nothing => (POLL, false),
                Found::Held(pause) => (pause, true),
                Found::Turn(turn) => {
                    let pause = if turn.full { Duration::ZERO } else { POLL };
                    let sender = Arc::clone(&sender);
                    turns.spawn(async move { sender.work(*turn).await });
                    (pause, false)
                }
            };
            tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                Some(ended) = turns.join_next() => note(ended, &mut absence),
                () = woken, if !deaf => {}
                () = freed, if !deaf => {}
                () = sender.beat.through(sleep(pause)) => {}
            }
            sender.close_idle();
        }
        sender.closing.store(true, Ordering::Relaxed);
        while let Some(ended) = turns.join_next().await {
            note(ended, &mut absence);
        }
        join_all(sender.take_idle(true).into_iter().map(Kept::quit)).await;
    }

    /// Looks for work, when a connection is free for it and somebody may be tried.
    async fn look(&self, absence: &mut Absence) -> Found {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { return Found::Nothing };
        match self.find(Time::from(SystemTime::now()), permit, false).await {
            Ok(found) => {
                absence.over();
                found
            }
            Err(fault) => Found::Held(absence.note(&fault)),
        }
    }

    /// Says goodbye on connections that had no work for a while, without waiting for the answer.
    fn close_idle(&self) {
        for kept in self.take_idle(false) {
            tokio::spawn(kept.quit());
        }
    }

    fn take_idle(&self, all: bool) -> Vec<Kept> {
        match &self.outlet {
            Outlet::Relays(route) => route.take_idle(all),
            Outlet::Direct(direct) => direct.take_idle(all),
            Outlet::File(_) | Outlet::Discard => Vec::new(),
        }
    }
}

/// Returns when it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Notes how a turn ended.
fn note(ended: Result<Result<usize, Fault>, JoinError>, absence: &mut Absence) {
    match ended {
        Ok(Ok(_)) => {}
        Ok(Err(fault)) => {
            absence.note(&fault);
        }
        Err(error) => tracing::error!(%error, "a turn of the sender ended early; its notices wait until their lease ends"),
    }
}
