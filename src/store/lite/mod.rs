//! SQLite: the store of one machine.
//!
//! There is one writing connection behind a fair lock: custody, the worker and the sender take turns on it, each in one
//! short transaction. Readers have connections of their own. Durability is `journal_mode=WAL` with `synchronous=FULL`, read back at
//! opening: without it a 250 would be a promise that a power cut breaks.

pub(in crate::store) mod carry;
pub(in crate::store) mod check;
pub(in crate::store) mod copy;
mod presence;
#[path = "../sql/mod.rs"]
mod sql;
mod statistics;

use std::fs::{DirBuilder, OpenOptions};
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection as _};
use tokio::sync::{Mutex, MutexGuard};

use super::custody::Sealed;
use super::{Fault, Turn, schema};

type Database = sqlx::Sqlite;
type Connection = SqliteConnection;
type Record = SqliteRow;
/// Rolled back when dropped.
type Transaction<'c> = sqlx::Transaction<'c, Database>;

/// Microseconds since 1970, by the clock of the database.
const CLOCK: &str = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)";
/// Rows are not locked one by one: a transaction that writes has the whole file.
const FOR_UPDATE: &str = "";
const SKIP_LOCKED: &str = "";
/// Whether statements for many rows are kept for their next use, of which there is a text for each number of rows. Preparing one anew costs
/// nothing here but its parsing.
const KEPT: bool = false;
/// A name of the transaction that is under way. Nobody asks.
const TRANSACTION: &str = "''";
/// How a transaction begins that reads at one moment.
const SNAPSHOT: &str = "BEGIN";

/// How long to wait for another process that writes to the same file (`postdesk pipe` beside the daemon).
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Without mail for so long, custody counts as idle: a few times what a mail takes from its connection to its commit.
const QUIET: Duration = Duration::from_millis(25);
/// How long the worker and the sender let others go first. Short enough for people, long enough for a burst to be over.
const LONGEST_WAY: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];

/// A store in a file.
#[derive(Debug)]
pub(in crate::store) struct Base {
    writer: Mutex<Pen>,
    readers: SqlitePool,
    opened: Instant,
    /// When custody and the worker last wrote, in microseconds since the opening; 0: never.
    custody_wrote: AtomicU64,
    worker_wrote: AtomicU64,
    /// Whether the worker and the sender still give way in this flood.
    patience: [AtomicBool; 2],
    marked: presence::Marked,
}

impl Base {
    /// Opens the file, makes it when it is not there, and brings its tables up to date.
    pub(in crate::store) async fn open(file: &Path) -> Result<Self, Fault> {
        make_private(file)?;
        let connect = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(LOCK_TIMEOUT)
            // Pages, so 16 MiB: few, large checkpoints, since each costs an fsync of the database on top of the one of the log.
            .pragma("wal_autocheckpoint", "1000")
            // A mail of a few KB fits on one page with its row instead of a chain of overflow pages. Only a new file takes it.
            .page_size(16_384)
            .disable_statement_logging();
        // KiB of pages in memory: the indexes that every mail is looked up in, of a store with some 100,000 tickets.
        let connect_writer = connect.clone().pragma("cache_size", "-12288");
        let mut connection = opened(file, connect_writer.connect().await)?;
        schema::of_a_file().run(&mut connection).await.map_err(schema::fault)?;
        statistics::give(&mut connection).await?;
        require_durability(&mut connection).await?;
        let writer = Pen { connection, connect: connect_writer, suspect: false };
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .idle_timeout(Duration::from_secs(60))
            .connect_lazy_with(connect.read_only(true).create_if_missing(false));
        Ok(Self {
            writer: Mutex::new(writer),
            readers,
            opened: Instant::now(),
            custody_wrote: AtomicU64::new(0),
            worker_wrote: AtomicU64::new(0),
            patience: [AtomicBool::new(true), AtomicBool::new(true)],
            marked: presence::Marked::new(file),
        })
    }

    /// Closes the connections; the last one folds the log into the database.
    pub(in crate::store) async fn close(self) {
        self.readers.close().await;
        if let Err(error) = self.writer.into_inner().connection.close().await {
            tracing::warn!(%error, "the store did not close cleanly; its log is folded in at the next start");
        }
    }

