//! Custody: the group commit. Nothing is acknowledged before `Custody::take` has returned.
//!
//! One task writes. It takes everything that is queued, up to a limit, inserts it with one COMMIT, and answers all of it. There is no
//! timer: when idle it commits at once, and only what arrives during a commit waits for the next. A queue that stays full is 451,
//! never unbounded memory.
//!
//! What a failed commit means: a store that is away or full refuses this batch and is asked again with the next. A disk that did not
//! keep what it was given ends acceptance for good, because whether an earlier fsync kept its promise cannot be known any more.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::model::arrival::Incoming;
use crate::model::seal::sha256;
use crate::observe::beat::Beat;
use crate::observe::numbers;
use crate::store::custody::{Doubt, Inserted, Sealed};
use crate::store::{Fault, Store};

/// Mails in one commit.
const BATCH: usize = 64;
/// Octets in one commit, so that large mails do not pile up in the database's memory.
const BATCH_OCTETS: usize = 8 * 1024 * 1024;
/// Mails that wait for a commit before senders are told to come back.
const QUEUE: usize = 1_024;
/// How long the free space that was found counts.
const SPACE_CHECK: Duration = Duration::from_secs(1);
/// A batch that took so long and was not stored speaks for those that queued up behind it: each would wait as long again.
const PATIENCE: Duration = Duration::from_secs(1);
/// From this size on, a digest takes long enough to be kept off the threads that serve connections.
const LARGE: usize = 256 * 1024;

/// Why a mail was not taken. Nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// More is arriving than can be stored: 451.
    Busy,
    /// The store is away: 451.
    Away,
    /// No room on the disk: 452.
    Full,
    /// We are about to stop: 421.
    Stopping,
}

impl Refusal {
    /// Its name among the numbers and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Busy => "busy",
            Refusal::Away => "away",
            Refusal::Full => "full",
            Refusal::Stopping => "stopping",
        }
    }
}

/// What one submission waits for: the arrival numbers, one for each department, in order.
pub type Taken = Result<Vec<i64>, Refusal>;

/// A submission to the writer.
#[derive(Debug)]
pub struct Submission {
    /// The mail.
    pub incoming: Incoming,
    /// SHA-256 of its octets.
    pub digest: [u8; 32],
    /// How many there are.
    pub size: usize,
    /// The object that they were written to, and when.
    pub object: Option<(String, SystemTime)>,
    /// Where the outcome goes.
    pub reply: oneshot::Sender<Taken>,
}

/// The way to the writer. Clones share it.
#[derive(Debug, Clone)]
pub struct Custody {
    queue: mpsc::Sender<Submission>,
    /// Where large mail is written before it is queued, so that it holds up nobody else.
    store: Option<Store>,
}

impl Custody {
    /// A way to whoever reads from the other end of the queue.
    pub fn new(queue: mpsc::Sender<Submission>) -> Self {
        Self { queue, store: None }
    }

    /// Takes custody of a mail. When this returns `Ok`, the mail is on the disk.
    pub async fn take(&self, incoming: Incoming) -> Taken {
        let (source, begun) = (incoming.source.kind(), Instant::now());
        let taken = self.submit(incoming).await;
        match &taken {
            Ok(_) => numbers::accepted(source, begun.elapsed()),
            Err(refusal) => numbers::not_taken(refusal.name()),
        }
        taken
    }

    async fn submit(&self, incoming: Incoming) -> Taken {
        let (incoming, digest) = with_digest(incoming).await.ok_or(Refusal::Away)?;
        let sealed = match &self.store {
            Some(store) => store.seal(incoming, digest).await.map_err(|fault| refusal_of_object(&fault))?,
            None => Sealed::whole(incoming, digest),
        };
        let Sealed { incoming, digest, size, object } = sealed;
        let (reply, taken) = oneshot::channel();
        match self.queue.try_send(Submission { incoming, digest, size, object, reply }) {
            // The writer drops what it has not answered only when it ends.
            Ok(()) => taken.await.unwrap_or(Err(Refusal::Stopping)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Refusal::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Refusal::Stopping),
        }
    }
}

/// Only a large mail is refused: what is small goes on.
fn refusal_of_object(fault: &Fault) -> Refusal {
    tracing::error!(%fault, "a large mail is not taken; its sender is told to come back");
    if matches!(fault, Fault::Full(_)) { Refusal::Full } else { Refusal::Away }
}

async fn with_digest(incoming: Incoming) -> Option<(Incoming, [u8; 32])> {
    let digest = |incoming: Incoming| {
        let digest = sha256(&incoming.raw);
        (incoming, digest)
    };
    if incoming.raw.len() < LARGE {
        Some(digest(incoming))
    } else {
        tokio::task::spawn_blocking(move || digest(incoming)).await.ok()
    }
}

/// The one task that writes.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    queue: mpsc::Receiver<Submission>,
    wake_worker: Arc<Notify>,
    space: Option<(Instant, Result<(), Fault>)>,
    /// Batches whose COMMIT nobody answered.
    doubts: JoinSet<()>,
    /// The last batch was refused; said once, not for each mail.
    refusing: bool,
    beat: Beat,
}

