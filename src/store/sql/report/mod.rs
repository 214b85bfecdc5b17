//! The operator's lists in SQL.

use super::gate::note_lost;
use super::{Base, CLOCK, Connection, Database, Record, SNAPSHOT};

mod arrival;
mod conversation;
mod health;
mod outbox;
mod ticket;
