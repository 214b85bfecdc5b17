//! What `check` says of the mailboxes that mail is fetched from.

use serde_json::{Value, json};

use super::{list, login_text, span_text};
use crate::accept::imap::{Account, After, Security, Start};
use crate::settings::Settings;

/// A title and rows for each account.
pub(super) fn sections(settings: &Settings) -> Vec<(String, Vec<(&'static str, String)>)> {
    let section = |account: &Account| (format!("IMAP account {}: {}", account.name, url(account)), rows(account, settings));
    settings.imap.iter().map(section).collect()
}

fn rows(account: &Account, settings: &Settings) -> Vec<(&'static str, String)> {
    let first = settings.departments.first().map(|department| department.key.as_str()).unwrap_or_default();
    let department = match &account.department {
        Some(key) => key.clone(),
        None => format!("by the recipients in the header, else {first}"),
    };
    let after = match &account.after {
        After::Seen => "flagged as seen".to_owned(),
        After::Move(folder) => format!("moved to {folder}"),
        After::Delete => "deleted there".to_owned(),
    };
    let start = match account.start {
        Start::New => "with what comes after the first look",
        Start::All => "with all that is there",
    };
    let every = format!("every {}, all numbers every {}", span_text(account.poll), span_text(account.reconcile));
    let mut rows = vec![
        ("user", login_text(&account.login)),
        ("folders", list(&account.folders)),
        ("department", department),
        ("then", after),
        ("begins", start.to_owned()),
        ("looks", every),
    ];
    if let Some(file) = &account.ca_file {
        rows.push(("trusts", format!("the authorities in {}, besides those of this machine", file.display())));
    }
    if let Some(authserv_id) = &account.authserv_id {
        rows.push(("results of", authserv_id.clone()));
    }
    rows
}

/// An account in JSON. Times are in seconds.
pub(super) fn json(account: &Account) -> Value {
    let after = match &account.after {
        After::Seen => "seen".to_owned(),
        After::Move(folder) => format!("move:{folder}"),
        After::Delete => "delete".to_owned(),
    };
    json!({
        "name": account.name,
        "url": url(account),
        "user": account.login.user,
        "folders": account.folders,
        "department": account.department,
        "after": after,
        "start": match account.start { Start::New => "new", Start::All => "all" },
        "poll": account.poll.as_secs(),
        "reconcile": account.reconcile.as_secs(),
        "authserv_id": account.authserv_id,
        "max_message_size": account.max_message_size,
    })
}

/// What is allowed for accounts and seldom meant.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    let clear = |account: &Account| {
        format!("IMAP account {}: password and mail go to {} in clear text; set security", account.name, account.host)
    };
    settings.in_clear_text().map(clear).collect()
}

/// The server, in the form of a URL.
fn url(account: &Account) -> String {
    let scheme = match account.security {
        Security::Tls => "imaps",
        Security::StartTls => "imap+starttls",
        Security::Plain => "imap",
    };
    let Account { host, port, .. } = account;
    // Only an IPv6 address holds a colon.
    if host.contains(':') { format!("{scheme}://[{host}]:{port}") } else { format!("{scheme}://{host}:{port}") }
}
