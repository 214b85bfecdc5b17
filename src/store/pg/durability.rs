//! What a 250 stands on: that a commit is on the disk, here and, where there is one, on the standby.

use sqlx::PgConnection;

use crate::store::Fault;

/// The oldest PostgreSQL that the SQL and the migrations are written for, as `server_version_num` counts.
const OLDEST: i64 = 150_000;

/// Refuses a server that would lose what was committed, and says at the start what a failover could lose.
pub(super) async fn require(connection: &mut PgConnection) -> Result<(), Fault> {
    let (version, fsync, full_pages, commit, standbys): (i64, String, String, String, String) = sqlx::query_as(
        "SELECT CAST(current_setting('server_version_num') AS BIGINT), current_setting('fsync'), current_setting('full_page_writes'), \
         current_setting('synchronous_commit'), current_setting('synchronous_standby_names')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if version < OLDEST {
        return Err(Fault::Refused(format!("PostgreSQL {} is too old; postdesk needs 15 or newer", version / 10_000)));
    }
    let weak = [("fsync", fsync), ("full_page_writes", full_pages)].into_iter().find(|(_, value)| value != "on");
    if let Some((name, value)) = weak {
        return Err(Fault::Refused(format!(
            "the database runs with {name}={value}; accepted mail would not survive a power cut"
        )));
    }
    if !["on", "remote_apply"].contains(&commit.as_str()) {
        return Err(Fault::Refused(format!(
            "the database commits with synchronous_commit={commit}; accepted mail could be lost. Set it to on, for the database or the user"
        )));
    }
    if standbys.is_empty() && has_standby(connection).await? {
        tracing::warn!(
            "a standby follows this database asynchronously: a failover to it loses what was answered 250 in the moments before. \
             Name it in synchronous_standby_names to lose nothing"
        );
    }
    Ok(())
}

/// Whether somebody receives the log at present. Every user may see that much.
async fn has_standby(connection: &mut PgConnection) -> Result<bool, Fault> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_stat_replication)").fetch_one(connection).await?)
}
