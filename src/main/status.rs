//! The arguments of `status`.

use std::io;
use std::time::Duration;

use clap::Args;
use postdesk::model::time::Zone;
use postdesk::operate::status::{self, Wanted};
use postdesk::operate::table::Look;
use postdesk::operate::{Format, Trouble};
use postdesk::settings::Settings;

use super::command_line::Json;

#[derive(Args)]
pub(crate) struct Status {
    /// Show it again every so many seconds, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    watch: Option<u32>,
    #[command(flatten)]
    json: Json,
}

/// Does what is asked for.
pub(crate) async fn show(what: Status, settings: &Settings) -> Result<(), Trouble> {
    let every = what.watch.map(|seconds| Duration::from_secs(u64::from(seconds)));
    // Asked at each look, since a window changes its size.
    let format = || if what.json.json { Format::Json } else { Format::People(Look::of_standard_output()) };
    let wanted = Wanted { settings, zone: &Zone::of_this_machine(), format: &format };
    match every {
        Some(every) => status::watch(&wanted, every, &mut io::stdout()).await,
        None => status::status(&wanted, &mut io::stdout()).await,
    }
}
