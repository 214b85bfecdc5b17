//! What must be asked of the store before a mail can be decided, and the answers.
//!
//! The questions of a whole batch are put together and asked at once; what an earlier mail of the batch changes is laid over the answers
//! for a later one (`Facts::absorb`), so that a batch ends as if its mails had been decided one by one.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::{Case, Decision};
use crate::model::address::Address;
use crate::model::arrival::{Arrival, Authenticity, Outcome};
use crate::model::desk::Desk;
use crate::model::mail::Mail;
use crate::model::notice;
use crate::model::ticket::Ticket;
use crate::model::time::Time;
use crate::model::token::{Purpose, Recipient, Token};

/// How many of a ticket's newest messages are asked for, to recognise what a reply quotes of them.
pub const QUOTABLE_MESSAGES: i64 = 3;

/// A sealed link to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Number of the ticket.
    pub ticket: i64,
    /// Whom the notice was sent to that carried it.
    pub recipient: Recipient,
    /// Whether it came with an internal note.
    pub note: bool,
    /// Where it was found, for the trace.
    pub found: &'static str,
}

/// Everything in a mail that may tell which ticket it speaks of, in the order of its worth.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Signed reply addresses, then signed Message-IDs.
    pub sealed: Vec<Link>,
    /// Ids in In-Reply-To and References that are not ours: perhaps those of messages we have.
    pub foreign_ids: Vec<String>,
    /// Number of the reference in the subject.
    pub subject: Option<i64>,
    /// The arrival whose notice a signed bounce address belongs to.
    pub bounced: Option<i64>,
    /// The mail's own Message-ID is one that we sealed: a mail of ours came back.
    pub own_message: Option<i64>,
}

impl Links {
    /// Reads the links of a mail.
    pub fn of(arrival: &Arrival, mail: &Mail, desk: &Desk) -> Self {
        let mut links = Links::default();
        let header = mail.to.iter().chain(&mail.cc).map(|mailbox| &mailbox.address).chain(&mail.delivered_to);
        for address in &arrival.recipients {
            links.add_address(address, desk, "the address it was delivered to");
        }
        for address in header {
            links.add_address(address, desk, "an address in its header");
        }
        for id in &mail.references {
            match desk.token_in_message_id(id) {
                Some(Token::Message { ticket, recipient, .. }) => {
                    links.sealed.push(Link { ticket, recipient, note: false, found: "the id of a notice in its References" });
                }
                _ => links.foreign_ids.push(id.clone()),
            }
        }
        links.subject = subject_reference(&mail.subject, desk);
        links.own_message = mail.message_id.as_deref().and_then(|id| match desk.token_in_message_id(id)? {
            Token::Message { ticket, .. } => Some(ticket),
            _ => None,
        });
        links
    }

    /// Whether the mail may speak of another one, so that it must not be decided before that.
    pub fn speak_of_something_earlier(&self) -> bool {
        !self.sealed.is_empty()
            || !self.foreign_ids.is_empty()
            || self.subject.is_some()
            || self.bounced.is_some()
            || self.own_message.is_some()
    }

    fn add_address(&mut self, address: &Address, desk: &Desk, found: &'static str) {
        match desk.token_in(address) {
            Some(Token::Reply { purpose, ticket, recipient, .. }) => {
                let link = Link { ticket, recipient, note: purpose == Purpose::Note, found };
                if !self.sealed.contains(&link) {
                    self.sealed.push(link);
                }
            }
            Some(Token::Bounce { arrival, .. }) => self.bounced = Some(arrival),
            _ => {}
        }
    }
}

/// The number in `[SUP-1042]`, for any prefix of the desk and in any case; the last one counts.
fn subject_reference(subject: &str, desk: &Desk) -> Option<i64> {
    subject.rsplit('[').find_map(|rest| {
        let (inner, _) = rest.split_once(']')?;
        let (prefix, number) = inner.trim().rsplit_once('-')?;
        let known = desk.departments.iter().any(|department| department.prefix.eq_ignore_ascii_case(prefix));
        // `parse` would take a sign.
        (known && number.len() <= 12 && number.bytes().all(|b| b.is_ascii_digit())).then(|| number.parse().ok())?
    })
}

/// What must be asked of the store for a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Tickets by number.
    pub tickets: BTreeSet<i64>,
    /// Tickets by the Message-ID of one of their messages.
    pub message_ids: BTreeSet<String>,
    /// Tickets by an arrival.
    pub arrivals: BTreeSet<i64>,
    /// Arrivals by their content.
    pub keys: BTreeSet<[u8; 32]>,
    /// Acknowledgements by recipient, as `Address::key` writes it.
    pub requesters: BTreeSet<String>,
}

impl Wanted {
    /// Adds what one mail needs.
    pub fn add(&mut self, case: &Case) {
        self.keys.insert(case.mail.content_key);
        self.tickets.extend(case.links.sealed.iter().map(|link| link.ticket));
        self.tickets.extend(case.links.subject);
        self.tickets.extend(case.links.own_message);
        self.message_ids.extend(case.links.foreign_ids.iter().cloned());
        self.arrivals.extend(case.links.bounced);
        self.requesters.extend(case.mail.from.first().map(|mailbox| mailbox.address.key()));
        self.requesters.extend(case.arrival.sender.as_ref().map(Address::key));
    }
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
    /// Texts of the newest messages of a ticket.
    pub texts: HashMap<i64, Vec<String>>,
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
            if change.is_new {
                self.next_number = self.next_number.max(change.ticket.number + 1);
            }
            self.tickets.insert(change.ticket.number, change.ticket.clone());
        }
        if let Some(message) = &decision.message {
            self.by_arrival.insert(decision.arrival, message.ticket);
            self.texts.entry(message.ticket).or_default().push(message.text.clone());
            if let Some(id) = &message.message_id {
                self.by_message_id.entry(id.clone()).or_default().push(message.ticket);
            }
        }
        for notice in &decision.notices {
            if notice.event == notice::Event::Acknowledgement {
                let count = self.acknowledged.entry(notice.recipient.key()).or_default();
                count.hour += 1;
                count.day += 1;
                self.acknowledged_in_all += 1;
            }
        }
    }

    /// The times after which acknowledgements count for the hour and for the day.
    pub fn cap_starts(now: Time) -> (Time, Time) {
        (now.minus(CAP_HOUR), now.minus(CAP_DAY))
    }
}
