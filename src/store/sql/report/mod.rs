//! The operator's lists in SQL.

use super::gate::note_dropped;
use super::{Base, Connection, Record, SNAPSHOT};

mod arrival;
mod conversation;
mod outbox;
mod ticket;
