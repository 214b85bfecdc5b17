//! Custody of an archive: a batch of mails in one commit, with their lines of the ledger.
//!
//! A crash before the COMMIT leaves nothing of the batch, after it everything; the next run looks up what is there and goes on. A store that
//! is away is waited for, up to a limit. Where others write to the same file, they have as much time as we.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::letters::{Batch, Letter, read_all};
use super::{Gauge, Options, Survey, Told};
use crate::model::desk::Desk;
use crate::store::custody::{Inserted, Sealed};
use crate::store::imported::Asked;
use crate::store::{Fault, News, Store};

/// How long a store may be away.
const PATIENCE: Duration = Duration::from_secs(600);
/// The waits between attempts double from the first to the last.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(15)];
/// How often it is asked whether a gateway works on the same file.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// The longest rest for the sake of others.
const REST: Duration = Duration::from_millis(250);

/// How it ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// The archive was read to its end.
    Whole,
    /// It was told to stop.
    Stopped,
    /// The store was away for too long, or refused.
    Fault(Fault),
}

/// What came of it.
#[derive(Debug)]
pub struct Summary {
    /// Arrivals, by department.
    pub taken: BTreeMap<String, u64>,
    /// What had been imported before, or stood in the archive twice.
    pub imported: u64,
    /// What had come some other way.
    pub arrived: u64,
    /// What was not taken.
    pub told: Told,
    /// How it ended.
    pub ended: Ended,
}

/// Takes the mails that were found. When this returns, what it counts as taken is on the disk.
pub async fn take(mut survey: Survey, store: &Store, options: Options, desk: Arc<Desk>, gauge: &Arc<Gauge>) -> Summary {
    gauge.begin(survey.octets());
    let told = std::mem::take(&mut survey.told);
    let (sender, mut batches) = mpsc::channel(1);
    let reader = {
        let gauge = Arc::clone(gauge);
        spawn_blocking(move || read_all(&survey, &options, &desk, &gauge, &sender))
    };
    let summary = Summary { taken: BTreeMap::new(), imported: 0, arrived: 0, told, ended: Ended::Whole };
    let mut taking = Taking { store, gauge, summary, looked: None };
    while let Some(batch) = batches.recv().await {
        if let Err(ended) = taking.batch(batch).await {
            taking.summary.ended = ended;
            break;
        }
    }
    drop(batches);
    let mut summary = taking.summary;
    match reader.await {
        Ok(told) => summary.told.join(told),
        Err(error) => summary.ended = Ended::Fault(Fault::Refused(format!("the archive could not be read on: {error}"))),
    }
    if gauge.is_stopped() && matches!(summary.ended, Ended::Whole) {
        summary.ended = Ended::Stopped;
    }
    summary
}

struct Taking<'a> {
    store: &'a Store,
    gauge: &'a Gauge,
    summary: Summary,
    /// When it was last looked whether a gateway works on the same file, and whether one does.
    looked: Option<(Instant, bool)>,
}

