//! A turn: what one lease brought, from sending to settling.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, sleep};

use super::classify::{self, Verdict};
use super::lanes::Permits;
use super::route::Route;
use super::{Outlet, Sender, file, seen};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::outbox::{Leased, Settlement, Stored};

/// How often a settlement is tried while the store is away: what was sent and is not settled will be sent again.
const SETTLING: u32 = 6;
/// The first wait between two of them; it doubles, to some six seconds in all.
const SETTLING_WAIT: Duration = Duration::from_millis(100);

/// How many letters are read at a time: a statement costs more than a letter, and a letter takes memory.
const READ: usize = 16;

/// Leased notices and where they go.
pub(super) struct Turn {
    pub(super) batch: Batch,
    pub(super) way: Way,
    /// As many as the limit allowed: there may be more.
    pub(super) full: bool,
}

/// Where a turn goes.
pub(super) enum Way {
    /// To the hosts of a route.
    Route(Arc<Route>, Permits),
    /// To a place on this machine.
    Here(OwnedSemaphorePermit),
}

/// The notices of a turn that nobody has begun yet.
pub(super) struct Batch {
    waiting: Mutex<VecDeque<Leased>>,
    /// Letters that were read ahead, and for whom.
    letters: Mutex<(HashMap<i64, Stored>, HashSet<i64>)>,
    started: Instant,
    /// After this none is begun: its attempt might outlast the lease.
    until: Instant,
    now: Time,
    /// Hosts that are to be left alone are tried all the same.
    pub(super) forced: bool,
    /// Free for another turn as soon as the last of these was begun.
    route: Option<(Arc<Route>, Arc<Notify>)>,
}

impl Batch {
    pub(super) fn new(rows: Vec<Leased>, now: Time, window: Duration, forced: bool) -> Self {
        let started = Instant::now();
        let until = started + window;
        Self { waiting: Mutex::new(rows.into()), letters: Mutex::default(), started, until, now, forced, route: None }
    }

    /// Keeps other turns off the route until the last of these was begun.
    pub(super) fn occupy(&mut self, route: &Arc<Route>, freed: &Arc<Notify>) {
        route.busy.store(true, Ordering::Relaxed);
        self.route = Some((Arc::clone(route), Arc::clone(freed)));
    }

    /// The next one to send; `None` when there is none, at a stop, and when it is too late to begin.
    pub(super) fn next(&self, closing: bool) -> Option<Leased> {
        if closing || Instant::now() > self.until {
            return None;
        }
        let mut waiting = lock(&self.waiting);
        let next = waiting.pop_front();
        if waiting.is_empty() {
            self.leave();
        }
        next
    }

    /// Takes back one that was not begun, to its place.
    pub(super) fn give_back(&self, notice: Leased) {
        let mut waiting = lock(&self.waiting);
        let at = waiting.partition_point(|other| other.id < notice.id);
        waiting.insert(at, notice);
    }

    /// All that were not begun.
    pub(super) fn rest(&self) -> VecDeque<Leased> {
        std::mem::take(&mut *lock(&self.waiting))
    }

    /// How many were not begun.
    pub(super) fn len(&self) -> usize {
        lock(&self.waiting).len()
    }

    /// The letter of a notice, if it was read.
    pub(super) fn letter(&self, notice: i64) -> Option<Stored> {
        lock(&self.letters).0.remove(&notice)
    }

    /// Whose letters to read together with this one: those that come next, and that nobody is reading.
    pub(super) fn to_read(&self, notice: i64) -> Vec<i64> {
        let waiting = lock(&self.waiting);
        let asked = &mut lock(&self.letters).1;
        let next = waiting.iter().map(|notice| notice.id).filter(|id| asked.insert(*id)).take(READ - 1);
        std::iter::once(notice).chain(next).collect()
    }

    /// Keeps letters until their notices are sent.
    pub(super) fn keep(&self, read: Vec<(i64, Stored)>) {
        lock(&self.letters).0.extend(read);
    }

    fn leave(&self) {
        if let Some((route, freed)) = &self.route {
            route.busy.store(false, Ordering::Relaxed);
            freed.notify_one();
        }
    }

    /// The time of the lease and what has passed since.
    fn clock(&self) -> Time {
        self.now.plus(self.started.elapsed())
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.leave();
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
        let Turn { batch, way, .. } = turn;
        let (sender, finished) = mpsc::unbounded_channel();
        let results = Results(sender);
        let (settled, ()) = tokio::join!(self.settle_all(&batch, finished), self.send_all(&batch, way, results));
        settled
    }

    /// Sends all of a batch. Everything is reported once; the channel closes when it returns.
    async fn send_all(&self, batch: &Batch, way: Way, results: Results) {
        let _permit = match way {
            Way::Route(route, permits) => return self.send_over(&route, batch, permits, results).await,
            Way::Here(permit) => permit,
        };
        if let Outlet::File(folder) = &self.outlet {
            return self.write_all(folder, batch, results).await;
        }
        batch.rest().into_iter().for_each(|notice| results.report(notice, Verdict::Sent));
    }

    async fn write_all(&self, folder: &Path, batch: &Batch, results: Results) {
        while let Some(notice) = batch.next(self.is_closing()) {
            let verdict = match self.octets(batch, &notice).await {
                Err(fault) => classify::unread(&fault),
                Ok(octets) => self.write(folder, &notice, octets).await,
            };
            results.report(notice, verdict);
        }
        for notice in batch.rest() {
            results.report(notice, Verdict::Unbegun("there was no time left for it in this turn".to_owned()));
        }
    }

    async fn write(&self, folder: &Path, notice: &Leased, octets: Vec<u8>) -> Verdict {
        match file::deliver(folder, notice, octets).await {
            Ok(()) => {
                self.folder.reached();
                Verdict::Sent
            }
            Err(why) => {
                self.folder.lost(&why);
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
                seen::settled(notice, settlement, now, matches!(self.outlet, Outlet::Discard));
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
}
