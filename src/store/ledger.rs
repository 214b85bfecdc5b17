//! The ledger of fetched mail: which message of which folder is ours, how far it has come, and from where on a folder is ours.
//!
//! The line of a mail that is taken is written by custody, in the commit that takes it; all others are written here. A line is never
//! written twice (its place and number are the key), so two gateways that work on one folder by mistake make a copy at most, which is
//! recognised when it is decided.

use std::collections::HashMap;

use super::{Fault, Store};
use crate::model::ledger::{Place, Stage};
use crate::model::time::Time;

/// Lines in one statement: each binds up to nine values, and SQLite takes 32,766.
const SET: usize = 1_000;

/// A folder of an account, as it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder {
    /// Its UIDVALIDITY.
    pub validity: u32,
    /// Lower numbers were there before us; 0: which those are is not known any more.
    pub first_uid: u32,
    /// When it was first looked at, under whichever validity.
    pub since: Time,
    /// What was there before is ours too.
    pub old_mail: bool,
    /// When all of its numbers were last held against the ledger.
    pub reconciled_at: Option<Time>,
}

/// Why a message stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Left {
    /// It is larger than we take.
    TooLarge,
    /// It was there before us, and only new mail is ours.
    BeforeUs,
}

impl Left {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Left::TooLarge => "larger than is taken",
            Left::BeforeUs => "there before us",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        [Left::TooLarge, Left::BeforeUs].into_iter().find(|left| left.name() == name)
    }
}

/// What the ledger knows of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// How far it has come.
    pub stage: Stage,
    /// Why it was left, where it was.
    pub left: Option<Left>,
    /// It was not on the server when that was last looked through.
    pub is_gone: bool,
}

/// A line that is not written by custody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The number.
    pub uid: u32,
    /// The arrival that it became, where it did.
    pub arrival: Option<i64>,
    /// Its content key, where it was fetched.
    pub content: Option<[u8; 32]>,
    /// How far it has come.
    pub stage: Stage,
    /// Why it was left, where it was.
    pub left: Option<Left>,
}

/// A mail that is known from another validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The arrival that it became, where it did.
    pub arrival: Option<i64>,
    /// How far it had come.
    pub stage: Stage,
    /// Why it was left, where it was.
    pub left: Option<Left>,
}

impl Store {
    /// A folder; `None` when it was never looked at.
    ///
    /// # Errors
    /// When the store is away. This holds for everything here, and for what changes something: nothing has changed then, or, of more than a
    /// thousand lines, only some of them.
    pub async fn folder(&self, account: &str, folder: &str) -> Result<Option<Folder>, Fault> {
        on_either!(self, base => base.folder(account, folder))
    }

    /// Notes a folder that was never looked at. One that is there stays as it is.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn note_folder(&self, account: &str, name: &str, folder: &Folder) -> Result<(), Fault> {
        on_either!(self, base => base.note_folder(account, name, folder))
    }

    /// Sets aside what is known of a validity from the time before it was left, so that its numbers mean nothing until they are noted anew: a
    /// server may come back to a validity, and give its numbers to other mail. By what they hold, messages are still known again.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn set_aside(&self, place: &Place) -> Result<(), Fault> {
        on_either!(self, base => base.set_aside(place))
    }

    /// Notes that all of a folder's mail is known under the validity of `place`: from now on its numbers count, all of them. What was to
    /// be done to messages under another one is not to be done any more.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn renumber_folder(&self, place: &Place, now: Time) -> Result<(), Fault> {
        on_either!(self, base => base.renumber_folder(place, now))
    }

    /// Notes that all numbers of a folder were held against the ledger, which of those in it are gone from the server, and which are
    /// back. What was to be done to one that is gone is not to be done any more.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn note_reconciled(&self, place: &Place, gone: &[u32], back: &[u32], now: Time) -> Result<(), Fault> {
        for gone in gone.chunks(SET) {
            on_either!(self, base => base.note_gone(place, gone, Some(now)))?;
        }
        for back in back.chunks(SET) {
            on_either!(self, base => base.note_gone(place, back, None))?;
        }
        on_either!(self, base => base.note_reconciled(place, now))
    }

    /// What the ledger knows of a place, from a number on.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn noted(&self, place: &Place, from: u32) -> Result<HashMap<u32, Noted>, Fault> {
        on_either!(self, base => base.noted(place, from))
    }

    /// The numbers of the messages to which something is still to be done, ascending.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn taken(&self, place: &Place) -> Result<Vec<u32>, Fault> {
        on_either!(self, base => base.taken(place))
    }

    /// What is known of these contents in the same folder under other validities.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn known(&self, place: &Place, contents: &[[u8; 32]]) -> Result<HashMap<[u8; 32], Known>, Fault> {
        let mut known = HashMap::new();
        for contents in contents.chunks(SET) {
            known.extend(on_either!(self, base => base.known(place, contents))?);
        }
        Ok(known)
    }

    /// Writes lines. One that is there stays as it is.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn note_fetched(&self, place: &Place, lines: &[Line], now: Time) -> Result<(), Fault> {
        for lines in lines.chunks(SET) {
            on_either!(self, base => base.note_fetched(place, lines, now))?;
        }
        Ok(())
    }

    /// Notes that nothing is to be done any more to these messages.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn settle_fetched(&self, place: &Place, uids: &[u32]) -> Result<(), Fault> {
        for uids in uids.chunks(SET) {
            on_either!(self, base => base.settle_fetched(place, uids))?;
        }
        Ok(())
    }

    /// Takes back that messages were left, so that they are looked at anew.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn reconsider(&self, place: &Place, uids: &[u32]) -> Result<(), Fault> {
        for uids in uids.chunks(SET) {
            on_either!(self, base => base.reconsider(place, uids))?;
        }
        Ok(())
    }

    /// Forgets these numbers: they mean nothing any more.
    ///
    /// # Errors
    /// See [`Store::folder`].
    pub async fn forget_fetched(&self, place: &Place, uids: &[u32]) -> Result<(), Fault> {
        for uids in uids.chunks(SET) {
            on_either!(self, base => base.forget_fetched(place, uids))?;
        }
        Ok(())
    }
}
