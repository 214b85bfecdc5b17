//! What a running gateway says of itself to those who ask: over HTTP at `[http] listen`, and over its control socket.
//!
//! Promise: asking changes nothing and holds up no mail; an answer names no customer, and of a mail nothing but numbers. The store is asked
//! at most once in a few seconds, over a connection that only reads, and whoever asks waits for a few seconds at most.

pub mod control;
mod gauges;
pub mod http;
mod memory;
pub mod ready;
pub mod report;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::memory::Recent;
use self::ready::Check;
use self::report::Report;
use crate::observe::beat::{Beats, Pulse};
use crate::store::Store;

/// `[http]`, but for what mails link to. The defaults stand in `config/postdesk.toml`, each with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where monitors ask; nowhere when it is empty.
    pub listen: Vec<SocketAddr>,
    /// Age of the oldest mail without a decision from which on mail does not flow.
    pub pending_limit: Duration,
    /// For how long the oldest notice may be due before mail does not flow.
    pub due_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { listen: Vec::new(), pending_limit: Duration::from_secs(60), due_limit: Duration::from_secs(15 * 60) }
    }
}

/// What is looked at, and by which limits.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// The limits.
    pub options: Options,
    /// Where SMTP is listened for.
    pub doors: Vec<SocketAddr>,
}

/// What every question is answered from. Clones share it.
#[derive(Debug, Clone)]
pub struct Inspector {
    /// The parts that must not stand still.
    pub beats: Beats,
    /// The store that is worked on.
    pub store: Store,
    watched: Arc<Mutex<Watched>>,
    reported: Recent<Result<Arc<Report>, String>>,
    written: Recent<Result<(), String>>,
    greeted: Recent<Vec<Check>>,
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// By RFC 9110 section 15.
    pub status: u16,
    /// What the body is.
    pub content_type: &'static str,
    /// What is said.
    pub body: String,
}

impl Answer {
    /// An answer in plain text.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into() }
    }
}

impl Inspector {
    /// One that looks at these parts and this store, and at no listener before [`Inspector::watch`].
    pub fn new(beats: Beats, store: Store) -> Self {
        let (reported, written, greeted) = (Recent::default(), Recent::default(), Recent::default());
        Self { beats, store, watched: Arc::default(), reported, written, greeted }
    }

    /// Looks at these listeners from now on, by these limits.
    pub fn watch(&self, watched: Watched) {
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = watched;
    }

    fn watched(&self) -> Watched {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers a GET of this path.
    pub async fn answer(&self, path: &str) -> Answer {
        match path {
            "/metrics" => {
                Answer { content_type: "text/plain; version=0.0.4; charset=utf-8", ..Answer::text(200, self.metrics().await) }
            }
            "/healthz" => self.alive(),
            "/readyz" => self.ready().await,
            "/status" => self.status().await,
            _ => Answer::text(404, "there is nothing here: /metrics, /healthz, /readyz, /status\n"),
        }
    }

    /// Whether every part gets on.
    fn alive(&self) -> Answer {
        let overdue = self.beats.overdue();
        if overdue.is_empty() {
            return Answer::text(200, "alive\n");
        }
        let line = |pulse: &Pulse| {
            format!("{} has stood still for {} s (limit {} s)\n", pulse.name, pulse.age.as_secs(), pulse.limit.as_secs())
        };
        Answer::text(503, overdue.iter().map(line).collect::<String>())
    }

    /// The report of the last moments, or a new one; else why there is none.
    async fn recent_report(&self) -> Result<Arc<Report>, String> {
        let inspector = self.clone();
        let report = async move { inspector.report().await.map(Arc::new).map_err(|fault| fault.to_string()) };
        self.reported.get(report).await.unwrap_or_else(|| Err("the store does not answer in time".to_owned()))
    }
}
