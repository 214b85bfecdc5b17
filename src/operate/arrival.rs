//! `arrival list`, `arrival show`, `arrival raw` and `arrival file`. What can be done with held mail is in `held`.

mod files;

use std::io::Write;

use serde::Serialize;

use super::table::{Cell, Look, Tone, field, indented, octets, table};
use super::{Code, Ended, Format, List, Trouble, View, outbox, settled, write_json, write_list};
use crate::model::arrival::{Cause, Outcome};
use crate::model::time::Time;
use crate::store::report::Page;
use crate::store::report::arrival::{ArrivalDetail, ArrivalFilter, ArrivalRow};
use crate::store::retention::Gone;
use crate::store::{Fault, Store};
pub use files::file;

/// What a mail is called here that no decision has been made about.
const PENDING: &str = "pending";

/// Writes the list of arrivals, the newest first, of one outcome (or `pending`) or of all: for people the newest 50 unless `all` is
/// set, in JSON every one.
///
/// # Errors
/// [`Code::Usage`] for an unknown outcome.
pub async fn list(store: &Store, outcome: Option<&str>, all: bool, view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let filter = match outcome {
        None => ArrivalFilter::Any,
        Some(PENDING) => ArrivalFilter::Pending,
        Some(name) if Outcome::from_name(name).is_some() => ArrivalFilter::Outcome(name.to_owned()),
        Some(name) => {
            let mut known = Outcome::ALL.map(Outcome::name).to_vec();
            known.push(PENDING);
            return Err(Trouble::unknown_value("outcome", name, &known));
        }
    };
    settled(write_list(&Arrivals { store, filter, view }, all, view.format, out).await)
}

/// Writes an arrival with its envelope, its outcome and what led to it, its files, and the notices it caused.
///
/// # Errors
/// [`Code::Input`] when there is no arrival of this number.
pub async fn show(store: &Store, id: i64, view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let detail = store.arrival(id).await?.ok_or_else(|| no_such_arrival(id))?;
    let files = files::of(store, id, &view.desk.limits).await;
    settled(match view.format {
        Format::Json => write_json(&Whole::new(&detail, &files, view), out),
        Format::People(look) => out.write_all(pictured(&detail, &files, look, view).as_bytes()).map_err(Ended::from),
    })?;
    settled(out.flush().map_err(Ended::from))
}

/// Writes the original octets of an arrival, unchanged, and nothing else. They are foreign: a terminal should not be shown them.
///
/// # Errors
/// [`Code::Input`] when there is no arrival of this number.
pub async fn raw(store: &Store, id: i64, out: &mut dyn Write) -> Result<(), Trouble> {
    let octets = store.raw(id).await?.ok_or_else(|| no_such_arrival(id))?;
    settled(out.write_all(&octets).and_then(|()| out.flush()).map_err(Ended::from))
}

fn no_such_arrival(id: i64) -> Trouble {
    Trouble::new(Code::Input, format!("there is no arrival {id}; `postdesk arrival list` shows those there are"))
}

struct Arrivals<'a> {
    store: &'a Store,
    filter: ArrivalFilter,
    view: &'a View<'a>,
}

impl List for Arrivals<'_> {
    type Row = ArrivalRow;
    const TITLES: &'static [&'static str] = &["id", "received", "outcome", "ticket", "department", "sender", "subject"];
    const NOTHING: &'static str = "No arrivals.";

    async fn page(&self, before: i64, limit: i64) -> Result<Page<ArrivalRow>, Fault> {
        self.store.arrivals(&self.filter, before, limit).await
    }

    fn write_json(&self, row: &ArrivalRow, out: &mut dyn Write) -> Result<(), Ended> {
        write_json(&Line::new(row, self.view), out)
    }

    fn cells(&self, row: &ArrivalRow) -> Vec<Cell> {
        let outcome = row.outcome.as_deref().unwrap_or(PENDING);
        vec![
            Cell::number(row.id),
            self.view.moment_in_table(row.received_at),
            Cell::toned(&named_outcome(outcome, row.cause.as_deref()), Tone::of(outcome)),
            Cell::toned(self.view.reference_of(row.ticket.as_ref()).as_deref().unwrap_or("–"), Tone::Title),
            Cell::new(&row.department),
            Cell::new(row.sender.as_deref().unwrap_or("<>")),
            Cell::new(row.subject.as_deref().unwrap_or_default()),
        ]
    }
}

fn named_outcome(outcome: &str, cause: Option<&str>) -> String {
    cause.map_or_else(|| outcome.to_owned(), |cause| format!("{outcome}: {cause}"))
}

/// A line of `arrival list --json`.
#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    received_at: Time,
    source: &'a str,
    sender: Option<&'a str>,
    recipients: &'a [String],
    message_id: Option<&'a str>,
    subject: Option<&'a str>,
    size: i64,
    outcome: Option<&'a str>,
    ticket: Option<String>,
    reasons: &'a [String],
    department: &'a str,
    cause: Option<&'a str>,
    authenticity: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn new(row: &'a ArrivalRow, view: &View<'_>) -> Self {
        Self {
            id: row.id,
            received_at: row.received_at,
            source: &row.source,
            sender: row.sender.as_deref(),
            recipients: &row.recipients,
            message_id: row.message_id.as_deref(),
            subject: row.subject.as_deref(),
            size: row.size,
            outcome: row.outcome.as_deref(),
            ticket: view.reference_of(row.ticket.as_ref()),
            reasons: &row.reasons,
            department: &row.department,
            cause: row.cause.as_deref(),
            authenticity: row.authenticity.as_deref(),
        }
    }
}

