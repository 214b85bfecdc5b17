//! An account of the tests.

use std::path::Path;
use std::time::Duration;

use postdesk::accept::imap::{Account, After, Security, Start};
use postdesk::login::{Login, Secret};
use postdesk::web::Trust;

/// The user `desk` of a server on loopback, plain, with this password, which is kept in a file of the folder.
pub(crate) fn account(port: u16, folder: &Path, password: &str) -> Account {
    let file = folder.join("password");
    std::fs::write(&file, password).unwrap();
    Account {
        name: "support".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        login: Login { user: "desk".to_owned(), secret: Secret::Password(file) },
        ca_file: None,
        folders: vec!["INBOX".to_owned()],
        department: None,
        after: After::Seen,
        start: Start::All,
        poll: Duration::from_secs(60),
        reconcile: Duration::from_secs(3_600),
        authserv_id: None,
        max_message_size: 1024 * 1024,
    }
}

/// The authorities of this machine.
pub(crate) fn trust() -> Trust {
    Trust::new(None).unwrap()
}
