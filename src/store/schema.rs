//! The tables, and which versions of postdesk may work on them side by side.
//!
//! A version brings the tables up to what it knows and leaves alone what a newer one has added: while gateways are upgraded one
//! by one, both work on one schema. A migration that takes away what older versions need raises `needs`, and those refuse to start.

use sqlx::migrate::MigrateError;

use super::Fault;

/// Number of the newest migration that this version knows. A test holds it to the folders.
pub const NEWEST: i64 = 3;

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

/// Whether this version may work on tables whose setting `needs` says this.
pub(in crate::store) fn require_knowledge(needs: Option<&str>) -> Result<(), Fault> {
    match needs.map(str::parse::<i64>) {
        None => Ok(()),
        Some(Ok(needs)) if needs <= NEWEST => Ok(()),
        _ => Err(Fault::Refused(format!(
            "a newer version of postdesk has changed this store; this one knows its tables up to migration {NEWEST} and cannot work \
             on them any more: please upgrade"
        ))),
    }
}
