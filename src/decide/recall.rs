//! What must be asked of the store before a mail can be decided, and the answers.
//!
//! The questions of a whole batch are put together and asked at once; what an earlier mail of the batch changes is laid over the answers
//! for a later one (`Facts::absorb`), so that a batch ends as if its mails had been decided one by one.

mod facts;
mod probe;

use std::collections::BTreeSet;
use std::time::Duration;

pub use probe::Probe;

pub use facts::{Acknowledged, CAP_DAY, CAP_HOUR, Facts, Held, Known, Sent, cap_key};

use super::update::command::newcomers;
use super::update::held::wishes;
use super::{Action, Case, refuse};
use crate::model::address::Address;
use crate::model::arrival::Arrival;
use crate::model::desk::Desk;
use crate::model::mail::Mail;
use crate::model::notice;
use crate::model::time::Time;
use crate::model::token::{Purpose, Recipient, Token};

/// How many of a ticket's newest messages that are no notes are asked for, to recognise what a reply quotes of them.
pub const QUOTABLE_MESSAGES: i64 = 3;

/// How many of a ticket's newest notes are asked for: their words must not leave.
pub const GUARDED_NOTES: i64 = 500;

/// A sealed link to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Number of the ticket.
    pub ticket: i64,
    /// Whom the notice was sent to that carried it.
    pub recipient: Recipient,
    /// What it is good for. The id of a note's notice is good for notes.
    pub purpose: Purpose,
    /// Day of issue, counted from 1970-01-01.
    pub day: u16,
    /// What the notice was about, where the link tells.
    pub event: Option<notice::Event>,
    /// Where it was found.
    pub found: Found,
}

/// Where a link was found, in the order of its worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Among the envelope recipients.
    Recipient,
    /// Among the addresses of the header.
    Header,
    /// The first of In-Reply-To and References.
    Answered,
    /// Further back in References.
    References,
    /// It stands for an operator's word.
    Released,
}

/// A notice of ours, as its Message-ID tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// Number of the ticket.
    pub ticket: i64,
    /// Whom it was sent to.
    pub recipient: Recipient,
    /// The arrival that caused it.
    pub arrival: i64,
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
    /// Links that would be good if they were younger.
    pub expired: Vec<Link>,
    /// An address of a department with something behind its `+` that is not a token of ours.
    pub unreadable: Option<Address>,
    /// The notice that a signed bounce address belongs to: the arrival that caused it, and its recipient.
    pub bounced: Option<(i64, Recipient)>,
    /// The notice that a delivery report speaks of, by the sealed Message-ID in it.
    pub returned: Option<Returned>,
    /// The ticket that a follower wants to leave, and the follower.
    pub unfollow: Option<(i64, Recipient)>,
    /// The admin to whom a digest of held mail was sent that this answers.
    pub held: Option<Recipient>,
    /// It is a mail that the operator sent to see whether mail arrives.
    pub probe: Option<Probe>,
    /// The mail's own Message-ID is one that we sealed: a mail of ours came back.
    pub own_message: Option<i64>,
}

impl Links {
    /// Reads the links of a mail.
    pub fn of(arrival: &Arrival, mail: &Mail, desk: &Desk) -> Self {
        let mut links = Links::default();
        let header = mail.to.iter().chain(&mail.cc).map(|mailbox| &mailbox.address).chain(&mail.delivered_to);
        let oldest = arrival.received_at.minus(desk.token_lifetime).day();
        for address in &arrival.recipients {
            links.add_address(address, desk, Found::Recipient, oldest);
        }
        for address in header {
            links.add_address(address, desk, Found::Header, oldest);
        }
        for (index, id) in mail.references.iter().enumerate() {
            match desk.token_in_message_id(id) {
                Some(Token::Message { ticket, recipient, day, event, .. }) => {
                    let event = notice::Event::from_code(event);
                    if ticket == 0 {
                        // A mail of ours that speaks of no ticket. Of these only a digest is there to be answered.
                        let digest = event == Some(notice::Event::Digest) && day >= oldest;
                        links.held = links.held.or(digest.then_some(recipient));
                        continue;
                    }
                    let purpose = if event == Some(notice::Event::Note) { Purpose::Note } else { Purpose::Reply };
                    let found = if index == 0 { Found::Answered } else { Found::References };
                    links.sealed.push(Link { ticket, recipient, purpose, day, event, found });
                }
                _ => links.foreign_ids.push(id.clone()),
            }
        }
        links.let_expire(arrival.received_at, desk.token_lifetime);
        links.subject = subject_reference(&mail.subject, desk);
        links.probe = probe::of(arrival, mail, desk);
        links.own_message = mail.message_id.as_deref().and_then(|id| match desk.token_in_message_id(id)? {
            Token::Message { ticket, .. } => Some(ticket),
            _ => None,
        });
        let reported = mail.report.as_ref().and_then(|report| report.message_id.as_deref());
        links.returned = reported.and_then(|id| match desk.token_in_message_id(id)? {
            Token::Message { ticket, recipient, arrival, .. } => Some(Returned { ticket, recipient, arrival }),
            _ => None,
        });
        links
    }

    /// Whether the mail may speak of another one, so that it must not be decided before that.
    pub fn speak_of_something_earlier(&self) -> bool {
        !self.sealed.is_empty()
            || !self.foreign_ids.is_empty()
            || !self.expired.is_empty()
            || self.subject.is_some()
            || self.bounced.is_some()
            || self.returned.is_some()
            || self.unfollow.is_some()
            || self.held.is_some()
            || self.own_message.is_some()
    }

