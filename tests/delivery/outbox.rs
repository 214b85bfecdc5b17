//! An outbox in a store of its own, filled and read beside the gateway.

use std::time::{Duration, SystemTime};

use postdesk::deliver::gate::Caps;
use postdesk::deliver::{Options, Relay, Security, Sender};
use postdesk::model::desk::AcknowledgementCaps;
use postdesk::model::time::Time;
use postdesk::store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection as _, Row};
use tempfile::TempDir;

/// What the outbox says of one notice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) state: String,
    pub(crate) attempts: i64,
    pub(crate) next_attempt_at: i64,
    pub(crate) last_error: Option<String>,
}

/// A store with one ticket and one arrival whose raw mail is [`RAW`].
pub(crate) struct Outbox {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    connection: SqliteConnection,
}

/// The raw mail that parts are copied from.
pub(crate) const RAW: &[u8] = b"From: c@customer.example\r\n\r\n.an attachment\r\nof two lines";

/// The clock of the tests' machine.
pub(crate) fn now() -> Time {
    Time::from(SystemTime::now())
}

/// A relay on this machine.
pub(crate) fn server(port: u16) -> Relay {
    Relay::Smtp { host: "127.0.0.1".to_owned(), port, security: Security::Plain, login: None }
}

/// The options that most tests have.
pub(crate) fn options(relay: Relay) -> Options {
    Options {
        relay,
        fallbacks: Vec::new(),
        hostname: "desk.example.org".to_owned(),
        ca_file: None,
        gate: Caps { per_day: None, acknowledgements: AcknowledgementCaps { per_hour: 1, per_day: 5, total_per_day: 40 } },
        signers: Default::default(),
        max_connections: 4,
        max_connections_per_destination: 4,
        attempt_timeout: Duration::from_secs(60),
        give_up_after: Duration::from_secs(5 * 86_400),
        name_servers: Vec::new(),
    }
}

