//! `key list`, `key rotate` and `key revoke`: what addresses and Message-IDs are sealed with. No verb shows a key.
//!
//! A gateway uses the keys as it last read them, so each answer says which have to read them anew.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::table::{Cell, Tone, table};
use super::{Code, Ended, Format, Trouble, settled, write_json};
use crate::settings::keys::rotation::{self, Changed};
use crate::settings::keys::{self, KeyFault, Listed, State};

/// Writes the keys in the order of the file, the newest last.
///
/// # Errors
/// [`Code::Configuration`] when the file cannot be used, [`Code::Input`] when there is none.
pub fn list(file: &Path, format: Format, out: &mut dyn Write) -> Result<(), Trouble> {
    let keys = keys::list(file).map_err(trouble)?.ok_or_else(|| trouble(KeyFault::Missing { file: file.to_owned() }))?;
    settled(write_keys(&keys, format, out))
}

/// Makes a new key the one that seals, or with `announce` makes one that only verifies until the next rotation.
///
/// # Errors
/// [`Code::Input`] when that makes no sense, [`Code::Configuration`] or [`Code::InputOutput`] when the file cannot be used or changed.
pub fn rotate(file: &Path, announce: bool, format: Format, out: &mut dyn Write) -> Result<(), Trouble> {
    let changed = if announce { rotation::announce(file) } else { rotation::rotate(file) }.map_err(trouble)?;
    let number = changed.number;
    let words = if announce {
        format!(
            "Key {number} is announced: it verifies from the next `postdesk reload` of a gateway on, and seals nothing yet. Copy the file to \
             every gateway of this store and reload each; then run `postdesk key rotate` once, copy and reload again."
        )
    } else {
        format!(
            "Key {number} seals from the next `postdesk reload` of the gateway on; the older keys still verify. Reload it now. A gateway \
             that does not know key {number} refuses replies to what it sealed: with several gateways, `--announce` it first."
        )
    };
    settled(told(&changed, &words, format, out))
}

/// Makes a key verify nothing any more.
///
/// # Errors
/// As [`rotate`].
pub fn revoke(file: &Path, number: u8, format: Format, out: &mut dyn Write) -> Result<(), Trouble> {
    let changed = rotation::revoke(file, number).map_err(trouble)?;
    let mut words = format!(
        "Key {number} is revoked. From the next `postdesk reload` of each gateway on, all that it sealed is dead: mail to reply addresses made with it \
         is refused, other replies find their ticket by stored Message-ID or subject only, and an agent has to wait for a new notice before \
         the agent can answer. Copy the file to every gateway and reload each."
    );
    if changed.keys.iter().any(|key| key.number == number && key.oldest) {
        words.push_str(" Its line stays: recipients are digested with the oldest key, which opens nothing.");
    }
    settled(told(&changed, &words, format, out))
}

fn told(changed: &Changed, words: &str, format: Format, out: &mut dyn Write) -> Result<(), Ended> {
    if let Format::People(_) = format {
        writeln!(out, "{words}\n")?;
        if let Some(number) = changed.removed {
            writeln!(out, "All numbers were in use, so the revoked key {number} made room.\n")?;
        }
    }
    write_keys(&changed.keys, format, out)
}

/// A line of `--json`.
#[derive(Serialize)]
struct Line {
    number: u8,
    state: &'static str,
    oldest: bool,
}

fn write_keys(keys: &[Listed], format: Format, out: &mut dyn Write) -> Result<(), Ended> {
    match format {
        Format::Json => {
            for key in keys {
                write_json(&Line { number: key.number, state: key.state.name(), oldest: key.oldest }, out)?;
            }
        }
        Format::People(look) => {
            let rows = keys.iter().map(|key| {
                vec![Cell::number(key.number.into()), Cell::toned(key.state.name(), tone(key.state)), Cell::new(meaning(*key))]
            });
            out.write_all(table(&["key", "state", "meaning"], rows.collect(), look).as_bytes())?;
        }
    }
    Ok(out.flush()?)
}

fn tone(state: State) -> Tone {
    match state {
        State::Seals => Tone::Good,
        State::Verifies => Tone::Plain,
        State::Next => Tone::Waiting,
        State::Revoked => Tone::Quiet,
    }
}

fn meaning(key: Listed) -> &'static str {
    match (key.state, key.oldest) {
        (State::Seals, _) => "seals what goes out",
        (State::Verifies, _) => "verifies replies to what it sealed",
        (State::Next, _) => "verifies, and seals after the next `key rotate`",
        (State::Revoked, true) => "verifies nothing; kept because recipients are digested with the oldest key",
        (State::Revoked, false) => "verifies nothing",
    }
}

fn trouble(fault: KeyFault) -> Trouble {
    let code = match &fault {
        KeyFault::Missing { .. } | KeyFault::Refused { .. } => Code::Input,
        KeyFault::NotChanged { .. } | KeyFault::NotMade { .. } => Code::InputOutput,
        KeyFault::Unreadable { .. } | KeyFault::TooOpen { .. } | KeyFault::Damaged { .. } => Code::Configuration,
    };
    Trouble::new(code, fault.to_string())
}
