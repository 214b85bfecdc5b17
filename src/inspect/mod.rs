//! What a running gateway says of itself to those who ask: over HTTP at `[http] listen`, and over its control socket.
//!
//! Promise: asking changes nothing and holds up no mail; an answer names no customer, and of a mail nothing but numbers.

pub mod control;

use crate::observe::beat::Beats;
use crate::observe::numbers;
use crate::store::Store;

/// What every question is answered from. Clones share it.
#[derive(Debug, Clone)]
pub struct Inspector {
    /// The parts that must not stand still.
    pub beats: Beats,
    /// The store that is worked on.
    pub store: Store,
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
    /// Answers a GET of this path.
    pub async fn answer(&self, path: &str) -> Answer {
        match path {
            "/metrics" => {
                Answer { content_type: "text/plain; version=0.0.4; charset=utf-8", ..Answer::text(200, numbers::text()) }
            }
            "/healthz" => self.alive(),
            _ => Answer::text(404, "there is nothing here: /metrics, /healthz\n"),
        }
    }

    /// Whether every part gets on.
    fn alive(&self) -> Answer {
        let overdue = self.beats.overdue();
        if overdue.is_empty() {
            return Answer::text(200, "alive\n");
        }
        let line = |pulse: &crate::observe::beat::Pulse| {
            format!("{} has stood still for {} s (limit {} s)\n", pulse.name, pulse.age.as_secs(), pulse.limit.as_secs())
        };
        Answer::text(503, overdue.iter().map(line).collect::<String>())
    }
}
