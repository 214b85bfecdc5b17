//! Archives: real processes of `postdesk import` on stores of their own, killed, stopped and hindered; and what they have taken is counted.
#![cfg(test)]

#[cfg(feature = "peers")]
#[path = "postgres/cluster.rs"]
#[expect(dead_code, reason = "shared with the tests of the cluster itself, which need more of it")]
mod cluster;
#[path = "import/desk.rs"]
mod desk;
#[path = "import/faults.rs"]
mod faults;
#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "import/kills.rs"]
mod kills;
#[path = "import/kinds.rs"]
mod kinds;
