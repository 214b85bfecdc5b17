//! Tickets and what happens to them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::{Address, Mailbox};
use super::message::Message;
use super::time::Time;

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody has taken it up.
    New,
    /// Somebody is responsible and it is our turn.
    Open,
    /// An agent has answered and it is the customer's turn.
    AwaitingCustomer,
    /// Done.
    Closed,
}

impl Status {
    /// Every status, in the order of a ticket's life.
    pub const ALL: [Status; 4] = [Status::New, Status::Open, Status::AwaitingCustomer, Status::Closed];

    /// The name in tables, JSON and commands.
    pub fn name(self) -> &'static str {
        match self {
            Status::New => "new",
            Status::Open => "open",
            Status::AwaitingCustomer => "awaiting-customer",
            Status::Closed => "closed",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the customer waits for us: only then anything is due.
    pub fn is_our_turn(self) -> bool {
        matches!(self, Status::New | Status::Open)
    }
}

/// How much a ticket presses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// It can wait.
    Low,
    /// As every ticket begins.
    #[default]
    Medium,
    /// Before the others.
    High,
}

impl Priority {
    /// Every priority, the lowest first.
    pub const ALL: [Priority; 3] = [Priority::Low, Priority::Medium, Priority::High];

    /// The name in tables, JSON and commands.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Medium => "medium",
            Priority::High => "high",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.name() == name)
    }
}

/// A ticket as a decision sees it: the row and the people on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Number, unique over the whole desk.
    pub number: i64,
    /// Key of the department.
    pub department: String,
    /// Subject of the first mail.
    pub subject: String,
    /// Where it stands.
    pub status: Status,
    /// How much it presses.
    pub priority: Priority,
    /// When it should be done. Customers never see it.
    pub due_at: Option<Time>,
    /// Whether an agent said when, rather than the department's answer time.
    pub due_by_hand: bool,
    /// The due time that agents were told of as near.
    pub reminded_of: Option<Time>,
    /// The due time that agents were told of as past.
    pub overdue_of: Option<Time>,
    /// The language that the requester wrote in, when that is sure and there are texts for it.
    pub language: Option<String>,
    /// The newest public messages, the oldest first, shortened: what a notice to agents quotes.
    pub recent: Vec<Recent>,
    /// Opened by a member of the desk rather than by an outsider.
    pub internal: bool,
    /// Who asked.
    pub requester: Mailbox,
    /// Key of the agent who has to close it.
    pub assignee: Option<String>,
    /// The public address that the requester wrote to, from which answers leave.
    pub mailbox: Address,
    /// Message-ID of the request, when it had one.
    pub first_message_id: Option<String>,
    /// Message-ID of the newest public message from the customer side, when it had one.
    pub last_message_id: Option<String>,
    /// When it was opened.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it was closed; `None` while it is not.
    pub closed_at: Option<Time>,
    /// Customer-side people who receive the public messages.
    pub followers: Vec<Mailbox>,
    /// Keys of the agents who work along without being responsible, in alphabetical order.
    pub participants: Vec<String>,
    /// Words that agents file it under, in alphabetical order.
    pub tags: Vec<String>,
    /// Who of the customer side was proven on it, as `Address::key` writes it.
    pub proven: Vec<String>,
    /// What came of late from the customer side.
    pub lately: Lately,
}

/// A public message as notices quote it. It stands in the ticket's own row, so that a reply need not read the messages before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Number of its arrival.
    pub arrival: i64,
    /// Who wrote it.
    pub author: String,
    /// When, in microseconds as [`Time`] has them.
    pub at: i64,
    /// Its words, shortened.
    pub text: String,
}

/// How many messages came since when, within an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lately {
    /// When the hour began.
    pub since: Time,
    /// Messages of customers who are proven.
    pub proven: i64,
    /// Messages of other customers.
    pub unproven: i64,
    /// Messages of machines.
    pub machines: i64,
}

impl Lately {
    const HOUR: Duration = Duration::from_secs(3_600);

    /// The same as of this time: an hour that is over begins anew.
    pub fn at(self, now: Time) -> Self {
        let current = self.since <= now && self.since.plus(Self::HOUR) > now;
        if current { self } else { Self { since: now, ..Self::default() } }
    }

    /// As it is on a ticket that an archive opened at this time: what was imported is not counted.
    pub fn of_archive(since: Time) -> Self {
        Self { since, ..Self::default() }
    }

    /// Whether nothing has come to a ticket that an archive opened but what was imported.
    pub fn is_of_archive(self) -> bool {
        self != Self::default() && self == Self::of_archive(self.since)
    }
}

/// Public messages that a ticket remembers: three for a notice, beside the one that it tells of.
const REMEMBERED: usize = 4;
/// Characters that it remembers of one.
const EXCERPT: usize = 1_500;

impl Ticket {
    /// Keeps the start of a public message for later notices to quote.
    pub fn remember(&mut self, message: &Message) {
        let text = message.text.trim();
        if !message.kind.is_public() || text.is_empty() {
            return;
        }
        let end = text.char_indices().nth(EXCERPT).map(|(at, _)| at);
        let excerpt = end.map_or_else(|| text.to_owned(), |end| format!("{} …", text[..end].trim_end()));
        let author = if message.author.name.is_empty() {
            message.author.address.as_ref().map(Address::to_string).unwrap_or_default()
        } else {
            message.author.name.clone()
        };
        self.recent.push(Recent { arrival: message.arrival, author, at: message.at.0, text: excerpt });
        self.recent.sort_by_key(|recent| recent.arrival);
        self.recent.drain(..self.recent.len().saturating_sub(REMEMBERED));
    }

    /// Whether the address is the requester's or a follower's.
    pub fn includes(&self, address: &Address) -> bool {
        self.requester.address == *address || self.followers.iter().any(|follower| follower.address == *address)
    }

    /// Notes that somebody of the customer side wrote.
    pub fn heard(&mut self, from: &Address, proven: bool, now: Time) {
        let key = from.key();
        if proven && !self.proven.contains(&key) {
            self.proven.push(key);
        }
        self.lately = self.lately.at(now);
        *if proven { &mut self.lately.proven } else { &mut self.lately.unproven } += 1;
    }

    /// Notes that a machine wrote.
    pub fn heard_machine(&mut self, now: Time) {
        self.lately = self.lately.at(now);
        self.lately.machines += 1;
    }

    /// Requester first, then the followers.
    pub fn customer_side(&self) -> impl Iterator<Item = &Mailbox> {
        std::iter::once(&self.requester).chain(&self.followers)
    }
}

/// Something that happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Number of the ticket.
    pub ticket: i64,
    /// When.
    pub at: Time,
    /// Key of the agent, address of the customer, or `postdesk`.
    pub actor: String,
    /// What: `created`, `status`, `assignee`, `priority`, `due`, `department`, `due-soon`, `overdue`, `follower`, `follower-suggested`, `participant`, `tag`,
    /// `related`, `undelivered`, `not-passed-on`.
    pub kind: &'static str,
    /// What it was before, when that says something.
    pub from: Option<String>,
    /// What it is now, when that says something.
    pub to: Option<String>,
}
