//! `ticket list` and `ticket show`.

use std::io::Write;

use serde::Serialize;

use super::table::{Cell, Look, Tone, field, indented, octets, one_line, table};
use super::{Code, Ended, Format, List, Trouble, View, settled, ticket_number, write_json, write_list};
use crate::model::ticket::Status;
use crate::model::time::{Time, Zone};
use crate::store::report::conversation::{AttachmentRow, EventRow, MessageRow, OriginalRow, Related, TicketDetail, TicketHead};
use crate::store::report::ticket::{TicketFilter, TicketRow};
use crate::store::report::{NEWEST, Page, Person};
use crate::store::{Fault, Store};

/// Characters that `--search` takes: the store compares them with every message.
const SEARCH_LENGTH: usize = 500;

/// The options of `ticket list`.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Key of a department.
    pub department: Option<String>,
    /// Name of a status.
    pub status: Option<String>,
    /// Key of an agent.
    pub assignee: Option<String>,
    /// Text in subject, requester or messages.
    pub search: Option<String>,
    /// Only what is past its due time while it is our turn.
    pub overdue: bool,
}

/// Writes the list of tickets, the newest first: for people the newest 50 unless `all` is set, in JSON every one.
///
/// # Errors
/// [`Code::Usage`] for an unknown status or a search that is too long; [`Code::Input`] when a department or agent is neither
/// configured nor on any ticket.
pub async fn list(store: &Store, filter: &Filter, all: bool, view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    names_are_known(store, filter, view).await?;
    let tickets = Tickets { store, view, filter: checked(filter, view.now)? };
    settled(write_list(&tickets, all, view.format, out).await)
}

/// Writes a whole ticket.
///
/// # Errors
/// [`Code::Input`] when the reference cannot be read or no ticket has its number.
pub async fn show(store: &Store, reference: &str, view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let number = ticket_number(reference)?;
    let Some(detail) = store.ticket_by_reference(number).await? else {
        return Err(Trouble::new(
            Code::Input,
            format!("there is no ticket {number}; `postdesk ticket list` shows those there are"),
        ));
    };
    settled(match view.format {
        Format::Json => write_json(&Whole::new(&detail, view), out),
        Format::People(look) => out.write_all(pictured(&detail, look, view).as_bytes()).map_err(Ended::from),
    })?;
    settled(out.flush().map_err(Ended::from))
}

/// What `ticket show --json` writes.
pub(super) fn whole(detail: &TicketDetail, view: &View<'_>) -> Result<Vec<u8>, Trouble> {
    let mut json = Vec::new();
    settled(write_json(&Whole::new(detail, view), &mut json))?;
    Ok(json)
}

fn checked(filter: &Filter, now: Time) -> Result<TicketFilter, Trouble> {
    if let Some(status) = filter.status.as_deref().filter(|status| Status::from_name(status).is_none()) {
        return Err(Trouble::unknown_value("status", status, &Status::ALL.map(Status::name)));
    }
    let search = filter.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if search.is_some_and(|text| text.chars().count() > SEARCH_LENGTH) {
        return Err(Trouble::new(Code::Usage, format!("--search takes at most {SEARCH_LENGTH} characters")));
    }
    Ok(TicketFilter {
        department: filter.department.clone(),
        status: filter.status.clone(),
        assignee: filter.assignee.clone(),
        search: search.map(str::to_owned),
        overdue_at: filter.overdue.then_some(now),
    })
}

/// An empty list because of a mistyped name would read as good news.
async fn names_are_known(store: &Store, filter: &Filter, view: &View<'_>) -> Result<(), Trouble> {
    if let Some(key) = filter.department.as_deref().filter(|key| view.desk.department(key).is_none()) {
        let only = TicketFilter { department: Some(key.to_owned()), ..TicketFilter::default() };
        let known: Vec<&str> = view.desk.departments.iter().map(|department| department.key.as_str()).collect();
        tickets_or_trouble(store, &only, "department", key, &known).await?;
    }
    if let Some(key) = filter.assignee.as_deref().filter(|key| view.desk.agent(key).is_none()) {
        let only = TicketFilter { assignee: Some(key.to_owned()), ..TicketFilter::default() };
        let known: Vec<&str> = view.desk.agents.iter().map(|agent| agent.key.as_str()).collect();
        tickets_or_trouble(store, &only, "agent", key, &known).await?;
    }
    Ok(())
}

/// A key that has left the configuration is still good when tickets carry it.
async fn tickets_or_trouble(store: &Store, only: &TicketFilter, what: &str, key: &str, known: &[&str]) -> Result<(), Trouble> {
    if store.tickets(only, NEWEST, 1).await?.rows.is_empty() {
        return Err(Trouble { code: Code::Input, ..Trouble::unknown_value(what, key, known) });
    }
    Ok(())
}

