//! The tasks of an account: one connection for each folder, so that each announces its mail at once and none waits for another.
//!
//! A panic ends the task of one folder, and it begins anew after a pause. Logging in is done by one folder at a time, and what makes it fail
//! holds up all of them: a provider is not asked once more for each folder.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::folder::Folder;
use super::hindrance::{Class, Hindrance, words_of};
use super::pace::Pace;
use super::session::Session;
use super::standing::Standing;
use super::{Account, Kind, Trouble, chance};
use crate::accept::custody::Custody;
use crate::model::account::{AccountReport, AccountRow};
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::observe::beat::{Beat, Beats};
use crate::store::Store;
use crate::web::Trust;

/// Memory for messages on their way, over all accounts, in KiB.
const ROOM: u32 = 64 * 1024;
/// A folder that gives no sign of life for so long beyond its poll hangs: no exchange with a server may take that long.
pub(super) const HANGS_AFTER: Duration = Duration::from_secs(15 * 60);

/// What all accounts work with.
#[derive(Debug)]
pub(super) struct Means {
    pub(super) desk: Arc<Desk>,
    pub(super) store: Store,
    pub(super) custody: Custody,
    pub(super) pace: Pace,
    pub(super) beats: Beats,
    room: Semaphore,
}

impl Means {
    pub(super) fn new(desk: Arc<Desk>, store: Store, custody: Custody, pace: Pace, beats: Beats) -> Self {
        Self { desk, store, custody, pace, beats, room: Semaphore::new(ROOM as usize) }
    }

    /// Waits until there is memory for so many octets. More than there is for all counts as all.
    pub(super) async fn room(&self, octets: u64) -> Option<SemaphorePermit<'_>> {
        let share = u32::try_from(octets.div_ceil(1_024)).unwrap_or(ROOM).clamp(1, ROOM);
        // Nobody closes it.
        self.room.acquire_many(share).await.ok()
    }
}

/// An account at work.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) account: Account,
    pub(super) means: Arc<Means>,
    pub(super) standing: Standing,
    gate: Mutex<Gate>,
}

/// Who may log in, and when.
#[derive(Debug, Default)]
struct Gate {
    failures: u32,
    closed_until: Option<Instant>,
}

impl Work {
    pub(super) fn new(account: Account, means: Arc<Means>) -> Self {
        let standing = Standing::new(&account.name, account.folders.len(), account.poll.saturating_add(HANGS_AFTER));
        Self { account, means, standing, gate: Mutex::default() }
    }

    /// Logs in, as often as it takes.
    pub(super) async fn session(&self, folder: usize) -> Session {
        loop {
            let mut gate = self.gate.lock().await;
            if let Some(until) = gate.closed_until.filter(|until| *until > Instant::now()) {
                drop(gate);
                sleep_until(until).await;
                continue;
            }
            self.standing.alive(folder);
            let hindrance = match self.open().await {
                Ok(session) => {
                    *gate = Gate::default();
                    return session;
                }
                Err(trouble) => Hindrance::Server(trouble),
            };
            gate.failures = gate.failures.saturating_add(1);
            let until = Instant::now() + self.means.pace.pause(hindrance.class(), gate.failures, chance());
            gate.closed_until = Some(until);
            for folder in 0..self.account.folders.len() {
                self.standing.failed(folder, hindrance.kind(), hindrance.to_string(), until);
            }
        }
    }

    /// The authorities are read anew each time: whoever puts a new file there needs no restart.
    async fn open(&self) -> Result<Session, Trouble> {
        let ca_file = self.account.ca_file.clone();
        let trust = tokio::task::spawn_blocking(move || Trust::new(ca_file.as_deref())).await;
        let trust = trust.unwrap_or_else(|error| Err(words_of(error))).map_err(|why| Trouble::new(Kind::Tls, why))?;
        Session::open_with(&self.account, &trust, self.means.pace.patience).await
    }

    /// Works as long as it is our duty; asks for it again and again. Never ends by itself.
    pub(super) async fn run(self: Arc<Self>) {
        let duty = format!("imap:{}", self.account.name);
        // That the folders get on is told by each for itself.
        let beat = self.means.beats.part(duty.clone(), HANGS_AFTER);
        loop {
            beat.beat();
            if self.has_duty(&duty, false).await {
                tracing::debug!(account = self.account.name, "this gateway fetches its mail");
                let mut folders = JoinSet::new();
                for (index, name) in self.account.folders.iter().enumerate() {
                    folders.spawn(kept_up(Arc::clone(&self), index, name.clone()));
                }
                self.report_while_it_is_ours(&duty, &beat).await;
                folders.shutdown().await;
            }
            sleep(self.means.pace.duty).await;
        }
    }

    /// Whether the account is ours. A store that is away does not tell, and then it is as it was: nothing depends on it being right.
    async fn has_duty(&self, duty: &str, before: bool) -> bool {
        match self.means.store.has_duty(duty).await {
            Ok(ours) => ours,
            Err(fault) => {
                tracing::debug!(account = self.account.name, %fault, "a duty could not be asked for");
                before
            }
        }
    }

    async fn report_while_it_is_ours(&self, duty: &str, beat: &Beat) {
        let mut alarm = false;
        let mut asked = Instant::now();
        loop {
            if let Some(report) = self.standing.report(self.means.pace.report, Instant::now()) {
                alarm = self.note(report, alarm).await;
            }
            sleep(self.means.pace.tick).await;
            beat.beat();
            if asked.elapsed() >= self.means.pace.duty {
                asked = Instant::now();
                if !self.has_duty(duty, true).await {
                    return;
                }
            }
        }
    }

    /// Writes a report; whether the account is an alarm, which is said once.
    async fn note(&self, report: AccountReport, alarm: bool) -> bool {
        match self.means.store.report_account(&report).await {
            Ok(row) => self.tell_of_alarm(&row, alarm),
            Err(fault) => {
                tracing::debug!(account = self.account.name, %fault, "how the account is could not be noted");
                self.standing.unreported(report);
                alarm
            }
        }
    }

    fn tell_of_alarm(&self, row: &AccountRow, alarm: bool) -> bool {
        let account = &self.account.name;
        let since = row.alarm_since(Time::from(SystemTime::now()));
        match since {
            Some(since) if !alarm => {
                let (since, error) = (since.rfc3339(), row.last_error.as_deref().unwrap_or("none"));
                tracing::error!(
                    account,
                    since,
                    error,
                    "no mail could be fetched for a quarter of an hour or longer; please look at it"
                );
            }
            None if alarm => tracing::info!(account, "mail is fetched again"),
            _ => {}
        }
        since.is_some()
    }
}

/// Keeps the task of a folder up: when it panics, it begins anew, with nothing remembered.
async fn kept_up(work: Arc<Work>, index: usize, name: String) {
    let mut failures = 0_u32;
    loop {
        let mut task = JoinSet::new();
        task.spawn(Folder::new(Arc::clone(&work), index, name.clone()).tend());
        let begun = Instant::now();
        let ended = task.join_next().await;
        let what = match ended {
            Some(Err(error)) => words_of(error),
            _ => "its task ended".to_owned(),
        };
        // After it was well for long, this is the first failure.
        failures = if begun.elapsed() > work.means.pace.longest { 1 } else { failures.saturating_add(1) };
        let until = Instant::now() + work.means.pace.pause(Class::Theirs, failures, chance());
        let hindrance = Hindrance::Panic(what);
        work.standing.failed(index, hindrance.kind(), format!("folder {name}: {hindrance}"), until);
        sleep_until(until).await;
    }
}
