//! The outbox: lease, settle, and the octets of attachments.
//!
//! A lease is a promise to send until it ends. It is numbered, and only the holder of the newest number can settle: a sender that
//! was paused beyond its lease changes nothing any more.

use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row};

use super::{Database, Fault, Store, Turn};
use crate::model::address::Address;
use crate::model::notice::Part;
use crate::model::time::Time;

/// A notice that is ours to send until the lease ends.
#[derive(Debug, Clone)]
pub struct Leased {
    /// Number of the row.
    pub id: i64,
    /// Number of this lease: whoever settles must name it.
    pub lease: i64,
    /// Number of the ticket, when it speaks of one.
    pub ticket: Option<i64>,
    /// Number of the arrival that caused it.
    pub arrival: i64,
    /// Name of the event.
    pub event: String,
    /// Envelope recipient.
    pub recipient: Address,
    /// Envelope sender.
    pub sender: Address,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// When it was queued.
    pub created_at: Time,
}

/// The mail of a notice, before the octets of its files are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Header and text.
    pub head: String,
    /// Files.
    pub parts: Vec<Part>,
    /// What follows the last file.
    pub tail: String,
}

/// What became of one attempt: who acts next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The next host has taken it.
    Sent,
    /// Try again.
    Later {
        /// When.
        when: Time,
        /// Why it did not work, for the operator.
        why: String,
    },
    /// Given up.
    Never {
        /// Why, for the operator and the ticket.
        why: String,
    },
}

/// A part as the column `parts` keeps it.
#[derive(Serialize, Deserialize)]
struct StoredPart {
    header: String,
    raw: i64,
    start: i64,
    end: i64,
    encode: bool,
}

/// The column `parts` of an outgoing mail.
pub(in crate::store) fn parts_column(parts: &[Part]) -> String {
    let stored: Vec<StoredPart> = parts
        .iter()
        .map(|part| StoredPart {
            header: part.header.clone(),
            raw: part.raw_id,
            start: part.start,
            end: part.end,
            encode: part.encode,
        })
        .collect();
    // Writing strings and numbers as JSON cannot fail.
    serde_json::to_string(&stored).unwrap_or_else(|_| "[]".to_owned())
}

fn parts_from(column: &str) -> Result<Vec<Part>, Fault> {
    let stored: Vec<StoredPart> =
        serde_json::from_str(column).map_err(|error| Fault::Refused(format!("the column `parts` of an outbox row: {error}")))?;
    let part =
        |part: StoredPart| Part { header: part.header, raw_id: part.raw, start: part.start, end: part.end, encode: part.encode };
    Ok(stored.into_iter().map(part).collect())
}

impl Store {
    /// Leases up to `limit` notices that are due at `now`, oldest first, until `until`; leases that ended unsettled are taken over.
    pub async fn lease(&self, now: Time, until: Time, limit: i64) -> Result<Vec<Leased>, Fault> {
        // Most turns find nothing: looking with a reader keeps them off the writing connection.
        if self.next_due().await?.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        self.give_way(Turn::Sender).await;
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let rows = sqlx::query(
            "UPDATE outbox SET state = 'leased', lease = lease + 1, attempts = attempts + 1, next_attempt_at = $2 \
             WHERE id IN (SELECT id FROM outbox WHERE state IN ('due', 'leased') AND next_attempt_at <= $1 \
                          ORDER BY next_attempt_at, id LIMIT $3) \
             RETURNING id, lease, ticket, arrival, event, recipient, sender, message_id, attempts, created_at",
        )
        .bind(now.0)
        .bind(until.0)
        .bind(limit)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        drop(writer);
        let mut leased = Vec::with_capacity(rows.len());
        let mut broken = Vec::new();
        for row in &rows {
            match leased_from(row) {
                Ok(notice) => leased.push(notice),
                // One row that cannot be read must not keep the others from being sent, now and at each lease to come.
                Err(fault) => broken.push((row.try_get(0)?, row.try_get(1)?, Settlement::Never { why: fault.to_string() })),
            }
        }
        self.settle(&broken, now).await?;
        leased.sort_by_key(|notice: &Leased| notice.id);
        Ok(leased)
    }

