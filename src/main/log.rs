//! Where the log goes, and in what form: fields in the journal of systemd, lines of JSON, or text for people.
//!
//! It begins before the configuration is read, so that nothing goes unseen; what the configuration says is followed from then on. Standard
//! output holds nothing but answers. A journal that is not there is no reason not to start: then it is text.

use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;

use postdesk::settings::log::{Format, Level, Options};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type Form = Box<dyn Layer<Filtered> + Send + Sync>;

/// What begins the name of each field in the journal: `POSTDESK_ARRIVAL=17`.
const PREFIX: &str = "POSTDESK";

/// The log, for whoever changes it.
pub(crate) struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
    form: reload::Handle<Form, Filtered>,
}

/// Begins the log, from this level on. `RUST_LOG` goes before it.
pub(crate) fn begin(level: Level) -> Log {
    let (filter, change_filter) = reload::Layer::new(from(level));
    let (form, change_form) = reload::Layer::new(form(usual()).0);
    tracing_subscriber::registry().with(filter).with(form).init();
    Log { filter: change_filter, form: change_form }
}

impl Log {
    /// Follows the configuration.
    pub(crate) fn follow(&self, options: &Options) {
        let (form, fault) = form(options.format.unwrap_or_else(usual));
        // Both fail only when nobody logs any more.
        let _ = self.filter.reload(from(options.level));
        let _ = self.form.reload(form);
        if let Some(error) = fault {
            tracing::warn!(%error, "the journal does not answer (`[log] format`); the log is text");
        }
    }
}

/// What is logged. Beyond info only what is ours: others would write what they are given, and that is mail.
fn from(level: Level) -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| match level {
        Level::Debug | Level::Trace => EnvFilter::new(format!("info,postdesk={}", level.name())),
        level => EnvFilter::new(level.name()),
    })
}

/// The form where nobody has said which: started by systemd, the journal.
fn usual() -> Format {
    if is_journal() { Format::Journald } else { Format::Text }
}

/// Whether standard error is what systemd says is connected to the journal (systemd.exec(5), `JOURNAL_STREAM`).
fn is_journal() -> bool {
    let Some(stream) = std::env::var("JOURNAL_STREAM").ok() else { return false };
    let there = std::fs::metadata("/proc/self/fd/2").map(|file| format!("{}:{}", file.dev(), file.ino()));
    there.is_ok_and(|there| there == stream)
}

/// What writes in this form; and why the journal does not, should it have been asked for.
fn form(format: Format) -> (Form, Option<io::Error>) {
    match format {
        Format::Text => (text(), None),
        Format::Json => {
            let lines =
                tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
            (lines.with_target(false).with_writer(io::stderr).boxed(), None)
        }
        Format::Journald => match tracing_journald::layer() {
            Ok(journal) => {
                (journal.with_field_prefix(Some(PREFIX.to_owned())).with_priority_mappings(priorities()).boxed(), None)
            }
            Err(error) => (text(), Some(error)),
        },
    }
}

fn text() -> Form {
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(colour).with_target(false).boxed()
}

/// What is told of each mail is information and no notice, or it would drown what is one.
fn priorities() -> PriorityMappings {
    PriorityMappings {
        error: Priority::Error,
        warn: Priority::Warning,
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
    }
}
