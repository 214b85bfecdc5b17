//! Which objects are named, in SQL.

use sqlx::QueryBuilder;

use super::{Base, Database};
use crate::store::Fault;

impl Base {
    /// Whether any mail is kept as an object.
    pub(in crate::store) async fn names_objects(&self) -> Result<bool, Fault> {
        let mut reader = self.reader().await?;
        let query = sqlx::query_scalar::<_, i64>("SELECT id FROM raw WHERE object IS NOT NULL LIMIT 1");
        let found = query.fetch_optional(&mut *reader).await?;
        reader.release();
        Ok(found.is_some())
    }

    /// Those of the names that a mail is kept under.
    pub(in crate::store) async fn named_objects(&self, names: &[String]) -> Result<Vec<String>, Fault> {
        let mut query = QueryBuilder::<Database>::new("SELECT object FROM raw WHERE object IS NOT NULL AND object IN (");
        let mut list = query.separated(", ");
        for name in names {
            list.push_bind(name.as_str());
        }
        query.push(")");
        let mut reader = self.reader().await?;
        let named = query.build_query_scalar().persistent(false).fetch_all(&mut *reader).await?;
        reader.release();
        Ok(named)
    }
}
