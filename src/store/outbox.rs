//! The outbox: lease, settle, and the octets of attachments.
//!
//! A lease is a promise to send until it ends. It is numbered, and only the holder of the newest number can settle: a sender that
//! was paused beyond its lease changes nothing any more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, Store};
use crate::model::address::Address;
use crate::model::message::{Inner, TransferEncoding};
use crate::model::notice::Part;
use crate::model::time::Time;

/// A notice that is ours to send until the lease ends.
#[derive(Debug, Clone)]
pub struct Leased {
    /// Number of the row.
    pub id: i64,
    /// Number of this lease: whoever settles must name it.
    pub lease: i64,
    /// Number of the ticket, when it speaks of one.
    pub ticket: Option<i64>,
    /// Number of the arrival that caused it.
    pub arrival: i64,
    /// Name of the event.
    pub event: String,
    /// Envelope recipient.
    pub recipient: Address,
    /// Envelope sender.
    pub sender: Address,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// When it was queued.
    pub created_at: Time,
}

/// The mail of a notice, before the octets of its files are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Header and text.
    pub head: String,
    /// Files.
    pub parts: Vec<Part>,
    /// What follows the last file.
    pub tail: String,
}

/// What became of one attempt: who acts next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The next host has taken it.
    Sent,
    /// Try again.
    Later {
        /// When.
        when: Time,
        /// Why it did not work, for the operator.
        why: String,
    },
    /// It was not begun: it is as if it had not been leased, and goes before what was queued after it.
    Unbegun {
        /// When it is due: the time at which it was queued.
        due: Time,
        /// Why, for the operator.
        why: String,
    },
    /// Given up.
    Never {
        /// Why, for the operator and the ticket.
        why: String,
    },
}

/// A range of a raw mail, or the object that holds it.
#[derive(Debug)]
pub(in crate::store) enum Range {
    Octets(Vec<u8>),
    Object(String),
}

/// A part as the column `parts` keeps it.
#[derive(Serialize, Deserialize)]
struct StoredPart {
    header: String,
    raw: i64,
    start: i64,
    end: i64,
    encode: bool,
    /// Notices of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inner: Option<StoredInner>,
}

/// A file within a part, as the column `parts` keeps it.
#[derive(Serialize, Deserialize)]
struct StoredInner {
    encoding: String,
    start: i64,
    end: i64,
    #[serde(default)]
    uuencoded: bool,
}

impl StoredInner {
    fn of((encoding, inner): (TransferEncoding, Inner)) -> Self {
        let Inner { start, end, uuencoded } = inner;
        Self { encoding: encoding.name().to_owned(), start, end, uuencoded }
    }

    fn read(self) -> Result<(TransferEncoding, Inner), Fault> {
        let encoding = TransferEncoding::from_name(&self.encoding).ok_or_else(|| {
            Fault::Refused(format!("the column `parts` of an outbox row: no encoding is called {}", self.encoding))
        })?;
        Ok((encoding, Inner { start: self.start, end: self.end, uuencoded: self.uuencoded }))
    }
}

/// The column `parts` of an outgoing mail.
pub(in crate::store) fn parts_column(parts: &[Part]) -> String {
    let stored: Vec<StoredPart> = parts
        .iter()
        .map(|part| StoredPart {
            header: part.header.clone(),
            raw: part.raw_id,
            start: part.start,
            end: part.end,
            encode: part.encode,
            inner: part.inner.map(StoredInner::of),
        })
        .collect();
    // Writing strings and numbers as JSON cannot fail.
    serde_json::to_string(&stored).unwrap_or_else(|_| "[]".to_owned())
}

pub(in crate::store) fn parts_from(column: &str) -> Result<Vec<Part>, Fault> {
    let stored: Vec<StoredPart> =
        serde_json::from_str(column).map_err(|error| Fault::Refused(format!("the column `parts` of an outbox row: {error}")))?;
    let part = |part: StoredPart| {
        let inner = part.inner.map(StoredInner::read).transpose()?;
        Ok(Part { header: part.header, raw_id: part.raw, start: part.start, end: part.end, encode: part.encode, inner })
    };
    stored.into_iter().map(part).collect()
}

