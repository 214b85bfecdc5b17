//! The outbox in SQL.

use sqlx::{QueryBuilder, Row as _};

use super::{Base, Database, KEPT, Record, SKIP_LOCKED, gate};
use crate::model::address::Address;
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::outbox::{Leased, Range, Settlement, Stored, parts_from};
use crate::store::retention::Gone;

/// A row that cannot be read must not keep the others from being sent, now and at each lease to come: it is settled as failed.
type Broken = (i64, i64, Settlement);

impl Base {
    pub(in crate::store) async fn lease(
        &self,
        destination: Option<&str>,
        now: Time,
        until: Time,
        limit: i64,
    ) -> Result<(Vec<Leased>, Vec<Broken>), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new(
            "UPDATE outbox SET state = 'leased', lease = lease + 1, attempts = attempts + 1, next_attempt_at = ",
        );
        query.push_bind(until.0);
        query.push(" WHERE id IN (SELECT id FROM outbox WHERE ");
        if let Some(destination) = destination {
            query.push("destination = ").push_bind(destination).push(" AND ");
        }
        query.push("state IN ('due', 'leased') AND next_attempt_at <= ").push_bind(now.0);
        query.push(" ORDER BY next_attempt_at, id LIMIT ").push_bind(limit).push(SKIP_LOCKED);
        query.push(") RETURNING id, lease, ticket, arrival, event, recipient, sender, message_id, attempts, created_at");
        let rows = query.build().fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        let mut leased = Vec::with_capacity(rows.len());
        let mut broken = Vec::new();
        for row in &rows {
            match leased_from(row) {
                Ok(notice) => leased.push(notice),
                Err(fault) => broken.push((row.try_get(0)?, row.try_get(1)?, Settlement::Never { why: fault.to_string() })),
            }
        }
        Ok((leased, broken))
    }

    pub(in crate::store) async fn settle(&self, settled: &[(i64, i64, Settlement)], now: Time) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new("WITH done (id, lease, state, at, error, settled, unbegun) AS (");
        query.push_values(settled, |mut row, (id, lease, settlement)| {
            let (state, at, error) = match settlement {
                Settlement::Sent => ("sent", now.0, None),
                Settlement::Later { when, why } | Settlement::Unbegun { due: when, why } => ("due", when.0, Some(why.as_str())),
                Settlement::Never { why } => ("failed", now.0, Some(why.as_str())),
            };
            let settled = (state != "due").then_some(now.0);
            let unbegun = i64::from(matches!(settlement, Settlement::Unbegun { .. }));
            row.push_bind(*id).push_bind(*lease).push_bind(state).push_bind(at).push_bind(error).push_bind(settled);
            row.push_bind(unbegun);
        });
        query.push(
            ") UPDATE outbox SET state = done.state, next_attempt_at = done.at, last_error = done.error, settled_at = done.settled, \
             attempts = outbox.attempts - done.unbegun \
             FROM done WHERE outbox.id = done.id AND outbox.lease = done.lease AND outbox.state = 'leased' \
             RETURNING outbox.ticket, outbox.state, outbox.recipient, outbox.event, outbox.recipient_key",
        );
        let rows = query.build().persistent(KEPT).fetch_all(&mut *transaction).await?;
        let mut failed: Vec<(i64, String)> = Vec::new();
        gate::count_sent(&mut transaction, &rows, now).await?;
        for row in rows {
            if let (Some(ticket), "failed") = (row.try_get::<Option<i64>, _>(0)?, row.try_get::<&str, _>(1)?) {
                failed.push((ticket, row.try_get(2)?));
            }
        }
        gate::note_lost(&mut transaction, "undelivered", failed, "postdesk", now).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    /// When the next notice is due or its lease ends; `None` when nothing waits. Without a bound SQLite would sort all that wait.
    pub(in crate::store) async fn next_due(&self) -> Result<Option<Time>, Fault> {
        let mut reader = self.reader().await?;
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT next_attempt_at FROM outbox WHERE state IN ('due', 'leased') AND next_attempt_at >= 0
             ORDER BY next_attempt_at, id LIMIT 1",
        )
        .fetch_optional(&mut *reader)
        .await?;
        reader.release();
        Ok(due.map(Time))
    }

    /// Looks from name to name by the index, so that thousands of notices of one destination cost as much as one.
    pub(in crate::store) async fn due_destinations(&self, after: &str, now: Time, limit: i64) -> Result<Vec<String>, Fault> {
        let mut reader = self.reader().await?;
        let found = sqlx::query_scalar(
            "WITH RECURSIVE place (destination) AS (
                 SELECT (SELECT o.destination FROM outbox o WHERE o.state IN ('due', 'leased') AND o.destination > $1
                         ORDER BY o.destination LIMIT 1)
                 UNION ALL
                 SELECT (SELECT o.destination FROM outbox o WHERE o.state IN ('due', 'leased') AND o.destination > place.destination
                         ORDER BY o.destination LIMIT 1)
                 FROM place WHERE place.destination IS NOT NULL
             )
             SELECT destination FROM place WHERE destination IS NOT NULL AND EXISTS (
                 SELECT 1 FROM outbox o WHERE o.state IN ('due', 'leased') AND o.destination = place.destination
                 AND o.next_attempt_at <= $2)
             LIMIT $3",
        )
        .bind(after)
        .bind(now.0)
        .bind(limit)
        .fetch_all(&mut *reader)
        .await?;
        reader.release();
        Ok(found)
    }

    pub(in crate::store) async fn without_destination(&self) -> Result<Vec<(i64, String)>, Fault> {
        let mut reader = self.reader().await?;
        let found = sqlx::query_as(
            "SELECT o.id, o.recipient FROM outbox o WHERE o.destination IS NULL AND o.state IN ('due', 'leased')
             ORDER BY o.next_attempt_at LIMIT 1000",
        )
        .fetch_all(&mut *reader)
        .await?;
        reader.release();
        Ok(found)
    }

    pub(in crate::store) async fn set_destinations(&self, named: &[(i64, String)]) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new("WITH done (id, destination) AS (");
        query.push_values(named, |mut row, (id, destination)| {
            row.push_bind(*id).push_bind(destination.as_str());
        });
        query.push(") UPDATE outbox SET destination = done.destination FROM done WHERE outbox.id = done.id");
        query.build().execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    pub(in crate::store) async fn letters(&self, notices: &[i64]) -> Result<Vec<(i64, Stored)>, Fault> {
        let mut query = QueryBuilder::<Database>::new("SELECT outbox, head, parts, tail FROM letter WHERE outbox IN (");
        let mut ids = query.separated(", ");
        for id in notices {
            ids.push_bind(*id);
        }
        query.push(")");
        let mut reader = self.reader().await?;
        let rows = query.build().persistent(KEPT).fetch_all(&mut *reader).await?;
        reader.release();
        let stored = |row: &Record| -> Result<(i64, Stored), Fault> {
            Ok((row.try_get(0)?, Stored { head: row.try_get(1)?, parts: parts_from(row.try_get(2)?)?, tail: row.try_get(3)? }))
        };
        Ok(rows.iter().filter_map(|row| stored(row).ok()).collect())
    }

    pub(in crate::store) async fn letter(&self, notice: i64) -> Result<Stored, Fault> {
        let row = sqlx::query("SELECT head, parts, tail FROM letter WHERE outbox = $1").bind(notice);
        let mut reader = self.reader().await?;
        let row = row.fetch_optional(&mut *reader).await?;
        reader.release();
        let gone = || {
            Fault::Gone(format!("the mail of notice {notice} is not in the store any more: it was removed by [retention] sent"))
        };
        let row = row.ok_or_else(gone)?;
        Ok(Stored { head: row.try_get(0)?, parts: parts_from(row.try_get(1)?)?, tail: row.try_get(2)? })
    }

    pub(in crate::store) async fn raw_range(&self, raw_id: i64, start: i64, end: i64) -> Result<Range, Fault> {
        let length = end.saturating_sub(start).max(0);
        let mut reader = self.reader().await?;
        // substr counts from 1, and takes nothing larger than an INTEGER on PostgreSQL.
        let range = "SELECT substr(octets, CAST($2 AS INTEGER), CAST($3 AS INTEGER)), object FROM raw WHERE id = $1";
        let found: Option<(Vec<u8>, Option<String>)> =
            sqlx::query_as(range).bind(raw_id).bind(start.saturating_add(1)).bind(length).fetch_optional(&mut *reader).await?;
        reader.release();
        let found = found.ok_or_else(|| Fault::Refused(format!("raw mail {raw_id} is not in the store")))?;
        let octets = match found {
            (_, Some(object)) => return Ok(Range::Object(object)),
            (octets, None) => octets,
        };
        if octets.len() as i64 != length {
            self.require_original(raw_id).await?;
            return Err(Fault::Refused(format!("raw mail {raw_id} is shorter than the range {start}..{end}")));
        }
        Ok(Range::Octets(octets))
    }

    /// Says so when an original was removed.
    async fn require_original(&self, raw_id: i64) -> Result<(), Fault> {
        let query = "SELECT id, original_gone_at, original_gone_by FROM arrival WHERE raw_id = $1 AND original_gone_at IS NOT NULL LIMIT 1";
        let mut reader = self.reader().await?;
        let found: Option<(i64, Option<i64>, Option<String>)> =
            sqlx::query_as(query).bind(raw_id).fetch_optional(&mut *reader).await?;
        reader.release();
        let Some((arrival, at, by)) = found else { return Ok(()) };
        let gone = Gone::from_columns(at, by).map(|gone| gone.in_words()).unwrap_or_default();
        Err(Fault::Gone(format!("a file of it is in the original of arrival {arrival}, which {gone}")))
    }
}

fn leased_from(row: &Record) -> Result<Leased, Fault> {
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
