//! Whether the relay can be reached: says so once when it goes and once when it is back, and how long to leave it alone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The first pause after a failure; it doubles.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest pause: a relay that is back is noticed within it.
const LONGEST: Duration = Duration::from_secs(60);

/// The state of the relay as the last attempts saw it.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<Trouble>>);

#[derive(Debug)]
struct Trouble {
    since: Instant,
    failures: u32,
    until: Instant,
}

impl Health {
    /// The relay was reached.
    pub(super) fn reached(&self) {
        if let Some(trouble) = self.state().take() {
            tracing::info!(after_seconds = trouble.since.elapsed().as_secs(), "the relay is back");
        }
    }

    /// The relay could not be reached.
    pub(super) fn lost(&self, why: &str) {
        let now = Instant::now();
        let mut state = self.state();
        if state.is_none() {
            tracing::warn!(why, "the relay cannot be reached; notices wait");
        }
        let trouble = state.get_or_insert(Trouble { since: now, failures: 0, until: now });
        trouble.until = now + (SHORTEST * 2_u32.pow(trouble.failures.min(6))).min(LONGEST);
        trouble.failures = trouble.failures.saturating_add(1);
    }

    /// Whether the last attempt to reach it failed.
    pub(super) fn is_down(&self) -> bool {
        self.state().is_some()
    }

    /// How long to leave it alone from now; `None` when it may be tried.
    pub(super) fn hold_off(&self) -> Option<Duration> {
        let until = self.state().as_ref().map(|trouble| trouble.until)?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn state(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
