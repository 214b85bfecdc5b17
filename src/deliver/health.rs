//! Whether a host can be used: says so once when it goes and once when it is back, and how long to leave it alone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The first pause after a failure; it doubles.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest pause: a host that is back is noticed within it.
const LONGEST: Duration = Duration::from_secs(60);
/// For how long whoever tries a host again has it for itself: as long as opening a connection may take.
const PROBE: Duration = Duration::from_secs(90);
/// Mails in a row that a host wants none of, whatever they are, until it counts as one that cannot be used.
const STRIKES: u32 = 3;

/// A host as the last attempts saw it.
#[derive(Debug)]
pub(super) struct Health {
    /// What it is called in the log.
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    trouble: Option<Trouble>,
    strikes: u32,
}

#[derive(Debug)]
struct Trouble {
    since: Instant,
    failures: u32,
    until: Instant,
    /// Somebody is finding out whether it is back, and has it for itself until then.
    probing: bool,
}

impl Health {
    pub(super) fn new(name: String) -> Self {
        Self { name, state: Mutex::default() }
    }

    /// It answered for a mail.
    pub(super) fn reached(&self) {
        let mut state = self.state();
        state.strikes = 0;
        if let Some(trouble) = state.trouble.take() {
            tracing::info!(host = self.name, after_seconds = trouble.since.elapsed().as_secs(), "the host is back");
        }
    }

    /// It could not be reached, or will have nothing to do with us.
    pub(super) fn lost(&self, why: &str) {
        let now = Instant::now();
        let mut state = self.state();
        if state.trouble.is_none() {
            tracing::warn!(host = self.name, why, "the host cannot be used; it is tried again from time to time");
        }
        state.strikes = 0;
        let trouble = state.trouble.get_or_insert(Trouble { since: now, failures: 0, until: now, probing: false });
        // Connections that were tried together fail together: that is one failure.
        if now < trouble.until && !trouble.probing {
            return;
        }
        trouble.probing = false;
        trouble.until = now + (SHORTEST * 2_u32.pow(trouble.failures.min(6))).min(LONGEST);
        trouble.failures = trouble.failures.saturating_add(1);
    }

    /// It wanted no mail at all, or left before it was told which. Once may be chance.
    pub(super) fn strike(&self, why: &str) {
        let lost = {
            let mut state = self.state();
            state.strikes += 1;
            state.strikes >= STRIKES || state.trouble.is_some()
        };
        if lost {
            self.lost(why);
        }
    }

    /// Whether the last attempt to use it failed.
    pub(super) fn is_down(&self) -> bool {
        self.state().trouble.is_some()
    }

    /// How long to leave it alone from now; `None` when it may be tried.
    pub(super) fn hold_off(&self) -> Option<Duration> {
        let until = self.state().trouble.as_ref().map(|trouble| trouble.until)?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Whether it may be tried now. Of a host that is down, by one at a time; `forced` asks no questions.
    pub(super) fn may_try(&self, forced: bool) -> bool {
        let now = Instant::now();
        match &mut self.state().trouble {
            Some(trouble) if now < trouble.until && !forced => false,
            Some(trouble) => {
                (trouble.until, trouble.probing) = (now + PROBE, true);
                true
            }
            None => true,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
