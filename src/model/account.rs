//! How an account is doing from which mail is fetched: what is reported of it, and what that means by now.
//!
//! What it means is computed from times when somebody asks, so that it is right also when the gateway that reported them is dead.

use std::time::Duration;

use super::time::Time;

/// Without success for so long, an account is an alarm. Providers are away for minutes now and then; a quarter of an hour is somebody's work.
pub const ALARM_AFTER: Duration = Duration::from_secs(15 * 60);
/// An account that nothing was reported of for so long is looked after by nobody. Reports come every minute.
pub const STALE_AFTER: Duration = Duration::from_secs(5 * 60);
/// Octets of an error that are kept: the server's words are foreign, and long ones are cut.
const LONGEST_ERROR: usize = 500;

/// How an account is, as whoever looks after it reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The server is being connected to, or was and has not been looked through yet.
    Connecting,
    /// All of its folders have just been looked through. A success.
    Well,
    /// The same, but something cannot be done: one mail cannot be read, or none be flagged, moved or deleted. Mail is taken. A success.
    Partly,
    /// It failed; there is to be another attempt.
    Waiting,
}

impl State {
    /// Every state.
    const ALL: [Self; 4] = [State::Connecting, State::Well, State::Partly, State::Waiting];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            State::Connecting => "connecting",
            State::Well => "well",
            State::Partly => "partly",
            State::Waiting => "waiting",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether mail could be fetched.
    pub fn is_success(self) -> bool {
        matches!(self, State::Well | State::Partly)
    }
}

/// What whoever looks after an account reports: when its state changes, and every minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReport {
    /// Name of the account.
    pub name: String,
    /// How it is.
    pub state: State,
    /// What has just gone wrong, in words for an operator. `None` leaves the last error as it was.
    pub error: Option<String>,
    /// When it is tried again. `None`: it is being worked on.
    pub next_attempt_at: Option<Time>,
    /// Mails on the server that are not ours yet. `None` when it is not known, which leaves the last number, here and below.
    pub behind: Option<i64>,
    /// Mails that are ours and still to be flagged, moved or deleted there.
    pub undone: Option<i64>,
    /// Mails that stay there because they are larger than we take.
    pub left_there: Option<i64>,
    /// Now.
    pub at: Time,
}

impl AccountReport {
    /// A report of nothing but the state.
    pub fn new(name: &str, state: State, at: Time) -> Self {
        let (behind, undone, left_there) = (None, None, None);
        Self { name: name.to_owned(), state, error: None, next_attempt_at: None, behind, undone, left_there, at }
    }

    /// The error as it is kept: on one line, without control characters, not longer than 500 octets.
    pub fn error_kept(&self) -> Option<String> {
        let error = self.error.as_deref()?;
        let mut kept: String = error.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        kept.truncate(kept.floor_char_boundary(LONGEST_ERROR));
        Some(kept)
    }
}

/// What is known of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its name.
    pub name: String,
    /// What was reported last.
    pub state: State,
    /// When it was last well, whoever looked after it then.
    pub last_success_at: Option<Time>,
    /// Since when there was no success; `None` while it is well. It outlives a restart.
    pub failing_since: Option<Time>,
    /// What went wrong last, also when it is well since.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Time>,
    /// When it is tried again; `None` while it is worked on.
    pub next_attempt_at: Option<Time>,
    /// Mails on the server that are not ours yet, here and below as far as is known.
    pub behind: Option<i64>,
    /// Mails that are ours and still to be flagged, moved or deleted there.
    pub undone: Option<i64>,
    /// Mails that stay there because they are larger than we take.
    pub left_there: Option<i64>,
    /// When it was last reported of.
    pub updated_at: Time,
}

impl AccountRow {
    /// Since when there has been no success, when that is long enough for an alarm.
    pub fn alarm_since(&self, now: Time) -> Option<Time> {
        self.failing_since.filter(|since| *since <= now.minus(ALARM_AFTER))
    }
}

/// What the reports of an account mean by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It works.
    Well,
    /// Mail is taken, and something else cannot be done.
    Partly,
    /// The server is being connected to.
    Connecting,
    /// It failed lately, and is tried again.
    Waiting,
    /// Without success for a quarter of an hour.
    Alarm,
    /// Nobody looks after it: no gateway runs, or it hangs.
    Stale,
    /// Nothing was ever reported of it.
    Never,
}

impl Standing {
    /// What these reports mean at `now`.
    pub fn of(row: Option<&AccountRow>, now: Time) -> Self {
        let Some(row) = row else { return Standing::Never };
        if row.updated_at <= now.minus(STALE_AFTER) {
            return Standing::Stale;
        }
        if row.alarm_since(now).is_some() {
            return Standing::Alarm;
        }
        match row.state {
            State::Well => Standing::Well,
            State::Partly => Standing::Partly,
            State::Connecting => Standing::Connecting,
            State::Waiting => Standing::Waiting,
        }
    }

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Well => "well",
            Standing::Partly => "partly",
            Standing::Connecting => "connecting",
            Standing::Waiting => "waiting",
            Standing::Alarm => "alarm",
            Standing::Stale => "stale",
            Standing::Never => "never",
        }
    }

    /// Whether a person should look at once: mail may be waiting that nobody fetches.
    pub fn needs_a_person(self) -> bool {
        matches!(self, Standing::Alarm | Standing::Stale | Standing::Never)
    }
}
