//! How the folders of an account are, and what is reported of them together.
//!
//! It says what was last seen, never what is hoped: an account is well when each of its folders was looked through to the end and nothing
//! has gone wrong since. What goes wrong is told in the log once, and not at each attempt.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::model::account::{AccountReport, State};
use crate::model::time::Time;

/// How a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It has not been looked through since its server was connected to.
    Connecting,
    /// It was looked through.
    Well,
    /// The same, and something cannot be done.
    Partly,
    /// It is left alone until then.
    Waiting(Instant),
}

/// How many mails of a folder are where they should not stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// On the server and not ours yet.
    pub(super) behind: usize,
    /// Ours, and still to be flagged, moved or deleted.
    pub(super) undone: usize,
    /// Left there for their size.
    pub(super) left: usize,
}

#[derive(Debug, Clone)]
struct Folder {
    condition: Condition,
    numbers: Option<Numbers>,
    /// What is wrong at present, so that it is told once.
    error: Option<String>,
    /// When it last gave a sign of life.
    alive: Instant,
}

/// The folders of an account.
#[derive(Debug)]
pub(super) struct Standing {
    account: String,
    /// A folder that gave no sign of life for so long hangs.
    hangs_after: Duration,
    state: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    folders: Vec<Folder>,
    /// What has gone wrong since the last report.
    news: Option<String>,
    reported: Option<(Instant, State, Option<Instant>, Option<Numbers>)>,
}

impl Standing {
    pub(super) fn new(account: &str, folders: usize, hangs_after: Duration) -> Self {
        let folder = Folder { condition: Condition::Connecting, numbers: None, error: None, alive: Instant::now() };
        let inner = Inner { folders: vec![folder; folders], news: None, reported: None };
        Self { account: account.to_owned(), hangs_after, state: Mutex::new(inner) }
    }

    /// The folder is being connected to, or worked on; nothing else has changed.
    pub(super) fn alive(&self, folder: usize) {
        self.with(folder, |folder| {
            folder.alive = Instant::now();
            if matches!(folder.condition, Condition::Waiting(_)) {
                folder.condition = Condition::Connecting;
            }
        });
    }

    /// So many mails are where they should not stay, while the folder is still being looked through.
    pub(super) fn count(&self, folder: usize, numbers: Numbers) {
        self.with(folder, |folder| (folder.alive, folder.numbers) = (Instant::now(), Some(numbers)));
    }

    /// The folder was looked through. `hindered`: in words, what could not be done all the same.
    pub(super) fn looked(&self, folder: usize, numbers: Numbers, hindered: Option<String>) {
        let mut inner = self.inner();
        let Some(state) = inner.folders.get_mut(folder) else { return };
        state.condition = if hindered.is_some() { Condition::Partly } else { Condition::Well };
        (state.alive, state.numbers) = (Instant::now(), Some(numbers));
        let said = (state.error.as_deref().map(gist), hindered.as_deref().map(gist));
        state.error.clone_from(&hindered);
        if said.0 == said.1 {
            return;
        }
        match &hindered {
            Some(what) => tracing::warn!(account = self.account, what, "mail is fetched, but not all can be done"),
            None => tracing::info!(account = self.account, folder, "all is well again"),
        }
        inner.news = hindered.or(inner.news.take());
    }

    /// The folder failed, and is left alone until then.
    pub(super) fn failed(&self, folder: usize, kind: &'static str, what: String, until: Instant) {
        let mut inner = self.inner();
        let Some(state) = inner.folders.get_mut(folder) else { return };
        (state.condition, state.alive) = (Condition::Waiting(until), Instant::now());
        let others = inner.folders.iter().any(|folder| folder.error.as_deref().map(gist).as_ref() == Some(&gist(&what)));
        if !others {
            tracing::warn!(
                account = self.account,
                kind,
                what,
                "mail cannot be fetched; it stays where it is, and is tried again"
            );
        }
        if let Some(state) = inner.folders.get_mut(folder) {
            state.error = Some(what.clone());
        }
        inner.news = Some(what);
    }

    /// The report, when it says something new or the last one is so old.
    pub(super) fn report(&self, every: Duration, now: Instant) -> Option<AccountReport> {
        let mut inner = self.inner();
        let (state, next) = (self.state(&inner, now), inner.next());
        let numbers = inner.numbers();
        let is_due = match inner.reported {
            None => true,
            Some((at, ..)) if now.saturating_duration_since(at) >= every => true,
            Some((_, state_then, next_then, numbers_then)) => {
                (state_then, next_then, numbers_then) != (state, next, numbers) || inner.news.is_some()
            }
        };
        if !is_due {
            return None;
        }
        inner.reported = Some((now, state, next, numbers));
        let at = Time::from(SystemTime::now());
        let count = |number: fn(&Numbers) -> usize| numbers.as_ref().map(number).and_then(|number| i64::try_from(number).ok());
        Some(AccountReport {
            error: inner.news.take(),
            next_attempt_at: next.map(|next| at.plus(next.saturating_duration_since(now))),
            behind: count(|numbers| numbers.behind),
            undone: count(|numbers| numbers.undone),
            left_there: count(|numbers| numbers.left),
            ..AccountReport::new(&self.account, state, at)
        })
    }

