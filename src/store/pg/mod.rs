//! PostgreSQL: the store of several machines.
//!
//! Any number of gateways work on one database. Nothing here waits without an end: every step has a time limit, and a connection that
//! failed or was left in the middle is closed, so that the server rolls back what was under way on it.

mod carry;
#[path = "../sql/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "one SQL text, compiled for each database")]
mod sql;

pub(in crate::store) mod doubt;
mod durability;
mod ears;
mod lines;
mod sign;
mod size;

use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnection, PgRow};

use self::lines::{Line, Lines};
use super::place::Server;
use super::{Fault, schema};

type Database = sqlx::Postgres;
type Connection = PgConnection;
type Record = PgRow;
/// Rolled back when dropped.
type Transaction<'c> = sqlx::Transaction<'c, Database>;

/// Microseconds since 1970, by the clock of the database.
const CLOCK: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
/// Locks the rows that are read until the transaction ends.
const FOR_UPDATE: &str = " FOR UPDATE";
/// The same, passing over those that are locked already.
const SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";
/// Whether statements for many rows are kept for their next use, of which there is a text for each number of rows. Preparing one anew costs
/// a round trip.
const KEPT: bool = true;
/// A name of the transaction that is under way, by which its end can be asked for.
const TRANSACTION: &str = "CAST(pg_current_xact_id() AS TEXT)";
/// How a transaction begins that reads at one moment.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Time for a step on the way of a mail. A database that takes longer counts as away.
pub(in crate::store) const STEP: Duration = Duration::from_secs(10);
/// Time for a question of a person's.
pub(in crate::store) const QUESTION: Duration = Duration::from_secs(300);

/// Time for a goodbye, which nobody needs.
const GOODBYE: Duration = Duration::from_secs(1);

/// A store on a server.
#[derive(Debug)]
pub(in crate::store) struct Base {
    lines: Lines,
}

impl Base {
    /// Connects, and brings the tables up to date.
    pub(in crate::store) async fn open(server: &Server) -> Result<Self, Fault> {
        let base = Self { lines: Lines::new(server)? };
        let mut connection = base.lines.connect().await?;
        in_time(QUESTION, async { schema::of_a_server().run(&mut connection).await.map_err(schema::fault) }).await?;
        // Whether the server hears it makes no difference.
        let _ = tokio::time::timeout(GOODBYE, connection.close()).await;
        Ok(base)
    }

    /// What a failover could lose, in words; `None` when it is nothing, or there is nobody to fail over to.
    pub(in crate::store) async fn risk(&self) -> Result<Option<&'static str>, Fault> {
        let mut line = self.lines.take().await?;
        let risk = durability::risk(&mut line).await?;
        line.release();
        Ok(risk)
    }

    /// Says goodbye on the connections that are open.
    pub(in crate::store) async fn close(&self) {
        for connection in self.lines.hang_up() {
            let _ = tokio::time::timeout(GOODBYE, connection.close()).await;
        }
    }

    /// A connection to write on.
    async fn writer(&self) -> Result<Line<'_>, Fault> {
        self.lines.take().await
    }

    /// A connection to read on: the same, since a mail that was just written is to be found.
    async fn reader(&self) -> Result<Line<'_>, Fault> {
        self.lines.take().await
    }
}

/// Does a step of a gateway's within its time. After one that found the database away, every connection is made anew: what was connected
/// to a server that has gone is of no use.
pub(in crate::store) async fn step<T>(
    base: &Base,
    limit: Duration,
    step: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let done = in_time(limit, step).await;
    if matches!(done, Err(Fault::Away(_))) {
        base.lines.hang_up();
    }
    done
}

/// Does a step within its time. One that takes longer is dropped, and its connection closed.
async fn in_time<T>(limit: Duration, step: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let late = |_| Fault::Away(format!("the database did not answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, step).await.map_err(late)?
}
