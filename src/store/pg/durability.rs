//! What a 250 stands on: that a commit is on the disk, here and, where there is one, on the standby.

use sqlx::PgConnection;

use crate::store::Fault;

/// The oldest PostgreSQL that the SQL and the migrations are written for, as `server_version_num` counts.
const OLDEST: i64 = 150_000;

/// What a failover to a standby that follows asynchronously could lose.
const ASYNCHRONOUS: &str = "a standby follows this database asynchronously: a failover to it loses what was answered 250 in the moments \
                            before. Name it in synchronous_standby_names to lose nothing";

/// Refuses a server that would lose what was committed. Asked of each connection: after a failover it is another server.
pub(super) async fn require(connection: &mut PgConnection) -> Result<(), Fault> {
    let (version, fsync, full_pages, commit): (i64, String, String, String) = sqlx::query_as(
        "SELECT CAST(current_setting('server_version_num') AS BIGINT), current_setting('fsync'), current_setting('full_page_writes'), \
         current_setting('synchronous_commit')",
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
    Ok(())
}

/// What a failover could lose, as far as it can be seen now.
pub(super) async fn risk(connection: &mut PgConnection) -> Result<Option<&'static str>, Fault> {
    // Every user may see that there are rows, if not what they say.
    let open = "SELECT current_setting('synchronous_standby_names') = '' AND EXISTS (SELECT 1 FROM pg_stat_replication)";
    let open: bool = sqlx::query_scalar(open).fetch_one(connection).await?;
    Ok(open.then_some(ASYNCHRONOUS))
}
