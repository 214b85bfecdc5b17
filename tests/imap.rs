//! IMAP on the wire: a server of the tests that plays `fixtures/dialogs/*.imap`, foreign octets, and (feature `peers`) a private Dovecot.

#[path = "imap/account.rs"]
mod account;
#[cfg(feature = "peers")]
#[path = "imap/dovecot.rs"]
mod dovecot;
