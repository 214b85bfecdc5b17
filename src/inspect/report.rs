//! How a gateway and its store are, in one value: what `/status` gives as JSON, what `postdesk status` shows, what `/metrics` takes its gauges
//! from.
//!
//! Promise: it is cheap enough to be asked for every few seconds on a desk of a million tickets, changes nothing, and names no customer.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Answer, Inspector};
use crate::model::account::{AccountRow, Standing};
use crate::model::time::Time;
use crate::observe::beat::{Beats, Pulse};
use crate::observe::life;
use crate::store::report::health::{Lately, Neighbour, Queues, Room, Tickets, Waiting};
use crate::store::{Fault, Store};

/// Mail that is not decided for so long is stuck: the worker hangs, or something that it needs is away.
pub const PENDING_LIMIT: Duration = Duration::from_secs(5 * 60);
/// A notice that nobody has begun to send for so long is stuck. One that was tried and refused is `deferred`, and waits rightly.
pub const DUE_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How a gateway and its store are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When it was made.
    pub at: Time,
    /// The gateway that made it; `None` when the store was looked at without one.
    pub process: Option<Process>,
    /// What waits.
    pub queues: Queues,
    /// Tickets that are not closed.
    pub tickets: Tickets,
    /// What was done in the last hour.
    pub hour: Lately,
    /// What was done in the last day.
    pub day: Lately,
    /// Mailboxes that mail is fetched from, as last reported by whichever gateway looks after them.
    pub accounts: Vec<Account>,
    /// The gateways of the store that are alive.
    pub gateways: Vec<Neighbour>,
    /// Where the store is and which room it has.
    pub room: Room,
}

/// A running gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its version.
    pub version: String,
    /// Its number among the processes of its machine.
    pub pid: u32,
    /// When it began.
    pub started_at: Time,
    /// The parts that must not stand still.
    pub parts: Vec<Part>,
    /// How its configuration was last taken over; `None` when it still has the one that it began with.
    pub reload: Option<Reload>,
}

/// A part of a gateway, by its last sign of progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is called: `worker`, `sender`, `imap:NAME`.
    pub name: String,
    /// Seconds since its last sign.
    pub seconds: u64,
    /// Seconds from which it counts as standing still.
    pub limit: u64,
}

/// A reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reload {
    /// When.
    pub at: Time,
    /// Whether the new configuration was taken over.
    pub taken: bool,
    /// What was taken over, or why nothing was.
    pub words: String,
}

/// A mailbox that mail is fetched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// How it is: well, partly, connecting, waiting, alarm, stale.
    pub standing: String,
    /// Whether a person should look at once.
    pub needs_attention: bool,
    /// When it was last well.
    pub last_success_at: Option<Time>,
    /// Since when it was not.
    pub failing_since: Option<Time>,
    /// What went wrong last, also when it is well since.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_attempt_at: Option<Time>,
    /// Mails on the server that are not ours yet, as far as is known.
    pub behind: Option<i64>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hindrance {
    /// What it is about; one of `part`, `room`, `pending`, `due`, `account`.
    pub about: String,
    /// Whether mail does not flow through this gateway because of it. An account that fails stops only its own mail, and another gateway
    /// in its place would do no better.
    pub stops: bool,
    /// What it is, for a person.
    pub words: String,
}

impl fmt::Display for Hindrance {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.words)
    }
}

impl Inspector {
    /// How this gateway and its store are.
    ///
    /// # Errors
    /// When the store is away or refuses the questions.
    pub async fn report(&self) -> Result<Report, Fault> {
        let report = Report::of_store(&self.store, Time::from(SystemTime::now())).await?;
        Ok(Report { process: Some(Process::this(&self.beats)), ..report })
    }

