//! Arrivals: what came in, how it ended, and the original octets.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::outbox::{OutboxRow, notices_of};
use super::{Page, TicketName, lines};
use crate::model::time::Time;
use crate::store::{Fault, Store};

/// Which arrivals are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ArrivalFilter {
    /// All.
    #[default]
    Any,
    /// Those that no decision has been made about yet.
    Pending,
    /// Those that ended with the outcome of this name.
    Outcome(String),
}

/// An arrival in a list.
#[derive(Debug, Clone)]
pub struct ArrivalRow {
    /// Number of the arrival.
    pub id: i64,
    /// Key of the department it is for.
    pub department: String,
    /// When it was received.
    pub received_at: Time,
    /// How it came.
    pub source: String,
    /// Envelope sender; `None` for the null sender.
    pub sender: Option<String>,
    /// Envelope recipients that led to the department.
    pub recipients: Vec<String>,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Its subject; `None` while it is pending.
    pub subject: Option<String>,
    /// Octets.
    pub size: i64,
    /// How it ended; `None` while it is pending.
    pub outcome: Option<String>,
    /// Why it is held.
    pub cause: Option<String>,
    /// What is proven of its sender; `None` while it is pending.
    pub authenticity: Option<String>,
    /// The ticket it belongs to.
    pub ticket: Option<TicketName>,
    /// The trace of its decision.
    pub reasons: Vec<String>,
}

/// An arrival with everything that is known of it.
#[derive(Debug, Clone)]
pub struct ArrivalDetail {
    /// The fields of the list.
    pub arrival: ArrivalRow,
    /// Address of the client that handed it in.
    pub peer_ip: Option<String>,
    /// What the client called itself.
    pub peer_helo: Option<String>,
    /// Whether it came over TLS.
    pub peer_tls: bool,
    /// How often it was taken up.
    pub attempts: i64,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Time>,
    /// What is wrong with the mail.
    pub defects: Vec<String>,
    /// The notices that it caused, oldest first.
    pub notices: Vec<OutboxRow>,
}

/// Arrivals with one condition, each with the department that its ticket is in now.
macro_rules! arrivals {
    ($condition:literal) => {
        concat!(
            "SELECT a.id, a.department, a.received_at, a.source, a.sender, a.recipients, a.message_id, a.subject, a.size, a.outcome,
                    a.cause, a.authenticity, a.reasons, a.peer_ip, a.peer_helo, a.peer_tls, a.attempts, a.last_error, a.decided_at,
                    a.defects, t.number AS ticket_number, t.department AS ticket_department
             FROM arrival a LEFT JOIN ticket t ON t.number = a.ticket
             WHERE ",
            $condition
        )
    };
}

impl Store {
    /// Up to `limit` arrivals with ids below `before`, the newest first.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn arrivals(&self, filter: &ArrivalFilter, before: i64, limit: i64) -> Result<Page<ArrivalRow>, Fault> {
        // A text for each filter, so that an index finds the few that are held among millions.
        let statement = match filter {
            ArrivalFilter::Any => arrivals!("a.id < $1 ORDER BY a.id DESC LIMIT $2"),
            ArrivalFilter::Pending => arrivals!("a.id < $1 AND a.outcome IS NULL ORDER BY a.id DESC LIMIT $2"),
            ArrivalFilter::Outcome(_) => arrivals!("a.id < $1 AND a.outcome = $3 ORDER BY a.id DESC LIMIT $2"),
        };
        let mut query = sqlx::query(statement).bind(before).bind(limit);
        if let ArrivalFilter::Outcome(outcome) = filter {
            query = query.bind(outcome);
        }
        let rows = query.fetch_all(self.readers()).await?;
        let rows = rows.iter().map(arrival_row).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::new(rows, limit, |row| row.id))
    }

    /// An arrival with everything that is known of it; `None` when there is none of this number.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn arrival(&self, id: i64) -> Result<Option<ArrivalDetail>, Fault> {
        let mut snapshot = self.readers().begin().await?;
        let found = sqlx::query(arrivals!("a.id = $1")).bind(id).fetch_optional(&mut *snapshot).await?;
        let Some(row) = found else { return Ok(None) };
        let notices = notices_of(&mut snapshot, id).await?;
        snapshot.commit().await?;
        Ok(Some(ArrivalDetail {
            arrival: arrival_row(&row)?,
            peer_ip: row.try_get("peer_ip")?,
            peer_helo: row.try_get("peer_helo")?,
            peer_tls: row.try_get::<i64, _>("peer_tls")? != 0,
            attempts: row.try_get("attempts")?,
            last_error: row.try_get("last_error")?,
            decided_at: row.try_get::<Option<i64>, _>("decided_at")?.map(Time),
            defects: lines(row.try_get("defects")?),
            notices,
        }))
    }

    /// The original octets of an arrival; `None` when there is none of this number.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn raw(&self, arrival: i64) -> Result<Option<Vec<u8>>, Fault> {
        let found = sqlx::query_scalar("SELECT r.octets FROM arrival a JOIN raw r ON r.id = a.raw_id WHERE a.id = $1")
            .bind(arrival)
            .fetch_optional(self.readers())
            .await?;
        Ok(found)
    }
}

fn arrival_row(row: &SqliteRow) -> Result<ArrivalRow, sqlx::Error> {
    Ok(ArrivalRow {
        id: row.try_get("id")?,
        department: row.try_get("department")?,
        received_at: Time(row.try_get("received_at")?),
        source: row.try_get("source")?,
        sender: row.try_get("sender")?,
        recipients: lines(row.try_get("recipients")?),
        message_id: row.try_get("message_id")?,
        subject: row.try_get("subject")?,
        size: row.try_get("size")?,
        outcome: row.try_get("outcome")?,
        cause: row.try_get("cause")?,
        authenticity: row.try_get("authenticity")?,
        ticket: TicketName::from_columns(row.try_get("ticket_number")?, row.try_get("ticket_department")?),
        reasons: lines(row.try_get("reasons")?),
    })
}
