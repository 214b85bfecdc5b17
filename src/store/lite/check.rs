//! The check of a database file before a gateway takes mail into it.
//!
//! After a stop in order nothing is looked at but the head of the file. Otherwise the file is read by SQLite's own check (`PRAGMA quick_check`:
//! that every page belongs to one tree, every row can be read and every overflow chain is whole), over a connection that only reads. So nothing is
//! changed in a damaged file, not even by folding its log in when the connection is closed.
//!
//! Where only the gateway was killed, the system has all that was written, so the check is one for what nobody expects, and gets half a
//! second: a gateway is back soon. Where the machine went down, or the disk has failed, it gets a quarter of an hour. What was not reached by then is told.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::{Connection, LOCK_TIMEOUT};
use crate::store::fault::damaged;
use crate::store::mark::{self, Mark};
use crate::store::setting::KEYS;
use crate::store::{Fault, Progress};

/// For a file whose gateway was killed.
const BRIEF: Duration = Duration::from_millis(500);
/// For one whose machine went down.
const THOROUGH: Duration = Duration::from_secs(900);
/// How often it is told that the check goes on.
const TOLD_EVERY: Duration = Duration::from_secs(5);
/// Faults that are named. One is enough to refuse a file; a few tell a person where they are.
const NAMED: usize = 5;
/// Steps of SQLite's machine between two looks at the clock: a fraction of a millisecond.
const STEPS: i32 = 10_000;

/// How each file of SQLite begins (<https://www.sqlite.org/fileformat2.html#the_database_header>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Refuses a file that is damaged. One that is not there is none.
pub(in crate::store) async fn check(file: &Path, progress: Progress<'_>) -> Result<(), Fault> {
    let mark = Mark::of(file).map_err(|error| unreadable(&mark::place(file), &error))?;
    let has_log = log_of(file).metadata().is_ok_and(|log| log.len() > 0);
    if !look_at_head(file, mark.is_some(), has_log)? || (mark.is_none() && !has_log) {
        return Ok(());
    }
    let begun = Instant::now();
    // A log without a mark: another program is at work, or somebody has put it there.
    let mark = mark.unwrap_or_default();
    let limit = if mark.is_of_this_boot() { BRIEF } else { THOROUGH };
    tracing::info!(file = %file.display(), seconds = limit.as_secs_f32(), "the last gateway was not stopped in order: the database is checked");
    let mut connection = reading(file).await?;
    if has_log {
        require_its_own_log(&mut connection, file).await?;
    }
    let whole = tokio::select! {
        found = look_inside(&mut connection, file, &mark, limit) => found,
        never = tell(progress, begun) => never,
    };
    let closed = connection.close().await;
    if whole? {
        tracing::info!(seconds = begun.elapsed().as_secs_f32(), "the database is whole");
    } else {
        tracing::warn!(
            seconds = limit.as_secs_f32(),
            "the database is too large to be checked to its end; what was looked at is whole"
        );
    }
    Ok(closed?)
}

