//! `[log]`: what the daemon logs, and in what form.

use super::document::Node;
use super::table::Table;
use super::value::{self, Read};

/// `[log]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The form; `None` for the one that fits where standard error goes.
    pub format: Option<Format>,
    /// From which level on.
    pub level: Level,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line for people.
    Text,
    /// A line of JSON.
    Json,
    /// Fields in the journal of systemd.
    Journald,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What a person has to do something about.
    Error,
    /// What is not as it should be, too.
    Warn,
    /// What becomes of each mail, too.
    Info,
    /// What the parts do, too.
    Debug,
    /// Everything.
    Trace,
}

const FORMATS: [(&str, Format); 3] = [("text", Format::Text), ("json", Format::Json), ("journald", Format::Journald)];
const LEVELS: [(&str, Level); 5] =
    [("error", Level::Error), ("warn", Level::Warn), ("info", Level::Info), ("debug", Level::Debug), ("trace", Level::Trace)];

impl Level {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        LEVELS.iter().find(|(_, level)| *level == self).map_or("info", |(name, _)| *name)
    }
}

/// Reads `[log]`.
pub(super) fn log(table: &Table<'_>) -> Options {
    let options = Options {
        format: table.optional("format", |node| one_of(node, &FORMATS)),
        level: table.optional("level", |node| one_of(node, &LEVELS)).unwrap_or(Level::Info),
    };
    table.finish(&[]);
    options
}

fn one_of<T: Copy>(node: &Node, known: &[(&str, T)]) -> Read<T> {
    let text = value::text(node)?;
    let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    let names = || known.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("is `{text}`; it takes {}", names()))
}
