//! Mail that is fetched from a real IMAP server: a private Dovecot, its faults, and the ledger over IMAP.
//!
//! The gateway is the built program with a configuration file. The server stops, dies, forgets its numbers and refuses; another client
//! reads, flags and puts mail in. What is printed is measured and not asserted.
#![cfg(test)]

#[path = "dovecot/after.rs"]
mod after;
#[path = "dovecot/certificate.rs"]
mod certificate;
#[path = "dovecot/client.rs"]
mod client;
#[path = "postgres/cluster.rs"]
#[expect(dead_code, reason = "shared with the tests of PostgreSQL, which need more of it")]
mod cluster;
#[path = "dovecot/config.rs"]
mod config;
#[path = "dovecot/count.rs"]
mod count;
#[path = "dovecot/desk.rs"]
mod desk;
#[path = "dovecot/faults.rs"]
mod faults;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger of SMTP, which needs more of it")]
mod gateway;
#[path = "dovecot/harness.rs"]
mod harness;
#[path = "dovecot/keeper.rs"]
mod keeper;
#[path = "dovecot/ledger.rs"]
mod ledger;
#[path = "dovecot/line.rs"]
mod line;
#[path = "dovecot/logins.rs"]
mod logins;
#[path = "crashes/mail.rs"]
#[expect(dead_code, reason = "shared with the ledger of SMTP, which needs more of it")]
mod mail;
#[path = "dovecot/network.rs"]
mod network;
#[path = "dovecot/provider.rs"]
mod provider;
#[path = "dovecot/server.rs"]
mod server;
#[path = "dovecot/sizes.rs"]
mod sizes;
#[path = "dovecot/validity.rs"]
mod validity;
