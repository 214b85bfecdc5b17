//! postdesk: an email-to-ticket gateway. Read top to bottom, this is the way of a mail.

/// Pure: mail + facts + rules + now → decision.
pub mod decide;
/// Pure nouns.
pub mod model;
/// The only user of the database.
pub mod store;
