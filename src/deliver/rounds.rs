//! The loop: turn after turn, and what it waits for between them.
//!
//! Turns overlap: a notice that is slow keeps its own connection, and the other connections go on with the next turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use super::smtp::Connection;
use super::turn::Turn;
use super::{Outlet, Sender};
use crate::model::time::Time;
use crate::store::Fault;

/// The wait between two looks. Another process may have queued something, and nobody wakes us for that or for a retry that falls due;
/// a look that finds nothing is one read.
const POLL: Duration = Duration::from_secs(1);
/// The longest wait between two looks at a store that is away, in `POLL`: notices flow again soon after its return.
const LONGEST_ABSENCE: u32 = 2;

/// What a look at the outbox found.
enum Look {
    /// Work.
    Turn(Turn),
    /// Nothing is due.
    Idle,
    /// Nothing may be tried for this time, whoever calls.
    Held(Duration),
}

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
            let permit = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                Some(ended) = turns.join_next() => { note(ended, &mut absence); continue }
                Ok(permit) = Arc::clone(&sender.permits).acquire_owned() => permit,
            };
            // Registered before the look, so that what is queued during it is not slept over.
            let woken = wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let (pause, deaf) = match sender.look(permit, &mut absence).await {
                Look::Idle => (POLL, false),
                Look::Held(pause) => (pause, true),
                Look::Turn(turn) => {
                    let pause = if turn.full { Duration::ZERO } else { POLL };
                    let sender = Arc::clone(&sender);
                    turns.spawn(async move { sender.work(turn).await });
                    (pause, false)
                }
            };
            tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                Some(ended) = turns.join_next() => note(ended, &mut absence),
                () = woken, if !deaf => {}
                () = sleep(pause) => {}
            }
            sender.close_idle();
        }
        sender.closing.store(true, Ordering::Relaxed);
        while let Some(ended) = turns.join_next().await {
            note(ended, &mut absence);
        }
        if let Outlet::Smtp(pool) = &sender.outlet {
            join_all(pool.take_idle(true).into_iter().map(Connection::quit)).await;
        }
    }

    /// Looks for work, unless the relay is to be left alone.
    async fn look(&self, permit: OwnedSemaphorePermit, absence: &mut Absence) -> Look {
        if let Some(left) = self.health.hold_off() {
            return Look::Held(left);
        }
        let found = self.lease(Time::from(SystemTime::now()), permit).await;
        match found {
            Ok(turn) => {
                absence.over();
                turn.map_or(Look::Idle, Look::Turn)
            }
            Err(fault) => Look::Held(absence.note(&fault)),
        }
    }

    /// Says goodbye on connections that had no work for a while, without waiting for the answer.
    fn close_idle(&self) {
        if let Outlet::Smtp(pool) = &self.outlet {
            for connection in pool.take_idle(false) {
                tokio::spawn(connection.quit());
            }
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