impl Taking<'_> {
    /// A batch, whole or not at all.
    async fn batch(&mut self, batch: Batch) -> Result<(), Ended> {
        // What it holds of the room is free again at the end.
        let Batch { letters, octets, mails, room: _room } = batch;
        let fresh = self.fresh(letters).await?;
        if !fresh.is_empty() {
            let begun = Instant::now();
            for department in self.insert(fresh).await? {
                *self.summary.taken.entry(department).or_default() += 1;
            }
            self.store.tell(News::Arrival).await;
            self.rest(begun.elapsed()).await;
        }
        self.gauge.wait_for(None);
        self.gauge.add(octets, mails);
        if self.gauge.is_stopped() { Err(Ended::Stopped) } else { Ok(()) }
    }

    /// Those that are not in the store yet.
    async fn fresh(&mut self, letters: Vec<Letter>) -> Result<Vec<Letter>, Ended> {
        let department = |letter: &Letter| letter.incoming.departments.first().map(|(key, _)| key.clone()).unwrap_or_default();
        let names: Vec<String> = letters.iter().map(department).collect();
        let asked: Vec<Asked<'_>> = letters.iter().zip(&names).map(|(letter, name)| asked(letter, name)).collect();
        let mut waiting = Waiting::default();
        let known = loop {
            match self.store.imported(&asked).await {
                Ok(known) => break known,
                Err(fault) => waiting.after(fault, self.gauge).await?,
            }
        };
        let mut seen = HashSet::new();
        let mut fresh = Vec::new();
        for (letter, name) in letters.into_iter().zip(names) {
            if known.imported.contains(&letter.entry) || !seen.insert(letter.entry) {
                self.summary.imported += 1;
            } else if known.arrived.contains(&(letter.content, name)) {
                self.summary.arrived += 1;
            } else {
                fresh.push(letter);
            }
        }
        Ok(fresh)
    }

    /// Makes them arrivals; the department of each.
    async fn insert(&self, letters: Vec<Letter>) -> Result<Vec<String>, Ended> {
        let mut sealed = Vec::with_capacity(letters.len());
        for letter in letters {
            sealed.push(self.seal(letter).await?);
        }
        let mut waiting = Waiting::default();
        loop {
            let fault = match self.commit(&sealed).await {
                Ok(Inserted::Taken(_)) => break,
                Ok(Inserted::InDoubt(doubt)) => match self.store.find_out(doubt).await {
                    Ok(Some(_)) => break,
                    Ok(None) => Fault::Away("the connection was lost, and the batch was not stored".to_owned()),
                    // Only the ledger can tell now, and the next run asks it.
                    Err(fault) => return Err(Ended::Fault(fault)),
                },
                Err(fault) => fault,
            };
            waiting.after(fault, self.gauge).await?;
        }
        Ok(sealed.into_iter().flat_map(|sealed| sealed.incoming.departments).map(|(key, _)| key).collect())
    }

    /// Writes a large mail to its object.
    async fn seal(&self, letter: Letter) -> Result<Sealed, Ended> {
        if !self.store.keeps_apart(letter.incoming.raw.len()) {
            return Ok(Sealed::whole(letter.incoming, letter.digest));
        }
        let mut waiting = Waiting::default();
        loop {
            // A copy, because the place for objects may be away, and then it is tried once more.
            match self.store.seal(letter.incoming.clone(), letter.digest).await {
                Ok(sealed) => return Ok(sealed),
                Err(fault) => waiting.after(fault, self.gauge).await?,
            }
        }
    }

    async fn commit(&self, sealed: &[Sealed]) -> Result<Inserted, Fault> {
        self.store.require_space()?;
        self.store.insert_arrivals(sealed).await
    }

    /// Leaves a file to others for as long as we have had it.
    async fn rest(&mut self, had: Duration) {
        if !self.store.is_a_file() {
            return;
        }
        let shared = match self.looked {
            Some((when, shared)) if when.elapsed() < LOOKED_EVERY => shared,
            // Who cannot find out is polite.
            _ => self.store.is_served().await.unwrap_or(true),
        };
        if self.looked.is_none_or(|(when, _)| when.elapsed() >= LOOKED_EVERY) {
            self.looked = Some((Instant::now(), shared));
        }
        if shared {
            tokio::time::sleep(had.min(REST)).await;
        }
    }
}

fn asked<'a>(letter: &Letter, department: &'a str) -> Asked<'a> {
    Asked { entry: letter.entry, content: letter.content, department }
}

/// Waiting for a store that is away.
#[derive(Debug, Default)]
struct Waiting {
    since: Option<Instant>,
    wait: Duration,
}

impl Waiting {
    /// Waits after a fault, or says that it has been enough.
    async fn after(&mut self, fault: Fault, gauge: &Gauge) -> Result<(), Ended> {
        let since = *self.since.get_or_insert_with(Instant::now);
        if !matches!(fault, Fault::Away(_)) || since.elapsed() > PATIENCE {
            return Err(Ended::Fault(fault));
        }
        self.wait = (self.wait * 2).clamp(WAITS[0], WAITS[1]);
        gauge.wait_for(Some(fault.to_string()));
        let end = Instant::now() + self.wait;
        while Instant::now() < end && !gauge.is_stopped() {
            tokio::time::sleep(WAITS[0].min(end.saturating_duration_since(Instant::now()))).await;
        }
        if gauge.is_stopped() { Err(Ended::Stopped) } else { Ok(()) }
    }
}
