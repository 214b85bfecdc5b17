//! `postdesk forget`: the data of a person, on request, with a report of what there was and what was done.
//!
//! It looks first, says what it found, and asks. What is open or pending is refused with a list. Then each ticket is forgotten in a step of
//! its own: an end in the middle leaves whole tickets, and the same command goes on with the rest; when all is done it finds nothing.

use std::io::{self, BufRead, IsTerminal, Write};

use serde::Serialize;

use super::table::one_line;
use super::{Code, Format, Trouble, View, settled, write_json};
use crate::model::address::Address;
use crate::store::Store;
use crate::store::forget::{Forgotten, Person, Removed, Scrubbed, Trace, Traces, Wish};

/// How a person is forgotten.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address.
    pub address: String,
    /// Only say what there is.
    pub dry_run: bool,
    /// Do not ask.
    pub yes: bool,
    /// Tickets that are open, too: they are closed.
    pub even_open: bool,
    /// Do not write the file of the store anew at the end, during which mail waits.
    pub without_scrubbing: bool,
}

/// The report, as JSON.
#[derive(Debug, Serialize)]
struct Report {
    address: String,
    done: bool,
    tickets: Vec<Line>,
    arrivals: Vec<i64>,
    notices: Vec<i64>,
    marks: i64,
    pending: Vec<i64>,
    removed: Sums,
    scrubbed: Option<&'static str>,
    remains: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Line {
    reference: String,
    status: String,
    role: &'static str,
    messages: i64,
    whole: bool,
    done: bool,
}

#[derive(Debug, Default, Serialize)]
struct Sums {
    messages: usize,
    originals: usize,
    masked: usize,
    notices: usize,
}

/// Forgets the person, and writes the report.
///
/// # Errors
/// [`Code::Input`] for an agent's address, one of ours, and what is none; [`Code::TryLater`] while mail of the person is pending;
/// [`Code::Usage`] when something is open, or nobody is there to say yes. Nothing has changed in any of these cases.
pub async fn forget(store: &Store, options: &Options, view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let address = customer(&options.address, view)?;
    let agents = view.desk.agents.iter().flat_map(|agent| agent.other_addresses.iter().chain([&agent.address]));
    let wish = Wish {
        person: Person::of(&address),
        agents: agents.map(Address::key).collect(),
        even_open: options.even_open,
        now: view.now,
    };
    let traces = store.traces(&wish).await?;
    let mut report = Report::of(&address, &traces, view);
    let nothing = traces.is_empty();
    if options.dry_run || nothing {
        report.remains = if nothing { Vec::new() } else { remains(&Removed::default(), None) };
        return write(&report, view, out);
    }
    require_settled(&traces, &report, options)?;
    if !options.yes {
        write(&report, view, out)?;
        ask(out)?;
    }
    let mut removed = Removed::default();
    for (trace, line) in traces.tickets.iter().zip(&mut report.tickets) {
        match store.forget_ticket(trace.number, &wish).await.map_err(unfinished)? {
            Forgotten::Done(there) => {
                removed.add(&there);
                line.done = true;
            }
            Forgotten::Gone => line.done = true,
            Forgotten::Open => {
                let words = format!("{} was opened again meanwhile; the same command goes on with the rest", line.reference);
                return Err(Trouble::new(Code::TryLater, words));
            }
        }
    }
    removed.add(&store.forget_rest(&traces, &wish).await.map_err(unfinished)?);
    let scrubbed = if options.without_scrubbing { None } else { Some(store.scrub().await.map_err(unscrubbed)?) };
    report.done = true;
    report.removed =
        Sums { messages: removed.messages, originals: removed.originals, masked: removed.masked, notices: removed.notices };
    report.scrubbed = scrubbed.map(name);
    report.remains = remains(&removed, scrubbed);
    write(&report, view, out)
}

fn customer(text: &str, view: &View<'_>) -> Result<Address, Trouble> {
    let refused = |why: String| Trouble::new(Code::Input, why);
    let address = Address::parse(text).ok_or_else(|| refused(format!("`{}` is no mail address", one_line(text))))?;
    if let Some(agent) = view.desk.agent_by_address(&address) {
        let words = "take the agent out of the configuration first, if this is to be forgotten as a customer's";
        return Err(refused(format!("{address} is the address of the agent {}; {words}", agent.key)));
    }
    if view.desk.is_ours(&address) {
        return Err(refused(format!("{address} is an address of this desk")));
    }
    Ok(address)
}

fn require_settled(traces: &Traces, report: &Report, options: &Options) -> Result<(), Trouble> {
    if !traces.pending.is_empty() {
        let words = format!(
            "mail of this person is not decided yet (arrivals {}): run this again when it is; nothing was done",
            numbers(&traces.pending)
        );
        return Err(Trouble::new(Code::TryLater, words));
    }
    let open: Vec<&str> = traces
        .tickets
        .iter()
        .zip(&report.tickets)
        .filter(|(trace, _)| trace.is_open())
        .map(|(_, line)| line.reference.as_str())
        .collect();
    if open.is_empty() || options.even_open {
        return Ok(());
    }
    let words = format!(
        "these tickets are open, or notices of theirs wait to be sent: {}. Close them first, or forget them too by --even-open; nothing \
         was done",
        open.join(", ")
    );
    Err(Trouble::new(Code::Usage, words))
}

fn ask(out: &mut dyn Write) -> Result<(), Trouble> {
    let no = || Trouble::new(Code::Usage, "nothing was done; --yes does it without asking");
    if !io::stdin().is_terminal() {
        return Err(no());
    }
    let asked = write!(out, "This cannot be undone. Write `forget` to go on: ").and_then(|()| out.flush());
    asked.map_err(|error| Trouble::new(Code::InputOutput, error.to_string()))?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "forget" { Ok(()) } else { Err(no()) }
}

fn unfinished(fault: crate::store::Fault) -> Trouble {
    let trouble = Trouble::from(fault);
    Trouble {
        message: format!("{}; what was forgotten stays so, the same command goes on with the rest", trouble.message),
        ..trouble
    }
}

fn unscrubbed(fault: crate::store::Fault) -> Trouble {
    let trouble = Trouble::from(fault);
    let words = "everything is forgotten, but copies may lie in gaps of the file until it is written anew: `sqlite3 FILE VACUUM` while the \
                 gateway is stopped";
    Trouble { message: format!("{}; {words}", trouble.message), ..trouble }
}

fn name(scrubbed: Scrubbed) -> &'static str {
    match scrubbed {
        Scrubbed::Clean => "clean",
        Scrubbed::LogInUse => "log-in-use",
        Scrubbed::ByServer => "by-server",
    }
}

