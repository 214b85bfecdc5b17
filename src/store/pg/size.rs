//! What a database takes on the disks of its server.

use super::Base;
use crate::store::Fault;

impl Base {
    /// Octets of all tables and indexes.
    pub(in crate::store) async fn size(&self) -> Result<u64, Fault> {
        let mut line = self.lines.take().await?;
        let size: i64 = sqlx::query_scalar("SELECT pg_database_size(current_database())").fetch_one(&mut *line).await?;
        line.release();
        Ok(u64::try_from(size).unwrap_or_default())
    }
}
