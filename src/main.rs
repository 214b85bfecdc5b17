//! Arguments → settings → run | operate.

#[path = "main/dkim.rs"]
mod dkim;
#[path = "main/imap.rs"]
mod imap;
#[path = "main/key.rs"]
mod key;
#[path = "main/outbox.rs"]
mod outbox;
#[path = "main/texts.rs"]
mod texts;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, Parser, Subcommand};
use postdesk::decide::Action;
use postdesk::model::time::{Time, Zone};
use postdesk::operate::{self, table::Look};
use postdesk::operate::{Code, Format, Trouble, View, arrival, check, demo, greeting, held, move_store, pipe, ticket, try_mail};
use postdesk::run::{self, RunError};
use postdesk::settings::{self, Settings};
use postdesk::store::Store;

/// An email-to-ticket mail gateway: mail in, tickets and notices out.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct CommandLine {
    /// Configuration file [default: config/postdesk.toml if it exists, else /etc/postdesk/postdesk.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the gateway: every listener, the worker and the sender
    Serve,
    /// Read the configuration, report every fault at once, print what it resolved to
    Check(Json),
    /// Take one mail on standard input, as an MTA's pipe transport or a .forward file gives it
    Pipe {
        /// Envelope recipient; may be given several times
        #[arg(long, required = true, num_args = 1.., value_name = "ADDRESS")]
        to: Vec<String>,
        /// Envelope sender; without it, the null sender
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
    },
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
    MoveStore(MoveStore),
    /// Play a whole conversation on a private gateway and show it as its people see it
    Demo,
}

#[derive(Subcommand)]
enum TicketVerb {
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
enum ArrivalVerb {
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
struct Numbers {
    /// Its number; several at once are welcome
    #[arg(required = true, value_name = "ID")]
    ids: Vec<i64>,
    #[command(flatten)]
    json: Json,
}

#[derive(Args)]
struct MoveStore {
    /// The old store, as in [store] url
    #[arg(long, value_name = "URL")]
    from: String,
    /// The new store: empty, or filled in part by the same move when it was broken off
    #[arg(long, value_name = "URL")]
    to: String,
    /// File with the password of the old store [default: `password_file` of the configuration]
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,
    /// File with the password of the new store [default: `password_file` of the configuration]
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,
}

#[derive(Args, Clone, Copy)]
struct Json {
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Clone, Copy)]
struct ListOptions {
    /// Every one, not only the newest 50
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    json: Json,
}

fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => {
            let code = if error.use_stderr() { Code::Usage.number() } else { 0 };
            // Where help and usage cannot be written, there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(Err(Trouble::new(Code::OurFault, format!("the runtime cannot be started: {error}")))),
    };
    ended(runtime.block_on(run_verb(command_line)))
}

fn ended(result: Result<(), Trouble>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("postdesk: {trouble}");
            ExitCode::from(trouble.code.number())
        }
    }
}

async fn run_verb(command_line: CommandLine) -> Result<(), Trouble> {
    log_to_standard_error(match command_line.verb {
        Verb::Serve => "info",
        // What it would warn of is part of the show.
        Verb::Demo => "error",
        _ => "warn",
    });
    if matches!(command_line.verb, Verb::Demo) {
        return demo::demo(Look::of_standard_output(), &mut io::stdout()).await;
    }
    if let Verb::Dkim(dkim::DkimVerb::Key(new)) = &command_line.verb {
        return dkim::make(new, &mut io::stdout());
    }
    let is_pipe = matches!(command_line.verb, Verb::Pipe { .. });
    let settings = settings::load(command_line.config.as_deref()).map_err(|faults| {
        let faults = Trouble::new(Code::Configuration, format!("the configuration has faults:\n{faults}"));
        if is_pipe { pipe::ours_is_later(faults) } else { faults }
    })?;
    let out = &mut io::stdout();
    match command_line.verb {
        Verb::Serve => {
            run::serve(&settings, |gateway| print!("{}", greeting::greeting(&settings, gateway))).await.map_err(trouble)
        }
        Verb::Check(json) => {
            run::look_over(&settings).map_err(trouble)?;
            let page = if json.json { format!("{}\n", check::check_json(&settings)) } else { check::check(&settings) };
            out.write_all(page.as_bytes()).map_err(|error| Trouble::new(Code::InputOutput, error.to_string()))
        }
        Verb::Pipe { to, from } => take_one(&settings, from.as_deref(), &to).await,
        Verb::Try { files, to, from, json } => {
            let house = run::house_for_looking(&settings).map_err(trouble)?;
            let there = settings.store.place.is_there();
            let store = if there { Some(Store::open(&settings.store).await?) } else { None };
            let attempt = try_mail::Attempt {
                files: &files,
                to: &to,
                from: from.as_deref(),
                max_message_size: settings.smtp.max_message_size,
            };
            let (zone, now) = (Zone::of_this_machine(), Time::from(SystemTime::now()));
            let view = View { desk: &house.desk, format: format(json), now, zone: &zone };
            try_mail::try_mails(store.as_ref(), &house, &attempt, &view, out).await
        }
        Verb::MoveStore(MoveStore { from, to, from_password_file, to_password_file }) => {
            let (from, to) = ((from.as_str(), from_password_file), (to.as_str(), to_password_file));
            let what = move_store::Move::new(from, to, &settings.store.place)?;
            move_store::move_store(&what, Look::of_standard_output(), out).await
        }
        Verb::Key(verb) => key::look(verb, &settings, out),
        Verb::Dkim(verb) => dkim::look(&verb, &settings, out),
        Verb::Texts(verb) => texts::look(verb, &settings, out),
        Verb::Ticket(_) | Verb::Arrival(_) | Verb::Outbox(_) | Verb::Imap(_) | Verb::Demo => {
            look(command_line.verb, &settings, out).await
        }
    }
}

