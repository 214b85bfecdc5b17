//! Carrying a store over: what is particular to SQLite.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _};

use super::{Base, Transaction};
use crate::store::Fault;
use crate::store::carry::Hindrance;

/// Text is ordered by its octets.
pub(super) const BY_OCTETS: &str = "";
/// Names nobody else has.
pub(super) const RANDOM: &str = "SELECT LOWER(HEX(RANDOMBLOB(16)))";
/// Every table with its columns.
pub(super) const COLUMNS: &str = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
                                  WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> '_sqlx_migrations'";

/// The next number is always the one behind the last.
pub(super) async fn renumber(_transaction: &mut Transaction<'_>) -> Result<(), Fault> {
    Ok(())
}

/// Refuses a file that another program has open. Each connection shares a lock on it as long as it lives, and the system takes it away
/// from a process that was killed; the row of a gateway could not tell the one from the other.
pub async fn require_alone(file: &Path) -> Result<(), Hindrance> {
    if !file.exists() {
        return Ok(());
    }
    let exclusive = SqliteConnectOptions::new()
        .filename(file)
        .pragma("locking_mode", "EXCLUSIVE")
        .busy_timeout(Duration::from_secs(1))
        .disable_statement_logging();
    let in_use = |error: sqlx::Error| match Fault::from(error) {
        Fault::Away(_) => Hindrance::InUse(format!(
            "another program has {} open: stop the gateway and whatever else works on it, then try again",
            file.display()
        )),
        fault => fault.into(),
    };
    let mut connection = exclusive.connect().await.map_err(in_use)?;
    let locked = sqlx::raw_sql("BEGIN EXCLUSIVE; ROLLBACK").execute(&mut connection).await;
    let closed = connection.close().await;
    locked.map_err(in_use)?;
    closed.map_err(in_use)
}

impl Base {
    /// Does the work while nobody else can write. It may only read.
    pub(in crate::store) async fn hold<T>(&self, work: impl Future<Output = Result<T, Hindrance>>) -> Result<T, Hindrance> {
        let mut writer = self.writer().await?;
        let transaction = writer.begin().await?;
        let done = work.await;
        transaction.rollback().await.map_err(Fault::from)?;
        writer.release();
        done
    }
}