impl Store {
    /// Leases up to `limit` notices that are due at `now`, oldest first, until `until`; leases that ended unsettled are taken over.
    pub async fn lease(&self, now: Time, until: Time, limit: i64) -> Result<Vec<Leased>, Fault> {
        // Most turns find nothing: looking with a reader keeps them off the writing connection.
        let next = on_either!(self, base => base.next_due())?;
        if next.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        self.lease_of(None, now, until, limit).await
    }

    /// The same, of one destination only, as [`Store::due_destinations`] names it; without one, of all.
    pub async fn lease_of(&self, destination: Option<&str>, now: Time, until: Time, limit: i64) -> Result<Vec<Leased>, Fault> {
        self.give_way(super::Turn::Sender).await;
        let (mut leased, broken) = on_either!(self, base => base.lease(destination, now, until, limit))?;
        self.settle(&broken, now).await?;
        leased.sort_by_key(|notice: &Leased| notice.id);
        Ok(leased)
    }

    /// Settles leased notices. A row that somebody else has leased since is left alone; a permanent failure becomes an event
    /// `undelivered` of its ticket in the same transaction.
    pub async fn settle(&self, settled: &[(i64, i64, Settlement)], now: Time) -> Result<(), Fault> {
        if settled.is_empty() {
            return Ok(());
        }
        on_either!(self, base => base.settle(settled, now))
    }

    /// After the clock was set back by so much: what was put off by the old time is due by the new one when it would have been, and not only
    /// when the old time comes again. How many notices. What is leased is left alone: who holds it settles it by the new time.
    pub async fn bring_forward(&self, by: Duration, now: Time) -> Result<u64, Fault> {
        on_either!(self, base => base.bring_forward(by, now))
    }

    /// Up to `limit` destinations for which something is due at `now`, in the order of their names, from the one behind `after`: whoever
    /// goes on behind the last of them, and from the beginning at the end, lets each have its turn.
    pub async fn due_destinations(&self, after: &str, now: Time, limit: i64) -> Result<Vec<String>, Fault> {
        on_either!(self, base => base.due_destinations(after, now, limit))
    }

    /// Says of what waits without a destination, as earlier versions queue it, where it goes; of a thousand notices at most. How many
    /// there were.
    pub async fn name_destinations(&self) -> Result<usize, Fault> {
        let nameless = on_either!(self, base => base.without_destination())?;
        if nameless.is_empty() {
            return Ok(0);
        }
        // One that is no address is found out when it is leased; until then it waits at a place of its own.
        let domain = |text: &str| Address::parse(text).map_or_else(|| "?".to_owned(), |address| address.domain().to_owned());
        let named: Vec<(i64, String)> = nameless.iter().map(|(id, recipient)| (*id, domain(recipient))).collect();
        on_either!(self, base => base.set_destinations(&named))?;
        Ok(named.len())
    }

    /// The mails of several notices. Those that are not in the store, or cannot be read, are left out.
    pub async fn letters(&self, notices: &[i64]) -> Result<Vec<(i64, Stored)>, Fault> {
        if notices.is_empty() {
            return Ok(Vec::new());
        }
        on_either!(self, base => base.letters(notices))
    }

    /// The mail of a notice.
    pub async fn letter(&self, notice: i64) -> Result<Stored, Fault> {
        on_either!(self, base => base.letter(notice))
    }

    /// A range of a raw mail.
    pub async fn raw_range(&self, raw_id: i64, start: i64, end: i64) -> Result<Vec<u8>, Fault> {
        match on_either!(self, base => base.raw_range(raw_id, start, end))? {
            Range::Octets(octets) => Ok(octets),
            Range::Object(name) => self.objects.range(&name, start, end).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_of_parts_keeps_files_within_files_and_is_read_without_them() {
        let inner = Some((TransferEncoding::Base64, Inner { start: 3, end: 9, uuencoded: true }));
        let plain = Part { header: "h".to_owned(), raw_id: 1, start: 0, end: 9, encode: true, inner: None };
        let parts = [plain.clone(), Part { inner, ..plain.clone() }];
        assert_eq!(parts_from(&parts_column(&parts)).ok().as_deref(), Some(&parts[..]));
        let earlier = r#"[{"header":"h","raw":1,"start":0,"end":9,"encode":true}]"#;
        assert_eq!(parts_from(earlier).ok(), Some(vec![plain]));
    }
}