/// `arrival show --json`: the fields of the list and what only one arrival at a time is asked for.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    defects: &'a [String],
    history: &'a [String],
    peer: Peer<'a>,
    attempts: i64,
    last_error: Option<&'a str>,
    decided_at: Option<Time>,
    notices: Vec<outbox::Line<'a>>,
    files: &'a [files::Line],
    original_removed_at: Option<Time>,
    original_removed_by: Option<&'a str>,
}

#[derive(Serialize)]
struct Peer<'a> {
    ip: Option<&'a str>,
    helo: Option<&'a str>,
    tls: bool,
}

impl<'a> Whole<'a> {
    fn new(detail: &'a ArrivalDetail, files: &'a [files::Line], view: &View<'_>) -> Self {
        Self {
            line: Line::new(&detail.arrival, view),
            defects: &detail.defects,
            history: &detail.history,
            peer: Peer { ip: detail.peer_ip.as_deref(), helo: detail.peer_helo.as_deref(), tls: detail.peer_tls },
            attempts: detail.attempts,
            last_error: detail.last_error.as_deref(),
            decided_at: detail.decided_at,
            notices: detail.notices.iter().map(|row| outbox::Line::new(row, view)).collect(),
            files,
            original_removed_at: detail.original_gone.as_ref().map(|gone| gone.at),
            original_removed_by: detail.original_gone.as_ref().map(|gone| gone.by.as_str()),
        }
    }
}

fn pictured(detail: &ArrivalDetail, files: &[files::Line], look: Look, view: &View<'_>) -> String {
    let mut text = header(detail, look, view);
    text.push_str(&listed("before an operator decided", &detail.history, look));
    text.push_str(&listed("why", &detail.arrival.reasons, look));
    text.push_str(&listed("defects of the mail", &detail.defects, look));
    text.push_str(&listed("files", &files.iter().map(files::Line::told).collect::<Vec<_>>(), look));
    if !files.is_empty() {
        text.push_str(&look.dim(&format!("  postdesk arrival file {} NUMBER > NAME takes one out\n", detail.arrival.id)));
    }
    if !detail.notices.is_empty() {
        text.push_str(&look.dim("\nnotices it caused\n"));
        text.push_str(&table(outbox::TITLES, detail.notices.iter().map(|row| outbox::cells(row, view)).collect(), look));
    }
    text.push_str(&listed("what you can do", &commands(&detail.arrival), look));
    text
}

/// What an operator can do with a held mail. One without a sender cannot be released.
fn commands(arrival: &ArrivalRow) -> Vec<String> {
    if arrival.outcome.as_deref() != Some(Outcome::Held.name()) {
        return Vec::new();
    }
    let id = arrival.id;
    let mut commands = vec![
        format!("postdesk arrival retry {id}: decide it again, as if it had just come"),
        format!("postdesk arrival discard {id}: let nothing become of it; the original is kept"),
        format!("postdesk arrival raw {id}: read the original"),
    ];
    if arrival.cause.as_deref() != Some(Cause::NoSender.name()) {
        commands.insert(
            0,
            format!(
                "postdesk arrival release {id} [--onto REF]: take it as if its sender were proven, onto a ticket if you like"
            ),
        );
    }
    commands
}

fn header(detail: &ArrivalDetail, look: Look, view: &View<'_>) -> String {
    let arrival = &detail.arrival;
    let outcome = arrival.outcome.as_deref().unwrap_or(PENDING);
    let mut text = look.bold(&format!("arrival {}  ", arrival.id));
    text.push_str(&look.shown(&named_outcome(outcome, arrival.cause.as_deref()).replace('\n', " "), Tone::of(outcome)));
    text.push('\n');
    let mut add = |label: &str, value: &str| text.push_str(&field(label, value, look));
    if let Some(cause) = arrival.cause.as_deref().and_then(Cause::from_name) {
        add("cause", cause.in_words());
    }
    add("ticket", view.reference_of(arrival.ticket.as_ref()).as_deref().unwrap_or_default());
    add("department", &arrival.department);
    add("received", &view.moment(arrival.received_at));
    add("source", &came_by(detail));
    add("envelope", &format!("from <{}>", arrival.sender.as_deref().unwrap_or_default()));
    for recipient in &arrival.recipients {
        add("", &format!("to   <{recipient}>"));
    }
    add("sender", arrival.authenticity.as_deref().unwrap_or("not looked at yet"));
    add("subject", arrival.subject.as_deref().unwrap_or_default());
    add("message-id", arrival.message_id.as_deref().unwrap_or_default());
    add("size", &octets(arrival.size));
    add("original", &detail.original_gone.as_ref().map(Gone::in_words).unwrap_or_default());
    add("decided", &detail.decided_at.map(|time| view.moment(time)).unwrap_or_default());
    // One attempt without a fault is how it should be, and says nothing.
    if detail.attempts > 1 || detail.last_error.is_some() {
        add("attempts", &detail.attempts.to_string());
    }
    add("last error", detail.last_error.as_deref().unwrap_or_default());
    text
}

fn came_by(detail: &ArrivalDetail) -> String {
    let mut words = detail.arrival.source.clone();
    if let Some(ip) = &detail.peer_ip {
        words.push_str(&format!(" from {ip}"));
    }
    if let Some(helo) = &detail.peer_helo {
        words.push_str(&format!(", calling itself {helo}"));
    }
    words.push_str(if detail.peer_tls { ", over TLS" } else { "" });
    words
}

fn listed(title: &str, entries: &[String], look: Look) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let mut text = look.dim(&format!("\n{title}\n"));
    for entry in entries {
        text.push_str(&indented(&format!("- {entry}"), 2, look));
    }
    text
}
