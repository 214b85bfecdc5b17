//! What the store answers to the questions of a batch.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::decide::{Case, Decision};
use crate::model::address::Address;
use crate::model::arrival::{Authenticity, Outcome};
use crate::model::message::Kind;
use crate::model::notice;
use crate::model::ticket::Ticket;
use crate::model::time::Time;

/// A notice that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Number in the outbox.
    pub id: i64,
    /// What it was about.
    pub event: String,
    /// Whom it was for.
    pub recipient: Address,
    /// The ticket it spoke of.
    pub ticket: Option<i64>,
    /// Its Message-ID without angle brackets.
    pub message_id: String,
    /// How far it has come: `due`, `leased`, `sent`, `failed`, `dropped`.
    pub state: String,
    /// When it was written.
    pub created_at: Time,
}

/// An arrival that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Number of the arrival.
    pub arrival: i64,
    /// Key of the department it is for.
    pub department: String,
    /// Envelope sender; `None` for the null sender.
    pub sender: Option<String>,
    /// Its subject.
    pub subject: String,
    /// Why it is held.
    pub cause: String,
    /// The ticket that it tried to reach.
    pub ticket: Option<i64>,
    /// When it was received.
    pub received_at: Time,
}

/// An arrival that was decided before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Number of the arrival.
    pub arrival: i64,
    /// What was proven of its sender.
    pub authenticity: Authenticity,
    /// Whether it is held.
    pub held: bool,
}

/// Acknowledgements sent to one address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// Within the last hour.
    pub hour: i64,
    /// Within the last 24 hours.
    pub day: i64,
}

/// What the store answers.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The number that the next ticket gets.
    pub next_number: i64,
    /// Tickets by number.
    pub tickets: HashMap<i64, Ticket>,
    /// Numbers of the tickets that hold a message with this Message-ID.
    pub by_message_id: HashMap<String, Vec<i64>>,
    /// Number of the ticket that an arrival belongs to.
    pub by_arrival: HashMap<i64, i64>,
    /// Arrivals by content key and department.
    pub known: HashMap<([u8; 32], String), Known>,
    /// Acknowledgements by recipient.
    pub acknowledged: HashMap<String, Acknowledged>,
    /// Acknowledgements to everybody within the last 24 hours.
    pub acknowledged_in_all: i64,
    /// Texts of the newest messages, other than notes, of a ticket that an agent speaks of.
    pub texts: HashMap<i64, Vec<String>>,
    /// Those of them that customers have read or written: what they say is no secret.
    pub public: HashMap<i64, Vec<String>>,
    /// Texts of the notes of a ticket that an agent speaks of, the oldest first.
    pub notes: HashMap<i64, Vec<String>>,
    /// Addresses that are known to be dead, as `Address::key` writes them.
    pub dead: HashSet<String>,
    /// Notices by the arrival that caused them.
    pub sent: HashMap<i64, Vec<Sent>>,
    /// Held arrivals by their number.
    pub held: HashMap<i64, Held>,
}

/// What a notice counts under against the caps of automatic mail, if it counts.
pub fn cap_key(event: notice::Event, recipient: &Address) -> Option<String> {
    match event {
        notice::Event::Acknowledgement => Some(recipient.key()),
        // Whoever forges an agent's name must not flood the agent.
        notice::Event::Held => Some(format!("held {}", recipient.key())),
        _ => None,
    }
}

/// The spans that caps count over.
pub const CAP_HOUR: Duration = Duration::from_secs(3_600);
/// See [`CAP_HOUR`].
pub const CAP_DAY: Duration = Duration::from_secs(86_400);

impl Facts {
    /// Lays a decision over the facts, for the mails that follow in the same batch.
    pub fn absorb(&mut self, case: &Case, decision: &Decision) {
        if decision.keeps_key {
            let key = (case.mail.content_key, case.arrival.department.clone());
            let held = decision.outcome == Outcome::Held;
            self.known.insert(key, Known { arrival: decision.arrival, authenticity: decision.authenticity, held });
        }
        if let Some(change) = &decision.change {
            if change.before.is_none() {
                self.next_number = self.next_number.max(change.ticket.number + 1);
            }
            self.tickets.insert(change.ticket.number, change.ticket.clone());
        }
        if let Some(message) = &decision.message {
            self.by_arrival.insert(decision.arrival, message.ticket);
            let said = if message.kind == Kind::Note { &mut self.notes } else { &mut self.texts };
            said.entry(message.ticket).or_default().push(message.text.clone());
            if let Some(remark) = &message.remark {
                self.notes.entry(message.ticket).or_default().push(remark.text.clone());
            }
            if message.kind.is_public() {
                self.public.entry(message.ticket).or_default().push(message.text.clone());
            }
            if let Some(id) = &message.message_id {
                self.by_message_id.entry(id.clone()).or_default().push(message.ticket);
            }
        }
        let failed: HashSet<i64> = decision.failed.iter().map(|failed| failed.notice).collect();
        for notice in self.sent.values_mut().flatten().filter(|notice| failed.contains(&notice.id)) {
            "failed".clone_into(&mut notice.state);
        }
        self.dead.extend(decision.failed.iter().filter_map(|failed| failed.dead.as_ref().map(Address::key)));
        if let Some(alive) = &decision.alive {
            self.dead.remove(&alive.key());
        }
        for operation in &decision.operations {
            self.held.remove(&operation.arrival);
        }
        for notice in &decision.notices {
            if let Some(key) = cap_key(notice.event, &notice.recipient) {
                let count = self.acknowledged.entry(key).or_default();
                count.hour += 1;
                count.day += 1;
            }
            if notice.event == notice::Event::Acknowledgement {
                self.acknowledged_in_all += 1;
            }
        }
    }

    /// The times after which acknowledgements count for the hour and for the day.
    pub fn cap_starts(now: Time) -> (Time, Time) {
        (now.minus(CAP_HOUR), now.minus(CAP_DAY))
    }
}
