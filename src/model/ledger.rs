//! The ledger: which mail was fetched from where, so that none is fetched twice and none is passed over.
//!
//! A line is written in the commit that takes the mail into custody, so there is never one without the other.

/// Where a mail was fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A message in a folder of an IMAP account.
    Imap {
        /// The folder.
        place: Place,
        /// Its number there, which is never given twice while the validity is the same (RFC 3501 section 2.3.1.1).
        uid: u32,
        /// Its content key, by which it is known again when the validity has changed.
        content: [u8; 32],
    },
    /// A mail of an archive: SHA-256 of what tells it from every other one.
    Archive([u8; 32]),
}

/// A folder of an IMAP account, as long as its numbers mean the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Name of the account.
    pub account: String,
    /// Name of the folder.
    pub folder: String,
    /// UIDVALIDITY: another one means that the numbers were given anew.
    pub validity: u32,
}

/// How far a message of an IMAP folder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It is ours; what is to become of it on the server is still to be done.
    Taken,
    /// Nothing is to be done any more.
    Done,
    /// It stays where it is, and was never ours.
    Left,
}

impl Stage {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Taken => "taken",
            Stage::Done => "done",
            Stage::Left => "left",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        [Stage::Taken, Stage::Done, Stage::Left].into_iter().find(|stage| stage.name() == name)
    }
}
