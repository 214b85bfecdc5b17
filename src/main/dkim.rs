//! The arguments of `dkim`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use postdesk::operate::Trouble;
use postdesk::operate::dkim::{self, Recipe, Wanted};
use postdesk::settings::Settings;

use super::command_line::Json;
use super::format;

#[derive(Subcommand)]
pub(crate) enum DkimVerb {
    /// Make a key, and say what to publish; needs no configuration
    Key(NewKey),
    /// Say what to publish for the keys of the configuration
    Record(Json),
}

#[derive(Args)]
pub(crate) struct NewKey {
    /// The domain whose mail it is to sign: that of a public mailbox
    #[arg(long)]
    domain: String,
    /// Its name below that domain, such as pd2026
    #[arg(long)]
    selector: String,
    /// rsa is verified by everybody, ed25519 is shorter
    #[arg(long, default_value = "rsa")]
    algorithm: Algorithm,
    /// Bits of an RSA key, 2048 to 4096
    #[arg(long, default_value_t = 2048)]
    bits: usize,
    /// Where to keep it [default: dkim-SELECTOR-DOMAIN.pem in the working directory]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    json: Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum Algorithm {
    Rsa,
    Ed25519,
}

/// Makes a key. Before the configuration is read: it may name the key that is to be made.
pub(crate) fn make(new: &NewKey, out: &mut dyn Write) -> Result<(), Trouble> {
    let recipe = match new.algorithm {
        Algorithm::Rsa => Recipe::Rsa { bits: new.bits },
        Algorithm::Ed25519 => Recipe::Ed25519,
    };
    let wanted = Wanted { domain: new.domain.clone(), selector: new.selector.clone(), recipe, file: new.out.clone() };
    dkim::key(&wanted, format(new.json), out)
}

/// The verbs that look at the configuration.
pub(crate) fn look(verb: &DkimVerb, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    match verb {
        DkimVerb::Key(new) => make(new, out),
        DkimVerb::Record(json) => dkim::record(settings.delivery.signers.keys(), format(*json), out),
    }
}
