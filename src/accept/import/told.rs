//! What was not taken, and why: counted by reason, the first ones by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many are named: who has thousands wants to know the first, and how many there are.
const NAMED: usize = 20;

/// Why something was not taken. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It is no archive of a kind that is read.
    #[error("{0}")]
    NoArchive(&'static str),
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It is larger than the limit, in octets.
    #[error("is larger than {0} octets (`[smtp] max_message_size`)")]
    TooLarge(usize),
    /// It is not what it was when it was read first.
    #[error("was changed while it was being read: import it again when nobody writes to it")]
    Changed,
    /// So many octets before the first mail of an mbox.
    #[error("has {0} octets before the first line `From ADDRESS DATE`, which belong to no mail")]
    Stray(u64),
}

impl Reason {
    /// A few words to count by.
    pub fn kind(&self) -> &'static str {
        match self {
            Reason::Unreadable(_) => "cannot be read",
            Reason::NoArchive(_) => "no mail and no mbox",
            Reason::Empty => "empty",
            Reason::TooLarge(_) => "too large",
            Reason::Changed => "changed meanwhile",
            Reason::Stray(_) => "beginnings that belong to no mail",
        }
    }
}

/// Something that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untaken {
    /// The file or folder.
    pub path: PathBuf,
    /// Where in an mbox the mail begins, in octets.
    pub offset: Option<u64>,
    /// Why.
    pub reason: Reason,
}

/// All that was not taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// How many, by the kind of the reason.
    pub counts: BTreeMap<&'static str, u64>,
    /// The first of them.
    pub first: Vec<Untaken>,
}

impl Told {
    pub(super) fn tell(&mut self, path: &Path, offset: Option<u64>, reason: Reason) {
        *self.counts.entry(reason.kind()).or_default() += 1;
        if self.first.len() < NAMED {
            self.first.push(Untaken { path: path.to_owned(), offset, reason });
        }
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(super) fn join(&mut self, later: Told) {
        for (kind, count) in later.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        self.first.extend(later.first);
        self.first.truncate(NAMED);
    }
}
