//! Where the log goes.

use std::io::{self, IsTerminal};

/// Logs go to standard error, so that standard output holds nothing but answers. `RUST_LOG` chooses what is logged.
///
/// A line that cannot be written is lost, and nothing else: by default the subscriber would say so on standard error, and panic when that
/// is where the full disk or the closed pipe is.
pub(crate) fn to_standard_error(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colour).with_target(false);
    lines.log_internal_errors(false).init();
}
