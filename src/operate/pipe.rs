//! `postdesk pipe`: one mail on standard input, into custody.

use std::io::Read;

use super::{Code, Trouble};
use crate::accept::pipe::{Refused, incoming, read, take};
use crate::model::arrival::Incoming;
use crate::model::desk::Desk;
use crate::store::{Options, Store};

/// What an MTA must make of a trouble of ours: keep the mail and come back. It bounces a mail for every other code, also for those that
/// other verbs end with when the configuration or the store is at fault.
pub fn ours_is_later(trouble: Trouble) -> Trouble {
    Trouble { code: Code::TryLater, ..trouble }
}

/// Reads the mail and opens the store. Mail that is refused for its address is refused before, so that an unknown address stays one while
/// the store is away.
pub async fn prepare(
    input: impl Read,
    sender: Option<&str>,
    recipients: &[String],
    max_message_size: usize,
    desk: &Desk,
    store: &Options,
) -> Result<(Incoming, Store), Trouble> {
    let incoming = incoming(read(input, max_message_size)?, sender, recipients, desk)?;
    let store = Store::open(store).await.map_err(|fault| ours_is_later(fault.into()))?;
    Ok((incoming, store))
}

/// Takes custody of the mail.
pub async fn pipe(incoming: Incoming, store: Store) -> Result<(), Trouble> {
    let arrivals = take(&store, incoming).await?;
    store.close().await;
    tracing::info!(?arrivals, "mail taken");
    Ok(())
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        let code = match &refused {
            Refused::UnknownAddress(_) | Refused::ReportsOnly(_) => Code::UnknownAddress,
            Refused::NotAnAddress(_) => Code::Usage,
            Refused::TooLarge(_) => Code::Input,
            Refused::Unreadable(_) | Refused::Store(_) => Code::TryLater,
        };
        Trouble::new(code, refused.to_string())
    }
}
