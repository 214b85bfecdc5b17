//! The hinge: pending arrivals → authenticate → parse → recall → decide → commit.
//!
//! `Worker::step` does one batch and is all there is to test; `Worker::run` is the loop around it. A batch that fails is done again one
//! by one, each in a transaction of its own, so that only the guilty mail suffers: after so many attempts it is held and the next goes on.
//! A store that is away is nobody's guilt: the batch is kept and tried again, without counting.
//!
//! Several gateways may work on one store. What speaks of something earlier waits, in hand, until no older mail is undecided elsewhere;
//! what speaks of nothing earlier goes on meanwhile. Mail of archives is taken up when nothing else is pending, a small batch at a time.

mod reading;
mod renewal;
mod seen;

use std::collections::{HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub(crate) use reading::Read;

use crate::authenticate::Authenticator;
use crate::decide::recall::Wanted;
use crate::decide::write::texts::Texts;
use crate::decide::{Case, Rules, decide};
use crate::model::arrival::Arrival;
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::observe::beat::Beat;
use crate::observe::numbers;
use crate::store::decision::{Decided, Matter};
use crate::store::work::Batch;
use crate::store::{Fault, Store, Turn};

/// What the worker takes up at a time.
const BATCH: Batch = Batch { mails: 256, octets: 8 * 1024 * 1024 };
/// What it decides in one transaction: small enough that custody, which waits for the same connection, waits only a moment.
const TOGETHER: usize = 64;
/// How many mails may wait in hand for older ones before only single ones are taken up.
const CROWD: usize = 2_048;
/// The wait before mails are looked at again that wait for older ones elsewhere.
const ELSEWHERE: Duration = Duration::from_millis(20);
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
    /// What finds out about senders.
    pub authenticate: Arc<Authenticator>,
    /// Attempts at one arrival before it is held.
    pub attempts: i64,
}

impl House {
    /// The rules at this time.
    pub fn rules(&self, now: Time) -> Rules<'_> {
        Rules { desk: &self.desk, texts: &self.texts, now }
    }
}

/// The worker.
#[derive(Debug)]
pub struct Worker {
    house: House,
    /// The house of the moment, where it can change.
    fresh: Option<watch::Receiver<House>>,
    store: Store,
    wake_sender: Arc<Notify>,
    /// Being taken up, while those before them are decided. Only within a backlog.
    claiming: Option<JoinHandle<Result<Vec<Arrival>, Fault>>>,
    /// The last look found as much as it may take up: there is more.
    backlog: bool,
    /// Taken up, but not read yet.
    waiting: VecDeque<Arrival>,
    /// Being read, while those before them are decided.
    reading: Option<Reading>,
    /// Read, but not decided yet, in the order of their arrival.
    prepared: Vec<Case>,
    /// Those of them that were postponed.
    postponed: HashSet<i64>,
    /// The last turn decided nothing: all that is prepared waits for older mails.
    stuck: bool,
    beat: Beat,
}

/// Mails that are being read off the async threads.
#[derive(Debug)]
struct Reading {
    ids: Vec<i64>,
    desk: Arc<Desk>,
    cases: JoinHandle<Vec<Result<Case, (i64, String)>>>,
}

impl Worker {
    /// A worker. `wake_sender` is notified when it has queued notices.
    pub fn new(house: House, store: Store, wake_sender: Arc<Notify>) -> Self {
        Self {
            house,
            fresh: None,
            store,
            wake_sender,
            claiming: None,
            backlog: false,
            waiting: VecDeque::new(),
            reading: None,
            prepared: Vec::new(),
            postponed: HashSet::new(),
            stuck: false,
            beat: Beat::default(),
        }
    }

    /// Gives this sign of progress: for each batch that was read or decided, and for each turn.
    pub fn with_beat(self, beat: Beat) -> Self {
        Self { beat, ..self }
    }

    /// Decides the next few arrivals in one transaction, and lets those after them be read meanwhile. Returns how many it dealt with;
    /// 0 when none is pending, or all that are wait for older ones elsewhere.
    pub async fn step(&mut self) -> Result<usize, Fault> {
        self.renew();
        let mut count = self.fill().await?;
        if self.prepared.is_empty() {
            return Ok(count);
        }
        if self.reading.is_none() {
            self.reading = self.read();
        }
        self.claim_ahead();
        let before = self.prepared.len();
        match self.decide(&self.prepared).await {
            Ok(decided) => self.let_go(&decided),
            // Nobody's guilt: keep what is prepared for the next step.
            Err(Failure::Store(fault @ (Fault::Away(_) | Fault::Full(_) | Fault::Broken(_)))) => return Err(fault),
            Err(failure) => self.one_by_one(&failure).await?,
        }
        self.stuck = self.prepared.len() == before;
        count = if self.stuck { 0 } else { count.max(before - self.prepared.len()) };
        Ok(count)
    }

