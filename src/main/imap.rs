//! The arguments of `imap`.

use std::io::Write;
use std::time::SystemTime;

use clap::Subcommand;
use postdesk::model::time::{Time, Zone};
use postdesk::operate::{Trouble, View, imap};
use postdesk::run;
use postdesk::settings::Settings;

use super::{Json, format, store_for_looking, trouble};

#[derive(Subcommand)]
pub(crate) enum ImapVerb {
    /// How each account is: last success, last error, next attempt, mails behind; 69 when one needs somebody
    Status(Json),
}

/// Does what is asked for.
pub(crate) async fn look(verb: &ImapVerb, settings: &Settings, out: &mut dyn Write) -> Result<(), Trouble> {
    let ImapVerb::Status(json) = verb;
    let house = run::house_for_looking(settings).map_err(trouble)?;
    let store = store_for_looking(settings).await?;
    let (zone, now) = (Zone::of_this_machine(), Time::from(SystemTime::now()));
    let view = View { desk: &house.desk, format: format(*json), now, zone: &zone };
    imap::status(&store, &settings.imap, &view, out).await
}
