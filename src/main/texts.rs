//! The arguments of `texts`.

use std::io::Write;

use clap::Subcommand;
use postdesk::model::time::Zone;
use postdesk::operate::{Trouble, texts};
use postdesk::run;
use postdesk::settings::Settings;

use super::command_line::Json;
use super::{format, trouble};

#[derive(Subcommand)]
pub(crate) enum TextsVerb {
    /// Look at every text and phrase in every language, and report every fault at once
    Check(Json),
    /// Show a notice with sample data; without EVENT, list the events and languages
    Show {
        /// What it is about: acknowledgement, answer, receipt ...
        event: Option<String>,
        /// In which language [default: en]
        #[arg(long)]
        language: Option<String>,
        /// As a customer gets it
        #[arg(long, conflicts_with = "agent")]
        customer: bool,
        /// As an agent gets it
        #[arg(long)]
        agent: bool,
        /// Its HTML instead of its text
        #[arg(long)]
        html: bool,
    },
}

/// Does what is asked for.
/// The verbs of texts.
pub(crate) fn look(verb: TextsVerb, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    match verb {
        TextsVerb::Check(json) => texts::check(settings.texts_folder.as_deref(), format(json), out),
        TextsVerb::Show { event, language, customer, agent, html } => {
            let to_agent = (customer || agent).then_some(agent);
            let wanted = texts::Wanted { event: event.as_deref(), language: language.as_deref(), to_agent, html };
            texts::show(&run::texts(settings).map_err(trouble)?, &wanted, &Zone::of_this_machine(), out)
        }
    }
}