    pub(in crate::store) async fn insert_arrivals(&self, batch: &[Sealed]) -> Result<Vec<Vec<i64>>, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let (arrivals, _) = sql::custody::insert(&mut transaction, batch).await?;
        transaction.commit().await?;
        Ok(arrivals)
    }

    /// The writing connection, when its turn has come. Turns are given in the order they were asked for.
    async fn writer(&self) -> Result<Writer<'_>, Fault> {
        Ok(Writer(self.writer.lock().await))
    }

    /// A connection that only reads.
    async fn reader(&self) -> Result<Reader, Fault> {
        Ok(Reader(self.readers.acquire().await?))
    }

    fn since_opening(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Notes that custody has just written.
    pub(in crate::store) fn custody_wrote(&self) {
        self.custody_wrote.store(self.since_opening(), Ordering::Relaxed);
    }

    /// Notes that the worker has just written.
    pub(in crate::store) fn worker_wrote(&self) {
        self.worker_wrote.store(self.since_opening(), Ordering::Relaxed);
    }

    /// Waits while mail is pouring in. Custody goes first: a client waits for its 250, nobody waits for a ticket to the millisecond, and
    /// for a notice still less. Patience ends: in a flood that lasts, all of them take equal turns until it is over.
    pub(in crate::store) async fn give_way(&self, turn: Turn) {
        let patience = &self.patience[turn as usize];
        let end = Instant::now() + LONGEST_WAY[turn as usize];
        loop {
            let Some(rest) = self.until_quiet(turn) else { return patience.store(true, Ordering::Relaxed) };
            if Instant::now() >= end {
                patience.store(false, Ordering::Relaxed);
            }
            if !patience.load(Ordering::Relaxed) {
                return;
            }
            tokio::time::sleep(rest).await;
        }
    }

    /// How long it would take to be quiet from now on; `None` when it is.
    fn until_quiet(&self, turn: Turn) -> Option<Duration> {
        let custody = self.custody_wrote.load(Ordering::Relaxed);
        let worker = if turn == Turn::Sender { self.worker_wrote.load(Ordering::Relaxed) } else { 0 };
        let wrote = custody.max(worker);
        let quiet_for = Duration::from_micros(self.since_opening().saturating_sub(wrote));
        // Before the first mail there is no flood either.
        if wrote == 0 { None } else { QUIET.checked_sub(quiet_for).filter(|rest| !rest.is_zero()) }
    }
}

/// A connection, or why there is none.
fn opened(file: &Path, connection: Result<Connection, sqlx::Error>) -> Result<Connection, Fault> {
    connection.map_err(|error| match Fault::from(error) {
        Fault::Away(why) | Fault::Refused(why) => Fault::Away(format!("cannot open {}: {why}", file.display())),
        fault => fault,
    })
}

/// The file holds other people's mail: nobody but us may read it. SQLite gives its log the same mode.
fn make_private(file: &Path) -> Result<(), Fault> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Fault::Away(format!("cannot make the folder {}: {error}", folder.display())))?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Fault::Away(format!("cannot make {}: {error}", file.display()))),
    }
}

/// A turn on the writing connection.
struct Writer<'s>(MutexGuard<'s, Pen>);

impl Writer<'_> {
    /// A transaction that takes the write lock at once, so that it cannot fail for it later. Every write is made in one: what is not
    /// committed is rolled back when it is dropped.
    async fn begin(&mut self) -> Result<Transaction<'_>, Fault> {
        self.0.begin().await
    }

    /// All went well. The turn ends either way; a connection that failed is looked at before its next use.
    fn release(self) {}
}

/// The connection that writes.
#[derive(Debug)]
struct Pen {
    connection: Connection,
    connect: SqliteConnectOptions,
    /// It failed in a way that a new one may not.
    suspect: bool,
}

impl Pen {
    async fn begin(&mut self) -> Result<Transaction<'_>, Fault> {
        if self.suspect || self.is_stuck().await {
            self.connection = self.connect.connect().await?;
            require_durability(&mut self.connection).await?;
            self.suspect = false;
        }
        match self.connection.begin_with("BEGIN IMMEDIATE").await {
            Ok(transaction) => Ok(transaction),
            Err(error) => {
                let is_answer = matches!(error, sqlx::Error::Database(_));
                self.suspect = !is_answer;
                Err(error.into())
            }
        }
    }

    /// A full disk makes SQLite roll back by itself. The ROLLBACK that follows then fails, and the connection believes to be inside
    /// a transaction for ever after.
    async fn is_stuck(&mut self) -> bool {
        self.connection.is_in_transaction() && (self.connection.ping().await.is_err() || self.connection.is_in_transaction())
    }
}

/// A connection that only reads; the pool has it back when it is dropped.
struct Reader(PoolConnection<Database>);

impl Reader {
    fn release(self) {}
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

/// Reads back what the promise of a 250 stands on: a pragma that is not understood is silently ignored by SQLite.
async fn require_durability(connection: &mut Connection) -> Result<(), Fault> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    if mode != "wal" || synchronous < 2 {
        return Err(Fault::Refused(format!(
            "the database runs with journal_mode={mode} and synchronous={synchronous}; accepted mail would not survive a power cut"
        )));
    }
    Ok(())
}
