//! The arguments of `key`.

use std::io::Write;

use clap::Subcommand;
use postdesk::operate::{Trouble, keys};
use postdesk::settings::Settings;

use super::command_line::Json;
use super::format;

#[derive(Subcommand)]
pub(crate) enum KeyVerb {
    /// List the keys by their numbers
    List(Json),
    /// Make a new key, or the one that was announced, the one that seals
    Rotate {
        /// Only make it known to the gateways, which takes a `postdesk reload` of each; it seals after the next rotation
        #[arg(long)]
        announce: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Let a key verify nothing any more: all that was sealed with it is dead
    Revoke {
        /// Its number
        number: u8,
        #[command(flatten)]
        json: Json,
    },
}

/// The verbs of the key file.
pub(crate) fn look(verb: KeyVerb, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let file = &settings.key_file;
    match verb {
        KeyVerb::List(json) => keys::list(file, format(json), out),
        KeyVerb::Rotate { announce, json } => keys::rotate(file, announce, format(json), out),
        KeyVerb::Revoke { number, json } => keys::revoke(file, number, format(json), out),
    }
}
