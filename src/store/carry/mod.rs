//! Carrying a store over to an empty one, of whichever kind: page by page, each page one transaction, so that a move that was
//! broken off goes on where it stopped. It is over only when both sides were read again and found equal.
//!
//! Until then the new store has a setting `moving-from` and [`Store::open`] refuses it: half a desk must not take mail. The old one is
//! held meanwhile, so that nobody writes to it, and is not changed, except that it is given an identity to be recognised by.

pub mod tables;

use super::{Fault, Kind as Base, Options, Place, Store, lite};
use crate::model::seal::{sha256, sha256_of_pieces};
use tables::{PRESENCE, TABLES, Table};

/// Rows that are read and written at a time: the widest of them still fit into the 32,766 values of a statement of SQLite.
pub(in crate::store) const ROWS: i64 = 500;
/// Octets of them; a single row may be larger.
const OCTETS: i64 = 8 * 1024 * 1024;
/// How many damaged mails are named.
const NAMED: usize = 5;

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    None,
    /// See [`tables::Kind`].
    Number(i64),
    /// See [`tables::Kind`].
    Text(String),
    /// See [`tables::Kind`].
    Octets(Vec<u8>),
}

/// What stands in the columns of a table, in their order.
pub type Row = Vec<Value>;

/// Why a store cannot be carried, or not now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Hindrance {
    /// The one or the other store did not do what it was asked.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Somebody works on it.
    #[error("{0}")]
    InUse(String),
    /// It cannot be done with these two stores.
    #[error("{0}")]
    Unfit(String),
}

/// Which end of the move a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// What is carried.
    From,
    /// Where it is carried to.
    To,
}

/// How a new store was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Empty; the move begins.
    Now,
    /// A move into it began before, from the store with this identity.
    Before(String),
    /// This table has rows. The identity is that of a store that was carried here completely.
    NotEmpty(&'static str, Option<String>),
}

/// A table as it was read from one end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digest {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over all of them in the order of their key: each row is sealed with what came before it.
    pub sha256: [u8; 32],
    /// Mails whose octets are not those that were taken into custody; the first few.
    pub damaged: Vec<i64>,
}

impl Digest {
    fn add(&mut self, table: &Table, row: &Row) {
        let mut pieces = Vec::with_capacity(2 * row.len() + 1);
        let heads: Vec<[u8; 9]> = row.iter().map(head).collect();
        pieces.push(&self.sha256[..]);
        for (head, value) in heads.iter().zip(row) {
            pieces.push(&head[..]);
            match value {
                Value::Text(text) => pieces.push(text.as_bytes()),
                Value::Octets(octets) => pieces.push(octets),
                Value::None | Value::Number(_) => {}
            }
        }
        self.sha256 = sha256_of_pieces(&pieces);
        self.rows += 1;
        // Objects stay where they are; their digest is looked at whenever one is fetched.
        if let ("raw", [Value::Number(id), Value::Octets(digest), Value::Octets(octets), Value::None]) =
            (table.name, row.as_slice())
            && sha256(octets)[..] != digest[..]
            && self.damaged.len() < NAMED
        {
            self.damaged.push(*id);
        }
    }
}

/// What tells one value from any other that is followed by the same octets: its kind, and the number or length.
fn head(value: &Value) -> [u8; 9] {
    let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let (kind, number) = match value {
        Value::None => (0, 0),
        Value::Number(number) => (1, *number),
        Value::Text(text) => (2, length(text.len())),
        Value::Octets(octets) => (3, length(octets.len())),
    };
    let mut head = [kind; 9];
    head[1..].copy_from_slice(&number.to_be_bytes());
    head
}

impl Store {
    /// Opens one end of a move. Of a file, nobody else may have it open: its locks tell a gateway that runs from one that was killed.
    pub async fn open_to_move(options: &Options, end: End) -> Result<Store, Hindrance> {
        if let Place::File(file) = &options.place {
            lite::carry::require_alone(file).await?;
        }
        let store = match end {
            End::From => Store::open(options).await?,
            End::To => Store::open_unfinished(options).await?,
        };
        store.require_known_columns().await?;
        Ok(store)
    }

    /// Does the work while nobody can write to the old store, and no gateway can join the new one.
    pub async fn hold<T>(&self, end: End, work: impl Future<Output = Result<T, Hindrance>>) -> Result<T, Hindrance> {
        match (&self.kind, end) {
            (Base::Lite(base), End::From) => base.hold(work).await,
            // A gateway that began beside us would have been refused, and a lock would keep ourselves out.
            (Base::Lite(_), End::To) => work.await,
            (Base::Pg(base), _) => base.hold(end, &self.options.place, work).await,
        }
    }

    /// What a store is recognised by, given to it when it has none yet.
    pub async fn identity(&self) -> Result<String, Fault> {
        on_either!(self, base => base.identity())
    }

