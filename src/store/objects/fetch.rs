//! Fetching the octets of what was taken up, beside the worker: a slow object holds up nobody else.
//!
//! An object that cannot be had now is given back without its attempt being counted, and left alone for a while that grows; mails that
//! speak of something earlier wait for it no more. One that is lost comes to the worker without octets, and with the reason.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Objects, Unhad};
use crate::model::arrival::Arrival;
use crate::store::{Fault, Store};

/// Octets of objects that are being fetched or wait for the worker, beyond which none is taken up. One is always taken.
const MOST: usize = 16 * 1024 * 1024;
/// The pause after an object could not be had; it doubles.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest of them.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What was taken up, and the object that holds its octets, if one does.
#[derive(Debug)]
pub(in crate::store) struct Taken {
    pub(in crate::store) arrival: Arrival,
    pub(in crate::store) size: usize,
    /// Name and digest.
    pub(in crate::store) object: Option<(String, Vec<u8>)>,
}

/// What is not to be taken up now.
#[derive(Debug)]
pub(in crate::store) struct Busy {
    /// It is in hand.
    pub(in crate::store) in_hand: Vec<i64>,
    /// Its object could not be had a moment ago. Another gateway may have dealt with it since.
    pub(in crate::store) paused: Vec<i64>,
    /// Nothing more whose octets are in an object.
    pub(in crate::store) full: bool,
}

/// What is being fetched.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    hand: Mutex<Hand>,
    /// Something is ready.
    ready: Notify,
}

#[derive(Debug, Default)]
struct Hand {
    tasks: JoinSet<()>,
    /// Being fetched: number and size.
    under_way: HashMap<i64, usize>,
    ready: Vec<Arrival>,
    /// Not to be taken up before, and how long the last pause was.
    paused: HashMap<i64, (Instant, Duration)>,
}

impl Hand {
    fn octets(&self) -> usize {
        self.under_way.values().sum::<usize>() + self.ready.iter().map(|arrival| arrival.raw.len()).sum::<usize>()
    }
}

impl Fetching {
    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> Busy {
        let now = Instant::now();
        let mut hand = self.hand();
        while hand.tasks.try_join_next().is_some() {}
        // What was dealt with elsewhere is forgotten some time after its pause.
        hand.paused.retain(|_, (until, pause)| *until + *pause + LONGEST_PAUSE > now);
        let paused = hand.paused.iter().filter(|(_, (until, _))| *until > now).map(|(id, _)| *id).collect();
        let in_hand = hand.under_way.keys().copied().chain(hand.ready.iter().map(|arrival| arrival.id)).collect();
        Busy { in_hand, paused, full: hand.octets() >= MOST }
    }

    /// What has come since the last time.
    fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.hand().ready)
    }

    /// Waits until something came or was given back.
    pub(super) async fn wait(&self) {
        self.ready.notified().await;
    }

    fn came(&self, arrival: Arrival) {
        let mut hand = self.hand();
        hand.under_way.remove(&arrival.id);
        hand.paused.remove(&arrival.id);
        hand.ready.push(arrival);
        drop(hand);
        self.ready.notify_one();
    }

    fn pause(&self, id: i64) {
        let mut hand = self.hand();
        let pause = hand.paused.get(&id).map_or(PAUSE, |(_, last)| (*last * 2).min(LONGEST_PAUSE));
        hand.paused.insert(id, (Instant::now() + pause, pause));
    }

    fn given_back(&self, id: i64) {
        self.hand().under_way.remove(&id);
        // What waited for it in hand may go on.
        self.ready.notify_one();
    }

    /// Ends what is under way.
    pub(super) async fn end(&self) {
        let mut tasks = std::mem::take(&mut self.hand().tasks);
        tasks.shutdown().await;
    }
}

impl Objects {
    /// What is not to be taken up now.
    pub(in crate::store) fn busy(&self) -> Busy {
        self.0.fetching.busy()
    }
}

impl Store {
    /// Lets what objects hold be fetched. What the database holds is ready, and so is what was fetched since the last call.
    pub(in crate::store) fn begin_to_fetch(&self, taken: Vec<Taken>) -> Vec<Arrival> {
        let fetching = &self.objects.0.fetching;
        let mut arrivals = fetching.take();
        for Taken { arrival, size, object } in taken {
            let Some((name, digest)) = object else {
                arrivals.push(arrival);
                continue;
            };
            let mut hand = fetching.hand();
            hand.under_way.insert(arrival.id, size);
            hand.tasks.spawn(fetch(self.clone(), arrival, name, digest));
        }
        arrivals
    }
}

async fn fetch(store: Store, mut arrival: Arrival, name: String, digest: Vec<u8>) {
    let fetching = &store.objects.0.fetching;
    match store.objects.get(&name, &digest).await {
        Ok(octets) => {
            arrival.raw = octets;
            fetching.came(arrival);
        }
        Err(Unhad::Missing(why)) => {
            arrival.missing = Some(why);
            fetching.came(arrival);
        }
        Err(unhad) => {
            let why = Fault::from(unhad).to_string();
            tracing::warn!(arrival = arrival.id, why, "a large mail cannot be fetched now; it waits, and the others go on");
            fetching.pause(arrival.id);
            if let Err(fault) = store.pass_over(arrival.id, arrival.attempts, &why).await {
                // It is taken up again as one that was tried before.
                tracing::debug!(%fault, arrival = arrival.id, "its attempt stays counted");
            }
            fetching.given_back(arrival.id);
        }
    }
}
