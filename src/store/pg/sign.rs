//! The sign of life, which only gateways that share a server give.

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
}
