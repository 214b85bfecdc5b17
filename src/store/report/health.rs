//! How the store is, in numbers: what waits and for how long, what lately became of mail, which room is left.
//!
//! Asked every few seconds by whoever watches, on a desk of a million tickets: what waits is counted over indexes that hold nothing else, and
//! what was done lately is looked for among the newest rows only. So nothing here takes longer because a store is old.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::time::Time;
use crate::store::{Fault, Kind, Store};

/// Newest rows that are looked at for what was done lately. It bounds what a look costs; a desk with more mail than this a day is told that
/// the counts are not whole ([`Lately::is_whole`]).
pub const NEWEST_ROWS: i64 = 50_000;

/// What waits, hop by hop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queues {
    /// Mail in custody that is not decided yet, save mail of long ago.
    pub pending: Waiting,
    /// Mail of an archive that is not decided yet; nobody waits for it, so it has no age.
    pub archived: i64,
    /// Mail that is held until an operator or an admin says what is to become of it.
    pub held: Waiting,
    /// Notices whose time has come. `since`: when the first of them became due.
    pub due: Waiting,
    /// Notices that are tried again later, because they could not be sent so far. `since`: when the oldest of them was written.
    pub deferred: Waiting,
    /// Notices that are being sent.
    pub leased: i64,
    /// Notices that an operator holds.
    pub kept_back: i64,
}

/// How many wait, and since when the first of them does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How many.
    pub count: i64,
    /// Since when; `None` when there are none.
    pub since: Option<Time>,
}

/// Tickets that are not closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tickets {
    /// By status.
    pub by_status: BTreeMap<String, i64>,
    /// Those of them that should have been answered by now.
    pub overdue: i64,
}

/// What was done in some time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lately {
    /// Mails that were decided, by outcome.
    pub outcomes: BTreeMap<String, i64>,
    /// Notices that were settled, by state: sent, failed, dropped.
    pub notices: BTreeMap<String, i64>,
    /// Whether all of it was counted; `false` where there was more than is looked at.
    pub is_whole: bool,
}

/// A gateway that works on the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// As it calls itself: its host name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Where the store is and which room it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// `sqlite` or `postgres`.
    pub kind: String,
    /// Octets that it takes; `None` when that cannot be found out. Without large mail that lies elsewhere.
    pub size: Option<u64>,
    /// Octets that are free to us on its file system. `None` for a server, which looks after its own.
    pub free: Option<u64>,
    /// Octets of the whole file system.
    pub whole: Option<u64>,
    /// Octets that must stay free for mail to be taken.
    pub needed: Option<u64>,
}

impl Room {
    /// Whether mail is refused for want of room.
    pub fn is_short(&self) -> bool {
        matches!((self.free, self.needed), (Some(free), Some(needed)) if free < needed)
    }
}

impl Store {
    /// What waits.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn queues(&self, now: Time) -> Result<Queues, Fault> {
        on_either!(self, base => base.queues(now))
    }

    /// Tickets that are not closed.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn open_tickets(&self, now: Time) -> Result<Tickets, Fault> {
        on_either!(self, base => base.open_tickets(now))
    }

    /// What was done since each of these times.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn lately(&self, since: [Time; 2]) -> Result<[Lately; 2], Fault> {
        on_either!(self, base => base.lately(since))
    }

    /// The gateways that work on this store, by name. Of a file it is the one that joined last, whether it still runs or not.
    ///
    /// # Errors
    /// When the store is away or refuses the question.
    pub async fn neighbours(&self) -> Result<Vec<Neighbour>, Fault> {
        on_either!(self, base => base.neighbours())
    }

    /// Where the store is and which room it has.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn room(&self) -> Result<Room, Fault> {
        match &self.kind {
            Kind::Lite(_) => Ok(self.room_of_file()),
            Kind::Pg(base) => {
                let size = crate::store::pg::step(base, crate::store::pg::STEP, base.size()).await?;
                Ok(Room { kind: "postgres".to_owned(), size: Some(size), ..Room::default() })
            }
        }
    }
}
