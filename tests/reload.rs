//! The configuration read anew while mail flows: what is taken over, what is refused, and that nobody who is connected notices.
#![cfg(test)]

#[path = "reload/accounts.rs"]
mod accounts;
#[path = "reload/certificates.rs"]
mod certificates;
#[path = "reload/control.rs"]
mod control;
#[path = "reload/delivery.rs"]
mod delivery;
#[path = "reload/desk.rs"]
mod desk;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger, which uses the rest")]
mod gateway;
#[path = "reload/refused.rs"]
mod refused;
#[path = "accounts/server.rs"]
#[expect(dead_code, reason = "shared with the tests of accounts, which use the rest")]
mod server;
#[path = "reload/sink.rs"]
mod sink;
#[path = "reload/taken_over.rs"]
mod taken_over;
