//! Mail that must be fetched: IMAP accounts (RFC 3501), each a task of its own.
//!
//! Promise: every message of a folder becomes an arrival once, whatever other clients do with it, and is flagged, moved or deleted only after
//! the commit that made it ours. What was taken is known by (account, folder, UIDVALIDITY, UID), never by flags, sequence numbers or dates.

mod account;
mod after;
mod auth;
mod connect;
mod fetch;
mod first_sight;
mod folder;
pub mod folder_name;
pub mod guard;
mod hindrance;
mod letter;
mod line;
mod look;
mod pace;
mod patience;
mod plan;
mod reply;
pub mod session;
mod set;
mod standing;
mod tree;
mod tries;
mod trouble;
mod wire;

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::accept::custody::Custody;
use crate::login::Login;
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::observe::beat::Beats;
use crate::store::Store;

pub use pace::Pace;
pub use patience::Patience;
pub use session::Session;
pub use trouble::{Kind, Trouble};

/// An account, as the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name, in lists and as `imap:NAME` in the source of its mail.
    pub name: String,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// As whom we log in.
    pub login: Login,
    /// File with authorities that are trusted besides those of this machine, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The folders that mail is fetched from.
    pub folders: Vec<String>,
    /// Key of the department that all of its mail is for. Without it, the recipients in the header say.
    pub department: Option<String>,
    /// What becomes of a message that is ours.
    pub after: After,
    /// Whether mail that was there before us is ours.
    pub start: Start,
    /// How often it is looked for new mail, whether the server announces it or not.
    pub poll: Duration,
    /// How often all of the numbers are held against the ledger.
    pub reconcile: Duration,
    /// The provider's name in Authentication-Results, which is believed.
    pub authserv_id: Option<String>,
    /// Octets of the largest mail that is taken.
    pub max_message_size: usize,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first octet (RFC 8314).
    Tls,
    /// STARTTLS, required.
    StartTls,
    /// None: to this machine, unless the configuration says that it is wanted.
    Plain,
}

/// What becomes of a message that is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// It is flagged as seen.
    Seen,
    /// It is moved to this folder.
    Move(String),
    /// It is deleted.
    Delete,
}

/// Which mail of a folder is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// All that is there.
    All,
    /// What comes after the first look.
    New,
}

/// Fetches the mail of all accounts until told to stop. Each is a task of its own: what fails, hangs or panics in one does not touch another.
///
/// At a stop everything is dropped where it stands. That loses nothing and doubles nothing: what was given into custody is taken together
/// with its line of the ledger, and everything else is as it was.
pub async fn serve(accounts: Vec<Account>, means: (Arc<Desk>, Store, Custody), pace: Pace, stop: watch::Receiver<bool>) {
    serve_watched(accounts, means, (pace, Beats::default()), stop).await;
}

/// The same; each account gives signs of progress as `imap:NAME`, and each of its folders as `imap:NAME/FOLDER` while its mail is fetched here.
pub async fn serve_watched(
    accounts: Vec<Account>,
    (desk, store, custody): (Arc<Desk>, Store, Custody),
    (pace, beats): (Pace, Beats),
    mut stop: watch::Receiver<bool>,
) {
    let names: Vec<String> = accounts.iter().map(|account| account.name.clone()).collect();
    let long_ago = Time::from(SystemTime::now()).minus(FORGOTTEN_AFTER);
    // Somebody who looks at the state of accounts would else be told of one that nobody has any more.
    if let Err(fault) = store.forget_accounts(&names, long_ago).await {
        tracing::debug!(%fault, "accounts that are not configured any more could not be forgotten");
    }
    let means = Arc::new(account::Means::new(desk, store, custody, pace, beats));
    let mut running = JoinSet::new();
    let mut work = std::collections::HashMap::new();
    for account in accounts {
        let account = Arc::new(account::Work::new(account, Arc::clone(&means)));
        work.insert(running.spawn(Arc::clone(&account).run()).id(), account);
    }
    loop {
        let ended = tokio::select! {
            Some(ended) = running.join_next_with_id() => ended,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (id, what) = match ended {
            Ok((id, ())) => (id, "it ended".to_owned()),
            Err(error) => (error.id(), hindrance::words_of(error)),
        };
        if let Some(account) = work.remove(&id) {
            tracing::error!(account = account.account.name, what, "a fault in postdesk; the account is begun anew");
            let again = Arc::clone(&account);
            let pause = means.pace.longest;
            let run = async move {
                tokio::time::sleep(pause).await;
                again.run().await;
            };
            work.insert(running.spawn(run).id(), account);
        }
    }
    running.shutdown().await;
}

/// After so long without a report, no other gateway has the account either.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(86_400);

/// Any number, by which pauses are made to differ. Each `RandomState` is seeded anew.
fn chance() -> u64 {
    RandomState::new().hash_one(0)
}
