//! The insert of custody on a server, and what to do when nobody can say whether its COMMIT happened.
//!
//! A connection that is lost after the COMMIT was sent leaves two possibilities, and neither may be guessed: a 250 might be a lie, and so
//! might a 451. PostgreSQL knows (`pg_xact_status`, PostgreSQL 15, section 9.27.10) unless the database has since failed over to a
//! standby that never heard of the transaction; so the transaction is only waited for, and what counts are the rows.

use std::time::{Duration, Instant};

use sqlx::QueryBuilder;

use super::{Base, Database, Line, STEP, in_time, sql, step};
use crate::store::Fault;
use crate::store::custody::{self, Inserted, Sealed};

/// For how long the database is asked. A client waits ten minutes for the answer to its final dot (RFC 5321, section 4.5.3.2.6).
const ASKED_FOR: Duration = Duration::from_secs(240);
/// The wait between two questions.
const PAUSE: Duration = Duration::from_millis(200);

/// A batch whose COMMIT was sent and not answered.
#[derive(Debug)]
pub(in crate::store) struct Doubt {
    transaction: String,
    arrivals: Vec<Vec<i64>>,
    /// What the rows are recognised by: number, digest, time. A number alone may be given again after a failover.
    keys: Vec<(i64, [u8; 32], i64)>,
}

impl Base {
    pub(in crate::store) async fn insert_arrivals(&self, batch: &[Sealed]) -> Result<Inserted, Fault> {
        let mut line = None;
        let place = &mut line;
        // One limit for all of it: a client that waits for its answer is told within it that the database is away.
        let prepared = step(self, STEP, async move {
            let mut transaction = place.insert(self.writer().await?).begin().await?;
            let (arrivals, name) = sql::custody::insert(&mut transaction, batch).await?;
            Ok((transaction, arrivals, name))
        });
        let (transaction, arrivals, name) = prepared.await?;
        if let Err(fault) = in_time(STEP, async { Ok(transaction.commit().await?) }).await {
            tracing::warn!(%fault, mails = batch.len(), "the connection was lost in the middle of a COMMIT; it is looked up before any answer");
            drop(line);
            self.lines.hang_up();
            let keys = batch.iter().zip(&arrivals);
            let keys = keys.flat_map(|(sealed, ids)| ids.iter().map(|id| (*id, sealed.digest, sealed.incoming.received_at.0)));
            return Ok(Inserted::InDoubt(custody::Doubt(Doubt { transaction: name, keys: keys.collect(), arrivals })));
        }
        line.into_iter().for_each(Line::release);
        Ok(Inserted::Taken(arrivals))
    }

    pub(in crate::store) async fn find_out(&self, doubt: Doubt) -> Result<Option<Vec<Vec<i64>>>, Fault> {
        let begun = Instant::now();
        loop {
            let last = match in_time(STEP, self.is_over(&doubt)).await {
                Ok(true) => match in_time(STEP, self.count(&doubt)).await {
                    Ok(found) => return Ok((found == doubt.keys.len() as i64).then_some(doubt.arrivals)),
                    Err(fault) => fault,
                },
                Ok(false) => Fault::Away("the transaction in doubt is still under way".to_owned()),
                Err(fault) => fault,
            };
            if begun.elapsed() >= ASKED_FOR {
                return Err(last);
            }
            self.lines.hang_up();
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether the transaction has ended, one way or the other.
    async fn is_over(&self, doubt: &Doubt) -> Result<bool, Fault> {
        let mut line = self.reader().await?;
        let status = sqlx::query_scalar("SELECT pg_xact_status(CAST($1 AS xid8))").bind(&doubt.transaction);
        let status: Result<Option<String>, sqlx::Error> = status.fetch_one(&mut *line).await;
        match status {
            Ok(status) => {
                line.release();
                Ok(status.as_deref() != Some("in progress"))
            }
            // The number lies in the future of this database: another one than it was sent to.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// How many of the rows are there.
    async fn count(&self, doubt: &Doubt) -> Result<i64, Fault> {
        let mut line = self.reader().await?;
        let mut query = QueryBuilder::<Database>::new("WITH wanted (id, sha256, received_at) AS (");
        query.push_values(&doubt.keys, |mut row, (id, digest, received_at)| {
            row.push_bind(*id).push_bind(digest.to_vec()).push_bind(*received_at);
        });
        query.push(
            ") SELECT COUNT(*) FROM wanted JOIN arrival ON arrival.id = wanted.id AND arrival.received_at = wanted.received_at \
             JOIN raw ON raw.id = arrival.raw_id AND raw.sha256 = wanted.sha256",
        );
        let found = query.build_query_scalar().persistent(false).fetch_one(&mut *line).await?;
        // A COMMIT that was cut short while it waited for a synchronous standby can be seen here and may not be there. One that comes
        // after it and is answered has that standby's word for both; it writes to the log and nowhere else.
        if found > 0 {
            sqlx::query("SELECT pg_logical_emit_message(true, 'postdesk', '')").execute(&mut *line).await?;
        }
        line.release();
        Ok(found)
    }
}