    /// A report could not be written: what it said is said again.
    pub(super) fn unreported(&self, report: AccountReport) {
        let mut inner = self.inner();
        inner.reported = None;
        inner.news = inner.news.take().or(report.error);
    }

    fn state(&self, inner: &Inner, now: Instant) -> State {
        let hangs = |folder: &Folder| match folder.condition {
            Condition::Waiting(until) => now.saturating_duration_since(until) > self.hangs_after,
            _ => now.saturating_duration_since(folder.alive) > self.hangs_after,
        };
        let any = |wanted: fn(Condition) -> bool| inner.folders.iter().any(|folder| wanted(folder.condition));
        if any(|condition| matches!(condition, Condition::Waiting(_))) {
            State::Waiting
        } else if any(|condition| condition == Condition::Connecting) || inner.folders.iter().any(hangs) {
            State::Connecting
        } else if any(|condition| condition == Condition::Partly) {
            State::Partly
        } else {
            State::Well
        }
    }

    fn with(&self, folder: usize, change: impl FnOnce(&mut Folder)) {
        if let Some(folder) = self.inner().folders.get_mut(folder) {
            change(folder);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error without its numbers: servers add times and counts to what they say, and it is the same all the same.
fn gist(error: &str) -> String {
    error.chars().filter(|character| !character.is_ascii_digit()).collect()
}

impl Inner {
    fn next(&self) -> Option<Instant> {
        let until = |folder: &Folder| match folder.condition {
            Condition::Waiting(until) => Some(until),
            _ => None,
        };
        self.folders.iter().filter_map(until).min()
    }

    /// Of all folders together, when each is known.
    fn numbers(&self) -> Option<Numbers> {
        self.folders.iter().try_fold(Numbers::default(), |sum, folder| {
            let numbers = folder.numbers?;
            Some(Numbers {
                behind: sum.behind + numbers.behind,
                undone: sum.undone + numbers.undone,
                left: sum.left + numbers.left,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(60);

    fn state(standing: &Standing) -> Option<(State, Option<String>, Option<i64>)> {
        standing.report(EVERY, Instant::now()).map(|report| (report.state, report.error, report.behind))
    }

    #[test]
    fn an_account_is_well_when_each_of_its_folders_is_and_an_error_is_reported_once() {
        let standing = Standing::new("box", 2, EVERY * 3);
        let numbers = |behind| Numbers { behind, ..Numbers::default() };
        assert_eq!(state(&standing), Some((State::Connecting, None, None)));
        standing.looked(0, numbers(2), None);
        assert_eq!(state(&standing), None, "the other folder is not known yet");
        standing.failed(1, "no-such-folder", "folder Sales: it is not there".to_owned(), Instant::now() + EVERY);
        assert_eq!(state(&standing), Some((State::Waiting, Some("folder Sales: it is not there".to_owned()), None)));
        assert_eq!(state(&standing), None);
        standing.alive(1);
        assert_eq!(state(&standing), Some((State::Connecting, None, None)));
        standing.looked(1, numbers(1), Some("folder Sales: it is read-only".to_owned()));
        assert_eq!(state(&standing), Some((State::Partly, Some("folder Sales: it is read-only".to_owned()), Some(3))));
        standing.looked(1, numbers(0), None);
        assert_eq!(state(&standing), Some((State::Well, None, Some(2))));
    }

    #[test]
    fn a_report_comes_every_minute_and_of_a_task_that_hangs_it_is_no_success() {
        let standing = Standing::new("box", 1, EVERY * 3);
        standing.looked(0, Numbers::default(), None);
        let at = |minutes| standing.report(EVERY, Instant::now() + EVERY * minutes).map(|report| report.state);
        assert_eq!((at(0), at(0), at(1)), (Some(State::Well), None, Some(State::Well)));
        assert_eq!(at(4), Some(State::Connecting));
        standing.alive(0);
        assert_eq!(at(2), Some(State::Well));
    }

    #[test]
    fn what_a_server_says_with_other_numbers_is_nothing_new() {
        let standing = Standing::new("box", 1, EVERY);
        let hindered = |what: &str| standing.looked(0, Numbers::default(), Some(what.to_owned()));
        hindered("NO permission denied (0.005 + 0.000 secs)");
        assert!(state(&standing).unwrap().1.is_some());
        hindered("NO permission denied (0.017 + 0.001 secs)");
        assert_eq!(state(&standing), None);
        hindered("NO over quota (0.017 + 0.001 secs)");
        assert!(state(&standing).unwrap().1.is_some());
    }

    #[test]
    fn a_report_that_was_not_written_is_made_again() {
        let standing = Standing::new("box", 1, EVERY);
        standing.failed(0, "login", "wrong".to_owned(), Instant::now());
        let report = standing.report(EVERY, Instant::now()).unwrap();
        standing.unreported(report);
        assert_eq!(state(&standing).unwrap().1.as_deref(), Some("wrong"));
    }
}