/// Takes the mail on standard input.
async fn take_one(settings: &Settings, from: Option<&str>, to: &[String]) -> Result<(), Trouble> {
    let ours = |error: RunError| pipe::ours_is_later(trouble(error));
    let house = run::house(settings).await.map_err(ours)?;
    let size = settings.smtp.max_message_size;
    let (mail, store) = pipe::prepare(io::stdin().lock(), from, to, size, &house.desk, &settings.store).await?;
    run::require_ours(&store, &house.desk).await.map_err(ours)?;
    pipe::pipe(mail, store).await
}

/// The verbs that look at the store.
async fn look(verb: Verb, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let house = run::house_for_looking(settings).map_err(trouble)?;
    let place = &settings.store.place;
    if !place.is_there() {
        let words = format!("there is no store at {place} yet: `postdesk serve` or `postdesk pipe` makes it");
        return Err(Trouble::new(Code::Unavailable, words));
    }
    let store = Store::open(&settings.store).await?;
    let (zone, now) = (Zone::of_this_machine(), Time::from(SystemTime::now()));
    let view = |json: Json| View { desk: &house.desk, format: format(json), now, zone: &zone };
    match verb {
        Verb::Ticket(TicketVerb::List { department, status, assignee, overdue, search, list }) => {
            let filter = ticket::Filter { department, status, assignee, overdue, search };
            ticket::list(&store, &filter, list.all, &view(list.json), out).await
        }
        Verb::Ticket(TicketVerb::Show { reference, json }) => ticket::show(&store, &reference, &view(json), out).await,
        Verb::Arrival(ArrivalVerb::List { outcome, list }) => {
            arrival::list(&store, outcome.as_deref(), list.all, &view(list.json), out).await
        }
        Verb::Arrival(ArrivalVerb::Show { id, json }) => arrival::show(&store, id, &view(json), out).await,
        Verb::Arrival(ArrivalVerb::Raw { id }) => arrival::raw(&store, id, out).await,
        Verb::Arrival(ArrivalVerb::File { id, number }) => arrival::file(&store, id, number, &house.desk.limits, out).await,
        Verb::Arrival(ArrivalVerb::Release { mail, onto }) => {
            let onto = onto.as_deref().map(operate::ticket_number).transpose()?;
            held::operate(&store, Action::Release { onto }, &mail.ids, &view(mail.json), out).await
        }
        Verb::Arrival(ArrivalVerb::Retry(mail)) => held::operate(&store, Action::Retry, &mail.ids, &view(mail.json), out).await,
        Verb::Arrival(ArrivalVerb::Discard(mail)) => {
            held::operate(&store, Action::Discard, &mail.ids, &view(mail.json), out).await
        }
        Verb::Outbox(verb) => outbox::look(verb, &store, view, out).await,
        Verb::Imap(imap::ImapVerb::Status(json)) => operate::imap::status(&store, &settings.imap, &view(json), out).await,
        _ => Ok(()),
    }
}

fn format(json: Json) -> Format {
    if json.json { Format::Json } else { Format::People(Look::of_standard_output()) }
}

/// What goes wrong with the gateway, as an exit code.
fn trouble(error: RunError) -> Trouble {
    let code = match &error {
        RunError::Key(_) | RunError::Keys(_) | RunError::Texts(_) | RunError::Door(_) | RunError::Unfit(_) => Code::Configuration,
        RunError::Objects(_) => Code::Configuration,
        RunError::Listen(_) => Code::Unavailable,
        RunError::Store(fault) => return fault.clone().into(),
        RunError::System(_) | RunError::Ended(_) => Code::OurFault,
    };
    Trouble::new(code, error.to_string())
}

/// Logs go to standard error, so that standard output holds nothing but answers. `RUST_LOG` chooses what is logged.
fn log_to_standard_error(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colour).with_target(false).init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::CommandLine::command().debug_assert();
    }
}
