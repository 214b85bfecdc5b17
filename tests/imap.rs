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
#[path = "imap/faults.rs"]
mod faults;
#[path = "imap/given_up.rs"]
mod given_up;
#[path = "imap/properties.rs"]
mod properties;
#[path = "imap/provider.rs"]
mod provider;
#[path = "imap/scripts.rs"]
mod scripts;
#[path = "imap/tls.rs"]
mod tls;