    /// The report as JSON.
    pub(super) async fn status(&self) -> Answer {
        let report = match self.report().await {
            Ok(report) => report,
            Err(fault) => return Answer::text(503, format!("{fault}\n")),
        };
        match serde_json::to_string(&report) {
            Ok(body) => Answer { content_type: "application/json", ..Answer::text(200, body + "\n") },
            Err(error) => Answer::text(500, format!("the report cannot be written: {error}\n")),
        }
    }
}

impl Report {
    /// What the store alone tells.
    ///
    /// # Errors
    /// When the store is away or refuses the questions.
    pub async fn of_store(store: &Store, now: Time) -> Result<Self, Fault> {
        let since = [Duration::from_secs(3_600), Duration::from_secs(86_400)].map(|span| now.minus(span));
        let [hour, day] = store.lately(since).await?;
        let accounts = store.accounts().await?;
        Ok(Self {
            at: now,
            process: None,
            queues: store.queues(now).await?,
            tickets: store.open_tickets(now).await?,
            hour,
            day,
            accounts: accounts.iter().map(|row| Account::of(row, now)).collect(),
            gateways: store.neighbours().await?,
            room: store.room().await?,
        })
    }

    /// Everything that is not as it should be, what stops mail first.
    pub fn hindrances(&self) -> Vec<Hindrance> {
        let parts = self.process.iter().flat_map(|process| &process.parts).filter(|part| part.seconds > part.limit);
        let mut found: Vec<Hindrance> = parts
            .map(|part| {
                let Part { name, seconds, limit } = part;
                stopping(
                    "part",
                    format!("{name} has stood still for {seconds} s (limit {limit} s); a restart helps, the log says more"),
                )
            })
            .collect();
        if self.room.is_short() {
            let words =
                "no mail is taken: less room is free than `[store] min_free_space` asks for; make room on its file system";
            found.push(stopping("room", words.to_owned()));
        }
        let pending = "mails are not decided yet, the oldest of them for";
        found.extend(self.too_old("pending", &self.queues.pending, PENDING_LIMIT, pending));
        let due = "notices are due and nobody sends them, the oldest of them for";
        found.extend(self.too_old("due", &self.queues.due, DUE_LIMIT, due));
        found.extend(self.accounts.iter().filter(|account| account.needs_attention).map(|account| Hindrance {
            about: "account".to_owned(),
            stops: false,
            words: format!("no mail comes from the account {} ({}); see `postdesk imap status`", account.name, account.standing),
        }));
        found
    }

    fn too_old(&self, about: &str, waiting: &Waiting, limit: Duration, words: &str) -> Option<Hindrance> {
        let since = waiting.since.filter(|since| *since < self.at.minus(limit))?;
        let seconds = self.at.seconds_since(since);
        Some(stopping(about, format!("{} {words} {seconds} s (limit {} s)", waiting.count, limit.as_secs())))
    }
}

fn stopping(about: &str, words: String) -> Hindrance {
    Hindrance { about: about.to_owned(), stops: true, words }
}

impl Process {
    /// The process that we are.
    fn this(beats: &Beats) -> Self {
        let reload = life::last_reload();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_at: Time::from(life::began()),
            parts: beats.pulses().into_iter().map(Part::of).collect(),
            reload: reload.map(|reload| Reload { at: Time::from(reload.at), taken: reload.taken, words: reload.words }),
        }
    }
}

impl Part {
    fn of(pulse: Pulse) -> Self {
        Self { name: pulse.name, seconds: pulse.age.as_secs(), limit: pulse.limit.as_secs() }
    }
}

impl Account {
    fn of(row: &AccountRow, now: Time) -> Self {
        let standing = Standing::of(Some(row), now);
        Self {
            name: row.name.clone(),
            standing: standing.name().to_owned(),
            needs_attention: standing.needs_a_person(),
            last_success_at: row.last_success_at,
            failing_since: row.failing_since,
            last_error: row.last_error.clone(),
            next_attempt_at: row.next_attempt_at,
            behind: row.behind,
        }
    }
}
