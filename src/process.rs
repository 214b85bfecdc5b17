//! The hinge: pending arrivals → authenticate → parse → recall → decide → commit.
//!
//! `Worker::step` does one batch and is all there is to test; `Worker::run` is the loop around it. A batch that fails is done again one
//! by one, each in a transaction of its own, so that only the guilty mail suffers: after so many attempts it is held and the next goes on.
//! A store that is away is nobody's guilt: the batch is kept and tried again, without counting.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::authenticate::{self, authenticate};
use crate::decide::parse::parse;
use crate::decide::recall::Wanted;
use crate::decide::write::texts::Texts;
use crate::decide::{Case, Decision, Rules, decide};
use crate::model::arrival::{Arrival, Outcome};
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::store::work::Batch;
use crate::store::{Fault, Store, Turn};

/// What the worker takes up at a time.
const BATCH: Batch = Batch { mails: 256, octets: 8 * 1024 * 1024 };
/// What it decides in one transaction: small enough that custody, which waits for the same connection, waits only a moment.
const TOGETHER: usize = 64;
/// Time for reading the mails of one turn. Parsing is linear, so this is met only by a fault of ours.
const PARSE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the store is asked without having been notified: another process may have taken custody of a mail.
const POLL: Duration = Duration::from_secs(1);
/// Longest pause between attempts while the store is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What every decision is made with.
#[derive(Debug, Clone)]
pub struct House {
    /// Departments, agents, keys, limits.
    pub desk: Arc<Desk>,
    /// What notices say.
    pub texts: Arc<Texts>,
    /// What is believed about senders.
    pub authenticate: authenticate::Options,
    /// Attempts at one arrival before it is held.
    pub attempts: i64,
}

impl House {
    /// Reads a mail and finds out what is proven of its sender. The raw octets are let go: they are in the store.
    pub fn prepare(&self, mut arrival: Arrival) -> Case {
        let mail = parse(&arrival.raw, &self.desk.limits);
        arrival.raw = Vec::new();
        let authenticity = authenticate(&arrival, &self.authenticate);
        Case::new(arrival, mail, authenticity, &self.desk)
    }

    /// The rules at this time.
    pub fn rules(&self, now: Time) -> Rules<'_> {
        Rules { desk: &self.desk, texts: &self.texts, now }
    }
}

/// The worker.
#[derive(Debug)]
pub struct Worker {
    house: House,
    store: Store,
    wake_sender: Arc<Notify>,
    /// Being taken up, while those before them are decided. Only within a backlog.
    claiming: Option<JoinHandle<Result<Vec<Arrival>, Fault>>>,
    /// Number of the last arrival taken up within the backlog; 0 without one.
    backlog: i64,
    /// Taken up, but not read yet.
    waiting: VecDeque<Arrival>,
    /// Being read, while those before them are decided.
    reading: Option<Reading>,
    /// Read, but not decided yet.
    prepared: Vec<Case>,
}

/// Mails that are being read off the async threads.
#[derive(Debug)]
struct Reading {
    ids: Vec<i64>,
    cases: JoinHandle<Vec<Result<Case, (i64, String)>>>,
}

impl Worker {
    /// A worker. `wake_sender` is notified when it has queued notices.
    pub fn new(house: House, store: Store, wake_sender: Arc<Notify>) -> Self {
        Self {
            house,
            store,
            wake_sender,
            claiming: None,
            backlog: 0,
            waiting: VecDeque::new(),
            reading: None,
            prepared: Vec::new(),
        }
    }

