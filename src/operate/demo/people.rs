//! The people of the demo; the two agents are those of the built-in configuration.

use crate::operate::table::Tone;

/// Somebody with a mailbox.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// Full name.
    pub(super) name: &'static str,
    /// Mail address.
    pub(super) address: &'static str,
    /// What the person is, for the reader of the demo.
    pub(super) role: &'static str,
    /// The colour of the person's mailbox.
    pub(super) tone: Tone,
}

/// The public mailbox that the customer writes to.
pub(super) const SHOP: &str = "help@shop.example";

pub(super) const MIA: Person = Person { name: "Mia Berg", address: "mia@customer.example", role: "customer", tone: Tone::Good };
pub(super) const NOAH: Person =
    Person { name: "Noah Berg", address: "noah@customer.example", role: "follower", tone: Tone::Good };
/// Her address exists nowhere: mail to it is refused.
pub(super) const LENA: Person = Person { name: "Lena Berg", address: "lena@gone.example", role: "follower", tone: Tone::Good };
pub(super) const ANA: Person = Person { name: "Ana Kovač", address: "ana@staff.example", role: "agent", tone: Tone::Waiting };
pub(super) const BORIS: Person =
    Person { name: "Boris Ilić", address: "boris@staff.example", role: "agent", tone: Tone::Waiting };
/// Those whose mailboxes exist.
pub(super) const REACHABLE: [&Person; 4] = [&MIA, &NOAH, &ANA, &BORIS];
