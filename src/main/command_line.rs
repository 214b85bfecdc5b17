//! The command line: every verb, with the words of its help. Manual pages and completions are made of it, too.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{backup, dkim, export, forget, imap, import, key, manual, move_store, outbox, pipe, probe, status, texts};

/// An email-to-ticket mail gateway: mail in, tickets and notices out.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct CommandLine {
    /// Configuration file [default: config/postdesk.toml if it exists, else /etc/postdesk/postdesk.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Run the gateway: every listener, the worker and the sender
    Serve,
    /// Let the running gateway read its configuration anew; a fault anywhere changes nothing
    Reload,
    /// Read the configuration, report every fault at once, print what it resolved to
    Check(Json),
    /// Take one mail on standard input, as an MTA's pipe transport or a .forward file gives it
    Pipe(pipe::Pipe),
    /// Take an archive: .eml files, Maildirs, mboxes; nobody is written to, and a second run adds nothing
    Import(import::Import),
    /// Say what would happen with a mail, and change nothing
    Try {
        /// Mails, or folders of mails
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Envelope recipient; may be given several times
        #[arg(long, required = true, value_name = "ADDRESS")]
        to: Vec<String>,
        /// Envelope sender, `<>` for the null sender; without it, null where the mail's Return-Path says so, else its author
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Tickets
    #[command(subcommand)]
    Ticket(TicketVerb),
    /// What came in
    #[command(subcommand)]
    Arrival(ArrivalVerb),
    /// What goes out
    #[command(subcommand)]
    Outbox(outbox::OutboxVerb),
    /// Mailboxes that mail is fetched from
    #[command(subcommand)]
    Imap(imap::ImapVerb),
    /// What notices say
    #[command(subcommand)]
    Texts(texts::TextsVerb),
    /// What addresses are sealed with
    #[command(subcommand)]
    Key(key::KeyVerb),
    /// What outgoing mail is signed with (DKIM)
    #[command(subcommand)]
    Dkim(dkim::DkimVerb),
    /// Carry a store over to an empty one, such as from SQLite to PostgreSQL, and compare both; stop the gateway first
    MoveStore(move_store::MoveStore),
    /// Back up the whole desk into one file, while the gateway runs
    Backup(backup::Backup),
    /// Make a backup into the store that the configuration names; stop the gateway first
    Restore(backup::Restore),
    /// Write one ticket with its originals into a folder or an mbox
    Export(export::Export),
    /// Remove what there is of a person, on request, and report it
    Forget(forget::Forget),
    /// Show whether the gateway runs, whether mail flows, what waits and what was done; 69 when something is wrong
    Status(status::Status),
    /// Send a mail through the whole path and wait for its ticket: the proof that a mailbox is connected
    Probe(probe::Probe),
    /// Play a whole conversation on a private gateway and show it as its people see it
    Demo,
    /// Write manual pages and completions, for packages
    #[command(hide = true)]
    Manual(manual::Manual),
}

#[derive(Subcommand)]
pub(crate) enum TicketVerb {
    /// List tickets, the newest first
    List {
        /// Only those of this department
        #[arg(long)]
        department: Option<String>,
        /// Only those with this status: new, open, awaiting-customer, closed
        #[arg(long)]
        status: Option<String>,
        /// Only those of this agent
        #[arg(long)]
        assignee: Option<String>,
        /// Only those that are overdue
        #[arg(long)]
        overdue: bool,
        /// Only those with this text in their subject or messages
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        #[command(flatten)]
        list: ListOptions,
    },
    /// Show one ticket with its messages and what happened to it
    Show {
        /// Its reference: SUP-1042 or 1042
        reference: String,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Subcommand)]
pub(crate) enum ArrivalVerb {
    /// List arrivals, the newest first
    List {
        /// Only those that ended so
        #[arg(long)]
        outcome: Option<String>,
        #[command(flatten)]
        list: ListOptions,
    },
    /// Show one arrival with the trace of reasons
    Show {
        /// Its number
        id: i64,
        #[command(flatten)]
        json: Json,
    },
    /// Write the original octets of one arrival, unchanged
    Raw {
        /// Its number
        id: i64,
    },
    /// Write one file of an arrival, decoded
    File {
        /// The number of the arrival
        id: i64,
        /// The number of the file, as `arrival show` has it
        number: usize,
    },
    /// Take held mail as if its sender were proven
    Release {
        #[command(flatten)]
        mail: Numbers,
        /// The ticket that it is to join: SUP-1042 or 1042
        #[arg(long, value_name = "REF")]
        onto: Option<String>,
    },
    /// Decide held mail again, as if it had just come
    Retry(Numbers),
    /// Let nothing become of held mail; the original is kept
    Discard(Numbers),
}

#[derive(Args)]
pub(crate) struct Numbers {
    /// Its number; several at once are welcome
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<i64>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Args, Clone, Copy)]
pub(crate) struct Json {
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Clone, Copy)]
pub(crate) struct ListOptions {
    /// Every one, not only the newest 50
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::CommandLine::command().debug_assert();
    }
}
