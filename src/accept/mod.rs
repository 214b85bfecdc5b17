//! Taking custody of mail, or saying no while the sender still holds it.

pub mod custody;
pub mod http;
pub mod imap;
pub mod import;
pub mod pipe;
pub mod smtp;