/// Whether there is anything to look into.
fn look_at_head(file: &Path, has_mark: bool, has_log: bool) -> Result<bool, Fault> {
    let mut head = Vec::with_capacity(MAGIC.len());
    let name = file.display();
    match File::open(file).and_then(|opened| opened.take(MAGIC.len() as u64).read_to_end(&mut head)) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound && has_mark => {
            let mark = mark::place(file);
            let mark = mark.display();
            return Err(Fault::Damaged(damaged(&format!(
                "{name} is not there, and a gateway has worked on it (if it was removed on purpose, remove {mark} too)"
            ))));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(file, &error)),
    }
    match head.as_slice() {
        [] if has_log => Err(Fault::Damaged(damaged(&format!("{name} is empty, and the log beside it (-wal) is not")))),
        [] if has_mark => Err(Fault::Damaged(damaged(&format!("{name} is empty, and a gateway has worked on it")))),
        [] => Ok(false),
        head if head == MAGIC => Ok(true),
        _ => Err(Fault::Damaged(damaged(&format!("{name} is no database of SQLite: it does not begin as one")))),
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Fault {
    Fault::Away(format!("cannot read {}: {error}", file.display()))
}

fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

async fn reading(file: &Path) -> Result<Connection, Fault> {
    let options =
        SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(LOCK_TIMEOUT).disable_statement_logging();
    super::opened(file, options.connect().await)
}

/// SQLite folds any log in that lies beside a file, whatever file it was made for. So what the file says of itself without its log is held
/// against what it says with it: keys never change, and counters only go up. A file that cannot be read without its log has nothing to say.
async fn require_its_own_log(connection: &mut Connection, file: &Path) -> Result<(), Fault> {
    let without = SqliteConnectOptions::new().filename(file).immutable(true).read_only(true).disable_statement_logging();
    let Ok(mut without) = without.connect().await else { return Ok(()) };
    let before = (keys(&mut without).await, counted(&mut without).await);
    without.close().await?;
    let (Ok(Some(keys_before)), Ok(counted_before)) = before else { return Ok(()) };
    if keys(connection).await?.as_ref() == Some(&keys_before) && counted(connection).await? >= counted_before {
        return Ok(());
    }
    Err(Fault::Damaged(damaged(&format!(
        "the log beside {} (-wal) is that of another database, or of an older copy of it",
        file.display()
    ))))
}

async fn keys(connection: &mut Connection) -> Result<Option<String>, Fault> {
    let query = sqlx::query_scalar("SELECT value FROM setting WHERE name = $1").bind(KEYS);
    Ok(query.fetch_optional(connection).await?)
}

/// How far the counters of the desk have come.
async fn counted(connection: &mut Connection) -> Result<i64, Fault> {
    Ok(sqlx::query_scalar("SELECT CAST(SUM(next) AS BIGINT) FROM counter").fetch_one(connection).await?)
}

/// Tells again and again that the check goes on. Never ends.
async fn tell<T>(progress: Progress<'_>, begun: Instant) -> T {
    loop {
        tokio::time::sleep(TOLD_EVERY).await;
        tracing::info!(seconds = begun.elapsed().as_secs(), "the database is still being checked");
        progress(2 * TOLD_EVERY);
    }
}

/// Whether everything was looked at within the limit. Nothing that was is damaged.
async fn look_inside(connection: &mut Connection, file: &Path, mark: &Mark, limit: Duration) -> Result<bool, Fault> {
    let late = Arc::new(AtomicBool::new(false));
    let (deadline, stopped) = (Instant::now() + limit, Arc::clone(&late));
    connection.lock_handle().await?.set_progress_handler(STEPS, move || {
        let goes_on = Instant::now() < deadline;
        stopped.fetch_or(!goes_on, Ordering::Relaxed);
        goes_on
    });
    let found = look(connection, file, mark, limit).await;
    connection.lock_handle().await?.remove_progress_handler();
    match found {
        Err(_) if late.load(Ordering::Relaxed) => Ok(false),
        found => found.map(|()| true),
    }
}

async fn look(connection: &mut Connection, file: &Path, mark: &Mark, limit: Duration) -> Result<(), Fault> {
    // Originals last: they are the most by far.
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name = 'raw', name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *connection).await?;
    if tables.iter().any(|name| name == "counter") {
        require_counted(connection, file, mark).await?;
    }
    if limit > BRIEF {
        return require_whole(connection, file, "").await;
    }
    for table in tables {
        require_whole(connection, file, &format!("('{table}')")).await?;
    }
    Ok(())
}

/// Counters only go up. Where they are lower than they were, commits are missing.
async fn require_counted(connection: &mut Connection, file: &Path, mark: &Mark) -> Result<(), Fault> {
    if counted(connection).await? >= mark.counted {
        return Ok(());
    }
    let mark = mark::place(file);
    let what = format!(
        "{} does not hold what its gateway had committed; its log (-wal) was removed, or an older copy stands in its place (if that is what \
         you want, remove {} and start again)",
        file.display(),
        mark.display()
    );
    Err(Fault::Damaged(damaged(&what)))
}

/// SQLite's check of one table, or of everything.
async fn require_whole(connection: &mut Connection, file: &Path, of: &str) -> Result<(), Fault> {
    let said: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("PRAGMA quick_check{of}"))).fetch_all(connection).await?;
    let faults: Vec<&str> = said.iter().flat_map(|said| said.lines()).filter(|said| *said != "ok").collect();
    if faults.is_empty() {
        return Ok(());
    }
    let more = if faults.len() > NAMED { format!(", and {} more", faults.len() - NAMED) } else { String::new() };
    let named: Vec<&str> = faults.into_iter().take(NAMED).collect();
    Err(Fault::Damaged(damaged(&format!("{}: {}{more}", file.display(), named.join("; ")))))
}
