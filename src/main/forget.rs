//! The arguments of `forget`.

use clap::Args;
use postdesk::operate::forget::Options;

use super::command_line::Json;

#[derive(Args)]
pub(crate) struct Forget {
    /// The address of the person
    address: String,
    /// Say what there is of the person, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Open tickets too; they are closed
    #[arg(long)]
    even_open: bool,
    /// Do not write the file of the store anew at the end; mail waits while that lasts, and else traces stay in gaps of the file
    #[arg(long)]
    without_scrubbing: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

impl Forget {
    pub(crate) fn options(&self) -> Options {
        Options {
            address: self.address.clone(),
            dry_run: self.dry_run,
            yes: self.yes,
            even_open: self.even_open,
            without_scrubbing: self.without_scrubbing,
        }
    }
}
