//! postdesk: an email-to-ticket gateway. Read top to bottom, this is the way of a mail.

/// I/O: take custody of a mail, or say no while the sender still holds it.
pub mod accept;
/// I/O: what is proven of the sender.
pub mod authenticate;
/// Pure: mail + facts + rules + now → decision.
pub mod decide;
/// I/O: lease, send, settle.
pub mod deliver;
/// Pure nouns.
pub mod model;
/// The only user of the database.
pub mod store;
