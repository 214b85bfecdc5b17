//! The arguments of `move-store`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use postdesk::operate::table::Look;
use postdesk::operate::{Trouble, move_store};
use postdesk::settings::Settings;

#[derive(Args)]
pub(crate) struct MoveStore {
    /// The old store, as in [store] url
    #[arg(long, value_name = "URL")]
    from: String,
    /// The new store: empty, or filled in part by the same move when it was broken off
    #[arg(long, value_name = "URL")]
    to: String,
    /// File with the password of the old store [default: `password_file` of the configuration]
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,
    /// File with the password of the new store [default: `password_file` of the configuration]
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,
}

/// Moves the store.
pub(crate) async fn move_store(what: MoveStore, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let MoveStore { from, to, from_password_file, to_password_file } = what;
    let (from, to) = ((from.as_str(), from_password_file), (to.as_str(), to_password_file));
    let what = move_store::Move::new(from, to, &settings.store.place)?;
    move_store::move_store(&what, Look::of_standard_output(), out).await
}
