//! What a database does to its gateways: it restarts, crashes, cuts them off, refuses, stalls, fails over. Meanwhile mail is 451, afterwards
//! it flows by itself, and the count finds nothing lost and nothing doubled.
//!
//! Real gateways on real clusters of PostgreSQL, under the load of the ledger. How long a return took is printed, not asserted.
#![cfg(test)]

#[path = "crashes/check.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod check;
#[path = "crashes/client.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod client;
#[path = "postgres/cluster.rs"]
#[expect(dead_code, reason = "shared with the tests of the clusters themselves")]
mod cluster;
#[path = "database_faults/commits.rs"]
mod commits;
#[path = "database_faults/count.rs"]
mod count;
#[path = "database_faults/desk.rs"]
mod desk;
#[path = "database_faults/failovers.rs"]
mod failovers;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod gateway;
#[path = "crashes/ledger.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod ledger;
#[path = "crashes/mail.rs"]
#[expect(dead_code, reason = "shared with the ledger, which has mails of more kinds")]
mod mail;
#[path = "database_faults/outages.rs"]
mod outages;
#[path = "database_faults/pauses.rs"]
mod pauses;
#[path = "postgres/proxy.rs"]
#[expect(dead_code, reason = "shared with the tests of the proxy itself")]
mod proxy;
#[path = "database_faults/session.rs"]
mod session;
#[path = "database_faults/starts.rs"]
mod starts;
#[path = "faults/wire.rs"]
mod wire;