struct Tickets<'a> {
    store: &'a Store,
    view: &'a View<'a>,
    filter: TicketFilter,
}

impl List for Tickets<'_> {
    type Row = TicketRow;
    const TITLES: &'static [&'static str] = &["reference", "status", "due", "assignee", "requester", "subject", "updated"];
    const NOTHING: &'static str = "No tickets.";

    async fn page(&self, before: i64, limit: i64) -> Result<Page<TicketRow>, Fault> {
        self.store.tickets(&self.filter, before, limit).await
    }

    fn write_json(&self, row: &TicketRow, out: &mut dyn Write) -> Result<(), Ended> {
        write_json(&Line { reference: self.view.reference(&row.department, row.number), ticket: row }, out)
    }

    fn cells(&self, row: &TicketRow) -> Vec<Cell> {
        vec![
            Cell::toned(&self.view.reference(&row.department, row.number), Tone::Title),
            Cell::toned(&standing(row), urgency(row, self.view)),
            Cell::toned(&row.due_at.map(|due| due.relative_to(self.view.now)).unwrap_or_default(), urgency(row, self.view)),
            Cell::new(row.assignee.as_deref().unwrap_or("–")),
            Cell::new(&named(&row.requester)),
            Cell::new(&row.subject),
            self.view.moment_in_table(row.updated_at),
        ]
    }
}

/// How a ticket presses: answered, overdue, due today by the department's calendar, or as its status says.
fn urgency(row: &TicketRow, view: &View<'_>) -> Tone {
    let standing = Tone::of(&row.status);
    let our_turn = Status::from_name(&row.status).is_some_and(Status::is_our_turn);
    let Some(due) = row.due_at.filter(|_| our_turn) else { return standing };
    let utc = Zone::default();
    let zone = view.desk.department(&row.department).map_or(&utc, |department| &department.hours.zone);
    match due {
        due if due <= view.now => Tone::Wrong,
        due if due.day_in(zone) == view.now.day_in(zone) => Tone::Today,
        _ => standing,
    }
}

/// The status, and the priority when it is not the usual one.
fn standing(row: &TicketRow) -> String {
    if row.priority == "medium" { row.status.clone() } else { format!("{} ({})", row.status, row.priority) }
}

/// A line of `ticket list --json`.
#[derive(Serialize)]
struct Line<'a> {
    reference: String,
    #[serde(flatten)]
    ticket: &'a TicketRow,
}

/// `ticket show --json`.
#[derive(Serialize)]
struct Whole<'a> {
    reference: String,
    #[serde(flatten)]
    ticket: &'a TicketHead,
    related: Vec<Relation>,
    messages: &'a [MessageRow],
    events: &'a [EventRow],
}

#[derive(Serialize)]
struct Relation {
    reference: String,
    kind: String,
}

impl<'a> Whole<'a> {
    fn new(detail: &'a TicketDetail, view: &View<'_>) -> Self {
        let related = detail
            .related
            .iter()
            .map(|other| Relation { reference: view.reference(&other.department, other.number), kind: kind_of(other) })
            .collect();
        Self {
            reference: view.reference(&detail.ticket.department, detail.ticket.number),
            ticket: &detail.ticket,
            related,
            messages: &detail.messages,
            events: &detail.events,
        }
    }
}

/// What the other ticket is to this one, or this one to it: a new ticket has the `follow-up` to the old one, which is `followed-up-by`.
fn kind_of(related: &Related) -> String {
    match (related.reverse, related.kind.as_str()) {
        (false, kind) => kind.to_owned(),
        (true, "follow-up") => "followed-up-by".to_owned(),
        (true, kind) => format!("{kind}-by"),
    }
}

/// The address always stands beside a name: a name can say anything.
fn named(person: &Person) -> String {
    if person.name.is_empty() { person.address.clone() } else { format!("{} <{}>", person.name, person.address) }
}

pub(super) fn pictured(detail: &TicketDetail, look: Look, view: &View<'_>) -> String {
    let mut text = header(detail, look, view);
    for message in &detail.messages {
        text.push('\n');
        text.push_str(&entry(message, look, view));
    }
    if !detail.events.is_empty() {
        text.push('\n');
        text.push_str(&look.dim("what happened\n"));
        let rows = detail.events.iter().map(|event| event_cells(event, view)).collect();
        text.push_str(&table(&["when", "who", "what", ""], rows, look));
    }
    text
}

