//! `reload`: lets the gateway that runs here read its configuration anew.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::{Code, Trouble, settled};
use crate::inspect::control::{self, Unanswered};

/// How long the gateway may take: it reads every file that the configuration names.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for it, and writes what was taken over. `data` is the folder of the gateway's data.
///
/// # Errors
/// [`Code::Configuration`] with every fault when the gateway keeps the configuration that it has, [`Code::Unavailable`] when none is running
/// here or none answers.
pub async fn reload(data: &Path, out: &mut dyn Write) -> Result<(), Trouble> {
    let socket = control::socket_in(data);
    let reply = control::ask(&socket, "POST", "/reload", PATIENCE).await.map_err(unanswered)?;
    let words = reply.body.trim_end();
    match reply.status {
        200 => settled(writeln!(out, "{words}").and_then(|()| out.flush()).map_err(Into::into)),
        422 => Err(Trouble::new(Code::Configuration, words)),
        _ => Err(Trouble::new(Code::Unavailable, format!("the gateway did not do it: {words}"))),
    }
}

/// Why the gateway was not heard, as a trouble of the operator's: for all verbs that ask it.
pub fn unanswered(why: Unanswered) -> Trouble {
    let hint = match &why {
        Unanswered::Nobody(_) => {
            "; start it with `postdesk serve`, or name its configuration with --config. One whose [gateway] data was changed since its start \
             still listens in the old folder: restart it"
        }
        Unanswered::Forbidden(_) => "",
        Unanswered::Late { .. } | Unanswered::Broken { .. } => "; its log may say why",
    };
    Trouble::new(Code::Unavailable, format!("{why}{hint}"))
}
