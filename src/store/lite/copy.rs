//! A file as a whole: a copy of one moment, and what a copy is looked at and changed by before it becomes a store again.
//!
//! None of this brings tables up to date: a copy stays as the version that wrote it left it.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection as _};

use crate::model::seal::sha256;
use crate::store::Fault;
use crate::store::backup::{Counted, Ready, Wanted};
use crate::store::forget::Scrubbed;

/// How often the log is tried to be folded in; each waits for readers as long as for a lock.
const SCRUBBINGS: usize = 3;

/// Writes a copy of the store as it is at one moment into an empty file, while others go on writing to it. Until it is done the log
/// cannot be folded in, and grows by what is written meanwhile.
pub(in crate::store) async fn snapshot(file: &Path, to: &Path) -> Result<(), Fault> {
    let mut connection = connect(file, true).await?;
    let done = sqlx::query("VACUUM INTO $1").bind(to.to_string_lossy().into_owned()).execute(&mut connection).await;
    let _ = connection.close().await;
    done?;
    Ok(())
}

/// Reads a copy from its first to its last page.
pub(in crate::store) async fn look(file: &Path) -> Result<Counted, Fault> {
    let mut connection = connect(file, true).await?;
    let looked = look_at(&mut connection).await;
    let _ = connection.close().await;
    looked
}

async fn look_at(connection: &mut SqliteConnection) -> Result<Counted, Fault> {
    let verdict: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(3)").fetch_all(&mut *connection).await?;
    if verdict != ["ok"] {
        return Err(Fault::Broken(format!("it is damaged: {}", verdict.join("; "))));
    }
    let (tickets, arrivals, notices) =
        sqlx::query_as("SELECT (SELECT COUNT(*) FROM ticket), (SELECT COUNT(*) FROM arrival), (SELECT COUNT(*) FROM outbox)")
            .fetch_one(&mut *connection)
            .await?;
    let objects = sqlx::query_as("SELECT object, sha256 FROM raw WHERE object IS NOT NULL ORDER BY object");
    let objects = objects.fetch_all(&mut *connection).await?;
    let setting = |name: &'static str| sqlx::query_scalar("SELECT value FROM setting WHERE name = $1").bind(name);
    let keys = setting("keys").fetch_optional(&mut *connection).await?;
    let needs: Option<String> = setting("needs").fetch_optional(&mut *connection).await?;
    Ok(Counted { tickets, arrivals, notices, objects, keys, needs })
}

/// Makes a copy into a store that may go on where the copy was taken, though others have gone on before it.
pub(in crate::store) async fn make_ready(file: &Path, wanted: &Wanted) -> Result<Ready, Fault> {
    let mut connection = connect(file, false).await?;
    let ready = change(&mut connection, wanted).await;
    connection.close().await?;
    ready
}

async fn change(connection: &mut SqliteConnection, wanted: &Wanted) -> Result<Ready, Fault> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for nobodys in ["DELETE FROM gateway", "DELETE FROM duty", "UPDATE arrival SET claimed_by = NULL WHERE outcome IS NULL"] {
        sqlx::query(nobodys).execute(&mut *transaction).await?;
    }
    let waiting = if wanted.send {
        "UPDATE outbox SET state = 'due' WHERE state IN ('due', 'leased')"
    } else {
        "UPDATE outbox SET state = 'held', last_error = 'restored from a backup: it may have left since that was made'
         WHERE state IN ('due', 'leased')"
    };
    let waiting = sqlx::query(waiting).execute(&mut *transaction).await?.rows_affected();
    let month = wanted.made_at.0 - 30 * 86_400_000_000;
    let (tickets, arrivals): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM ticket WHERE created_at >= $1), (SELECT COUNT(*) FROM arrival WHERE received_at >= $1)",
    )
    .bind(month)
    .fetch_one(&mut *transaction)
    .await?;
    let next = sqlx::query_scalar("UPDATE counter SET next = next + $1 WHERE name = 'ticket' RETURNING next");
    let next_ticket: i64 = next.bind(wanted.gap(tickets)).fetch_one(&mut *transaction).await?;
    mark(&mut transaction, wanted, wanted.gap(arrivals)).await?;
    transaction.commit().await?;
    Ok(Ready { waiting, next_ticket })
}

/// An arrival with a higher number than any that was given since: the next one gets a number behind it.
async fn mark(transaction: &mut sqlx::Transaction<'_, sqlx::Sqlite>, wanted: &Wanted, gap: i64) -> Result<(), Fault> {
    let raw = sqlx::query_scalar("INSERT INTO raw (sha256, octets) VALUES ($1, x'') RETURNING id");
    let raw: i64 = raw.bind(sha256(b"").to_vec()).fetch_one(&mut **transaction).await?;
    let made = wanted.made_at.rfc3339();
    sqlx::query(
        "INSERT INTO arrival (id, raw_id, department, recipients, source, peer_tls, size, received_at, outcome, subject, reasons, decided_at)
         SELECT COALESCE(MAX(id), 0) + $1, $2, '', '', 'command', 0, 0, $3, 'discarded', 'restored from a backup', $4, $3 FROM arrival",
    )
    .bind(gap)
    .bind(raw)
    .bind(wanted.now.0)
    .bind(format!("no mail: marks that the store was restored from the backup of {made}, so that no number is given twice"))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn connect(file: &Path, only_reading: bool) -> Result<SqliteConnection, Fault> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(only_reading)
        .create_if_missing(false)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging();
    options.connect().await.map_err(Fault::from)
}

impl super::Base {
    /// From now on what is removed over the writing connection is overwritten.
    pub(in crate::store) async fn secure(&self) -> Result<(), Fault> {
        let mut writer = self.writer.lock().await;
        sqlx::query("PRAGMA secure_delete = ON").execute(&mut writer.connection).await?;
        Ok(())
    }

    /// Writes the file anew, without what lies in its gaps, and empties the log.
    pub(in crate::store) async fn scrub(&self) -> Result<Scrubbed, Fault> {
        let mut writer = self.writer.lock().await;
        sqlx::query("VACUUM").execute(&mut writer.connection).await?;
        for _ in 0..SCRUBBINGS {
            let fold = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut writer.connection);
            let busy: i64 = fold.await?;
            if busy == 0 {
                return Ok(Scrubbed::Clean);
            }
        }
        Ok(Scrubbed::LogInUse)
    }
}
