//! The store on its own: what is written together, what is found again, who may change what, and by which plans it is found.
//!
//! Each test runs on a file of SQLite and, where PostgreSQL is (feature `peers`), on a database of a server: `NAME::on_sqlite` and
//! `NAME::on_postgres`. What takes several gateways at a time, or a network between them and the store, runs on PostgreSQL alone.
#![cfg(test)]

/// Makes a test for each database of an `async fn (base: Base)`.
macro_rules! on_both {
    ($($sentence:ident),+ $(,)?) => {$(
        mod $sentence {
            #[tokio::test]
            async fn on_sqlite() {
                super::$sentence($crate::base::Base::file()).await;
            }

            #[cfg(feature = "peers")]
            #[tokio::test]
            async fn on_postgres() {
                super::$sentence($crate::base::Base::database()).await;
            }
        }
    )+};
}

#[path = "stores/account.rs"]
mod account;
#[path = "stores/archived.rs"]
mod archived;
#[path = "stores/base.rs"]
mod base;
#[path = "stores/bounces.rs"]
mod bounces;
#[path = "stores/claims.rs"]
mod claims;
#[cfg(feature = "peers")]
#[path = "postgres/cluster.rs"]
#[expect(dead_code, reason = "shared with the tests of the cluster itself, which need more of it")]
mod cluster;
#[path = "stores/conversation.rs"]
mod conversation;
#[path = "stores/custody.rs"]
mod custody;
#[path = "decisions/desk.rs"]
#[expect(dead_code, reason = "shared with the tests of decisions, which need more of it")]
mod desk;
#[cfg(feature = "peers")]
#[path = "stores/doubt.rs"]
mod doubt;
#[path = "stores/duties.rs"]
mod duties;
#[path = "stores/fixtures.rs"]
mod fixtures;
#[path = "stores/gate.rs"]
mod gate;
#[path = "stores/health.rs"]
mod health;
#[path = "stores/held.rs"]
mod held;
#[path = "stores/imported.rs"]
mod imported;
#[path = "stores/ledger.rs"]
mod ledger;
#[path = "stores/mails.rs"]
mod mails;
#[path = "stores/order.rs"]
mod order;
#[path = "stores/outbox.rs"]
mod outbox;
#[path = "stores/people.rs"]
mod people;
#[cfg(feature = "peers")]
#[path = "stores/plans.rs"]
mod plans;
#[cfg(feature = "peers")]
#[path = "postgres/proxy.rs"]
#[expect(dead_code, reason = "shared with the tests of the cluster itself, which need more of it")]
mod proxy;
#[path = "stores/tick.rs"]
mod tick;
#[path = "stores/versions.rs"]
mod versions;
#[path = "stores/workers.rs"]
mod workers;
#[path = "decisions/world.rs"]
#[expect(dead_code, reason = "shared with the tests of decisions, which need more of it")]
mod world;
