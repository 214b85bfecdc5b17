//! The operator's lists in SQL.

use super::gate::note_lost;
use super::{Base, Connection, Record, SNAPSHOT};

mod arrival;
mod conversation;
mod outbox;
mod ticket;
