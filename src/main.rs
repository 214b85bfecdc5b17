//! Arguments → settings → run | operate.

#[path = "main/backup.rs"]
mod backup;
#[path = "main/command_line.rs"]
mod command_line;
#[path = "main/dkim.rs"]
mod dkim;
#[path = "main/export.rs"]
mod export;
#[path = "main/forget.rs"]
mod forget;
#[path = "main/imap.rs"]
mod imap;
#[path = "main/import.rs"]
mod import;
#[path = "main/key.rs"]
mod key;
#[path = "main/log.rs"]
mod log;
#[path = "main/manual.rs"]
mod manual;
#[path = "main/move_store.rs"]
mod move_store;
#[path = "main/outbox.rs"]
mod outbox;
#[path = "main/pipe.rs"]
mod pipe;
#[path = "main/probe.rs"]
mod probe;
#[path = "main/status.rs"]
mod status;
#[path = "main/texts.rs"]
mod texts;

use std::io::{self, Write};
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;
use command_line::{ArrivalVerb, CommandLine, Json, TicketVerb, Verb};
use postdesk::decide::Action;
use postdesk::model::time::{Time, Zone};
use postdesk::operate::{self, table::Look};
use postdesk::operate::{Code, Format, Trouble, View, arrival, check, demo, greeting, held, ticket, try_mail};
use postdesk::run::{self, RunError, sockets::Sockets};
use postdesk::settings::log::Level;
use postdesk::settings::{self, Faults, Settings};
use postdesk::store::Store;

fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return pipe::not_understood(&error),
    };
    let is_pipe = matches!(command_line.verb, Verb::Pipe(_));
    let result = catch_unwind(|| in_a_runtime(command_line)).unwrap_or_else(|_| {
        Err(Trouble::new(Code::OurFault, "this is a fault in postdesk, which told of it above; please report it"))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) if is_pipe => pipe::ended(trouble),
        Err(trouble) => {
            // Nobody may be there to read it any more, and the exit code tells it too.
            let _ = writeln!(io::stderr(), "postdesk: {trouble}");
            ExitCode::from(trouble.code.number())
        }
    }
}

fn in_a_runtime(command_line: CommandLine) -> Result<(), Trouble> {
    // Before there are threads: it takes variables out of the environment.
    let sockets = match command_line.verb {
        Verb::Serve => Sockets::inherited().map_err(|unfit| trouble(unfit.into()))?,
        _ => Sockets::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Trouble::new(Code::OurFault, format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(run_verb(command_line, sockets))
}

async fn run_verb(command_line: CommandLine, sockets: Sockets) -> Result<(), Trouble> {
    let log = log::begin(match command_line.verb {
        Verb::Serve => Level::Info,
        // What it would warn of is part of the show.
        Verb::Demo => Level::Error,
        _ => Level::Warn,
    });
    if matches!(command_line.verb, Verb::Demo) {
        return demo::demo(Look::of_standard_output(), &mut io::stdout()).await;
    }
    if let Verb::Manual(manual) = &command_line.verb {
        return manual::write(manual);
    }
    if let Verb::Dkim(dkim::DkimVerb::Key(new)) = &command_line.verb {
        return dkim::make(new, &mut io::stdout());
    }
    let faulty = |faults: Faults| Trouble::new(Code::Configuration, format!("the configuration has faults:\n{faults}"));
    if matches!(command_line.verb, Verb::Reload) {
        let data = settings::data_folder(command_line.config.as_deref()).map_err(faulty)?;
        return operate::reload::reload(&data, &mut io::stdout()).await;
    }
    let settings = settings::load(command_line.config.as_deref()).map_err(faulty)?;
    let out = &mut io::stdout();
    match command_line.verb {
        Verb::Serve => {
            log.follow(&settings.log);
            // What cannot be greeted can be served.
            let greet = |gateway: &run::Gateway| drop(write!(io::stdout(), "{}", greeting::greeting(&settings, gateway)));
            run::serve(&settings, sockets, greet).await.map_err(trouble)
        }
        Verb::Check(json) => {
            run::look_over(&settings).map_err(trouble)?;
            let page = if json.json { format!("{}\n", check::check_json(&settings)) } else { check::check(&settings) };
            out.write_all(page.as_bytes()).map_err(|error| Trouble::new(Code::InputOutput, error.to_string()))
        }
        Verb::Pipe(mail) => pipe::take(&mail, &settings).await,
        Verb::Import(what) => import::import(what, &settings, out).await,
        Verb::Backup(what) => backup::backup(what, &settings, out).await,
        Verb::Restore(what) => backup::restore(what, &settings, out).await,
        Verb::Try { .. } => try_mails(command_line.verb, &settings, out).await,
        Verb::MoveStore(what) => move_store::move_store(what, &settings, out).await,
        Verb::Status(what) => status::show(what, &settings).await,
        Verb::Probe(what) => probe::send(what, &settings, out).await,
        Verb::Key(verb) => key::look(verb, &settings, out),
        Verb::Dkim(verb) => dkim::look(&verb, &settings, out),
        Verb::Texts(verb) => texts::look(verb, &settings, out),
        Verb::Ticket(_)
        | Verb::Arrival(_)
        | Verb::Outbox(_)
        | Verb::Imap(_)
        | Verb::Export(_)
        | Verb::Forget(_)
        | Verb::Demo
        | Verb::Reload
        | Verb::Manual(_) => look(command_line.verb, &settings, out).await,
    }
}

/// What would become of some mails.
async fn try_mails(verb: Verb, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let Verb::Try { files, to, from, json } = verb else { return Ok(()) };
    let house = run::house_for_looking(settings).map_err(trouble)?;
    let there = settings.store.place.is_there();
    let store = if there { Some(Store::open(&settings.store).await?) } else { None };
    let attempt =
        try_mail::Attempt { files: &files, to: &to, from: from.as_deref(), max_message_size: settings.smtp.max_message_size };
    let (zone, now) = (Zone::of_this_machine(), Time::from(SystemTime::now()));
    let view = View { desk: &house.desk, format: format(json), now, zone: &zone };
    try_mail::try_mails(store.as_ref(), &house, &attempt, &view, out).await
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
        Verb::Export(what) => {
            let view = view(Json { json: false });
            operate::export::export(&store, &what.reference, &what.options(), &view, out).await
        }
        Verb::Forget(what) => operate::forget::forget(&store, &what.options(), &view(what.json), out).await,
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
        RunError::Objects(_) | RunError::Sockets(_) => Code::Configuration,
        RunError::Listen(_) => Code::Unavailable,
        RunError::Store(fault) => return fault.clone().into(),
        RunError::System(_) | RunError::Ended(_) => Code::OurFault,
    };
    Trouble::new(code, error.to_string())
}
