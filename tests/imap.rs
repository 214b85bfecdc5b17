//! IMAP on the wire: a server of the tests that plays `fixtures/dialogs/*.imap`, foreign octets, and (feature `peers`) a private Dovecot.

#[path = "imap/account.rs"]
mod account;
#[cfg(feature = "peers")]
#[path = "imap/dovecot.rs"]
mod dovecot;
#[path = "imap/driver.rs"]
mod driver;
#[path = "imap/fake.rs"]
mod fake;
#[path = "imap/provider.rs"]
mod provider;
#[path = "imap/scripts.rs"]
mod scripts;
