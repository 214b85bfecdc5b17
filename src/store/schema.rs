//! The tables, and which versions of postdesk may work on them side by side.
//!
//! A version brings the tables up to what it knows and leaves alone what a newer one has added: while gateways are upgraded one
//! by one, both work on one schema. A migration that takes away what older versions need raises `needs`, and those refuse to start.

use sqlx::migrate::{MigrateError, Migrator};

use super::Fault;

/// The migrations of SQLite.
pub(in crate::store) fn of_a_file() -> Migrator {
    tolerant(sqlx::migrate!("migrations/sqlite"))
}

/// The migrations of PostgreSQL.
pub(in crate::store) fn of_a_server() -> Migrator {
    tolerant(sqlx::migrate!("migrations/postgres"))
}

/// What a newer version has applied is unknown to us, and no fault.
fn tolerant(mut migrations: Migrator) -> Migrator {
    migrations.set_ignore_missing(true);
    migrations
}

/// Why the tables cannot be brought up to date.
pub(in crate::store) fn fault(error: MigrateError) -> Fault {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        MigrateError::VersionMismatch(number) => {
            Fault::Refused(format!("migration {number} of this store is not the one that this version of postdesk has"))
        }
        error => Fault::Refused(format!("the tables cannot be brought up to date: {error}")),
    }
}

/// Number of the newest migration that this version knows.
pub fn newest() -> i64 {
    of_a_file().iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Whether all that a store is to hold has been carried into it.
pub(in crate::store) fn require_the_whole(moving_from: Option<&str>) -> Result<(), Fault> {
    match moving_from {
        None => Ok(()),
        Some(_) => Err(Fault::Refused(
            "a move into this store is not complete: run the same `postdesk move-store` again, which goes on where it stopped, \
             and use the old store until it has ended"
                .to_owned(),
        )),
    }
}

/// Whether this version may work on tables whose setting `needs` says this.
pub(in crate::store) fn require_knowledge(needs: Option<&str>) -> Result<(), Fault> {
    let newest = newest();
    match needs.map(str::parse::<i64>) {
        None => Ok(()),
        Some(Ok(needs)) if needs <= newest => Ok(()),
        _ => Err(Fault::Refused(format!(
            "a newer version of postdesk has changed this store; this one knows its tables up to migration {newest} and cannot work \
             on them any more: please upgrade"
        ))),
    }
}
