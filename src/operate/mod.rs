//! The verbs of the operator: one file a verb, each a function that writes its answer to where it is told.
//!
//! A verb fails with a `Trouble`: words for standard error and the exit code that scripts look at. A reader that has seen enough
//! (`| head`) is no trouble. Text that strangers wrote reaches a terminal only without its control characters, in JSON too.

pub mod arrival;
pub mod backup;
pub mod check;
pub mod demo;
pub mod dkim;
pub mod export;
pub mod forget;
pub mod greeting;
pub mod held;
pub mod imap;
pub mod import;
pub mod keys;
pub mod move_store;
pub mod outbox;
pub mod pipe;
pub mod probe;
pub mod progress;
pub mod reload;
pub mod restore;
pub mod status;
pub mod table;
pub mod texts;
pub mod ticket;
pub mod try_mail;

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::model::desk::Desk;
use crate::model::time::{Time, Zone};
use crate::store::Fault;
use crate::store::report::{NEWEST, Page, TicketName};
use table::{Cell, Look, Tone};

/// Rows that are read at a time: a long list costs the memory of so many.
const PAGE: i64 = 1_000;

/// Rows of a list for people, unless all are wanted.
const NEWEST_ROWS: usize = 50;

/// Columns of a terminal from which tables show whole times.
const ROOMY: u16 = 120;

/// The exit codes of `sysexits.h` that postdesk uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The command line is wrong.
    Usage = 64,
    /// What was asked for or handed in is not there or not readable.
    Input = 65,
    /// The address is not ours.
    UnknownAddress = 67,
    /// Something that is needed is not running.
    Unavailable = 69,
    /// Our own fault.
    OurFault = 70,
    /// Reading or writing failed.
    InputOutput = 74,
    /// The same may work later.
    TryLater = 75,
    /// The configuration is wrong.
    Configuration = 78,
}

impl Code {
    /// The number that the process ends with.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// Why a verb did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// What to tell the operator on standard error: what is wrong, and what to try.
    pub message: String,
    /// What to end with.
    pub code: Code,
}

impl Trouble {
    /// A trouble with these words.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { message: message.into(), code }
    }

    /// For a value that is none of the known ones.
    fn unknown_value(what: &str, value: &str, known: &[&str]) -> Self {
        Self::new(Code::Usage, format!("there is no {what} `{value}`; known are {}", known.join(", ")))
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        let code = match &fault {
            Fault::Away(_) | Fault::Full(_) => Code::TryLater,
            Fault::Broken(_) => Code::InputOutput,
            // Trying again does not help, nor does another start: a person has to act first.
            Fault::Damaged(_) => Code::Configuration,
            Fault::Gone(_) => Code::Input,
            Fault::Refused(_) => Code::OurFault,
        };
        Self::new(code, fault.to_string())
    }
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Tables and blocks.
    People(Look),
    /// One object a line.
    Json,
}

/// What every verb is told beside its own arguments.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The desk: prefixes of references, names of agents, expected answer times.
    pub desk: &'a Desk,
    /// How to write.
    pub format: Format,
    /// The time.
    pub now: Time,
    /// The zone in which people are told times.
    pub zone: &'a Zone,
}

impl View<'_> {
    /// What people and the subject of a mail call a ticket. A department that is no longer configured lends its key in capitals.
    pub fn reference(&self, department: &str, number: i64) -> String {
        match self.desk.department(department) {
            Some(known) => format!("{}-{number}", known.prefix),
            None => format!("{}-{number}", department.to_uppercase()),
        }
    }

    fn reference_of(&self, name: Option<&TicketName>) -> Option<String> {
        name.map(|name| self.reference(&name.department, name.number))
    }

    /// A time for people: in their zone, and how long ago.
    fn moment(&self, time: Time) -> String {
        format!("{} ({})", time.in_zone(self.zone), time.relative_to(self.now))
    }

    /// A time in a table: a narrow terminal has room for how long ago only.
    fn moment_in_table(&self, time: Time) -> Cell {
        let narrow = matches!(self.format, Format::People(Look { width: Some(..ROOMY), .. }));
        Cell::toned(&if narrow { time.relative_to(self.now) } else { self.moment(time) }, Tone::Quiet)
    }
}

