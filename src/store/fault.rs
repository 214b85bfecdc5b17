//! Why the store did not do what it was asked, by what has to be done about it.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

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
    /// What is on the disk is no whole database any more. Nothing is changed in it: a person has to act.
    #[error("{0}")]
    Damaged(String),
    /// What was asked for is there no more, because it was kept for long enough.
    #[error("{0}")]
    Gone(String),
    /// The store refused this very data, or a statement of ours is wrong.
    #[error("the store refused: {0}")]
    Refused(String),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match error {
            sqlx::Error::Database(database) => {
                if let Some(server) = database.try_downcast_ref::<PgDatabaseError>() {
                    // In full, sqlx's text names a line of the server's own source.
                    of_a_server(server.code(), format!("{} (SQLSTATE {})", server.message(), server.code()))
                } else {
                    of_a_file(&*database, text)
                }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => Fault::Refused(text),
            sqlx::Error::RowNotFound | sqlx::Error::ColumnNotFound(_) => Fault::Refused(text),
            _ => Fault::Away(text),
        }
    }
}

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
fn of_a_file(error: &dyn DatabaseError, text: String) -> Fault {
    const BUSY: i64 = 5;
    const LOCKED: i64 = 6;
    const READ_ONLY: i64 = 8;
    const IO_ERROR: i64 = 10;
    const CORRUPT: i64 = 11;
    const FULL: i64 = 13;
    const CANNOT_OPEN: i64 = 14;
    const NOT_A_DATABASE: i64 = 26;
    // The extended code carries the primary one in its low octet.
    match error.code().and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xff) {
        Some(BUSY | LOCKED | READ_ONLY | CANNOT_OPEN) => Fault::Away(text),
        Some(FULL) => Fault::Full(text),
        Some(IO_ERROR) => Fault::Broken(text),
        Some(CORRUPT | NOT_A_DATABASE) => Fault::Damaged(damaged(&text)),
        _ => Fault::Refused(text),
    }
}

/// What is said of a damaged database, wherever it is noticed.
pub(in crate::store) fn damaged(what: &str) -> String {
    format!(
        "the database is damaged: {what}. Nothing was changed, and nothing is repaired by itself: stop the gateway, keep a copy of the file \
         and of those beside it (-wal, -shm), and put back a backup with `postdesk restore`; docs/retention.md (\"A damaged database\") \
         says how to read out what is left"
    )
}

/// PostgreSQL's SQLSTATE (PostgreSQL 15, appendix A). A server whose disk fails ends by itself and recovers from its log, so nothing
/// that it answers means that an earlier COMMIT was not kept.
fn of_a_server(code: &str, text: String) -> Fault {
    const DISK_FULL: &str = "53100";
    const READ_ONLY: &str = "25006";
    const IDLE_IN_TRANSACTION: &str = "25P03";
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    const DATABASE_DROPPED: &str = "57P04";
    // Connection, rollback for a deadlock, resources, operator, system.
    const AWAY: [&str; 6] = ["08", "40", "53", "57", "58", "XX"];
    match code {
        DISK_FULL => Fault::Full(text),
        READ_ONLY | IDLE_IN_TRANSACTION | LOCK_NOT_AVAILABLE | DATABASE_DROPPED => Fault::Away(text),
        _ if AWAY.contains(&code.get(..2).unwrap_or_default()) => Fault::Away(text),
        _ => Fault::Refused(text),
    }
}
