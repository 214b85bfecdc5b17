//! The second entry of the core: what the clock brings about, without any mail. As pure as the first.
//!
//! Two things are told: that a ticket is due soon or overdue, and that a mail of ours was given up. Each is told once. A ticket remembers
//! the due time that was told, not when: whether the clock jumps on or back, whether we were off for a week, the same due time is told
//! once as near and once as past, and what was told as past is not told as near any more.

use std::collections::HashSet;

use super::Rules;
use super::update::bounce::{agents, is_dead, meaning};
use super::watchers::{Happening, watchers};
use super::write::due::{Due, due};
use super::write::held::department_of;
use super::write::undelivered::{Undelivered, undelivered};
use crate::model::address::Address;
use crate::model::desk::{Department, Desk};
use crate::model::mail::{Action, Reported, StatusCode};
use crate::model::notice::{Event, Outgoing};
use crate::model::ticket::{self, Ticket};
use crate::model::time::Time;

/// Until when a due time of a department is one to speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    /// Key of the department.
    pub department: String,
    /// Due times up to this one are near.
    pub until: Time,
}

/// The horizons of all departments. Of a department that has left the configuration, only what is past is spoken of.
pub fn horizons(desk: &Desk, now: Time) -> Vec<Horizon> {
    let horizon = |department: &Department| Horizon { department: department.key.clone(), until: horizon(department, now) };
    desk.departments.iter().map(horizon).collect()
}

/// The reminder counts working time: on a Friday evening, what is due on Monday morning is near.
fn horizon(department: &Department, now: Time) -> Time {
    let reminder = department.reminder();
    if reminder.is_zero() { now } else { department.hours.deadline(now, reminder) }
}

/// What is to be told of a ticket now.
pub fn due_event(ticket: &Ticket, desk: &Desk, now: Time) -> Option<Event> {
    let due = ticket.due_at.filter(|_| ticket.status.is_our_turn())?;
    if ticket.overdue_of == Some(due) {
        return None;
    }
    if due <= now {
        return Some(Event::Overdue);
    }
    let department = desk.department(&ticket.department)?;
    let is_new = ticket.reminded_of != Some(due);
    (is_new && due <= horizon(department, now)).then_some(Event::DueSoon)
}

/// A ticket that there is something to be told of.
#[derive(Debug)]
pub struct Late<'a> {
    /// The ticket with its people.
    pub ticket: &'a Ticket,
    /// What is told: due soon, or overdue.
    pub event: Event,
    /// The arrival that the notices are noted with: the newest of the ticket that none of this event is noted with yet.
    pub arrival: i64,
    /// Addresses that are known to be dead, as `Address::key` writes them.
    pub dead: &'a HashSet<String>,
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The ticket, which remembers what was told.
    pub ticket: Ticket,
    /// What its history says.
    pub event: ticket::Event,
    /// The mails.
    pub notices: Vec<Outgoing>,
}

/// Tells agents that a ticket is due soon or overdue.
pub fn tell(late: &Late<'_>, rules: Rules<'_>) -> Told {
    let mut ticket = late.ticket.clone();
    ticket.reminded_of = ticket.due_at;
    if late.event == Event::Overdue {
        ticket.overdue_of = ticket.due_at;
    }
    let department = department_of(&ticket.department, rules);
    let said = department.zip(ticket.due_at).map(|(department, due)| due.in_zone(&department.hours.zone));
    let event = ticket::Event {
        ticket: ticket.number,
        at: rules.now,
        actor: "postdesk".to_owned(),
        kind: late.event.name(),
        from: None,
        to: said,
    };
    let notices = department.map(|department| due_notices(late, department, rules)).unwrap_or_default();
    Told { ticket, event, notices }
}

fn due_notices(late: &Late<'_>, department: &Department, rules: Rules<'_>) -> Vec<Outgoing> {
    let happening = Happening {
        event: late.event,
        // Nobody did it.
        author: &department.address,
        proven: true,
        addressed: &[],
        acknowledge: false,
        begun: false,
        dead: late.dead,
    };
    let told = watchers(happening, late.ticket, department, rules.desk);
    let write = |watcher| due(&Due { watcher, ticket: late.ticket, department, arrival: late.arrival }, rules);
    told.iter().map(write).collect()
}

/// A notice that the sender has given up, and nobody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Number in the outbox.
    pub notice: i64,
    /// The ticket that it speaks of.
    pub ticket: Option<i64>,
    /// The arrival that caused it.
    pub arrival: i64,
    /// Name of its event.
    pub event: String,
    /// Whom it was for.
    pub recipient: Address,
    /// When it was written.
    pub sent_at: Time,
    /// What the last attempt ended with.
    pub why: String,
}

impl GivenUp {
    /// Whether agents are told. That a notice to agents about the desk itself was lost is told by nothing that would be lost the same way:
    /// so notices about notices end.
    pub fn is_told(&self) -> bool {
        const SILENT: [Event; 7] =
            [Event::Undelivered, Event::Receipt, Event::Held, Event::Digest, Event::DueSoon, Event::Overdue, Event::Alarm];
        self.ticket.is_some() && !SILENT.iter().any(|event| event.name() == self.event)
    }

    /// Whether it tells of the same as another one: a mail to several people, of which agents hear once.
    pub fn goes_with(&self, other: &GivenUp) -> bool {
        (self.ticket, self.arrival, &self.event) == (other.ticket, other.arrival, &other.event)
    }

    /// The address, when it was refused at once and in a way that says that it will never take mail, as for delivery reports.
    pub fn dead(&self) -> Option<&Address> {
        let told = Reported {
            addresses: vec![self.recipient.clone()],
            action: Action::Failed,
            status: status(&self.why),
            ..Reported::default()
        };
        is_dead(&told, &self.recipient).then_some(&self.recipient)
    }
}

/// The enhanced code of a reply (RFC 2034 section 4): `550 5.1.1 ...`. What was tried again and again begins with other words.
fn status(reply: &str) -> Option<StatusCode> {
    let mut words = reply.split(' ');
    let code = words.next().filter(|code| code.len() == 3 && code.bytes().all(|octet| octet.is_ascii_digit()))?;
    StatusCode::parse(words.next()?).filter(|status| code.starts_with(char::from(b'0' + status.0)))
}

/// Tells the agents of a ticket, by one mail, of notices that were given up and go with each other. Who did not get one of them is not told
/// at the same address.
pub fn given_up(failed: &[&GivenUp], ticket: &Ticket, arrival: i64, dead: &HashSet<String>, rules: Rules<'_>) -> Vec<Outgoing> {
    let (Some(first), Some(department)) = (failed.first(), department_of(&ticket.department, rules)) else { return Vec::new() };
    let addresses: Vec<&Address> = failed.iter().map(|failed| &failed.recipient).collect();
    let reply = first.why.split_once(" attempts: ").filter(|(count, _)| count.starts_with("given up after "));
    let said = reply.map_or(first.why.as_str(), |(_, reply)| reply);
    let told = agents(&addresses, ticket, department, dead, rules.desk);
    let write = |watcher| {
        let words = Undelivered {
            watcher,
            ticket,
            department,
            arrival,
            addresses: &addresses,
            event: &first.event,
            sent_at: first.sent_at,
            said,
            meaning: status(said).map(meaning).unwrap_or_default(),
            dead: failed.iter().all(|failed| failed.dead().is_some()),
            given_up: true,
        };
        undelivered(&words, rules)
    };
    told.iter().map(write).collect()
}
