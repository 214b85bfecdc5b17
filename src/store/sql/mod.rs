//! The SQL, written once and compiled for each database (`lite` and `pg` include this folder with `#[path]`).
//!
//! `super` is one of the two, and gives what differs: the types of sqlx, how to come by a connection, and a few words of SQL. Who takes a
//! connection gives it back by `release` when all went well; one that is dropped otherwise is closed on a server, since nobody knows
//! what is still under way on it.

use super::{Base, CLOCK, Connection, Database, FOR_UPDATE, KEPT, Record, SKIP_LOCKED, SNAPSHOT, TRANSACTION, Transaction};

mod account;
mod carry;
pub(in crate::store) mod custody;
mod decision;
mod effect;
mod export;
mod forget;
mod gate;
mod held;
mod imported;
mod ledger;
mod notices;
mod objects;
mod outbox;
mod people;
mod presence;
mod recall;
mod report;
mod retention;
mod setting;
mod tick;
mod work;
