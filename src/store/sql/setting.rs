//! What a store knows of itself, in SQL.

use super::Base;
use crate::store::Fault;

impl Base {
    pub(in crate::store) async fn setting(&self, name: &str) -> Result<Option<String>, Fault> {
        let mut reader = self.reader().await?;
        let value = sqlx::query_scalar("SELECT value FROM setting WHERE name = $1").bind(name);
        let value = value.fetch_optional(&mut *reader).await?;
        reader.release();
        Ok(value)
    }

    /// Sets what is not set yet; what it is now.
    pub(in crate::store) async fn set_once(&self, name: &str, value: &str) -> Result<String, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let query = "INSERT INTO setting (name, value) VALUES ($1, $2) \
                     ON CONFLICT (name) DO UPDATE SET value = setting.value RETURNING value";
        let value = sqlx::query_scalar(query).bind(name).bind(value).fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(value)
    }

    pub(in crate::store) async fn set(&self, name: &str, value: &str) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let query = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(query).bind(name).bind(value).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }
}
