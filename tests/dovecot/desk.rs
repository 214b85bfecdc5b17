//! The scene of every test: a gateway that fetches from a Dovecot, and questions that are asked of both.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use super::cluster::Cluster;
use super::config::PASSWORD;
use super::gateway::{DEADLINE, Gateway, wait_for};
use super::provider::CLIENT;
use super::server::Server;

/// `[[imap]]`: keys and values as they stand in the file.
#[derive(Clone)]
pub(crate) struct Account(BTreeMap<&'static str, String>);

impl Account {
    /// The account of this user, plain, from a box that was made for the desk.
    pub(crate) fn of(user: &str, port: u16) -> Self {
        let account = Self(BTreeMap::new()).with("name", user).with("user", user).with("host", "127.0.0.1");
        let account = account.with("security", "plain").with("start", "all").with("department", "support");
        account.with("password_file", "password.txt").bare("port", &port.to_string())
    }

    /// With another text for a key.
    pub(crate) fn with(self, key: &'static str, text: &str) -> Self {
        self.bare(key, &format!("\"{text}\""))
    }

    /// With another value for a key, which is not put between quotes.
    pub(crate) fn bare(mut self, key: &'static str, value: &str) -> Self {
        self.0.insert(key, value.to_owned());
        self
    }

    /// Without a key.
    pub(crate) fn without(mut self, key: &'static str) -> Self {
        self.0.remove(key);
        self
    }

    /// Logs in with access tokens of this server's provider, by a refresh token or in the client's own name.
    pub(crate) fn with_tokens(self, server: &Server, refreshes: bool) -> Self {
        let mut keys = vec![("token_endpoint", server.provider.endpoint()), ("client_id", CLIENT.0.to_owned())];
        keys.push(("client_secret_file", "client-secret.txt".to_owned()));
        if refreshes {
            keys.push(("refresh_token_file", "refresh-token.txt".to_owned()));
        }
        let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = \"{value}\"")).collect();
        self.without("password_file").bare("oauth2", &format!("{{ {} }}", keys.join(", ")))
    }

    fn text(&self) -> String {
        let lines: String = self.0.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("\n[[imap]]\n{lines}")
    }
}

/// A mail in the gateway.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The original octets.
    pub(crate) octets: Vec<u8>,
    /// How it came.
    pub(crate) source: String,
    /// How it ended; empty while it waits.
    pub(crate) outcome: String,
}

/// A desk whose mail is fetched.
pub(crate) struct Desk {
    // Dropped in this order: the gateway first, so that it does not find its server gone.
    pub(crate) gateway: Gateway,
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
}

