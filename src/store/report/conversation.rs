//! One ticket whole: what was said and what was done.

use serde::Serialize;

use super::Person;
use crate::model::time::Time;
use crate::store::{Fault, Store};

/// The fields of a ticket that describe the ticket itself.
#[derive(Debug, Clone, Serialize)]
pub struct TicketHead {
    /// Number, unique over the whole desk.
    pub number: i64,
    /// Key of the department.
    pub department: String,
    /// Subject of the first mail.
    pub subject: String,
    /// Name of the status.
    pub status: String,
    /// Name of the priority.
    pub priority: String,
    /// How the ticket came to be: `email`.
    pub origin: String,
    /// `external` or `internal`.
    pub visibility: String,
    /// Who asked.
    pub requester: Person,
    /// Customer-side people who receive the public messages.
    pub followers: Vec<Person>,
    /// Key of the agent who has to close it.
    pub assignee: Option<String>,
    /// Agents who work along on it.
    pub participants: Vec<String>,
    /// Words that agents file it under.
    pub tags: Vec<String>,
    /// When it should be done.
    pub due_at: Option<Time>,
    /// Whether an agent said so, rather than the department's answer time.
    #[serde(skip)]
    pub due_by_hand: bool,
    /// When it was opened.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it was closed; `None` while it is not.
    pub closed_at: Option<Time>,
}

/// Another ticket that this one has to do with.
#[derive(Debug, Clone)]
pub struct Related {
    /// Number of the other ticket.
    pub number: i64,
    /// Its department.
    pub department: String,
    /// The kind of the relation, as it is stored with the ticket that it begins at.
    pub kind: String,
    /// Whether the relation begins at the other ticket.
    pub reverse: bool,
}

/// Who wrote a message.
#[derive(Debug, Clone, Serialize)]
pub struct AuthorRow {
    /// Display name, perhaps empty.
    pub name: String,
    /// Mail address; `None` for a machine that named none.
    pub address: Option<String>,
    /// Key of the agent, when it was one.
    pub agent: Option<String>,
}

/// A file that came with a message.
#[derive(Debug, Clone, Serialize)]
pub struct AttachmentRow {
    /// Safe file name.
    pub name: String,
    /// Lower-case `type/subtype`.
    pub media_type: String,
    /// Octets after decoding.
    pub size: i64,
    /// SHA-256 of the decoded octets, in hexadecimal.
    pub sha256: String,
    /// Shown within the text rather than beside it.
    pub inline: bool,
    /// Content-ID without angle brackets.
    pub content_id: Option<String>,
}

/// A mail that was passed on.
#[derive(Debug, Clone, Serialize)]
pub struct OriginalRow {
    /// Who wrote it, when an address could be read.
    pub from: Option<Person>,
    /// Its date as it stood.
    pub date: String,
    /// Its subject.
    pub subject: String,
}

/// An entry of a ticket.
#[derive(Debug, Clone, Serialize)]
pub struct MessageRow {
    /// Number of the message.
    pub id: i64,
    /// Name of its kind.
    pub kind: String,
    /// Whether customers may see it.
    pub public: bool,
    /// Who wrote it.
    pub author: AuthorRow,
    /// When it was received.
    pub at: Time,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Its own subject.
    pub subject: String,
    /// What the author newly wrote.
    pub text: String,
    /// What was cut from it.
    pub quoted: String,
    /// Its HTML, sanitised, when it had any.
    pub html: Option<String>,
    /// The mail that it passed on.
    pub forwarded: Option<OriginalRow>,
    /// How it was signed or encrypted.
    pub protection: Option<String>,
    /// The files that came with it.
    pub attachments: Vec<AttachmentRow>,
    /// Whether the sender was proven.
    pub authenticated: bool,
    /// The arrival that it came by.
    pub arrival: i64,
    /// That the original of that arrival was removed, with its files, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
}

/// Something that happened to a ticket.
#[derive(Debug, Clone, Serialize)]
pub struct EventRow {
    /// When.
    pub at: Time,
    /// Key of the agent, address of the customer, or `postdesk`.
    pub actor: String,
    /// What.
    pub kind: String,
    /// What it was before.
    pub from: Option<String>,
    /// What it is now.
    pub to: Option<String>,
}

/// A whole ticket.
#[derive(Debug, Clone)]
pub struct TicketDetail {
    /// The ticket itself.
    pub ticket: TicketHead,
    /// The tickets that it has to do with.
    pub related: Vec<Related>,
    /// What was said, oldest first.
    pub messages: Vec<MessageRow>,
    /// What happened, oldest first.
    pub events: Vec<EventRow>,
}

impl Store {
    /// The ticket with this number, whatever its department, as it stood at one moment; `None` when there is none.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn ticket_by_reference(&self, number: i64) -> Result<Option<TicketDetail>, Fault> {
        looking!(self, base => base.ticket_by_reference(number))
    }
}
