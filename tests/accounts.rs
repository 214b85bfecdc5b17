//! Mail that is fetched, against an IMAP server whose mailbox the tests play with: nothing is missed, nothing taken twice, and whatever is
//! wrong is said of the account that it is wrong with.
#![cfg(test)]

#[path = "accounts/faults.rs"]
mod faults;
#[path = "accounts/gateway.rs"]
mod gateway;
#[path = "accounts/ledger.rs"]
mod ledger;
#[path = "accounts/renumbered.rs"]
mod renumbered;
#[path = "accounts/server.rs"]
mod server;
