//! Carrying a store over: what is particular to PostgreSQL.

use sqlx::Connection as _;

use super::{Base, CLOCK, STEP, Transaction, in_time};
use crate::store::carry::tables::{PRESENCE, TABLES};
use crate::store::carry::{End, Hindrance};
use crate::store::{Fault, Place};

/// Text is ordered by its octets, whatever language the database speaks.
pub(super) const BY_OCTETS: &str = " COLLATE \"C\"";
/// Names nobody else has.
pub(super) const RANDOM: &str = "SELECT REPLACE(CAST(gen_random_uuid() AS TEXT), '-', '')";
/// Every table with its columns.
pub(super) const COLUMNS: &str = "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns \
                                  WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'";

/// Tables whose rows the database numbers.
const NUMBERED: [&str; 3] = ["raw", "arrival", "event"];

/// Rows that came with their numbers have not moved the sequences on.
pub(super) async fn renumber(transaction: &mut Transaction<'_>) -> Result<(), Fault> {
    for table in NUMBERED {
        let next =
            format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), COALESCE(MAX(id), 0) + 1, false) FROM {table}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(next)).execute(&mut **transaction).await?;
    }
    Ok(())
}

impl Base {
    /// Does the work, over other connections, while nobody else can write to the old store, or join the gateways of the new one.
    pub(in crate::store) async fn hold<T>(
        &self,
        end: End,
        place: &Place,
        work: impl Future<Output = Result<T, Hindrance>>,
    ) -> Result<T, Hindrance> {
        let mut line = in_time(STEP, self.writer()).await?;
        let mut transaction = in_time(STEP, line.begin()).await?;
        let locked = in_time(STEP, lock(&mut transaction, end)).await;
        locked.map_err(|fault| match fault {
            Fault::Away(why) => Hindrance::InUse(format!(
                "the tables of {place} are in use ({why}): stop the gateways, and any other move, then try again"
            )),
            fault => fault.into(),
        })?;
        let names = in_time(STEP, living(&mut transaction)).await?;
        if !names.is_empty() {
            return Err(Hindrance::InUse(format!(
                "gateways give signs of life on {place}: {}. Stop them, then try again (one that was killed counts for 10 s more)",
                names.join(", ")
            )));
        }
        let done = work.await?;
        // Had the connection gone meanwhile, so would have the lock.
        in_time(STEP, async { Ok(transaction.ping().await?) }).await?;
        in_time(STEP, async { Ok(transaction.rollback().await?) }).await?;
        line.release();
        Ok(done)
    }
}

async fn lock(transaction: &mut Transaction<'_>, end: End) -> Result<(), Fault> {
    let mut tables = vec![PRESENCE[0]];
    if end == End::From {
        tables.extend(TABLES.iter().map(|table| table.name));
    }
    // Held for as long as the move takes, which other transactions may not.
    let text = format!(
        "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '5s'; LOCK TABLE {} IN EXCLUSIVE MODE",
        tables.join(", ")
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut **transaction).await?;
    Ok(())
}

/// The gateways that live.
async fn living(transaction: &mut Transaction<'_>) -> Result<Vec<String>, Fault> {
    let text = format!("SELECT name FROM gateway WHERE seen_until > {CLOCK} ORDER BY name");
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_all(&mut **transaction).await?)
}
