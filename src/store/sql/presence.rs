//! The gateways of a store in SQL.

use std::time::Duration;

use sqlx::QueryBuilder;

use super::{Base, CLOCK, Database};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::recall::slot;

/// How long a count of acknowledgements is kept: twice as long as the caps look back.
const COUNTS_KEPT: Duration = Duration::from_secs(2 * 86_400);
/// Microseconds for which the row of a dead gateway is kept, for whoever wonders who was there.
const GATEWAYS_KEPT: i64 = 86_400 * 1_000_000;
/// How long the ledger remembers a mail that is not on its server any more. A mailbox that is put back from a backup, or numbered anew,
/// shows it again; after that a copy is recognised like any other, when it is decided.
const LINES_KEPT: Duration = Duration::from_secs(30 * 86_400);

impl Base {
    pub(in crate::store) async fn join(&self, name: &str, alone: bool, lasts: i64) -> Result<i64, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        if alone {
            sqlx::query("DELETE FROM gateway").execute(&mut *transaction).await?;
        }
        let mut query = QueryBuilder::<Database>::new("INSERT INTO gateway (name, version, seen_until) VALUES (");
        query.push_bind(name).push(", ").push_bind(env!("CARGO_PKG_VERSION")).push(", ").push(CLOCK).push(" + ");
        query.push_bind(lasts).push(") RETURNING id");
        let number = query.build_query_scalar().fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(number)
    }

    pub(in crate::store) async fn leave(&self, gateway: i64) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        sqlx::query("DELETE FROM gateway WHERE id = $1").bind(gateway).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    pub(in crate::store) async fn tidy_up(&self, now: Time) -> Result<u64, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let counts = sqlx::query("DELETE FROM acknowledged WHERE slot < $1").bind(slot(now.minus(COUNTS_KEPT)));
        let counts = counts.execute(&mut *transaction).await?.rows_affected();
        let sent = sqlx::query("DELETE FROM sent WHERE slot < $1").bind(slot(now.minus(COUNTS_KEPT)));
        let counts = counts + sent.execute(&mut *transaction).await?.rows_affected();
        let mut query = QueryBuilder::<Database>::new("DELETE FROM gateway WHERE seen_until < ");
        query.push(CLOCK).push(" - ").push_bind(GATEWAYS_KEPT);
        let gateways = query.build().execute(&mut *transaction).await?.rows_affected();
        let lines = super::ledger::forget(&mut transaction, now.minus(LINES_KEPT)).await?;
        transaction.commit().await?;
        writer.release();
        Ok(counts + gateways + lines)
    }
}
