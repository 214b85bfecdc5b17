//! What is proven of a sender: real signatures and records, asked of a name server of our own on loopback, by the code of production.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a case that cannot be set up has to stop the test")]

#[path = "authenticity/arc.rs"]
mod arc;
#[path = "authenticity/breaker.rs"]
mod breaker;
#[path = "authenticity/dkim.rs"]
mod dkim;
#[path = "authenticity/making.rs"]
mod making;
#[path = "authenticity/names.rs"]
mod names;
#[path = "authenticity/results.rs"]
mod results;
#[path = "authenticity/signer.rs"]
mod signer;
#[path = "authenticity/signing.rs"]
mod signing;
#[path = "authenticity/spf.rs"]
mod spf;
#[path = "authenticity/voucher.rs"]
mod voucher;
#[path = "authenticity/worker.rs"]
mod worker;
#[path = "authenticity/world.rs"]
mod world;