impl Writer {
    /// A writer, and the way to it. `wake_worker` is notified after each commit.
    pub fn new(store: Store, wake_worker: Arc<Notify>) -> (Self, Custody) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let custody = Custody { queue: sender, store: Some(store.clone()) };
        let (doubts, beat) = (JoinSet::new(), Beat::default());
        (Self { store, queue, wake_worker, space: None, doubts, refusing: false, beat }, custody)
    }

    /// Gives this sign of progress.
    pub fn with_beat(self, beat: Beat) -> Self {
        Self { beat, ..self }
    }

    /// Writes until nobody can submit any more. An error means that nothing may be accepted any more, and why.
    pub async fn run(mut self) -> Result<(), Fault> {
        while let Some(first) = self.beat.through(self.queue.recv()).await {
            let batch = self.gather(first);
            if let Err(fault) = self.write(batch).await {
                self.queue.close();
                while let Ok(submission) = self.queue.try_recv() {
                    answer(submission.reply, Err(Refusal::Away));
                }
                return Err(fault);
            }
        }
        while self.doubts.join_next().await.is_some() {}
        Ok(())
    }

    fn gather(&mut self, first: Submission) -> Vec<Submission> {
        let mut octets = first.incoming.raw.len();
        let mut batch = vec![first];
        while batch.len() < BATCH && octets < BATCH_OCTETS {
            let Ok(next) = self.queue.try_recv() else { break };
            octets += next.incoming.raw.len();
            batch.push(next);
        }
        batch
    }

    async fn write(&mut self, batch: Vec<Submission>) -> Result<(), Fault> {
        let mut mails = Vec::with_capacity(batch.len());
        let mut waiting = Vec::with_capacity(batch.len());
        for Submission { incoming, digest, size, object, reply } in batch {
            mails.push(Sealed { incoming, digest, size, object });
            waiting.push(reply);
        }
        let begun = Instant::now();
        let stored = match self.require_space() {
            Ok(()) => self.store.insert_arrivals(&mails).await,
            Err(fault) => Err(fault),
        };
        match stored {
            Ok(Inserted::Taken(taken)) => {
                numbers::committed(mails.len());
                waiting.into_iter().zip(taken).for_each(|(reply, numbers)| answer(reply, Ok(numbers)));
                self.wake_worker.notify_one();
                if std::mem::take(&mut self.refusing) {
                    tracing::info!("mail is taken again");
                }
                Ok(())
            }
            Ok(Inserted::InDoubt(doubt)) => {
                while self.doubts.try_join_next().is_some() {}
                self.doubts.spawn(find_out(self.store.clone(), doubt, waiting, Arc::clone(&self.wake_worker)));
                self.refuse_those_behind(begun, Refusal::Away);
                Ok(())
            }
            Err(fault) => {
                let refusal = if matches!(fault, Fault::Full(_)) { Refusal::Full } else { Refusal::Away };
                if !std::mem::replace(&mut self.refusing, true) {
                    tracing::error!(%fault, "mail is not taken; its senders are told to come back");
                }
                waiting.into_iter().for_each(|reply| answer(reply, Err(refusal)));
                self.refuse_those_behind(begun, refusal);
                if matches!(fault, Fault::Broken(_)) { Err(fault) } else { Ok(()) }
            }
        }
    }

    /// After a batch that was begun long ago and in vain: what waits in the queue is not made to wait for another one.
    fn refuse_those_behind(&mut self, begun: Instant, refusal: Refusal) {
        if begun.elapsed() < PATIENCE {
            return;
        }
        // What has come in the meantime, and not what keeps coming.
        for _ in 0..self.queue.len() {
            let Ok(submission) = self.queue.try_recv() else { return };
            answer(submission.reply, Err(refusal));
        }
    }

    fn require_space(&mut self) -> Result<(), Fault> {
        if let Some((when, space)) = &self.space
            && when.elapsed() < SPACE_CHECK
        {
            return space.clone();
        }
        let space = self.store.require_space();
        self.space = Some((Instant::now(), space.clone()));
        space
    }
}

/// Answers a batch whose COMMIT nobody answered, once it is known. Others are taken or refused meanwhile.
async fn find_out(store: Store, doubt: Doubt, waiting: Vec<oneshot::Sender<Taken>>, wake_worker: Arc<Notify>) {
    match store.find_out(doubt).await {
        Ok(Some(numbers)) => {
            tracing::info!(mails = waiting.len(), "the COMMIT in doubt had happened");
            waiting.into_iter().zip(numbers).for_each(|(reply, numbers)| answer(reply, Ok(numbers)));
            wake_worker.notify_one();
        }
        Ok(None) => {
            tracing::info!(mails = waiting.len(), "the COMMIT in doubt had not happened");
            waiting.into_iter().for_each(|reply| answer(reply, Err(Refusal::Away)));
        }
        Err(fault) => {
            tracing::error!(%fault, mails = waiting.len(), "the COMMIT in doubt could not be looked up; copies will be recognised");
            waiting.into_iter().for_each(|reply| answer(reply, Err(Refusal::Away)));
        }
    }
}

/// A connection that has gone away does not need its answer: the mail is ours, and its sender will find out by sending it again.
fn answer(reply: oneshot::Sender<Taken>, taken: Taken) {
    let _ = reply.send(taken);
}
