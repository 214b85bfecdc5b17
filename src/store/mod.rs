//! The store: every table of the desk, and the only user of `sqlx`.
//!
//! One SQL text serves SQLite and PostgreSQL (`$1`, `RETURNING`, `ON CONFLICT`, `WITH … AS (VALUES …)`). A statement costs some 35 µs on
//! SQLite whatever it does, so everything on a mail's path is done for a set of mails at once.
//!
//! On SQLite there is one writing connection behind a fair lock: custody, the worker and the sender take turns on it, each in one
//! short transaction. Readers have connections of their own. Durability is `journal_mode=WAL` with `synchronous=FULL`, read back at
//! opening: without it a 250 would be a promise that a power cut breaks.

pub mod custody;
pub mod decision;
pub mod outbox;
pub mod recall;
pub mod report;
mod space;
pub mod work;

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _};
use tokio::sync::{Mutex, MutexGuard};

/// The database that the SQL of this module is written to.
type Database = sqlx::Sqlite;
/// A connection to it.
type Connection = SqliteConnection;
/// A transaction on it; rolled back when dropped.
type Transaction<'c> = sqlx::Transaction<'c, Database>;

/// How long to wait for another process that writes to the same file (`postdesk pipe` beside the daemon).
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Without mail for so long, custody counts as idle: a few times what a mail takes from its connection to its commit.
const QUIET: Duration = Duration::from_millis(25);
/// How long the worker and the sender let others go first. Short enough for people, long enough for a burst to be over.
const LONGEST_WAY: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];

/// `[store]`.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file.
    pub file: PathBuf,
    /// Share of the file system, in percent, that must stay free for mail to be taken.
    pub min_free_space: u8,
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Not to be had at present: locked for too long, connection gone, read-only.
    #[error("the store is away: {0}")]
    Away(String),
    /// No room on the disk.
    #[error("the disk of the store is full: {0}")]
    Full(String),
    /// The disk did not keep what it was given: nothing may be promised any more.
    #[error("the disk of the store failed: {0}")]
    Broken(String),
    /// The store refused this very data, or a statement of ours is wrong.
    #[error("the store refused: {0}")]
    Refused(String),
}

/// The store. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Mutex<Writer>,
    readers: SqlitePool,
    options: Options,
    opened: Instant,
    /// When custody and the worker last wrote, in microseconds since the opening; 0: never.
    custody_wrote: AtomicU64,
    worker_wrote: AtomicU64,
    /// Whether the worker and the sender still give way in this flood.
    patience: [AtomicBool; 2],
}

/// Who waits for the writing connection, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The worker lets custody go first.
    Worker,
    /// The sender lets custody and the worker go first.
    Sender,
}

