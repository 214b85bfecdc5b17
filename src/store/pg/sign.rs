//! The sign of life and the duties, which only gateways that share a server have.

use std::time::SystemTime;

use sqlx::QueryBuilder;

use super::{Base, CLOCK, Database};
use crate::model::time::Time;
use crate::store::Fault;

impl Base {
    pub(in crate::store) async fn give_sign(&self, gateway: i64, lasts: i64) -> Result<i64, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new("UPDATE gateway SET seen_until = ");
        query.push(CLOCK).push(" + ").push_bind(lasts).push(" WHERE id = ").push_bind(gateway);
        query.push(" RETURNING seen_until");
        let seen_until: Option<i64> = query.build_query_scalar().fetch_optional(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        let seen_until = seen_until.ok_or_else(|| Fault::Refused("the row of this gateway is gone from the store".to_owned()))?;
        Ok(seen_until - lasts - Time::from(SystemTime::now()).0)
    }

    /// A holder that does not live any more holds nothing.
    pub(in crate::store) async fn has_duty(&self, duty: &str, gateway: i64) -> Result<bool, Fault> {
        let mut line = self.writer().await?;
        let mut query = QueryBuilder::<Database>::new("INSERT INTO duty (name, holder) VALUES (");
        query.push_bind(duty).push(", ").push_bind(gateway);
        query.push(
            ") ON CONFLICT (name) DO UPDATE SET holder = excluded.holder \
             WHERE duty.holder NOT IN (SELECT id FROM gateway WHERE seen_until > ",
        );
        query.push(CLOCK).push(")").build().execute(&mut *line).await?;
        let holder: i64 = sqlx::query_scalar("SELECT holder FROM duty WHERE name = $1").bind(duty).fetch_one(&mut *line).await?;
        line.release();
        Ok(holder == gateway)
    }
}
