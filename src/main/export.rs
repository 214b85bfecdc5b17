//! The arguments of `export`.

use std::path::PathBuf;

use clap::Args;
use postdesk::operate::export::Options;

#[derive(Args)]
pub(crate) struct Export {
    /// The ticket: SUP-1042 or 1042
    pub(crate) reference: String,
    /// A folder that is not there yet [default: the reference, below the working directory]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// One file in the form of an mbox, which is not there yet
    #[arg(long, value_name = "FILE")]
    mbox: Option<PathBuf>,
    /// Without notes and whatever else is internal: what may be given to the customer
    #[arg(long)]
    public: bool,
}

impl Export {
    pub(crate) fn options(&self) -> Options {
        Options { folder: self.to.clone(), mbox: self.mbox.clone(), public: self.public }
    }
}
