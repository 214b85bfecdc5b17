//! Notices: one mail that we send to one person because of something that happened.

use serde::Serialize;

use super::address::Address;
use super::message::{Inner, TransferEncoding};

/// What a notice is about; the name of its texts and of its outbox rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// To the requester: your mail has become a ticket.
    Acknowledgement,
    /// To agents: a new ticket.
    Request,
    /// To agents and the other customer-side people: the customer wrote again.
    Reply,
    /// To the customer side and to other agents: an agent answered.
    Answer,
    /// To requester and assignee: closed.
    Closed,
    /// To an agent: what became of the commands in a mail.
    Receipt,
    /// To agents: an internal note.
    Note,
    /// To an agent: the ticket is the agent's now.
    Assigned,
    /// To requester and agents: opened again by an agent.
    Reopened,
    /// To agents: a notice of ours did not reach its recipient.
    Undelivered,
    /// To an agent whose name was used in vain: a mail is held.
    Held,
    /// To admins: what is held, and what can be done with it.
    Digest,
    /// To the requester: somebody is responsible now.
    Begun,
    /// To agents: a ticket is due before long.
    DueSoon,
    /// To agents: a ticket was due and is not answered.
    Overdue,
    /// To admins: no mail could be fetched from an account for long.
    Alarm,
}

impl Event {
    /// Every event that has texts.
    pub const ALL: [Event; 16] = [
        Event::Acknowledgement,
        Event::Request,
        Event::Reply,
        Event::Answer,
        Event::Closed,
        Event::Receipt,
        Event::Note,
        Event::Assigned,
        Event::Reopened,
        Event::Undelivered,
        Event::Held,
        Event::Digest,
        Event::Begun,
        Event::DueSoon,
        Event::Overdue,
        Event::Alarm,
    ];

    /// The name in tables, JSON and file names.
    pub fn name(self) -> &'static str {
        match self {
            Event::Acknowledgement => "acknowledgement",
            Event::Request => "request",
            Event::Reply => "reply",
            Event::Answer => "answer",
            Event::Closed => "closed",
            Event::Receipt => "receipt",
            Event::Note => "note",
            Event::Assigned => "assigned",
            Event::Reopened => "reopened",
            Event::Undelivered => "undelivered",
            Event::Held => "held",
            Event::Digest => "digest",
            Event::Begun => "begun",
            Event::DueSoon => "due-soon",
            Event::Overdue => "overdue",
            Event::Alarm => "alarm",
        }
    }

    /// Reads the number of a Message-ID back.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.code() == code)
    }

    /// The number that Message-IDs carry. Never reused for another event.
    pub fn code(self) -> u8 {
        match self {
            Event::Acknowledgement => 1,
            Event::Request => 2,
            Event::Reply => 3,
            Event::Answer => 4,
            Event::Closed => 5,
            Event::Receipt => 6,
            Event::Note => 7,
            Event::Assigned => 8,
            Event::Reopened => 9,
            Event::Undelivered => 10,
            Event::Held => 11,
            Event::Digest => 12,
            Event::Begun => 13,
            Event::DueSoon => 14,
            Event::Overdue => 15,
            Event::Alarm => 16,
        }
    }
}

/// A finished mail for one recipient: the same octets at each attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// What it is about.
    pub event: Event,
    /// Number of the ticket it speaks of; `None` for a receipt without one.
    pub ticket: Option<i64>,
    /// The arrival that caused it.
    pub arrival: i64,
    /// Envelope recipient.
    pub recipient: Address,
    /// Envelope sender: a signed bounce address.
    pub sender: Address,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Whether it says Auto-Submitted, so that it is no person's mail.
    pub automatic: bool,
    /// Header and text part, up to the first file.
    pub head: String,
    /// The files, each a range of a raw mail in the store.
    pub parts: Vec<Part>,
    /// What follows the last file: the closing boundary, or nothing.
    pub tail: String,
}

/// A file of an outgoing mail: its own header, and where its octets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Boundary line and header of the part, with the empty line that ends it.
    pub header: String,
    /// Number of the raw mail.
    pub raw_id: i64,
    /// First octet.
    pub start: i64,
    /// The octet after the last.
    pub end: i64,
    /// Encode the range as base64 on the way out; otherwise it is copied as it is.
    pub encode: bool,
    /// Where the file lies within that range, once the range is decoded, when it is the part of several files.
    pub inner: Option<(TransferEncoding, Inner)>,
}
