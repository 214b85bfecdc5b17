//! A store as a whole: a copy of one moment of a file, its large mail, and a copy made into a store again.
//!
//! A server has its own tools for that (`pg_dump`); of a store there only the large mail is had here.

use std::path::Path;
use std::time::Duration;

use super::{Fault, Options, lite, objects, schema};
use crate::model::time::Time;

pub use super::lite::carry::require_alone;

/// Numbers that are left out at least when a store is restored.
const LEAST_GAP: i64 = 1_000;

/// What is in a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Tickets.
    pub tickets: i64,
    /// Arrivals.
    pub arrivals: i64,
    /// Notices, whatever became of them.
    pub notices: i64,
    /// Names and digests of the large mail that is kept outside of it.
    pub objects: Vec<(String, Vec<u8>)>,
    /// Fingerprint of the keys that its addresses are sealed with; `None`: no gateway has worked on it.
    pub keys: Option<String>,
    pub(in crate::store) needs: Option<String>,
}

impl Counted {
    /// Whether this version can work on such a store.
    ///
    /// # Errors
    /// `Refused` when a newer version wrote it.
    pub fn require_knowledge(&self) -> Result<(), Fault> {
        schema::require_knowledge(self.needs.as_deref())
    }
}

/// How a copy becomes a store.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Whether what waited to be sent goes on waiting; else it is held, since it may have left after the copy was made.
    pub send: bool,
    /// When the copy was made.
    pub made_at: Time,
    /// The time.
    pub now: Time,
}

impl Wanted {
    /// How many numbers are left out, of which there were so many in the month before the copy. Those that were given after it
    /// stand in sealed addresses and Message-IDs that people have: given again, they would lead one person's answer to another's ticket.
    pub(in crate::store) fn gap(&self, in_a_month: i64) -> i64 {
        let days = (self.now.0 - self.made_at.0).max(0) / 86_400_000_000 + 1;
        let in_a_day = in_a_month / 30 + 1;
        LEAST_GAP + in_a_day.saturating_mul(3).saturating_mul(days.min(3_650))
    }
}

/// What was done to a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// Notices that waited.
    pub waiting: u64,
    /// Number of the next ticket.
    pub next_ticket: i64,
}

/// Writes a copy of the store in `file` as it is at one moment into the empty file `to`, while others go on writing to it.
///
/// # Errors
/// As the store does; what is in `to` is worth nothing then.
pub async fn snapshot(file: &Path, to: &Path) -> Result<(), Fault> {
    lite::copy::snapshot(file, to).await
}

/// Reads a copy whole.
///
/// # Errors
/// `Broken` when it is damaged.
pub async fn look(copy: &Path) -> Result<Counted, Fault> {
    lite::copy::look(copy).await
}

/// Makes a copy into a store.
///
/// # Errors
/// As the store does; the copy is as it was then.
pub async fn make_ready(copy: &Path, wanted: &Wanted) -> Result<Ready, Fault> {
    lite::copy::make_ready(copy, wanted).await
}

/// Large mail, beside a store that is not opened.
#[derive(Debug)]
pub struct Large(objects::Objects);

impl Large {
    /// Where the options say; `None` when they name no place.
    ///
    /// # Errors
    /// `Refused` when it cannot be used.
    pub fn open(options: &Options) -> Result<Option<Self>, Fault> {
        let there = options.objects.is_some();
        Ok(if there { Some(Self(objects::Objects::open(options.objects.as_ref())?)) } else { None })
    }

    /// The octets under a name.
    ///
    /// # Errors
    /// `Away` when they cannot be had at present, `Refused` when they are not those of this digest.
    pub async fn get(&self, name: &str, digest: &[u8]) -> Result<Vec<u8>, Fault> {
        self.0.whole(name, digest).await
    }

    /// Takes the place for the desk with these keys.
    ///
    /// # Errors
    /// `Refused` when it is another desk's, or we may not write there.
    pub async fn take_over(&self, keys: &str) -> Result<(), Fault> {
        self.0.adopt(keys, false).await
    }

    /// Puts octets under a name; on the disk when this returns.
    ///
    /// # Errors
    /// As the place does.
    pub async fn put(&self, name: &str, octets: Vec<u8>) -> Result<(), Fault> {
        self.0.put(name, octets).await
    }

    /// Whether it is a name of ours.
    pub fn is_name(name: &str) -> bool {
        objects::is_name(name)
    }
}

/// How often somebody who waits for a copy looks how far it is.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_numbers_are_left_out_the_older_and_the_busier_the_copy() {
        let day = 86_400_000_000;
        let after = |days: i64| Wanted { send: false, made_at: Time(0), now: Time(days * day) };
        assert_eq!(after(0).gap(0), 1_003);
        assert_eq!(after(10).gap(3_000), 1_000 + 3 * 101 * 11);
        assert_eq!(Wanted { made_at: Time(day), ..after(0) }.gap(0), 1_003, "a clock that was ahead does no harm");
    }
}