/// The number in a reference: `SUP-1042` or `1042`. The prefix is not looked at: a ticket keeps its number when it changes department.
///
/// # Errors
/// [`Code::Input`] for anything else.
pub fn ticket_number(reference: &str) -> Result<i64, Trouble> {
    let text = reference.trim();
    let (prefix, digits) = text.rsplit_once('-').unwrap_or(("SUP", text));
    let number = if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().unwrap_or(0) } else { 0 };
    if prefix.is_empty() || number < 1 {
        let message =
            format!("`{reference}` is no reference of a ticket: write SUP-1042 or 1042; `postdesk ticket list` shows them");
        return Err(Trouble::new(Code::Input, message));
    }
    Ok(number)
}

/// Why writing an answer ended early.
#[derive(Debug)]
enum Ended {
    /// Nobody reads on.
    ReaderGone,
    /// Something is wrong.
    Trouble(Trouble),
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Ended::Trouble(trouble)
    }
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Ended::Trouble(fault.into())
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Ended::ReaderGone;
        }
        Ended::Trouble(Trouble::new(Code::InputOutput, format!("the answer could not be written: {error}")))
    }
}

/// A reader that is gone has had what it wanted.
fn settled(result: Result<(), Ended>) -> Result<(), Trouble> {
    match result {
        Ok(()) | Err(Ended::ReaderGone) => Ok(()),
        Err(Ended::Trouble(trouble)) => Err(trouble),
    }
}

/// One JSON object and the end of its line.
fn write_json(value: &impl Serialize, out: &mut dyn Write) -> Result<(), Ended> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, table::Harmless);
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// A kind of list: tickets, arrivals, notices.
trait List {
    /// What the store gives.
    type Row;
    /// The titles of the columns.
    const TITLES: &'static [&'static str];
    /// What to say of an empty list.
    const NOTHING: &'static str;
    /// A page of it.
    async fn page(&self, before: i64, limit: i64) -> Result<Page<Self::Row>, Fault>;
    /// The row as a line of JSON.
    fn write_json(&self, row: &Self::Row, out: &mut dyn Write) -> Result<(), Ended>;
    /// The row as a line of a table.
    fn cells(&self, row: &Self::Row) -> Vec<Cell>;
}

/// Writes a list. JSON is written page by page; a table has to know its widest cells first.
async fn write_list<L: List>(list: &L, all: bool, format: Format, out: &mut dyn Write) -> Result<(), Ended> {
    let mut out = BufWriter::new(out);
    let limit = if all || format == Format::Json { usize::MAX } else { NEWEST_ROWS };
    let mut lines = Vec::new();
    let mut written = 0;
    let mut next = Some(NEWEST);
    while let Some(before) = next
        && written <= limit
    {
        // One more than is shown tells whether there is more to show.
        let page = list.page(before, PAGE.min(i64::try_from(limit.saturating_add(1)).unwrap_or(PAGE))).await?;
        next = page.next;
        for row in &page.rows {
            written += 1;
            match format {
                Format::Json => list.write_json(row, &mut out)?,
                Format::People(_) => lines.push(list.cells(row)),
            }
        }
        out.flush()?;
    }
    if let Format::People(look) = format {
        let more = lines.len() > limit;
        lines.truncate(limit);
        let text = if lines.is_empty() { format!("{}\n", L::NOTHING) } else { table::table(L::TITLES, lines, look) };
        out.write_all(text.as_bytes())?;
        if more {
            out.write_all(look.dim(&format!("The newest {limit}; --all shows every one.\n")).as_bytes())?;
        }
        out.flush()?;
    }
    Ok(())
}