    fn add_address(&mut self, address: &Address, desk: &Desk, found: Found, oldest: u16) {
        match desk.token_in(address) {
            Some(Token::Reply { purpose: Purpose::Unfollow, ticket, recipient, .. }) => self.unfollow = Some((ticket, recipient)),
            Some(Token::Reply { purpose: Purpose::Held, recipient, day, .. }) => {
                self.held = self.held.or((day >= oldest).then_some(recipient));
            }
            Some(Token::Reply { purpose, ticket, recipient, day }) => {
                let link = Link { ticket, recipient, purpose, day, event: None, found };
                if !self.sealed.contains(&link) {
                    self.sealed.push(link);
                }
            }
            Some(Token::Bounce { arrival, recipient }) => self.bounced = Some((arrival, recipient)),
            Some(Token::Message { .. } | Token::Probe { .. }) => {}
            None if desk.is_ours(address) && desk.department_by_address(address).is_none() => {
                self.unreadable = Some(address.clone());
            }
            None => {}
        }
    }

    /// A link that is older than links are good for is none any more. Days are compared, so it may live up to a day longer.
    fn let_expire(&mut self, now: Time, lifetime: Duration) {
        let oldest = now.minus(lifetime).day();
        (self.sealed, self.expired) = self.sealed.drain(..).partition(|link| link.day >= oldest);
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
    /// Addresses that may be written to besides those on the tickets, as `Address::key` writes them: whether they are dead.
    pub people: BTreeSet<String>,
    /// Notices by the arrival that caused them.
    pub sent: BTreeSet<i64>,
    /// Arrivals that an admin speaks of.
    pub held: BTreeSet<i64>,
    /// Tickets whose texts are asked for: those that agents speak of, since only what they quote must be recognised. A customer's reply
    /// then touches no message at all.
    pub quoted: BTreeSet<i64>,
}

impl Wanted {
    /// What a batch needs.
    pub fn of(cases: &[Case], desk: &Desk) -> Self {
        let mut wanted = Self { people: desk.agents.iter().map(|agent| agent.address.key()).collect(), ..Self::default() };
        for case in cases {
            if case.is_archived() {
                wanted.add_archived(case);
                continue;
            }
            wanted.add(case, desk);
            let from = case.mail.from.iter().map(|mailbox| &mailbox.address).chain(&case.arrival.sender);
            if from.into_iter().any(|address| desk.agent_by_address(address).is_some()) {
                wanted.add_quoted(case);
            }
        }
        wanted
    }

    fn add_quoted(&mut self, case: &Case) {
        self.quoted.extend(case.links.sealed.iter().map(|link| link.ticket));
        self.quoted.extend(case.links.subject);
        self.quoted.extend(case.arrival.release.as_ref().and_then(|release| release.onto));
    }

    /// Adds what a mail of an archive needs: the tickets that it may belong to, since nobody is written to and nothing is done.
    fn add_archived(&mut self, case: &Case) {
        let links = &case.links;
        self.keys.insert(case.mail.content_key);
        self.tickets.extend(case.arrival.release.as_ref().and_then(|release| release.onto));
        self.tickets.extend(links.sealed.iter().map(|link| link.ticket));
        self.tickets.extend(links.subject.into_iter().chain(links.own_message));
        self.message_ids.extend(links.foreign_ids.iter().cloned());
        self.arrivals.extend(links.bounced.map(|(arrival, _)| arrival));
    }

    /// Adds what one mail needs.
    fn add(&mut self, case: &Case, desk: &Desk) {
        self.keys.insert(case.mail.content_key);
        self.tickets.extend(case.links.expired.iter().map(|link| link.ticket));
        self.tickets.extend(case.links.unfollow.map(|(ticket, _)| ticket));
        self.tickets.extend(case.arrival.release.as_ref().and_then(|release| release.onto));
        self.people.extend(newcomers(&case.mail.text).map(|address| address.key()));
        self.people.extend(case.mail.cc.iter().map(|mailbox| mailbox.address.key()));
        self.tickets.extend(case.links.sealed.iter().map(|link| link.ticket));
        self.tickets.extend(case.links.subject);
        self.tickets.extend(case.links.own_message);
        self.message_ids.extend(case.links.foreign_ids.iter().cloned());
        self.message_ids.extend(case.links.probe.iter().map(|probe| probe.id.clone()));
        self.arrivals.extend(case.links.bounced.map(|(arrival, _)| arrival));
        self.sent.extend(case.links.bounced.map(|(arrival, _)| arrival));
        self.sent.extend(case.links.returned.map(|returned| returned.arrival));
        self.tickets.extend(case.links.returned.map(|returned| returned.ticket));
        self.requesters.extend(case.mail.from.first().map(|mailbox| mailbox.address.key()));
        self.requesters.extend(case.arrival.sender.as_ref().map(Address::key));
        self.people.extend(self.requesters.iter().cloned());
        let agents = refuse::involved(case, desk, true, true);
        self.requesters.extend(agents.filter_map(|agent| cap_key(notice::Event::Held, &agent.address)));
        if case.links.held.is_some()
            && let Ok(wishes) = wishes(&case.mail.text)
        {
            for wish in wishes {
                self.held.extend(wish.arrivals);
                self.tickets.extend(match wish.action {
                    Action::Release { onto } => onto,
                    Action::Retry | Action::Discard => None,
                });
            }
        }
    }
}
