//! What the worker takes up: pending arrivals, counted before they are worked on.

use sqlx::{QueryBuilder, Row};

use super::{Database, Fault, Store};
use crate::model::address::Address;
use crate::model::arrival::{Arrival, Cause, Outcome, Peer, Source};
use crate::model::time::Time;

/// How much the worker takes up at a time.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// Mails.
    pub mails: i64,
    /// Octets of raw mail, so that a batch of large ones does not fill the memory. One mail is always taken.
    pub octets: i64,
}

impl Store {
    /// Takes up the oldest pending arrivals and counts the attempt, in one commit, before anything is done with them.
    ///
    /// A mail that was taken up before without an outcome may have killed the process, and is taken up alone. Only arrivals after number
    /// `after` are looked at: those up to it may be in hand.
    pub async fn claim(&self, batch: Batch, after: i64) -> Result<Vec<Arrival>, Fault> {
        let pending = self.pending(batch.mails, after).await?;
        let mut octets = 0;
        let mut ids = Vec::new();
        for (id, attempts, size) in pending {
            let alone = attempts > 0;
            octets += size;
            if !ids.is_empty() && (alone || octets > batch.octets) {
                break;
            }
            ids.push(id);
            if alone {
                break;
            }
        }
        self.take_up(&ids).await
    }

    /// The oldest pending arrivals: number, attempts, size.
    async fn pending(&self, limit: i64, after: i64) -> Result<Vec<(i64, i64, i64)>, Fault> {
        let rows = sqlx::query("SELECT id, attempts, size FROM arrival WHERE outcome IS NULL AND id > $2 ORDER BY id LIMIT $1")
            .bind(limit)
            .bind(after)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
    }

    /// Counts an attempt at these arrivals and loads them.
    pub async fn take_up(&self, ids: &[i64]) -> Result<Vec<Arrival>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let mut query =
            QueryBuilder::<Database>::new("UPDATE arrival SET attempts = attempts + 1 WHERE outcome IS NULL AND id IN (");
        push_numbers(&mut query, ids);
        query.push(")").build().persistent(false).execute(&mut *transaction).await?;
        transaction.commit().await?;
        drop(writer);
        self.load(ids).await
    }

    /// Those of the arrivals that are still pending, with their octets.
    async fn load(&self, ids: &[i64]) -> Result<Vec<Arrival>, Fault> {
        let mut query = QueryBuilder::<Database>::new(
            "SELECT arrival.id, raw_id, department, sender, recipients, source, peer_ip, peer_helo, peer_tls, received_at, attempts, \
             octets FROM arrival JOIN raw ON raw.id = arrival.raw_id WHERE outcome IS NULL AND arrival.id IN (",
        );
        push_numbers(&mut query, ids);
        query.push(") ORDER BY arrival.id");
        let rows = query.build().persistent(false).fetch_all(self.readers()).await?;
        rows.iter().map(arrival_from).collect()
    }

    /// Notes why an attempt failed, for the operator.
    pub async fn note_failure(&self, id: i64, why: &str) -> Result<(), Fault> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        sqlx::query("UPDATE arrival SET last_error = $2 WHERE id = $1").bind(id).bind(why).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Holds an arrival that failed as often as is tried, without looking into it again.
    pub async fn hold_failed(&self, id: i64, now: Time) -> Result<String, Fault> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let why: Option<String> = sqlx::query_scalar(
            "UPDATE arrival SET outcome = $2, cause = $3, decided_at = $4, \
             reasons = 'our own fault: every attempt failed' || COALESCE(', the last one so: ' || last_error, '; the process ended each time') \
             WHERE id = $1 RETURNING reasons",
        )
        .bind(id)
        .bind(Outcome::Held.name())
        .bind(Cause::FailedRepeatedly.name())
        .bind(now.0)
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(why.unwrap_or_default())
    }
}

/// A list of numbers for `IN (…)`.
pub(in crate::store) fn push_numbers(query: &mut QueryBuilder<Database>, numbers: &[i64]) {
    let mut list = query.separated(", ");
    for number in numbers {
        list.push_bind(*number);
    }
}

fn arrival_from(row: &sqlx::sqlite::SqliteRow) -> Result<Arrival, Fault> {
    let sender: Option<&str> = row.try_get(3)?;
    let recipients: &str = row.try_get(4)?;
    let source: &str = row.try_get(5)?;
    let ip: Option<&str> = row.try_get(6)?;
    Ok(Arrival {
        id: row.try_get(0)?,
        raw_id: row.try_get(1)?,
        department: row.try_get(2)?,
        sender: sender.and_then(Address::parse),
        recipients: recipients.lines().filter_map(Address::parse).collect(),
        source: Source::from_name(source).unwrap_or(Source::Smtp),
        peer: Peer { ip: ip.and_then(|ip| ip.parse().ok()), helo: row.try_get(7)?, tls: row.try_get::<i64, _>(8)? != 0 },
        received_at: Time(row.try_get(9)?),
        attempts: row.try_get(10)?,
        raw: row.try_get(11)?,
    })
}
