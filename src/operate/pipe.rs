//! `postdesk pipe`: one mail on standard input, into custody.
//!
//! Whoever calls it is a mail server, which goes by the exit code: 0 means that the mail is ours, 75 that it is to be kept and tried again,
//! and every other one that it goes back to its sender. So every trouble of ours ends with 75, whatever it is: the store, the
//! configuration, the command line in the mail server's own files, a fault in this program, time that has run out. Mail is sent back for
//! reasons of its own only: nobody has the address, it is too large.
//!
//! What is told begins with an enhanced status code (RFC 3463), which Postfix takes for its report to the sender.

use std::io::Read;
use std::time::Duration;

use super::{Code, Trouble};
use crate::accept::pipe::{self, Refused, incoming, take};
use crate::model::arrival::Incoming;
use crate::model::desk::Desk;
use crate::store::{Options, Store};

/// Time for all that the store is asked. Postfix kills a command after 1,000 s, and sends its mail back.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The trouble as a mail server has to be told of it: one that is ours with 75, so that the mail is kept. These two codes are the mail's.
pub fn for_the_mail_server(trouble: Trouble) -> Trouble {
    match trouble.code {
        Code::UnknownAddress | Code::Input => trouble,
        _ => Trouble { code: Code::TryLater, message: format!("4.3.0 {}", trouble.message) },
    }
}

/// Reads a mail to its end.
pub fn read(input: impl Read, max_message_size: usize) -> Result<Vec<u8>, Trouble> {
    pipe::read(input, max_message_size).map_err(refused)
}

/// Looks at the addresses and opens the store, in this order, so that an unknown address stays one while the store is away.
pub async fn prepare(
    raw: Vec<u8>,
    sender: Option<&str>,
    recipients: &[String],
    desk: &Desk,
    store: &Options,
) -> Result<(Incoming, Store), Trouble> {
    let incoming = incoming(raw, sender, recipients, desk).map_err(refused)?;
    Ok((incoming, Store::open(store).await?))
}

/// Takes custody of the mail.
pub async fn pipe(incoming: Incoming, store: Store) -> Result<(), Trouble> {
    let arrivals = take(&store, incoming).await?;
    store.close().await;
    for arrival in arrivals {
        tracing::info!(arrival, source = "pipe", "mail taken");
    }
    Ok(())
}

/// All of it within [`LIMIT`]. A COMMIT that was under way may have happened: the mail comes again and is known then.
pub async fn within_the_limit<T>(asked: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let late = |_| Trouble::new(Code::TryLater, format!("the store did not answer within {} s", LIMIT.as_secs()));
    tokio::time::timeout(LIMIT, asked).await.map_err(late)?
}

/// With the status code that the report to the sender is to have, where there will be one.
fn refused(refused: Refused) -> Trouble {
    let status = match &refused {
        Refused::UnknownAddress(_) => "5.1.1 ",
        Refused::ReportsOnly(_) => "5.7.1 ",
        Refused::BadSender(_) => "5.1.7 ",
        Refused::TooLarge(_) => "5.3.4 ",
        Refused::NoAddress(_) | Refused::Unreadable(_) | Refused::Store(_) => "",
    };
    let trouble = Trouble::from(refused);
    Trouble { message: format!("{status}{trouble}"), ..trouble }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        let code = match &refused {
            Refused::UnknownAddress(_) | Refused::ReportsOnly(_) => Code::UnknownAddress,
            Refused::BadSender(_) | Refused::TooLarge(_) => Code::Input,
            Refused::NoAddress(_) => Code::Usage,
            Refused::Unreadable(_) | Refused::Store(_) => Code::TryLater,
        };
        Trouble::new(code, refused.to_string())
    }
}
