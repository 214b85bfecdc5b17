//! The arguments of `backup` and `restore`.

use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use postdesk::model::time::Time;
use postdesk::operate::{Trouble, backup, restore};
use postdesk::settings::Settings;

#[derive(Args)]
pub(crate) struct Backup {
    /// The file to write
    file: PathBuf,
    /// Replace the file when it is there
    #[arg(long)]
    force: bool,
    /// Leave out large mail that is kept outside the database
    #[arg(long)]
    without_objects: bool,
    /// Leave out the database: for PostgreSQL, whose own tools back it up
    #[arg(long)]
    without_database: bool,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// Move a store or a key file that is in the way aside
    #[arg(long)]
    force: bool,
    /// Send what waited to be sent when the backup was made; else it is held, as it may have left since
    #[arg(long)]
    send: bool,
}

/// Makes a backup.
pub(crate) async fn backup(what: Backup, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let Backup { file, force, without_objects, without_database } = what;
    let options = backup::Options { file, force, without_objects, without_database };
    backup::backup(&options, settings, Time::from(SystemTime::now()), out).await
}

/// Restores one.
pub(crate) async fn restore(what: Restore, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let Restore { file, force, send } = what;
    restore::restore(&restore::Options { file, force, send }, settings, Time::from(SystemTime::now()), out).await
}
