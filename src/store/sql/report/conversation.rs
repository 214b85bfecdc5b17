//! One ticket in SQL.

use sqlx::{Connection as _, Row as _};

use super::{Base, Connection, Record, SNAPSHOT};
use crate::model::encoding::hex;
use crate::model::message::Kind;
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::report::Person;
use crate::store::report::conversation::{
    AttachmentRow, AuthorRow, EventRow, MessageRow, OriginalRow, Related, TicketDetail, TicketHead,
};
use crate::store::retention::Gone;

impl Base {
    pub(in crate::store) async fn ticket_by_reference(&self, number: i64) -> Result<Option<TicketDetail>, Fault> {
        // One read transaction: a mail that is decided meanwhile shows wholly or not at all.
        let mut reader = self.reader().await?;
        let mut snapshot = reader.begin_with(SNAPSHOT).await?;
        let Some(ticket) = head(&mut snapshot, number).await? else { return Ok(None) };
        let related = related(&mut snapshot, number).await?;
        let messages = messages(&mut snapshot, number).await?;
        let events = events(&mut snapshot, number).await?;
        snapshot.commit().await?;
        reader.release();
        Ok(Some(TicketDetail { ticket, related, messages, events }))
    }
}

async fn head(connection: &mut Connection, number: i64) -> Result<Option<TicketHead>, Fault> {
    let found = sqlx::query(
        "SELECT number, department, subject, status, priority, origin, visibility, requester_name, requester_address, assignee, due_at,
                due_by_hand, created_at, updated_at, closed_at FROM ticket WHERE number = $1",
    )
    .bind(number)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let followers = sqlx::query("SELECT name, address FROM follower WHERE ticket = $1 ORDER BY since, address")
        .bind(number)
        .fetch_all(&mut *connection)
        .await?;
    let participants = sqlx::query_scalar("SELECT agent FROM participant WHERE ticket = $1 ORDER BY agent");
    let participants = participants.bind(number).fetch_all(&mut *connection).await?;
    let tags = sqlx::query_scalar("SELECT tag FROM tag WHERE ticket = $1 ORDER BY tag");
    let tags = tags.bind(number).fetch_all(connection).await?;
    let person = |row: &Record| Ok(Person { name: row.try_get("name")?, address: row.try_get("address")? });
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
        participants,
        tags,
        due_at: row.try_get::<Option<i64>, _>("due_at")?.map(Time),
        due_by_hand: row.try_get::<Option<i64>, _>("due_by_hand")?.is_some_and(|by_hand| by_hand != 0),
        created_at: Time(row.try_get("created_at")?),
        updated_at: Time(row.try_get("updated_at")?),
        closed_at: row.try_get::<Option<i64>, _>("closed_at")?.map(Time),
    }))
}

async fn related(connection: &mut Connection, number: i64) -> Result<Vec<Related>, Fault> {
    let rows = sqlx::query(
        "SELECT t.number, t.department, r.kind, CAST(0 AS BIGINT) AS reverse FROM relation r JOIN ticket t ON t.number = r.other WHERE r.ticket = $1
         UNION ALL
         SELECT t.number, t.department, r.kind, CAST(1 AS BIGINT) AS reverse FROM relation r JOIN ticket t ON t.number = r.ticket WHERE r.other = $1
         ORDER BY 1, 3",
    )
    .bind(number)
    .fetch_all(connection)
    .await?;
    let one = |row: &Record| {
        Ok(Related {
            number: row.try_get("number")?,
            department: row.try_get("department")?,
            kind: row.try_get("kind")?,
            reverse: row.try_get::<i64, _>("reverse")? != 0,
        })
    };
    Ok(rows.iter().map(one).collect::<Result<_, sqlx::Error>>()?)
}

async fn messages(connection: &mut Connection, number: i64) -> Result<Vec<MessageRow>, Fault> {
    let rows = sqlx::query(
        "SELECT arrival, kind, public, author_name, author_address, author_agent, at, message_id, subject, text, quoted, authenticated, html,
             protection, forwarded_name, forwarded_address, forwarded_date, forwarded_subject,
             remark, remark_name, remark_address, remark_agent,
             (SELECT a.original_gone_at FROM arrival a WHERE a.id = message.arrival) AS original_gone_at,
             (SELECT a.original_gone_by FROM arrival a WHERE a.id = message.arrival) AS original_gone_by
         FROM message WHERE ticket = $1 ORDER BY arrival",
    )
    .bind(number)
    .fetch_all(&mut *connection)
    .await?;
    let mut messages: Vec<MessageRow> = Vec::with_capacity(rows.len());
    let mut remarks = Vec::new();
    for row in &rows {
        let message = message_row(row)?;
        remarks.extend(remark_row(row, &message)?);
        messages.push(message);
    }
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
    // Each goes behind the message that it was written above of.
    for remark in remarks {
        let at = messages.partition_point(|message| message.id <= remark.id);
        messages.insert(at, remark);
    }
    // An archive may bring what is older than the rest.
    messages.sort_by_key(|message| message.at);
    Ok(messages)
}

fn message_row(row: &Record) -> Result<MessageRow, sqlx::Error> {
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
        html: row.try_get("html")?,
        forwarded: original_row(row)?,
        protection: row.try_get("protection")?,
        attachments: Vec::new(),
        authenticated: row.try_get::<i64, _>("authenticated")? != 0,
        arrival: id,
        original: Gone::from_columns(row.try_get("original_gone_at")?, row.try_get("original_gone_by")?)
            .map(|gone| gone.in_words()),
    })
}

fn original_row(row: &Record) -> Result<Option<OriginalRow>, sqlx::Error> {
    let Some(date) = row.try_get::<Option<String>, _>("forwarded_date")? else { return Ok(None) };
    let name: Option<String> = row.try_get("forwarded_name")?;
    let address: Option<String> = row.try_get("forwarded_address")?;
    let from = address.map(|address| Person { name: name.unwrap_or_default(), address });
    let subject: Option<String> = row.try_get("forwarded_subject")?;
    Ok(Some(OriginalRow { from, date, subject: subject.unwrap_or_default() }))
}

/// The note that an agent wrote above a mail that the agent passed on: an entry of its own, by the same arrival.
fn remark_row(row: &Record, below: &MessageRow) -> Result<Option<MessageRow>, sqlx::Error> {
    let Some(text) = row.try_get::<Option<String>, _>("remark")? else { return Ok(None) };
    let name: Option<String> = row.try_get("remark_name")?;
    Ok(Some(MessageRow {
        kind: Kind::Note.name().to_owned(),
        public: false,
        author: AuthorRow {
            name: name.unwrap_or_default(),
            address: row.try_get("remark_address")?,
            agent: row.try_get("remark_agent")?,
        },
        text,
        quoted: String::new(),
        html: None,
        forwarded: None,
        attachments: Vec::new(),
        authenticated: true,
        ..below.clone()
    }))
}

fn attachment_row(row: &Record) -> Result<AttachmentRow, sqlx::Error> {
    Ok(AttachmentRow {
        name: row.try_get("name")?,
        media_type: row.try_get("media_type")?,
        size: row.try_get("size")?,
        sha256: hex(row.try_get("sha256")?),
        inline: row.try_get::<i64, _>("inline")? != 0,
        content_id: row.try_get("content_id")?,
    })
}

async fn events(connection: &mut Connection, number: i64) -> Result<Vec<EventRow>, Fault> {
    let rows = sqlx::query("SELECT at, actor, kind, old, new FROM event WHERE ticket = $1 ORDER BY id")
        .bind(number)
        .fetch_all(connection)
        .await?;
    let one = |row: &Record| {
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
