//! What a process remembers of its own life: when it began, and how its configuration was last taken over.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

static BEGAN: OnceLock<SystemTime> = OnceLock::new();
static RELOADED: Mutex<Option<Reload>> = Mutex::new(None);

/// How a configuration was taken over while the gateway ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// When.
    pub at: SystemTime,
    /// Whether it was; the old one is kept otherwise.
    pub taken: bool,
    /// What was taken over, or why nothing was, in words.
    pub words: String,
}

/// When the gateway began: the time of the first call.
pub fn began() -> SystemTime {
    *BEGAN.get_or_init(SystemTime::now)
}

/// Remembers the last reload.
pub fn reloaded(reload: Reload) {
    *RELOADED.lock().unwrap_or_else(PoisonError::into_inner) = Some(reload);
}

/// The last reload; `None` when there has been none.
pub fn last_reload() -> Option<Reload> {
    RELOADED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
