//! One ticket whole: what was said and what was done.

use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::Person;
use crate::model::encoding::hex;
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
    /// Sanitised HTML, where it is kept.
    pub html: Option<String>,
    /// The files that came with it.
    pub attachments: Vec<AttachmentRow>,
    /// Whether the sender was proven.
    pub authenticated: bool,
    /// The arrival that it came by.
    pub arrival: i64,
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
        // One read transaction: a mail that is decided meanwhile shows wholly or not at all.
        let mut snapshot = self.readers().begin().await?;
        let Some(ticket) = head(&mut snapshot, number).await? else { return Ok(None) };
        let related = related(&mut snapshot, number).await?;
        let messages = messages(&mut snapshot, number).await?;
        let events = events(&mut snapshot, number).await?;
        snapshot.commit().await?;
        Ok(Some(TicketDetail { ticket, related, messages, events }))
    }
}

async fn head(connection: &mut SqliteConnection, number: i64) -> Result<Option<TicketHead>, Fault> {
    let found = sqlx::query(
        "SELECT number, department, subject, status, priority, origin, visibility, requester_name, requester_address, assignee, due_at,
                created_at, updated_at, closed_at FROM ticket WHERE number = $1",
    )
    .bind(number)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let followers = sqlx::query("SELECT name, address FROM follower WHERE ticket = $1 ORDER BY since, address")
        .bind(number)
        .fetch_all(connection)
        .await?;
    let person = |row: &SqliteRow| Ok(Person { name: row.try_get("name")?, address: row.try_get("address")? });
    Ok(Some(TicketHead {
        number,
        department: row.try_get("department")?,
        subject: row.try_get("subject")?,
        status: row.try_get("status")?,
        priority: row.try_get("priority")?,
        origin: row.try_get("origin")?,
        visibility: row.try_get("visibility")?,
        requester: Person { name: row.try_get("requester_name")?, address: row.try_get("requester_address")? },
        followers: followers.iter().map(person).collect::<Result<_, sqlx::Error>>()?,
        assignee: row.try_get("assignee")?,
        // Nothing can be a participant or a tag yet: the fields stand in the contract, and scripts may rely on them.
        participants: Vec::new(),
        tags: Vec::new(),
        due_at: row.try_get::<Option<i64>, _>("due_at")?.map(Time),
        created_at: Time(row.try_get("created_at")?),
        updated_at: Time(row.try_get("updated_at")?),
        closed_at: row.try_get::<Option<i64>, _>("closed_at")?.map(Time),
    }))
}

async fn related(connection: &mut SqliteConnection, number: i64) -> Result<Vec<Related>, Fault> {
    let rows = sqlx::query(
        "SELECT t.number, t.department, r.kind, 0 AS reverse FROM relation r JOIN ticket t ON t.number = r.other WHERE r.ticket = $1
         UNION ALL
         SELECT t.number, t.department, r.kind, 1 AS reverse FROM relation r JOIN ticket t ON t.number = r.ticket WHERE r.other = $1
         ORDER BY 1, 3",
    )
    .bind(number)
    .fetch_all(connection)
    .await?;
    let one = |row: &SqliteRow| {
        Ok(Related {
            number: row.try_get("number")?,
            department: row.try_get("department")?,
            kind: row.try_get("kind")?,
            reverse: row.try_get::<i64, _>("reverse")? != 0,
        })
    };
    Ok(rows.iter().map(one).collect::<Result<_, sqlx::Error>>()?)
}

async fn messages(connection: &mut SqliteConnection, number: i64) -> Result<Vec<MessageRow>, Fault> {
    let rows = sqlx::query(
        "SELECT arrival, kind, public, author_name, author_address, author_agent, at, message_id, subject, text, quoted, authenticated
         FROM message WHERE ticket = $1 ORDER BY arrival",
    )
    .bind(number)
    .fetch_all(&mut *connection)
    .await?;
    let mut messages = rows.iter().map(message_row).collect::<Result<Vec<_>, _>>()?;
    let files = sqlx::query(
        "SELECT a.message, a.name, a.media_type, a.size, a.sha256, a.inline, a.content_id
         FROM attachment a JOIN message m ON m.arrival = a.message WHERE m.ticket = $1 ORDER BY a.message, a.position",
    )
    .bind(number)
    .fetch_all(connection)
    .await?;
    for file in &files {
        let of: i64 = file.try_get("message")?;
        // Both lists are in the order of the arrivals.
        if let Ok(index) = messages.binary_search_by_key(&of, |message| message.id) {
            messages[index].attachments.push(attachment_row(file)?);
        }
    }
    Ok(messages)
}

fn message_row(row: &SqliteRow) -> Result<MessageRow, sqlx::Error> {
    let id = row.try_get("arrival")?;
    Ok(MessageRow {
        id,
        kind: row.try_get("kind")?,
        public: row.try_get::<i64, _>("public")? != 0,
        author: AuthorRow {
            name: row.try_get("author_name")?,
            address: row.try_get("author_address")?,
            agent: row.try_get("author_agent")?,
        },
        at: Time(row.try_get("at")?),
        message_id: row.try_get("message_id")?,
        subject: row.try_get("subject")?,
        text: row.try_get("text")?,
        quoted: row.try_get("quoted")?,
        // The text alone is kept; the original with its HTML part is in the arrival.
        html: None,
        attachments: Vec::new(),
        authenticated: row.try_get::<i64, _>("authenticated")? != 0,
        arrival: id,
    })
}

fn attachment_row(row: &SqliteRow) -> Result<AttachmentRow, sqlx::Error> {
    Ok(AttachmentRow {
        name: row.try_get("name")?,
        media_type: row.try_get("media_type")?,
        size: row.try_get("size")?,
        sha256: hex(row.try_get("sha256")?),
        inline: row.try_get::<i64, _>("inline")? != 0,
        content_id: row.try_get("content_id")?,
    })
}

async fn events(connection: &mut SqliteConnection, number: i64) -> Result<Vec<EventRow>, Fault> {
    let rows = sqlx::query("SELECT at, actor, kind, old, new FROM event WHERE ticket = $1 ORDER BY id")
        .bind(number)
        .fetch_all(connection)
        .await?;
    let one = |row: &SqliteRow| {
        Ok(EventRow {
            at: Time(row.try_get("at")?),
            actor: row.try_get("actor")?,
            kind: row.try_get("kind")?,
            from: row.try_get("old")?,
            to: row.try_get("new")?,
        })
    };
    Ok(rows.iter().map(one).collect::<Result<_, sqlx::Error>>()?)
}
