//! A turn: what one lease brought, from sending to settling.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep};

use super::classify::{self, Verdict};
use super::{Outlet, Sender, file};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::outbox::{Leased, Settlement};

/// How often a settlement is tried while the store is away: what was sent and is not settled will be sent again.
const SETTLING: u32 = 6;
/// The first wait between two of them; it doubles, to some six seconds in all.
const SETTLING_WAIT: Duration = Duration::from_millis(100);

/// Leased notices and the permit to send them.
pub(super) struct Turn {
    batch: Batch,
    permit: OwnedSemaphorePermit,
    /// As many as the limit allowed: there may be more.
    pub(super) full: bool,
}

impl Turn {
    pub(super) fn new(rows: Vec<Leased>, full: bool, now: Time, window: Duration, permit: OwnedSemaphorePermit) -> Self {
        let started = Instant::now();
        Self { batch: Batch { waiting: Mutex::new(rows.into()), started, until: started + window, now }, permit, full }
    }
}

/// The notices of a turn that nobody has begun yet.
pub(super) struct Batch {
    waiting: Mutex<VecDeque<Leased>>,
    started: Instant,
    /// After this none is begun: its attempt might outlast the lease.
    until: Instant,
    now: Time,
}

impl Batch {
    /// The next one to send; `None` when there is none, at a stop, and when it is too late to begin.
    pub(super) fn next(&self, closing: bool) -> Option<Leased> {
        if closing || Instant::now() > self.until { None } else { self.waiting().pop_front() }
    }

    /// Takes back one that was not begun.
    pub(super) fn give_back(&self, notice: Leased) {
        self.waiting().push_front(notice);
    }

    /// All that were not begun.
    pub(super) fn rest(&self) -> VecDeque<Leased> {
        std::mem::take(&mut *self.waiting())
    }

    /// How many were not begun.
    pub(super) fn len(&self) -> usize {
        self.waiting().len()
    }

    /// The time of the lease and what has passed since.
    fn clock(&self) -> Time {
        self.now.plus(self.started.elapsed())
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Leased>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where finished notices go to be settled while others are still being sent.
pub(super) struct Results(UnboundedSender<(Leased, Verdict)>);

impl Results {
    /// Hands over a finished notice. When nobody settles any more (the store failed for good) its lease runs out instead.
    pub(super) fn report(&self, notice: Leased, verdict: Verdict) {
        let _ = self.0.send((notice, verdict));
    }
}

impl Sender {
    /// Sends and settles a turn; how many notices were settled.
    pub(super) async fn work(&self, turn: Turn) -> Result<usize, Fault> {
        let Turn { batch, permit, .. } = turn;
        let (sender, finished) = mpsc::unbounded_channel();
        let results = Results(sender);
        let (settled, ()) = tokio::join!(self.settle_all(&batch, finished), self.send_all(&batch, permit, results));
        settled
    }

    /// Sends all of a batch. Everything is reported once; the channel closes when it returns.
    async fn send_all(&self, batch: &Batch, permit: OwnedSemaphorePermit, results: Results) {
        match &self.outlet {
            Outlet::Smtp(pool) => self.send_over(pool, batch, permit, results).await,
            Outlet::File(folder) => self.write_all(folder, batch, results).await,
            Outlet::Discard => batch.rest().into_iter().for_each(|notice| results.report(notice, Verdict::Sent)),
        }
    }

    async fn write_all(&self, folder: &Path, batch: &Batch, results: Results) {
        while let Some(notice) = batch.next(self.is_closing()) {
            let verdict = match self.octets(&notice).await {
                Err(fault) => classify::unread(&fault),
                Ok(octets) => self.write(folder, &notice, octets).await,
            };
            results.report(notice, verdict);
        }
        for notice in batch.rest() {
            results.report(notice, Verdict::Released("there was no time left for it in this turn"));
        }
    }

    async fn write(&self, folder: &Path, notice: &Leased, octets: Vec<u8>) -> Verdict {
        match file::deliver(folder, notice, octets).await {
            Ok(()) => {
                self.health.reached();
                Verdict::Sent
            }
            Err(why) => {
                self.health.lost(&why);
                Verdict::Later(why)
            }
        }
    }

    /// Settles what is finished, in sets: whatever finishes during one settlement goes into the next.
    async fn settle_all(&self, batch: &Batch, mut finished: UnboundedReceiver<(Leased, Verdict)>) -> Result<usize, Fault> {
        let mut count = 0;
        let mut set = Vec::new();
        while finished.recv_many(&mut set, 512).await > 0 {
            let now = batch.clock();
            let (notices, settled): (Vec<_>, Vec<_>) = set
                .drain(..)
                .map(|(notice, verdict)| {
                    let settlement = classify::settlement(&notice, verdict, now, self.give_up_after);
                    let settled = (notice.id, notice.lease, settlement);
                    (notice, settled)
                })
                .unzip();
            self.settle(&settled, now).await?;
            count += settled.len();
            for (notice, (_, _, settlement)) in notices.iter().zip(&settled) {
                self.tell(notice, settlement);
            }
        }
        Ok(count)
    }

    async fn settle(&self, settled: &[(i64, i64, Settlement)], now: Time) -> Result<(), Fault> {
        let mut wait = SETTLING_WAIT;
        for _ in 1..SETTLING {
            match self.store.settle(settled, now).await {
                Ok(()) => return Ok(()),
                Err(_) => sleep(wait).await,
            }
            wait *= 2;
        }
        self.store.settle(settled, now).await
    }

    /// One line for each settled notice.
    fn tell(&self, notice: &Leased, settlement: &Settlement) {
        let (id, event, ticket) = (notice.id, notice.event.as_str(), notice.ticket);
        let recipient = notice.recipient.shortened();
        // A relay's reply often repeats the whole address.
        let shortened = |why: &str| why.replace(notice.recipient.as_str(), &recipient);
        match settlement {
            Settlement::Sent if matches!(self.outlet, Outlet::Discard) => {
                tracing::debug!(id, event, ticket, recipient, "discarded")
            }
            Settlement::Sent => tracing::info!(id, event, ticket, recipient, "sent"),
            Settlement::Later { when, why } => {
                let (when, why) = (when.rfc3339(), shortened(why));
                tracing::info!(
                    id,
                    event,
                    ticket,
                    recipient,
                    attempts = notice.attempts,
                    when,
                    why,
                    "not sent, to be tried again"
                );
            }
            Settlement::Never { why } => {
                tracing::warn!(
                    id,
                    event,
                    ticket,
                    recipient,
                    attempts = notice.attempts,
                    why = shortened(why),
                    "not sent, given up"
                );
            }
        }
    }
}