    /// Sees to it that something is prepared, if anything is pending. Returns how many arrivals were taken up for it.
    async fn fill(&mut self) -> Result<usize, Fault> {
        let mut count = 0;
        let wanting = self.prepared.is_empty() || self.stuck;
        if wanting && self.reading.is_none() && self.waiting.is_empty() {
            let claimed = self.claim().await?;
            count = claimed.len();
            self.waiting = self.hold_exhausted(claimed).await?;
        }
        if wanting {
            let reading = self.reading.take().or_else(|| self.read());
            if let Some(reading) = reading {
                let read = self.finish(reading).await?;
                self.prepared.extend(read);
                self.prepared.sort_by_key(|case| case.arrival.id);
            }
        }
        Ok(count)
    }

    /// Numbers of all arrivals that are in hand.
    fn in_hand(&self) -> Vec<i64> {
        let prepared = self.prepared.iter().map(|case| case.arrival.id);
        let reading = self.reading.iter().flat_map(|reading| reading.ids.iter().copied());
        prepared.chain(reading).chain(self.waiting.iter().map(|arrival| arrival.id)).collect()
    }

    /// The next arrivals: those that were taken up ahead, or else the oldest.
    async fn claim(&mut self) -> Result<VecDeque<Arrival>, Fault> {
        let ahead = match self.claiming.take() {
            Some(claiming) => claiming.await.map_err(|error| Fault::Away(format!("taking up mail ended: {error}")))??,
            None => Vec::new(),
        };
        let claimed = if ahead.is_empty() {
            self.store.give_way(Turn::Worker).await;
            // Among those that all wait, the oldest of all may be one that nobody has taken up.
            let mails = if self.prepared.len() < CROWD { BATCH.mails } else { 1 };
            self.store.claim(Batch { mails, ..BATCH }, &self.in_hand()).await?
        } else {
            ahead
        };
        // Of archives nothing is taken up ahead: what comes meanwhile goes before it.
        self.backlog = claimed.len() as i64 == BATCH.mails && claimed.iter().all(|arrival| !arrival.archived);
        Ok(claimed.into())
    }

    /// Within a backlog, begins to take up what follows. What fails meanwhile stays pending and is found later.
    fn claim_ahead(&mut self) {
        if self.backlog && self.waiting.is_empty() && self.claiming.is_none() {
            let (store, in_hand) = (self.store.clone(), self.in_hand());
            self.claiming = Some(tokio::spawn(async move { store.claim(BATCH, &in_hand).await }));
        }
    }

    /// What is decided, and what others have taken over, is not in hand any more.
    fn let_go(&mut self, decided: &Decided) {
        self.keep_waiting(&decided.postponed);
        self.postponed.retain(|id| decided.postponed.contains(id));
        self.prepared.retain(|case| self.postponed.contains(&case.arrival.id));
        if !decided.lost.is_empty() {
            tracing::info!(arrivals = ?decided.lost, "mail that was in hand here has been dealt with elsewhere");
        }
    }

    /// Arrivals that were tried often enough are held, whatever became of the attempts.
    async fn hold_exhausted(&self, claimed: VecDeque<Arrival>) -> Result<VecDeque<Arrival>, Fault> {
        let mut worth_trying = VecDeque::with_capacity(claimed.len());
        for arrival in claimed {
            if arrival.attempts <= self.house.attempts {
                match &arrival.missing {
                    Some(why) => self.failed(arrival.id, why).await?,
                    None => worth_trying.push_back(arrival),
                }
                continue;
            }
            if let Some(why) = self.store.hold_failed(arrival.id, now()).await? {
                numbers::held_as_failed();
                tracing::error!(arrival = arrival.id, department = %arrival.department, %why, "mail held");
            }
        }
        Ok(worth_trying)
    }

    /// Those of the mails that were postponed for the first time were given their attempt back.
    fn keep_waiting(&mut self, postponed: &[i64]) {
        for id in postponed {
            if self.postponed.insert(*id) {
                self.prepared.iter_mut().filter(|case| case.arrival.id == *id).for_each(|case| case.arrival.attempts -= 1);
            }
        }
    }