fn header(detail: &TicketDetail, look: Look, view: &View<'_>) -> String {
    let ticket = &detail.ticket;
    let reference = view.reference(&ticket.department, ticket.number);
    let mut text = look.bold(&format!("{reference}  {}\n", one_line(&ticket.subject)));
    let mut add = |label: &str, value: &str| text.push_str(&field(label, value, look));
    add("status", &format!("{}, {} priority, by {}, {}", ticket.status, ticket.priority, ticket.origin, ticket.visibility));
    add("department", &ticket.department);
    add("requester", &named(&ticket.requester));
    for follower in &ticket.followers {
        add("follower", &named(follower));
    }
    let assignee = ticket.assignee.as_deref();
    let name = assignee.and_then(|key| view.desk.agent(key)).map(|agent| format!("{} ({})", agent.key, agent.name));
    add("assignee", name.as_deref().or(assignee).unwrap_or("nobody"));
    for key in &ticket.participants {
        add("participant", &view.desk.agent(key).map_or_else(|| key.clone(), |agent| format!("{} ({})", agent.key, agent.name)));
    }
    if !ticket.tags.is_empty() {
        add("tags", &ticket.tags.join(", "));
    }
    if let Some(due) = ticket.due_at {
        add("due", &format!("{}, {}", view.moment(due), due_by(detail)));
    }
    for (label, time) in [("opened", Some(ticket.created_at)), ("updated", Some(ticket.updated_at)), ("closed", ticket.closed_at)]
    {
        if let Some(time) = time {
            add(label, &view.moment(time));
        }
    }
    for other in &detail.related {
        let words = match kind_of(other).as_str() {
            "follow-up" => "continues".to_owned(),
            "followed-up-by" => "continued by".to_owned(),
            kind => format!("{kind}:"),
        };
        add("related", &format!("{words} {}", view.reference(&other.department, other.number)));
    }
    text
}

/// Who said when a ticket is due.
fn due_by(detail: &TicketDetail) -> String {
    if !detail.ticket.due_by_hand {
        return format!("by the answer time of {}", detail.ticket.department);
    }
    let said = detail.events.iter().rev().find(|event| event.kind == "due" && event.to.is_some());
    said.map_or_else(|| "set by hand".to_owned(), |event| format!("set by {}", event.actor))
}

fn entry(message: &MessageRow, look: Look, view: &View<'_>) -> String {
    let author = Person {
        name: message.author.name.clone(),
        address: message.author.address.clone().unwrap_or_else(|| "no address".to_owned()),
    };
    let mut about = format!("{}, {}", view.moment(message.at), message.kind);
    for (said, words) in [(!message.public, ", internal"), (!message.authenticated, ", sender not proven")] {
        about.push_str(if said { words } else { "" });
    }
    let mut text = look.bold(&one_line(&named(&author)));
    text.push_str(&look.dim(&format!("  {} [arrival {}]\n", one_line(&about), message.arrival)));
    if let Some(original) = &message.forwarded {
        text.push_str(&look.dim(&format!("    {}\n", one_line(&passed_on(original, &author)))));
    }
    if let Some(protection) = &message.protection {
        text.push_str(&look.dim(&format!("    {protection}\n")));
    }
    text.push_str(&indented(&message.text, 4, look));
    for file in &message.attachments {
        text.push_str(&look.shown(&format!("    + {}\n", file_line(file)), Tone::Good));
    }
    if let Some(original) = &message.original {
        text.push_str(&look.dim(&format!("    (the original, with its files, {original})\n")));
    }
    let quoted = message.quoted.lines().count();
    if quoted > 0 {
        text.push_str(&look.dim(&format!("    (quoted lines not shown: {quoted})\n")));
    }
    text
}

/// That a mail was passed on, or that it passes one on of somebody else.
fn passed_on(original: &OriginalRow, author: &Person) -> String {
    let dated = if original.date.is_empty() { String::new() } else { format!(", dated {}", original.date) };
    match &original.from {
        Some(from) if from.address == author.address => format!("was passed on{dated}"),
        Some(from) => format!("passes on a mail of {}{dated}", named(from)),
        None => format!("passes on a mail{dated}"),
    }
}

fn file_line(file: &AttachmentRow) -> String {
    one_line(&format!("{} ({}, {})", file.name, file.media_type, octets(file.size)))
}

fn event_cells(event: &EventRow, view: &View<'_>) -> Vec<Cell> {
    let change = match (&event.from, &event.to) {
        (Some(from), Some(to)) => format!("{from} → {to}"),
        (None, Some(to)) => to.clone(),
        (Some(from), None) => format!("{from} → none"),
        (None, None) => String::new(),
    };
    vec![
        Cell::toned(&event.at.in_zone(view.zone), Tone::Quiet),
        Cell::new(&event.actor),
        Cell::new(&event.kind),
        Cell::new(&change),
    ]
}
