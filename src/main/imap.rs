//! The arguments of `imap`.

use clap::Subcommand;

use super::command_line::Json;

#[derive(Subcommand)]
pub(crate) enum ImapVerb {
    /// How each account is: last success, last error, next attempt, mails behind; 69 when one needs somebody
    Status(Json),
}
