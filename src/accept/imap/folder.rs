//! A folder of an account: what is remembered of it between two looks, and the task that looks.
//!
//! What is remembered is a shortcut and never the truth: it begins empty, and every full comparison makes it anew from the server and the
//! ledger. So the task may be dropped at any moment, with the connection in the middle of anything: what is not in the ledger is fetched
//! again, and what is there is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::account::{HANGS_AFTER, Work};
use super::chance;
use super::hindrance::Hindrance;
use super::session::{Session, Woken};
use super::standing::Numbers;
use super::tries::Tries;
use crate::model::ledger::Place;
use crate::observe::beat::Beat;

/// What is remembered of a folder.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The validity that all of this is about.
    pub(super) validity: Option<u32>,
    /// On the server, ours, and not in custody.
    pub(super) open: BTreeSet<u32>,
    /// All numbers below are known.
    pub(super) next: u32,
    /// UIDNEXT, as it was last told.
    pub(super) uid_next: Option<u32>,
    /// When all numbers were last held against the ledger. `None` when that is to be done at once: at the start, and when it is not
    /// known what became of a mail that was given into custody.
    pub(super) compared: Option<Instant>,
    /// Messages that were there when the numbers had changed, and may be known by what they hold.
    pub(super) renumbered: BTreeSet<u32>,
    /// How many messages are asked about at once, after trouble with more.
    pub(super) asked: Option<usize>,
    /// Messages that could not be fetched.
    pub(super) tries: Tries,
    /// What is to be flagged, moved or deleted is tried again then, after so many failures.
    pub(super) after_due: Option<Instant>,
    pub(super) after_failures: u32,
    /// Why that did not work, in words.
    pub(super) after_trouble: Option<String>,
    pub(super) numbers: Numbers,
}

/// The task of a folder.
pub(super) struct Folder {
    pub(super) work: Arc<Work>,
    /// Which of the account's folders it is.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) memory: Memory,
    failures: u32,
    pub(super) beat: Beat,
}

impl Folder {
    pub(super) fn new(work: Arc<Work>, index: usize, name: String) -> Self {
        let beat = work.means.beats.part(format!("imap:{}/{name}", work.account.name), HANGS_AFTER);
        Self { work, index, name, memory: Memory::default(), failures: 0, beat }
    }

    /// Looks again and again, over one connection after the other. It never ends by itself.
    pub(super) async fn tend(mut self) {
        loop {
            let session = self.beat.through(self.work.session(self.index)).await;
            let mut session = session.with_beat(self.beat.clone());
            let hindrance = self.look_on(&mut session).await;
            self.failures = self.failures.saturating_add(1);
            let pause = self.work.means.pace.pause(hindrance.class(), self.failures, chance());
            let until = Instant::now() + pause;
            let what = format!("folder {}: {hindrance}", self.name);
            self.work.standing.failed(self.index, hindrance.kind(), what, until);
            // A connection that broke has nobody to say goodbye to.
            if !matches!(&hindrance, Hindrance::Server(trouble) if !trouble.leaves_the_connection()) {
                session.leave().await;
            }
            self.beat.through(sleep_until(until)).await;
        }
    }

    /// Looks until something goes wrong.
    async fn look_on(&mut self, session: &mut Session) -> Hindrance {
        loop {
            let begun = Instant::now();
            self.work.standing.alive(self.index);
            self.beat.beat();
            let is_whole = match self.look(session).await {
                Ok(is_whole) => is_whole,
                Err(hindrance) => return hindrance,
            };
            self.failures = 0;
            self.work.standing.looked(self.index, self.memory.numbers, self.hindered());
            if is_whole && let Err(trouble) = self.wait(session, begun).await {
                return trouble.into();
            }
            // However fast a server says that there is news.
            sleep_until(begun + self.work.means.pace.between_looks).await;
        }
    }

    /// What cannot be done though mail is fetched.
    fn hindered(&self) -> Option<String> {
        let hindered = self.memory.tries.words().or_else(|| self.memory.after_trouble.clone())?;
        Some(format!("folder {}: {hindered}", self.name))
    }

    /// Waits for news from the server, or until it is time to look without.
    async fn wait(&self, session: &mut Session, begun: Instant) -> Result<(), super::trouble::Trouble> {
        let memory = &self.memory;
        let poll = begun + self.work.account.poll;
        let due = [memory.tries.due(), memory.after_due].into_iter().flatten().fold(poll, Instant::min);
        // What is due is looked for at the next look, which is never at once.
        let due = due.max(begun + self.work.means.pace.between_looks);
        match session.wait(due.saturating_duration_since(Instant::now())).await? {
            Woken::News | Woken::Nothing => Ok(()),
        }
    }

    /// Where the numbers of a validity belong.
    pub(super) fn place(&self, validity: u32) -> Place {
        Place { account: self.work.account.name.clone(), folder: self.name.clone(), validity }
    }
}
