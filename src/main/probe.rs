//! The arguments of `probe`.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use postdesk::operate::Trouble;
use postdesk::operate::probe::{self, Wanted};
use postdesk::settings::Settings;

use super::command_line::Json;

#[derive(Args)]
pub(crate) struct Probe {
    /// The mailbox that mail is to come from: a department's address, or one that forwards or is fetched [default: the first department]
    #[arg(long, value_name = "MAILBOX")]
    to: Option<String>,
    /// Author and envelope sender [default: the department, with an address that takes reports]
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// The way it goes: `own` (our listener), `relay`, or a mail server such as smtp://mx.example:25 [default: `own` to a department's
    /// address, `relay` to every other mailbox]
    #[arg(long, value_name = "WAY")]
    via: Option<String>,
    /// How long to wait for its ticket: 60s, 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    wait: Duration,
    #[command(flatten)]
    json: Json,
}

fn time(text: &str) -> Result<Duration, String> {
    let wanted = || format!("`{text}` is no time; write 60s or 5m, at most 1 h");
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| wanted())?;
    let seconds = match unit {
        "" | "s" => number,
        "m" | "min" => number.saturating_mul(60),
        _ => return Err(wanted()),
    };
    if (1..=3_600).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(wanted()) }
}

/// Does what is asked for.
pub(crate) async fn send(what: Probe, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let Probe { to, from, via, wait, json } = what;
    probe::probe(settings, &Wanted { to, from, via, wait }, crate::format(json), out).await
}