impl Desk {
    /// Starts the server; the gateway runs on a file of SQLite, when it is opened.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let gateway = Gateway::new(folder.path(), "discard:");
        Self { gateway, server: Server::start(), folder }
    }

    /// The same, on PostgreSQL.
    pub(crate) fn on_postgres() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let store = Cluster::shared().database();
        let gateway = Gateway::on(folder.path(), "discard:", &store, &folder.path().join("keys"));
        Self { gateway, server: Server::start(), folder }
    }

    /// Starts the gateway with these accounts, and with `more` at the end of its configuration.
    pub(crate) fn open(&mut self, accounts: &[Account], more: &str) {
        self.write("password.txt", PASSWORD);
        self.write("client-secret.txt", CLIENT.1);
        self.write("refresh-token.txt", "refresh");
        self.write("authority.pem", &self.server.authority.pem);
        self.gateway.configure("discard:", "14d");
        let text = fs::read_to_string(self.file("postdesk.toml")).unwrap();
        let accounts: String = accounts.iter().map(Account::text).collect();
        self.write("postdesk.toml", &format!("{text}{accounts}\n{more}"));
        self.gateway.start();
    }

    /// Ends the gateway with SIGTERM, and asserts that it drains.
    pub(crate) fn close(&mut self) {
        assert!(self.gateway.stop().success(), "a drain ends with exit 0");
    }

    /// A file in the gateway's folder, which is its working directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file there.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    /// How an account is, by `imap status`.
    pub(crate) fn status(&self, account: &str) -> Value {
        // Not `Gateway::json`: the verb ends with 69 when an account needs somebody.
        let output = self.gateway.command(&["imap", "status", "--json"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told = String::from_utf8_lossy(&output.stderr);
        lines.find(|line| line["account"] == account).unwrap_or_else(|| panic!("{account} is not in\n{text}{told}"))
    }

    /// Waits until an account is so, by `imap status`.
    pub(crate) fn wait_for_status(&self, account: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(&format!("{account}: {what}"), DEADLINE * 2, || {
                last = self.status(account);
                is_so(&last).then(|| last.clone())
            })
        }));
        found.unwrap_or_else(|_| panic!("{account} is not {what}: {last}"))
    }

    /// Waits until an account works.
    pub(crate) fn wait_until_well(&self, account: &str) -> Value {
        self.wait_for_status(account, "well", |status| status["state"] == "well")
    }

    /// Waits until it does not work, and the error has these words.
    pub(crate) fn wait_for_error(&self, account: &str, words: &[&str]) -> Value {
        self.wait_for_status(account, &format!("in trouble with {words:?}"), |status| {
            let error = status["last_error"].as_str().unwrap_or_default().to_lowercase();
            words.iter().all(|word| error.contains(&word.to_lowercase()))
        })
    }

    /// Everything in custody, in the order in which it came.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        let text = "SELECT raw.octets, arrival.source, COALESCE(arrival.outcome, '') FROM arrival JOIN raw ON raw.id = arrival.raw_id \
                    ORDER BY arrival.id";
        let store = self.gateway.store();
        let rows: Vec<(Vec<u8>, String, String)> = ask(async {
            if store.starts_with("sqlite:") {
                let mut connection = SqliteConnection::connect(store).await.unwrap();
                return sqlx::query_as(text).fetch_all(&mut connection).await.unwrap();
            }
            let mut connection = PgConnection::connect(store).await.unwrap();
            sqlx::query_as(text).fetch_all(&mut connection).await.unwrap()
        });
        rows.into_iter().map(|(octets, source, outcome)| Taken { octets, source, outcome }).collect()
    }

    /// How many mails are in custody; cheap.
    pub(crate) fn count(&self) -> i64 {
        let text = "SELECT COUNT(*) FROM arrival";
        let store = self.gateway.store();
        ask(async {
            if store.starts_with("sqlite:") {
                let mut connection = SqliteConnection::connect(store).await.unwrap();
                return sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap();
            }
            let mut connection = PgConnection::connect(store).await.unwrap();
            sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap()
        })
    }

    /// Waits until so many mails are in custody, and each has its outcome; all of them.
    pub(crate) fn wait_for_mails(&self, number: usize) -> Vec<Taken> {
        wait_for(&format!("{number} mails with their outcomes"), DEADLINE * 2, || {
            let taken = (self.count() >= number as i64).then(|| self.taken())?;
            taken.iter().all(|mail| !mail.outcome.is_empty()).then_some(taken)
        })
    }

    /// How many tickets there are of each subject.
    pub(crate) fn tickets(&self) -> HashMap<String, usize> {
        let mut tickets = HashMap::new();
        for ticket in self.gateway.json(&["ticket", "list", "--json", "--all"]) {
            *tickets.entry(ticket["subject"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        tickets
    }

    /// Asserts that these are the subjects of all tickets, once each, and that no mail was taken into custody twice.
    pub(crate) fn assert_once(&self, subjects: &[&str]) {
        let expected: HashMap<String, usize> = subjects.iter().map(|subject| ((*subject).to_owned(), 1)).collect();
        assert_eq!(self.tickets(), expected);
        let taken = self.taken();
        assert_eq!(taken.len(), subjects.len(), "taken twice: {:?}", taken.iter().map(|mail| &mail.outcome).collect::<Vec<_>>());
    }

    /// The end of the gateway's log has these words, sooner or later.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.file("gateway.log")).unwrap_or_default()
    }
}

/// A request with this subject, from a customer.
pub(crate) fn request(subject: &str) -> Vec<u8> {
    format!(
        "From: Carla Customer <carla@customer.example>\r\nTo: help@shop.example\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@customer.example>\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\n\r\nThis is about {subject}.\r\n"
    )
    .into_bytes()
}

/// Runs a question to a database.
pub(crate) fn ask<T>(question: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(question)
}