/// What this verb cannot remove.
fn remains(removed: &Removed, scrubbed: Option<Scrubbed>) -> Vec<String> {
    let mut words = vec![
        "backups that were made before: they hold the person until they are deleted".to_owned(),
        "the logs of the gateway and of the mail servers before and behind it, until they are rotated away".to_owned(),
        "mailboxes that mail was fetched or forwarded from, and those of the agents who were written to".to_owned(),
        "what other people's tickets say of the person: `postdesk ticket list --search` finds it".to_owned(),
    ];
    if removed.left > 0 {
        words.push(format!("{} large original mails of others on shared tickets, which may name the person", removed.left));
    }
    match scrubbed {
        Some(Scrubbed::LogInUse) => {
            words.push("the log of the store, which somebody reads: until the gateway is restarted".to_owned())
        }
        Some(Scrubbed::ByServer) => {
            words.push("dead rows in PostgreSQL until VACUUM FULL, and its archived log until that is deleted".to_owned());
        }
        Some(Scrubbed::Clean) | None => {}
    }
    words
}

impl Report {
    fn of(address: &Address, traces: &Traces, view: &View<'_>) -> Self {
        let line = |trace: &Trace| Line {
            reference: view.reference(&trace.department, trace.number),
            status: trace.status.clone(),
            role: if trace.requester { "requester" } else { "on it" },
            messages: trace.messages,
            whole: trace.whole,
            done: false,
        };
        Self {
            address: address.to_string(),
            done: false,
            tickets: traces.tickets.iter().map(line).collect(),
            arrivals: traces.arrivals.clone(),
            notices: traces.notices.clone(),
            marks: traces.marks,
            pending: traces.pending.clone(),
            removed: Sums::default(),
            scrubbed: None,
            remains: Vec::new(),
        }
    }

    fn in_words(&self) -> String {
        if self.tickets.is_empty()
            && self.arrivals.is_empty()
            && self.notices.is_empty()
            && self.pending.is_empty()
            && self.marks == 0
        {
            return format!("There is nothing of {}.\n", self.address);
        }
        let mut text = format!("{} {}:\n", if self.done { "Forgotten:" } else { "Found of" }, self.address);
        for line in &self.tickets {
            let what = if line.whole { "the whole ticket" } else { "the person's part; others are on it" };
            text.push_str(&format!(
                "  {} ({}, {}): {} messages, {what}\n",
                line.reference, line.status, line.role, line.messages
            ));
        }
        for (name, ids) in
            [("mail that became no message", &self.arrivals), ("notices", &self.notices), ("pending mail", &self.pending)]
        {
            if !ids.is_empty() {
                text.push_str(&format!("  {name}: {}\n", numbers(ids)));
            }
        }
        if self.marks > 0 {
            text.push_str(&format!("  counts and marks kept by the address: {}\n", self.marks));
        }
        if self.done {
            let Sums { messages, originals, masked, notices } = self.removed;
            text.push_str(&format!(
                "Removed: the words of {messages} messages, {originals} originals, {notices} notices; the address was made unreadable in \
                 {masked} originals of others.\n"
            ));
        }
        if !self.remains.is_empty() {
            text.push_str("Not in reach of this command:\n");
            self.remains.iter().for_each(|words| text.push_str(&format!("  - {words}\n")));
        }
        text
    }
}

fn numbers(ids: &[i64]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write(report: &Report, view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    settled(match view.format {
        Format::Json => write_json(report, out),
        Format::People(_) => out.write_all(report.in_words().as_bytes()).and_then(|()| out.flush()).map_err(Into::into),
    })
}
