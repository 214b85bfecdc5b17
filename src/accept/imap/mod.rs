//! Mail that must be fetched: IMAP accounts (RFC 3501), each a task of its own.
//!
//! Promise: every message of a folder becomes an arrival once, whatever other clients do with it, and is flagged, moved or deleted only after
//! the commit that made it ours. What was taken is known by (account, folder, UIDVALIDITY, UID), never by flags, sequence numbers or dates.

mod account;
mod accounts;
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
use std::time::Duration;

use crate::login::Login;

pub use accounts::{Plan, serve, serve_plan};
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

/// Any number, by which pauses are made to differ. Each `RandomState` is seeded anew.
fn chance() -> u64 {
    RandomState::new().hash_one(0)
}
