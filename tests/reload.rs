//! The configuration read anew while mail flows: what is taken over, what is refused, and that nobody who is connected notices.
#![cfg(test)]

#[path = "reload/control.rs"]
mod control;
#[path = "reload/desk.rs"]
mod desk;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger, which uses the rest")]
mod gateway;
#[path = "reload/taken_over.rs"]
mod taken_over;
#[path = "reload/refused.rs"]
mod refused;
