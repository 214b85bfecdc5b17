//! The gateway as a service manager starts it: what it tells the manager, sockets that are handed over, credentials, and the units.
#![cfg(test)]

#[path = "systemd/activation.rs"]
mod activation;
#[path = "systemd/credentials.rs"]
mod credentials;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod gateway;
#[path = "systemd/notify.rs"]
mod notify;
#[path = "systemd/service.rs"]
mod service;
#[cfg(feature = "peers")]
#[path = "systemd/units.rs"]
mod units;
#[path = "faults/wire.rs"]
mod wire;