    /// Begins to read the next few mails, and to find out about their senders.
    fn read(&mut self) -> Option<Reading> {
        let arrivals: Vec<Arrival> = self.waiting.drain(..self.waiting.len().min(TOGETHER)).collect();
        let ids: Vec<i64> = arrivals.iter().map(|arrival| arrival.id).collect();
        let cases = || tokio::spawn(reading::prepare_all(self.house.clone(), self.store.clone(), arrivals));
        (!ids.is_empty()).then(|| Reading { ids, desk: Arc::clone(&self.house.desk), cases: cases() })
    }

    /// Waits until the mails are read. Whatever panics is left pending, with its attempt counted.
    async fn finish(&self, reading: Reading) -> Result<Vec<Case>, Fault> {
        let Reading { ids, desk, cases } = reading;
        let ended = |error| ids.iter().map(|id| Err((*id, format!("reading it ended: {error}")))).collect();
        let read: Vec<_> = cases.await.unwrap_or_else(ended);
        self.beat.beat();
        let mut cases = Vec::with_capacity(read.len());
        for outcome in read {
            match outcome {
                Ok(mut case) => {
                    if !Arc::ptr_eq(&desk, &self.house.desk) {
                        case.read_again(&self.house.desk);
                    }
                    cases.push(case);
                }
                Err((id, why)) => self.failed(id, &why).await?,
            }
        }
        Ok(cases)
    }

    /// One transaction for all of them.
    async fn decide(&self, cases: &[Case]) -> Result<Decided, Failure> {
        let now = now();
        let wanted = Wanted::of(cases, &self.house.desk);
        let matter = Matter { cases, waiting: &self.postponed, wanted: &wanted, now };
        let deciding = self.store.decide_batch(matter, |case, facts| decide(case, facts, self.house.rules(now)));
        // An unwinding decision drops its transaction, which rolls it back.
        let ended = AssertUnwindSafe(deciding).catch_unwind().await;
        self.beat.beat();
        let decided = match ended {
            Ok(decided) => decided.map_err(Failure::Store)?,
            Err(panic) => return Err(Failure::Panic(words(&*panic))),
        };
        if decided.decisions.iter().any(|decision| !decision.notices.is_empty()) {
            self.wake_sender.notify_one();
        }
        let mut decisions = decided.decisions.iter().peekable();
        for case in cases {
            if let Some(decision) = decisions.next_if(|decision| decision.arrival == case.arrival.id) {
                seen::decided(case, decision, now);
            }
        }
        Ok(decided)
    }

    /// A batch failed: each of its mails on its own. Those that fail alone stay pending and are taken up again, alone; those that are
    /// done leave the batch, so that a store that goes away meanwhile finds only the rest of it later.
    async fn one_by_one(&mut self, failure: &Failure) -> Result<(), Fault> {
        if let [only] = self.prepared.as_slice() {
            self.failed(only.arrival.id, &failure.to_string()).await?;
            self.prepared.clear();
            self.postponed.clear();
            return Ok(());
        }
        tracing::warn!(mails = self.prepared.len(), %failure, "a batch failed and is done one by one");
        let mut next = 0;
        while let Some(case) = self.prepared.get(next) {
            match self.decide(std::slice::from_ref(case)).await {
                Ok(decided) if !decided.postponed.is_empty() => {
                    self.keep_waiting(&decided.postponed);
                    next += 1;
                    continue;
                }
                Ok(_) => {}
                Err(Failure::Store(fault @ (Fault::Away(_) | Fault::Full(_) | Fault::Broken(_)))) => return Err(fault),
                Err(failure) => self.failed(case.arrival.id, &failure.to_string()).await?,
            }
            let done = self.prepared.remove(next);
            self.postponed.remove(&done.arrival.id);
        }
        Ok(())
    }

    async fn failed(&self, id: i64, why: &str) -> Result<(), Fault> {
        numbers::decision_failed();
        tracing::warn!(arrival = id, why, "an attempt at a mail failed");
        // PostgreSQL's TEXT refuses NUL, and so does this column, whatever a panic says.
        self.store.note_failure(id, &why.replace('\0', " ")).await
    }

    /// Steps until told to stop; what is pending then waits for the next start.
    pub async fn run(mut self, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let mut pause = Duration::from_millis(50);
        while !*stop.borrow() {
            self.beat.beat();
            // Registered before looking, so that what is committed meanwhile wakes us.
            let woken = wake.notified();
            let wait = match self.step().await {
                Ok(0) if self.stuck => ELSEWHERE,
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

/// What a panic said.
pub(crate) fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no words").to_owned()
}
