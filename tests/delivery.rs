//! Delivery against an independent SMTP server (mailin-embedded), against servers that misbehave by script, and into files.

#![expect(clippy::expect_used, clippy::panic, reason = "a peer or a fixture that fails is a failed test")]

#[path = "delivery/composing.rs"]
mod composing;
#[path = "delivery/direct.rs"]
mod direct;
#[path = "delivery/dns.rs"]
mod dns;
#[path = "delivery/failover.rs"]
mod failover;
#[path = "delivery/faults.rs"]
mod faults;
#[path = "delivery/files.rs"]
mod files;
#[path = "delivery/gate.rs"]
mod gate;
#[path = "delivery/opportunistic.rs"]
mod opportunistic;
#[path = "delivery/outbox.rs"]
mod outbox;
#[path = "delivery/peer.rs"]
mod peer;
#[path = "delivery/relaying.rs"]
mod relaying;
#[path = "delivery/schedule.rs"]
mod schedule;
#[path = "delivery/script.rs"]
mod script;
#[cfg(feature = "peers")]
#[path = "delivery/sink.rs"]
mod sink;
#[path = "delivery/tls.rs"]
mod tls;
#[path = "delivery/tokens.rs"]
mod tokens;
#[path = "delivery/trust.rs"]
mod trust;
#[path = "delivery/turns.rs"]
mod turns;

use std::time::Duration;

use postdesk::deliver::Security;
use postdesk::deliver::smtp::{Connection, Door, Letter};
use postdesk::model::address::Address;
use tokio::time::Instant;

/// Long enough for anything that works, on a machine that is busy.
pub(crate) fn patience() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// An address that is known to be one.
pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

/// A door to a plain relay on this machine.
pub(crate) fn door(port: u16) -> Door {
    Door::new("127.0.0.1".to_owned(), port, Security::Plain, None, "desk.example.org".to_owned())
}

/// An open connection to a plain relay on this machine.
pub(crate) async fn connect(port: u16) -> Connection {
    door(port).open(patience()).await.expect("a connection")
}

/// The envelope that most tests use.
pub(crate) struct Envelope {
    pub(crate) sender: Address,
    pub(crate) recipient: Address,
}

impl Envelope {
    pub(crate) fn new(sender: &str, recipient: &str) -> Self {
        Self { sender: address(sender), recipient: address(recipient) }
    }

    pub(crate) fn usual() -> Self {
        Self::new("support+b2c4@desk.example.org", "carla@customer.example")
    }

    pub(crate) fn letter<'a>(&'a self, octets: &'a [u8]) -> Letter<'a> {
        Letter { sender: &self.sender, recipient: &self.recipient, octets }
    }
}
