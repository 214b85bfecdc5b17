//! What of an archive is in the store already, so that nothing is taken twice.

use std::collections::HashSet;

use super::{Fault, Kind, Store};

/// A mail of an archive, for one department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// What it is known by in the ledger.
    pub entry: [u8; 32],
    /// Its content key.
    pub content: [u8; 32],
    /// Key of the department.
    pub department: &'a str,
}

/// What is in the store already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Entries of what was imported.
    pub imported: HashSet<[u8; 32]>,
    /// Content keys of what came some other way, each with its department. Mail that is not decided yet is not among them.
    pub arrived: HashSet<([u8; 32], String)>,
}

impl Store {
    /// Looks up some mails of an archive.
    pub async fn imported(&self, asked: &[Asked<'_>]) -> Result<Known, Fault> {
        if asked.is_empty() {
            return Ok(Known::default());
        }
        on_either!(self, base => base.imported(asked))
    }

    /// Whether a gateway works on this store. In a file one counts that was killed, until it is started again and stopped.
    pub async fn is_served(&self) -> Result<bool, Fault> {
        on_either!(self, base => base.has_gateway())
    }

    /// Whether a mail of so many octets is kept as an object.
    pub fn keeps_apart(&self, size: usize) -> bool {
        self.objects.take(size)
    }

    /// Whether all write over one connection at a time, in turn.
    pub fn is_a_file(&self) -> bool {
        matches!(self.kind, Kind::Lite(_))
    }
}