impl Outbox {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("postdesk.db");
        let options =
            postdesk::store::Options { place: postdesk::store::Place::File(file.clone()), min_free_space: 0, objects: None };
        let store = Store::open(&options).await.expect("a store");
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.expect("the database");
        for statement in [
            "INSERT INTO arrival (id, raw_id, department, recipients, source, peer_tls, size, received_at) VALUES (1, 1, 'd', 'r', 'smtp', 0, 0, 0)",
            "INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, mailbox, \
             created_at, updated_at) VALUES (1, 'd', 's', 'new', 'medium', 'email', 'external', '', 'c@customer.example', 'm', 0, 0)",
        ] {
            sqlx::query("INSERT INTO raw (id, sha256, octets) VALUES (1, $1, $1) ON CONFLICT DO NOTHING")
                .bind(RAW)
                .execute(&mut connection)
                .await
                .expect("the raw mail");
            sqlx::query(statement).execute(&mut connection).await.expect("a row");
        }
        Self { folder, store, connection }
    }

    /// A sender to a relay on this machine.
    pub(crate) fn sender(&self, port: u16, max_connections: usize, attempt_timeout: Duration) -> Sender {
        self.sender_to(server(port), max_connections, attempt_timeout)
    }

    pub(crate) fn sender_to(&self, relay: Relay, max_connections: usize, attempt_timeout: Duration) -> Sender {
        Sender::new(Options { max_connections, attempt_timeout, ..options(relay) }, self.store.clone())
    }

    pub(crate) fn sender_with(&self, options: Options) -> Sender {
        Sender::new(options, self.store.clone())
    }

    /// Queues a notice with a file of the raw mail.
    pub(crate) async fn queue(&mut self, id: i64, recipient: &str, raw_id: i64) {
        // Both rows at once, as the worker writes them: a sender that runs may look at any moment.
        let mut both = self.connection.begin().await.expect("a transaction");
        sqlx::query(
            "INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, \
             next_attempt_at, created_at, destination) VALUES ($1, 1, 1, 'reply', $2, $3, 'b@desk.example.org', $3, 'due', $4, $4, $8); \
             INSERT INTO letter (outbox, head, parts, tail) VALUES ($1, $5, $6, $7)",
        )
        .bind(id)
        .bind(recipient)
        .bind(format!("{id}@desk.example.org"))
        .bind(now().0)
        .bind(head(id))
        .bind(format!(r#"[{{"header":"\r\n--limit\r\n\r\n","raw":{raw_id},"start":28,"end":{},"encode":false}}]"#, RAW.len()))
        .bind("\r\n--limit--\r\n")
        .bind(recipient.rsplit_once('@').map(|(_, domain)| domain))
        .execute(&mut *both)
        .await
        .expect("a notice");
        both.commit().await.expect("a commit");
    }

    /// Queues so many notices without files.
    #[cfg(feature = "peers")]
    pub(crate) async fn queue_many(&mut self, count: i64) {
        sqlx::query(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < $1) \
             INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, \
             created_at, destination) SELECT id, 1, 1, 'reply', 'c@customer.example', id, 'b@desk.example.org', id || '@desk.example.org', \
             'due', $2 + id, $2 + id, 'customer.example' FROM n; \
             INSERT INTO letter (outbox, head, parts, tail) SELECT id, 'Subject: ' || id || char(13, 10, 13, 10) || 'Text.', '[]', '' FROM outbox",
        )
        .bind(count)
        .bind(now().0 - 60_000_000)
        .execute(&mut self.connection)
        .await
        .expect("the notices");
    }

    /// Waits until a notice was tried in vain.
    #[cfg(feature = "peers")]
    pub(crate) async fn until_tried(&mut self) {
        let deadline = crate::patience();
        let tried = "SELECT COUNT(*) FROM outbox WHERE last_error IS NOT NULL";
        while sqlx::query_scalar::<_, i64>(tried).fetch_one(&mut self.connection).await.expect("a number") == 0 {
            assert!(tokio::time::Instant::now() < deadline, "nothing was tried");
            tokio::task::yield_now().await;
        }
    }

    /// Makes the queue look as earlier versions left it.
    pub(crate) async fn forget_destinations(&mut self) {
        sqlx::query("UPDATE outbox SET destination = NULL").execute(&mut self.connection).await.expect("the rows");
    }

    pub(crate) async fn state(&mut self, id: i64) -> State {
        let row = sqlx::query("SELECT state, attempts, next_attempt_at, last_error FROM outbox WHERE id = $1")
            .bind(id)
            .fetch_one(&mut self.connection)
            .await
            .expect("the notice");
        State { state: row.get(0), attempts: row.get(1), next_attempt_at: row.get(2), last_error: row.get(3) }
    }

    /// How many notices are in a state.
    pub(crate) async fn count(&mut self, state: &str) -> i64 {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE state = $1").bind(state);
        count.fetch_one(&mut self.connection).await.expect("a number")
    }

    /// What happened to the ticket: kind and new value.
    pub(crate) async fn events(&mut self) -> Vec<(String, String)> {
        let rows =
            sqlx::query("SELECT kind, new FROM event ORDER BY id").fetch_all(&mut self.connection).await.expect("the events");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Waits until so many notices are in a state.
    pub(crate) async fn until(&mut self, state: &str, count: i64) {
        let deadline = crate::patience();
        while self.count(state).await != count {
            assert!(tokio::time::Instant::now() < deadline, "{} are {state} instead of {count}", self.count(state).await);
            tokio::task::yield_now().await;
        }
    }
}

fn head(id: i64) -> String {
    format!("Message-ID: <{id}@desk.example.org>\r\nSubject: {id}\r\n\r\n--limit\r\n\r\nText.")
}

/// The mail that a queued notice is.
pub(crate) fn mail(id: i64) -> Vec<u8> {
    format!("{}\r\n--limit\r\n\r\n.an attachment\r\nof two lines\r\n--limit--\r\n", head(id)).into_bytes()
}
