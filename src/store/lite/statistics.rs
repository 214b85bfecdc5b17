//! What SQLite's planner is told, since it gathers nothing by itself.
//!
//! Of two indexes that could find what waits in the outbox it would take the one over all states, and sort a backlog of notices at every
//! look; the same for what was given up and not told of. The figures are those of an outbox as it is: nearly all sent, few
//! waiting (<https://www.sqlite.org/fileformat2.html#stat1tab>).

use sqlx::sqlite::SqliteConnection;

use crate::store::Fault;

/// `ANALYZE` makes the table of figures; the limit keeps it from reading more than a few rows.
const TELL: &str = "PRAGMA analysis_limit = 1; ANALYZE outbox; DELETE FROM sqlite_stat1 WHERE tbl = 'outbox'; \
     INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('outbox', 'outbox_state', '1000000 1000000 1'), ('outbox', 'outbox_waiting', '1000 2 1'), \
     ('outbox', 'outbox_untold', '10 10 1'); \
     ANALYZE sqlite_schema";

/// Gives the planner its figures, once for a file.
pub(super) async fn give(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let there: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'").fetch_one(&mut *connection).await?;
    let told: i64 = match there {
        0 => 0,
        _ => {
            let told = "SELECT COUNT(*) FROM sqlite_stat1 WHERE idx = 'outbox_untold' AND stat = '10 10 1'";
            sqlx::query_scalar(told).fetch_one(&mut *connection).await?
        }
    };
    if told == 0 {
        sqlx::raw_sql(TELL).execute(connection).await?;
    }
    Ok(())
}
