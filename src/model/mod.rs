//! The nouns: what a mail, a ticket or an agent is, without knowing where any of them is kept.
//!
//! Nothing in here does I/O, reads a clock or draws a random number.

pub mod account;
pub mod address;
pub mod arrival;
pub mod desk;
pub mod encoding;
pub mod hours;
pub mod ledger;
pub mod mail;
pub mod message;
pub mod network;
pub mod notice;
pub mod seal;
pub mod suggestion;
pub mod ticket;
pub mod time;
pub mod token;
pub mod transfer;