    /// Settles leased notices. A row that somebody else has leased since is left alone; a permanent failure becomes an event
    /// `undelivered` of its ticket in the same transaction.
    pub async fn settle(&self, settled: &[(i64, i64, Settlement)], now: Time) -> Result<(), Fault> {
        if settled.is_empty() {
            return Ok(());
        }
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new("WITH done (id, lease, state, at, error, settled) AS (");
        query.push_values(settled, |mut row, (id, lease, settlement)| {
            let (state, at, error) = match settlement {
                Settlement::Sent => ("sent", now.0, None),
                Settlement::Later { when, why } => ("due", when.0, Some(why.as_str())),
                Settlement::Never { why } => ("failed", now.0, Some(why.as_str())),
            };
            let settled = (state != "due").then_some(now.0);
            row.push_bind(*id).push_bind(*lease).push_bind(state).push_bind(at).push_bind(error).push_bind(settled);
        });
        query.push(
            ") UPDATE outbox SET state = done.state, next_attempt_at = done.at, last_error = done.error, settled_at = done.settled \
             FROM done WHERE outbox.id = done.id AND outbox.lease = done.lease AND outbox.state = 'leased' \
             RETURNING outbox.ticket, outbox.state, outbox.recipient",
        );
        let rows = query.build().persistent(false).fetch_all(&mut *transaction).await?;
        let mut failed: Vec<(i64, String)> = Vec::new();
        for row in rows {
            if let (Some(ticket), "failed") = (row.try_get::<Option<i64>, _>(0)?, row.try_get::<&str, _>(1)?) {
                failed.push((ticket, row.try_get(2)?));
            }
        }
        if !failed.is_empty() {
            let mut events = QueryBuilder::<Database>::new("INSERT INTO event (ticket, at, actor, kind, new) ");
            events.push_values(failed, |mut row, (ticket, recipient)| {
                row.push_bind(ticket).push_bind(now.0).push_bind("postdesk").push_bind("undelivered").push_bind(recipient);
            });
            events.build().persistent(false).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// When the next notice is due or its lease ends; `None` when nothing waits.
    async fn next_due(&self) -> Result<Option<Time>, Fault> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT next_attempt_at FROM outbox WHERE state IN ('due', 'leased') ORDER BY next_attempt_at, id LIMIT 1",
        )
        .fetch_optional(self.readers())
        .await?;
        Ok(due.map(Time))
    }

    /// The mail of a notice.
    pub async fn letter(&self, notice: i64) -> Result<Stored, Fault> {
        let row = sqlx::query("SELECT head, parts, tail FROM letter WHERE outbox = $1").bind(notice);
        let row = row.fetch_optional(self.readers()).await?;
        let row = row.ok_or_else(|| Fault::Refused(format!("notice {notice} has no mail in the store")))?;
        Ok(Stored { head: row.try_get(0)?, parts: parts_from(row.try_get(1)?)?, tail: row.try_get(2)? })
    }

    /// A range of a raw mail.
    pub async fn raw_range(&self, raw_id: i64, start: i64, end: i64) -> Result<Vec<u8>, Fault> {
        let length = end.saturating_sub(start).max(0);
        // substr counts from 1.
        let octets: Option<Vec<u8>> = sqlx::query_scalar("SELECT substr(octets, $2, $3) FROM raw WHERE id = $1")
            .bind(raw_id)
            .bind(start.saturating_add(1))
            .bind(length)
            .fetch_optional(self.readers())
            .await?;
        let octets = octets.ok_or_else(|| Fault::Refused(format!("raw mail {raw_id} is not in the store")))?;
        if octets.len() as i64 != length {
            return Err(Fault::Refused(format!("raw mail {raw_id} is shorter than the range {start}..{end}")));
        }
        Ok(octets)
    }
}

fn leased_from(row: &sqlx::sqlite::SqliteRow) -> Result<Leased, Fault> {
    let address = |index: usize| -> Result<Address, Fault> {
        let text: String = row.try_get(index)?;
        Address::parse(&text).ok_or_else(|| Fault::Refused(format!("an outbox row holds {text:?} instead of an address")))
    };
    Ok(Leased {
        id: row.try_get(0)?,
        lease: row.try_get(1)?,
        ticket: row.try_get(2)?,
        arrival: row.try_get(3)?,
        event: row.try_get(4)?,
        recipient: address(5)?,
        sender: address(6)?,
        message_id: row.try_get(7)?,
        attempts: row.try_get(8)?,
        created_at: Time(row.try_get(9)?),
    })
}
