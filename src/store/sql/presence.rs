//! Signs of life and duties in SQL.

use std::time::Duration;

use sqlx::QueryBuilder;

use super::{Base, CLOCK, Database};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::recall::slot;

/// How long a count of acknowledgements is kept: twice as long as the caps look back.
const COUNTS_KEPT: Duration = Duration::from_secs(2 * 86_400);
/// How long the row of a dead gateway is kept, for whoever wonders who was there.
const GATEWAYS_KEPT: Duration = Duration::from_secs(86_400);

impl Base {
    pub(in crate::store) async fn join(&self, name: &str, alone: bool, lasts: Duration) -> Result<i64, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        if alone {
            sqlx::query("DELETE FROM gateway").execute(&mut *transaction).await?;
        }
        let mut query = QueryBuilder::<Database>::new("INSERT INTO gateway (name, version, seen_until) VALUES (");
        query.push_bind(name).push(", ").push_bind(env!("CARGO_PKG_VERSION")).push(", ").push(CLOCK).push(" + ");
        query.push_bind(micros(lasts)).push(") RETURNING id");
        let number = query.build_query_scalar().fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(number)
    }

    pub(in crate::store) async fn give_sign(&self, gateway: i64, lasts: Duration) -> Result<i64, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new("UPDATE gateway SET seen_until = ");
        query.push(CLOCK).push(" + ").push_bind(micros(lasts)).push(" WHERE id = ").push_bind(gateway);
        query.push(" RETURNING seen_until");
        let seen_until: Option<i64> = query.build_query_scalar().fetch_optional(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        let seen_until = seen_until.ok_or_else(|| Fault::Refused("the row of this gateway is gone from the store".to_owned()))?;
        Ok(seen_until - micros(lasts) - Time::from(std::time::SystemTime::now()).0)
    }

    pub(in crate::store) async fn leave(&self, gateway: i64) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        sqlx::query("DELETE FROM gateway WHERE id = $1").bind(gateway).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    pub(in crate::store) async fn has_duty(&self, duty: &str, gateway: i64) -> Result<bool, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new("INSERT INTO duty (name, holder) VALUES (");
        query.push_bind(duty).push(", ").push_bind(gateway);
        query.push(
            ") ON CONFLICT (name) DO UPDATE SET holder = excluded.holder \
             WHERE duty.holder = excluded.holder OR duty.holder NOT IN (SELECT id FROM gateway WHERE seen_until > ",
        );
        query.push(CLOCK).push(") RETURNING holder");
        let holder: Option<i64> = query.build_query_scalar().fetch_optional(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(holder == Some(gateway))
    }

    pub(in crate::store) async fn tidy_up(&self, now: Time) -> Result<u64, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let counts = sqlx::query("DELETE FROM acknowledged WHERE slot < $1").bind(slot(now.minus(COUNTS_KEPT)));
        let counts = counts.execute(&mut *transaction).await?.rows_affected();
        let mut query = QueryBuilder::<Database>::new("DELETE FROM gateway WHERE seen_until < ");
        query.push(CLOCK).push(" - ").push_bind(micros(GATEWAYS_KEPT));
        let gateways = query.build().execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        writer.release();
        Ok(counts + gateways)
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
