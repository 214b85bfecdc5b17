//! What fetches, without the rest of a gateway: custody, a store in a file, and the accounts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use postdesk::accept::custody::Writer;
use postdesk::accept::imap::{self, Account, After, Pace, Security, Start};
use postdesk::login::{Login, Secret};
use postdesk::model::account::AccountRow;
use postdesk::model::desk::Desk;
use postdesk::model::seal::Key;
use postdesk::model::token::Keyring;
use postdesk::store::{Fault, Options, Place, Store};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::server::{PATIENCE, Server};

/// A store, and accounts that fetch into it.
pub(crate) struct Gateway {
    pub(crate) store: Store,
    file: PathBuf,
    stop: watch::Sender<bool>,
    fetcher: JoinHandle<()>,
    writer: JoinHandle<Result<(), Fault>>,
}

/// Short times, so that no test waits for long.
pub(crate) fn quick() -> Pace {
    let millis = Duration::from_millis;
    Pace {
        shortest: millis(20),
        longest: millis(100),
        shortest_when_refused: millis(50),
        longest_when_refused: millis(200),
        longest_when_ours: millis(50),
        between_looks: millis(10),
        tick: millis(10),
        report: millis(500),
        set_aside: millis(100),
        ..Pace::default()
    }
}

/// An account of the server, which fetches its INBOX as a whole.
pub(crate) fn account(server: &Server, folder: &Path) -> Account {
    let password = folder.join("password");
    std::fs::write(&password, "secret\n").unwrap();
    Account {
        name: "support".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: server.port,
        security: Security::Plain,
        login: Login { user: "support".to_owned(), secret: Secret::Password(password) },
        ca_file: None,
        folders: vec!["INBOX".to_owned()],
        department: Some("support".to_owned()),
        after: After::Seen,
        start: Start::All,
        poll: Duration::from_millis(200),
        reconcile: Duration::from_secs(3_600),
        authserv_id: None,
        max_message_size: 1024 * 1024,
    }
}

pub(crate) fn desk() -> Arc<Desk> {
    let settings = postdesk::settings::built_in().unwrap();
    Arc::new(settings.desk(Keyring::new(Key::new(0, &[7; 32]), Vec::new())))
}

impl Gateway {
    /// Starts on the store of a folder.
    pub(crate) async fn start(folder: &Path, accounts: Vec<Account>) -> Self {
        Self::start_with(folder, accounts, quick()).await
    }

    pub(crate) async fn start_with(folder: &Path, accounts: Vec<Account>, pace: Pace) -> Self {
        let file = folder.join("postdesk.db");
        let place = Place::parse(&format!("sqlite:{}", file.display())).unwrap();
        let store = Store::open(&Options { place, min_free_space: 0, objects: None }).await.unwrap();
        store.join("a gateway of the tests").await.unwrap();
        let (writer, custody) = Writer::new(store.clone(), Arc::new(Notify::new()));
        let (stop, stopped) = watch::channel(false);
        let fetcher = tokio::spawn(imap::serve(accounts, (desk(), store.clone(), custody), pace, stopped));
        Self { store, file, stop, fetcher, writer: tokio::spawn(writer.run()) }
    }

    /// Stops as a gateway does.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.fetcher).await.expect("it stops").unwrap();
        tokio::time::timeout(PATIENCE, self.writer).await.expect("custody ends").unwrap().unwrap();
        self.store.close().await;
    }

    /// Ends where it stands: nothing that is under way goes on.
    pub(crate) async fn kill(self) {
        self.writer.abort();
        self.fetcher.abort();
        let _ = tokio::join!(self.writer, self.fetcher);
    }

    /// The texts that a statement selects.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let mut connection = SqliteConnection::connect(self.file.to_str().unwrap()).await.unwrap();
        let query = sqlx::AssertSqlSafe(sql.to_owned());
        let texts: Vec<Option<String>> = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
        texts.into_iter().map(Option::unwrap_or_default).collect()
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.texts(&format!("SELECT CAST(({sql}) AS TEXT)")).await[0].parse().unwrap()
    }

    /// Runs statements beside the gateway.
    pub(crate) async fn run(&self, sql: &str) {
        let mut connection = SqliteConnection::connect(self.file.to_str().unwrap()).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    pub(crate) async fn arrivals(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM arrival").await
    }

    /// How many lines of the ledger are at a stage.
    pub(crate) async fn at(&self, stage: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM fetched WHERE stage = '{stage}'")).await
    }

    /// Waits until there are so many arrivals, and nothing is left to be done to them.
    pub(crate) async fn settled(&self, arrivals: i64) {
        self.until(&format!("{arrivals} arrivals, all done"), async || {
            self.arrivals().await == arrivals && self.at("taken").await == 0
        })
        .await;
    }

    pub(crate) async fn row(&self, account: &str) -> Option<AccountRow> {
        self.store.accounts().await.unwrap().into_iter().find(|row| row.name == account)
    }

    /// Waits until what is reported of the account is so.
    pub(crate) async fn account(&self, what: &str, is_so: impl Fn(&AccountRow) -> bool) -> AccountRow {
        self.until(what, async || self.row("support").await.is_some_and(|row| is_so(&row))).await;
        self.row("support").await.unwrap()
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let begun = Instant::now();
        let mut ticks = interval(Duration::from_millis(10));
        while !is_so().await {
            if begun.elapsed() > PATIENCE {
                let ledger =
                    self.texts("SELECT folder || ' ' || validity || ' ' || uid || ' ' || stage FROM fetched LIMIT 30").await;
                panic!(
                    "never: {what}; arrivals {}, accounts {:?}, ledger {ledger:?}",
                    self.arrivals().await,
                    self.store.accounts().await
                );
            }
            ticks.tick().await;
        }
    }
}
