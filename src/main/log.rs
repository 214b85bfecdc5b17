//! Where the log goes.

use std::io::{self, IsTerminal};

/// Logs go to standard error, so that standard output holds nothing but answers. `RUST_LOG` chooses what is logged.
pub(crate) fn to_standard_error(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colour).with_target(false).init();
}