    /// Marks an empty store as the new one of a move from the store with this identity.
    pub async fn begin_move(&self, from: &str) -> Result<Begun, Fault> {
        looking!(self, base => base.begin_move(from))
    }

    /// The move is over: the store may be opened by everybody, and its next numbers follow those that were carried.
    pub async fn end_move(&self) -> Result<(), Fault> {
        looking!(self, base => base.end_move())
    }

    /// Carries what the new store does not have yet of a table. `told` hears how many rows were carried so far.
    pub async fn carry(&self, to: &Store, table: &Table, mut told: impl FnMut(u64)) -> Result<u64, Fault> {
        let mut rows = 0;
        let mut after = looking!(to, base => base.last_key(table)).map_err(at(table))?;
        loop {
            let page = looking!(self, base => base.page(table, after.as_deref())).map_err(at(table))?;
            let Some(last) = page.last() else { return Ok(rows) };
            after = Some(last[..table.key].to_vec());
            rows += page.len() as u64;
            looking!(to, base => base.put(table, page)).map_err(at(table))?;
            told(rows);
        }
    }

    /// Reads a whole table. `told` hears how many rows were read so far.
    pub async fn digest(&self, table: &Table, mut told: impl FnMut(u64)) -> Result<Digest, Fault> {
        let mut digest = Digest::default();
        let mut after: Option<Row> = None;
        loop {
            let page = looking!(self, base => base.page(table, after.as_deref())).map_err(at(table))?;
            page.iter().for_each(|row| digest.add(table, row));
            let Some(last) = page.last() else { return Ok(digest) };
            after = Some(last[..table.key].to_vec());
            told(digest.rows);
        }
    }

    /// Refuses a store with a table or column that would stay behind.
    async fn require_known_columns(&self) -> Result<(), Hindrance> {
        let mut there = looking!(self, base => base.columns())?;
        there.retain(|(table, _)| !PRESENCE.contains(&table.as_str()));
        there.sort();
        let named = |table: &Table, column: &str| (table.name.to_owned(), column.to_owned());
        let of = |table: &'static Table| table.columns.iter().map(|(name, _)| *name).chain(table.left.iter().copied());
        let mut known: Vec<_> = TABLES.iter().flat_map(|table| of(table).map(move |column| named(table, column))).collect();
        known.sort();
        let Some((table, column)) = there.iter().find(|column| !known.contains(column)) else {
            return match known.iter().find(|column| !there.contains(column)) {
                Some((table, column)) => Err(Hindrance::Unfit(format!("{} has no column {table}.{column}", self.options.place))),
                None => Ok(()),
            };
        };
        Err(Hindrance::Unfit(format!(
            "{} has a column {table}.{column} that this version does not know, so it would stay behind: move it with the newest \
             version that has worked on it",
            self.options.place
        )))
    }
}

/// How many of the rows fit into a page, one at least.
pub(in crate::store) fn how_many(sizes: &[i64]) -> i64 {
    let mut octets = 0;
    let fits = |size: &&i64| {
        octets += **size;
        octets <= OCTETS
    };
    let count = sizes.iter().take_while(fits).count().max(1).min(sizes.len());
    i64::try_from(count).unwrap_or(ROWS)
}

/// Says which table a fault is about, where that is not clear by itself.
fn at(table: &Table) -> impl Fn(Fault) -> Fault {
    let name = table.name;
    move |fault| match fault {
        Fault::Refused(why) => Fault::Refused(format!("table {name}: {why}")),
        fault => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_have_the_same_digest() {
        let text = |text: &str| Value::Text(text.to_owned());
        let rows = [
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![text("abc"), text("")],
            vec![text("abc"), Value::None],
            vec![Value::Octets(b"abc".to_vec()), Value::None],
            vec![Value::Number(0), Value::None],
            vec![Value::None, Value::Number(0)],
        ];
        let digests: std::collections::BTreeSet<_> = rows.iter().map(|row| digest(&[row])).collect();
        assert_eq!(digests.len(), rows.len());
        assert_ne!(digest(&[&rows[0], &rows[1]]), digest(&[&rows[1], &rows[0]]), "their order counts");
    }

    #[tokio::test]
    async fn every_column_of_a_store_is_described() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("postdesk.db"));
        let store = Store::open_to_move(&Options { place, min_free_space: 0, objects: None }, End::From).await.unwrap();
        store.close().await;
    }

    #[test]
    fn a_page_holds_so_many_octets_and_always_one_row() {
        assert_eq!(how_many(&[]), 0);
        assert_eq!(how_many(&[2 * OCTETS, 1]), 1);
        assert_eq!(how_many(&[OCTETS - 1, 1, 1]), 2);
    }

    fn digest(rows: &[&Row]) -> [u8; 32] {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.add(&TABLES[0], row));
        digest.sha256
    }
}
