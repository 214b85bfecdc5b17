//! postdesk: an email-to-ticket gateway. Read top to bottom, this is the way of a mail.

/// Pure nouns.
pub mod model;