    /// Decides the next few arrivals in one transaction, and lets those after them be read meanwhile. Returns how many it dealt with;
    /// 0 when none is pending.
    pub async fn step(&mut self) -> Result<usize, Fault> {
        let mut count = 0;
        if self.prepared.is_empty() {
            if self.reading.is_none() && self.waiting.is_empty() {
                let claimed = self.claim().await?;
                count = claimed.len();
                self.waiting = self.hold_exhausted(claimed).await?;
            }
            let reading = self.reading.take().or_else(|| self.read());
            if let Some(reading) = reading {
                self.prepared = self.finish(reading).await?;
            }
            if self.prepared.is_empty() {
                return Ok(count);
            }
        }
        if self.reading.is_none() {
            self.reading = self.read();
        }
        self.claim_ahead();
        count = count.max(self.prepared.len());
        match self.decide(&self.prepared).await {
            Ok(()) => {}
            // Nobody's guilt: keep what is prepared for the next step.
            Err(Failure::Store(fault @ (Fault::Away(_) | Fault::Full(_) | Fault::Broken(_)))) => return Err(fault),
            Err(failure) => self.one_by_one(&failure).await?,
        }
        self.prepared.clear();
        Ok(count)
    }

    /// The next arrivals: those that were taken up ahead, or else the oldest.
    async fn claim(&mut self) -> Result<Vec<Arrival>, Fault> {
        let ahead = match self.claiming.take() {
            Some(claiming) => claiming.await.map_err(|error| Fault::Away(format!("taking up mail ended: {error}")))??,
            None => Vec::new(),
        };
        let claimed = if ahead.is_empty() {
            self.store.give_way(Turn::Worker).await;
            self.store.claim(BATCH, 0).await?
        } else {
            ahead
        };
        let is_full = claimed.len() as i64 == BATCH.mails;
        self.backlog = claimed.last().filter(|_| is_full).map_or(0, |arrival| arrival.id);
        Ok(claimed)
    }

    /// Within a backlog, begins to take up what follows. What fails meanwhile stays pending and is found when the backlog is worked off.
    fn claim_ahead(&mut self) {
        if self.backlog > 0 && self.waiting.is_empty() && self.claiming.is_none() {
            let (store, after) = (self.store.clone(), self.backlog);
            self.claiming = Some(tokio::spawn(async move { store.claim(BATCH, after).await }));
        }
    }

    /// Arrivals that were tried often enough are held, whatever became of the attempts.
    async fn hold_exhausted(&self, claimed: Vec<Arrival>) -> Result<VecDeque<Arrival>, Fault> {
        let mut worth_trying = VecDeque::with_capacity(claimed.len());
        for arrival in claimed {
            if arrival.attempts <= self.house.attempts {
                worth_trying.push_back(arrival);
                continue;
            }
            let why = self.store.hold_failed(arrival.id, now()).await?;
            tracing::error!(arrival = arrival.id, department = %arrival.department, %why, "mail held");
        }
        Ok(worth_trying)
    }

    /// Begins to read the next few mails off the async threads.
    fn read(&mut self) -> Option<Reading> {
        let arrivals: Vec<Arrival> = self.waiting.drain(..self.waiting.len().min(TOGETHER)).collect();
        let ids: Vec<i64> = arrivals.iter().map(|arrival| arrival.id).collect();
        let house = self.house.clone();
        let prepare = move |arrival: Arrival| {
            let id = arrival.id;
            std::panic::catch_unwind(AssertUnwindSafe(|| house.prepare(arrival))).map_err(|panic| (id, words(&*panic)))
        };
        (!ids.is_empty())
            .then(|| Reading { ids, cases: tokio::task::spawn_blocking(move || arrivals.into_iter().map(prepare).collect()) })
    }

