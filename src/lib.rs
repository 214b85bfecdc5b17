//! postdesk: an email-to-ticket gateway. Read top to bottom, this is the way of a mail.

/// I/O: take custody of a mail, or say no while the sender still holds it.
pub mod accept;
/// I/O: what is proven of the sender.
pub mod authenticate;
/// Pure: mail + facts + rules + now → decision.
pub mod decide;
/// I/O: lease, send, settle.
pub mod deliver;
/// Besides mail: the sign of life among the gateways of a store, and what only one of them does.
pub mod duty;
/// What a running gateway says of itself.
pub mod inspect;
/// I/O: how we log in at other servers.
pub mod login;
/// Pure nouns.
pub mod model;
/// Numbers and signs of progress, left to be seen.
pub mod observe;
/// The operator's verbs.
pub mod operate;
/// The hinge: pending arrivals → authenticate → parse → recall → decide → commit.
pub mod process;
/// The composition root.
pub mod run;
/// Files → typed options.
pub mod settings;
/// The only user of the database.
pub mod store;
/// HTTP as a client.
pub mod web;