impl Store {
    /// Opens the store, makes it when it is not there, and brings its tables up to date.
    pub async fn open(options: &Options) -> Result<Store, Fault> {
        if let Some(folder) = options.file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| Fault::Away(format!("cannot make the folder {}: {error}", folder.display())))?;
        }
        make_private(&options.file)?;
        let connect = SqliteConnectOptions::new()
            .filename(&options.file)
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
        let mut connection = connect_writer.connect().await.map_err(|error| opening(options, &error))?;
        sqlx::migrate!("migrations/sqlite")
            .run(&mut connection)
            .await
            .map_err(|error| Fault::Refused(format!("{} cannot be brought up to date: {error}", options.file.display())))?;
        require_durability(&mut connection).await?;
        let writer = Writer { connection, connect: connect_writer, suspect: false };
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .idle_timeout(Duration::from_secs(60))
            .connect_lazy_with(connect.read_only(true).create_if_missing(false));
        Ok(Store {
            inner: Arc::new(Inner {
                writer: Mutex::new(writer),
                readers,
                options: options.clone(),
                opened: Instant::now(),
                custody_wrote: AtomicU64::new(0),
                worker_wrote: AtomicU64::new(0),
                patience: [AtomicBool::new(true), AtomicBool::new(true)],
            }),
        })
    }

    fn since_opening(&self) -> u64 {
        u64::try_from(self.inner.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Notes that custody has just written.
    fn custody_wrote(&self) {
        self.inner.custody_wrote.store(self.since_opening(), Ordering::Relaxed);
    }

    /// Notes that the worker has just written.
    fn worker_wrote(&self) {
        self.inner.worker_wrote.store(self.since_opening(), Ordering::Relaxed);
    }

    /// Waits while mail is pouring in. Custody goes first: a client waits for its 250, nobody waits for a ticket to the millisecond, and
    /// for a notice still less. Patience ends: in a flood that lasts, all of them take equal turns until it is over.
    pub async fn give_way(&self, turn: Turn) {
        let patience = &self.inner.patience[turn as usize];
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
        let custody = self.inner.custody_wrote.load(Ordering::Relaxed);
        let worker = if turn == Turn::Sender { self.inner.worker_wrote.load(Ordering::Relaxed) } else { 0 };
        let wrote = custody.max(worker);
        let quiet_for = Duration::from_micros(self.since_opening().saturating_sub(wrote));
        // Before the first mail there is no flood either.
        if wrote == 0 { None } else { QUIET.checked_sub(quiet_for).filter(|rest| !rest.is_zero()) }
    }

    /// Closes the connections; the last one folds the log into the database.
    pub async fn close(self) {
        self.inner.readers.close().await;
        if let Some(inner) = Arc::into_inner(self.inner)
            && let Err(error) = inner.writer.into_inner().connection.close().await
        {
            tracing::warn!(%error, "the store did not close cleanly; its log is folded in at the next start");
        }
    }

    /// The writing connection, when its turn has come. Turns are given in the order they were asked for.
    pub(in crate::store) async fn writer(&self) -> MutexGuard<'_, Writer> {
        self.inner.writer.lock().await
    }

    /// Connections that only read.
    pub(in crate::store) fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    /// What the store was opened with.
    pub(in crate::store) fn options(&self) -> &Options {
        &self.inner.options
    }
}

/// The file holds other people's mail: nobody but us may read it. SQLite gives its log the same mode.
fn make_private(file: &Path) -> Result<(), Fault> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Fault::Away(format!("cannot make {}: {error}", file.display()))),
    }
}

/// The connection that writes.
#[derive(Debug)]
pub(in crate::store) struct Writer {
    connection: Connection,
    connect: SqliteConnectOptions,
    /// It failed in a way that a new one may not.
    suspect: bool,
}

impl Writer {
    /// A transaction that takes the write lock at once, so that it cannot fail for it later. Every write is made in one: what is not
    /// committed is rolled back when it is dropped.
    pub(in crate::store) async fn begin(&mut self) -> Result<Transaction<'_>, Fault> {
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

fn opening(options: &Options, error: &sqlx::Error) -> Fault {
    Fault::Away(format!("cannot open {}: {error}", options.file.display()))
}

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>), by what has to be done about them.
impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        const BUSY: i64 = 5;
        const LOCKED: i64 = 6;
        const READ_ONLY: i64 = 8;
        const IO_ERROR: i64 = 10;
        const CORRUPT: i64 = 11;
        const FULL: i64 = 13;
        const CANNOT_OPEN: i64 = 14;
        const NOT_A_DATABASE: i64 = 26;
        let text = error.to_string();
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => Fault::Refused(text),
                sqlx::Error::RowNotFound | sqlx::Error::ColumnNotFound(_) => Fault::Refused(text),
                _ => Fault::Away(text),
            };
        };
        // The extended code carries the primary one in its low octet.
        match database.code().and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xff) {
            Some(BUSY | LOCKED | READ_ONLY | CANNOT_OPEN) => Fault::Away(text),
            Some(FULL) => Fault::Full(text),
            Some(IO_ERROR | CORRUPT | NOT_A_DATABASE) => Fault::Broken(text),
            _ => Fault::Refused(text),
        }
    }
}
