//! Why a folder could not be looked through to the end: its server, our store, or a panic of ours.

use std::any::Any;
use std::fmt;

use tokio::task::JoinError;

use super::trouble::{Kind, Trouble};
use crate::accept::custody::Refusal;
use crate::store::Fault;

/// Why a look did not end well. Nothing is lost by it: what is not in custody is still on the server, and not marked.
#[derive(Debug)]
pub(super) enum Hindrance {
    /// The server.
    Server(Trouble),
    /// The ledger cannot be read or written.
    Store(Fault),
    /// Custody took nothing.
    Custody(Refusal),
    /// A fault of ours, in words.
    Panic(String),
}

/// Whose turn it is, and so how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A server or a network that will be back.
    Theirs,
    /// A server that wants us less often: it refused the login, or throttles.
    Refused,
    /// Our store.
    Ours,
}

impl Hindrance {
    pub(super) fn class(&self) -> Class {
        match self {
            Hindrance::Server(trouble) => class_of(trouble.kind()),
            Hindrance::Store(_) | Hindrance::Custody(_) => Class::Ours,
            Hindrance::Panic(_) => Class::Theirs,
        }
    }

    /// Of what kind it is, for logs.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Hindrance::Server(trouble) => trouble.kind().name(),
            Hindrance::Store(_) => "store",
            Hindrance::Custody(_) => "custody",
            Hindrance::Panic(_) => "panic",
        }
    }
}

fn class_of(kind: Kind) -> Class {
    match kind {
        Kind::Login | Kind::Token | Kind::Throttled => Class::Refused,
        _ => Class::Theirs,
    }
}

impl fmt::Display for Hindrance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hindrance::Server(trouble) => write!(formatter, "{trouble}"),
            Hindrance::Store(fault) => write!(formatter, "{fault}"),
            Hindrance::Custody(Refusal::Full) => formatter.write_str("no mail is taken: the disk of the store is full"),
            Hindrance::Custody(Refusal::Busy) => formatter.write_str("no mail is taken: more is arriving than can be stored"),
            Hindrance::Custody(Refusal::Away) => formatter.write_str("no mail is taken: the store is away"),
            Hindrance::Custody(Refusal::Stopping) => formatter.write_str("no mail is taken: postdesk is about to stop"),
            Hindrance::Panic(what) => write!(formatter, "a fault in postdesk: {what}"),
        }
    }
}

impl From<Trouble> for Hindrance {
    fn from(trouble: Trouble) -> Self {
        Hindrance::Server(trouble)
    }
}

impl From<Fault> for Hindrance {
    fn from(fault: Fault) -> Self {
        Hindrance::Store(fault)
    }
}

/// What a task of ours said when it ended in the middle.
pub(super) fn words_of(error: JoinError) -> String {
    error.try_into_panic().map_or_else(|error| error.to_string(), |panic| words(panic.as_ref()))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words").to_owned()
}
