//! The arguments of `import`, and the signals that end it early.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use postdesk::accept::import::Options;
use postdesk::model::time::Time;
use postdesk::operate::{Code, Trouble, import};
use postdesk::run;
use postdesk::settings::Settings;
use postdesk::store::Store;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Args)]
pub(crate) struct Import {
    /// Mails (.eml), folders of them, Maildirs, mboxes
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Key of the department that all of it is for; without it, the addresses in the mails say
    #[arg(long, value_name = "KEY")]
    department: Option<String>,
    /// Write to nobody, whatever the mails are; this is always so
    #[arg(long)]
    no_notices: bool,
}

/// Imports the archive.
pub(crate) async fn import(what: Import, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let house = run::house(settings).await.map_err(super::trouble)?;
    let options = Options { paths: what.paths, department: what.department, max_message_size: settings.smtp.max_message_size };
    import::require_department(&options, &house.desk)?;
    let unheard = |error: io::Error| Trouble::new(Code::OurFault, format!("signals cannot be heard: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let store = Store::open(&settings.store).await?;
    run::require_ours(&store, &house.desk).await.map_err(super::trouble)?;
    let at = (Time::from(SystemTime::now()), io::stderr().is_terminal());
    let result = import::import(options, house.desk, &store, at, stop, out).await;
    store.close().await;
    result
}