    /// Waits until the mails are read. Whatever panics is left pending, with its attempt counted.
    async fn finish(&self, reading: Reading) -> Result<Vec<Case>, Fault> {
        let Reading { ids, cases } = reading;
        let read = match tokio::time::timeout(PARSE_TIMEOUT, cases).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => ids.iter().map(|id| Err((*id, format!("reading it ended: {error}")))).collect(),
            Err(_) => ids.iter().map(|id| Err((*id, format!("reading it took more than {PARSE_TIMEOUT:?}")))).collect(),
        };
        let mut cases = Vec::with_capacity(read.len());
        for outcome in read {
            match outcome {
                Ok(case) => cases.push(case),
                Err((id, why)) => self.failed(id, &why).await?,
            }
        }
        Ok(cases)
    }

    /// One transaction for all of them.
    async fn decide(&self, cases: &[Case]) -> Result<(), Failure> {
        let now = now();
        let mut wanted = Wanted::default();
        cases.iter().for_each(|case| wanted.add(case));
        let deciding = self.store.decide_batch(cases, &wanted, now, |case, facts| decide(case, facts, self.house.rules(now)));
        // An unwinding decision drops its transaction, which rolls it back.
        let decisions = match AssertUnwindSafe(deciding).catch_unwind().await {
            Ok(decided) => decided.map_err(Failure::Store)?,
            Err(panic) => return Err(Failure::Panic(words(&*panic))),
        };
        if decisions.iter().any(|decision| !decision.notices.is_empty()) {
            self.wake_sender.notify_one();
        }
        cases.iter().zip(&decisions).for_each(|(case, decision)| log(case, decision));
        Ok(())
    }

    /// A batch failed: each of its mails on its own. Those that fail alone stay pending and are taken up again, alone; those that are
    /// done leave the batch, so that a store that goes away meanwhile finds only the rest of it later.
    async fn one_by_one(&mut self, failure: &Failure) -> Result<(), Fault> {
        if let [only] = self.prepared.as_slice() {
            return self.failed(only.arrival.id, &failure.to_string()).await;
        }
        tracing::warn!(mails = self.prepared.len(), %failure, "a batch failed and is done one by one");
        while let Some(case) = self.prepared.first() {
            match self.decide(std::slice::from_ref(case)).await {
                Ok(()) => {}
                Err(Failure::Store(fault @ (Fault::Away(_) | Fault::Full(_) | Fault::Broken(_)))) => return Err(fault),
                Err(failure) => self.failed(case.arrival.id, &failure.to_string()).await?,
            }
            self.prepared.remove(0);
        }
        Ok(())
    }

    async fn failed(&self, id: i64, why: &str) -> Result<(), Fault> {
        tracing::warn!(arrival = id, why, "an attempt at a mail failed");
        // PostgreSQL's TEXT refuses NUL, and so does this column, whatever a panic says.
        self.store.note_failure(id, &why.replace('\0', " ")).await
    }

    /// Steps until told to stop; what is pending then waits for the next start.
    pub async fn run(mut self, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let mut pause = Duration::from_millis(50);
        while !*stop.borrow() {
            // Registered before looking, so that what is committed meanwhile wakes us.
            let woken = wake.notified();
            let wait = match self.step().await {
                Ok(0) => POLL,
                Ok(_) => {
                    pause = Duration::from_millis(50);
                    continue;
                }
                Err(fault) => {
                    tracing::error!(%fault, "mail waits for its decision until the store is back");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    tokio::select! { () = tokio::time::sleep(pause) => {}, _ = stop.changed() => {} }
                    continue;
                }
            };
            tokio::select! { () = woken => {}, () = tokio::time::sleep(wait) => {}, _ = stop.changed() => {} }
        }
    }
}

/// Why a batch could not be decided.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(Fault),
    #[error("a step panicked: {0}")]
    Panic(String),
}

fn now() -> Time {
    Time::from(SystemTime::now())
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no words").to_owned()
}

fn log(case: &Case, decision: &Decision) {
    let (arrival, outcome) = (decision.arrival, decision.outcome.name());
    let sender = case.mail.from.first().map(|mailbox| mailbox.address.shortened()).unwrap_or_default();
    if decision.outcome == Outcome::Held {
        let cause = decision.cause.map(|cause| cause.name()).unwrap_or_default();
        let why = decision.reasons.last().map(String::as_str).unwrap_or_default();
        tracing::warn!(arrival, cause, ticket = decision.ticket, from = %sender, why, "mail held");
    } else {
        tracing::info!(arrival, outcome, ticket = decision.ticket, from = %sender, notices = decision.notices.len(), "mail decided");
    }
}
