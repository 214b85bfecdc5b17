//! A desk in a temporary folder, filled by SQL.

use std::time::Duration;

use postdesk::model::address::Address;
use postdesk::model::desk::{Access, AcknowledgementCaps, Agent, Department, Desk, Limits};
use postdesk::model::seal::Key;
use postdesk::model::time::{Time, Zone};
use postdesk::model::token::Keyring;
use postdesk::operate::table::Look;
use postdesk::operate::{Format, Trouble, View};
use postdesk::store::{Options, Store};
use sqlx::{Connection as _, SqliteConnection};

/// An hour after the ticket of `conversation.sql` was opened.
pub(crate) const NOW: Time = Time(1_700_003_600_000_000);

/// A store, a second connection to its file, and what every verb is told.
pub(crate) struct Filled {
    pub(crate) store: Store,
    pub(crate) connection: SqliteConnection,
    pub(crate) desk: Desk,
    pub(crate) zone: Zone,
    _folder: tempfile::TempDir,
}

impl Filled {
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.db");
        let store = Store::open(&Options { place: postdesk::store::Place::File(file.clone()), min_free_space: 0, objects: None })
            .await
            .unwrap();
        let connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        Self { store, connection, desk: desk(), zone: Zone::of_this_machine(), _folder: folder }
    }

    pub(crate) async fn with_conversation() -> Self {
        let mut filled = Self::empty().await;
        filled.run(include_str!("conversation.sql")).await;
        filled
    }

    pub(crate) async fn run(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.connection).await.unwrap();
    }

    /// Tickets 1 to `count`, a new one each second, every tenth closed.
    pub(crate) async fn add_tickets(&mut self, count: i64) {
        sqlx::query(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
             INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address,
               assignee, mailbox, first_message_id, last_message_id, due_at, created_at, updated_at, closed_at)
             SELECT i, CASE i % 2 WHEN 0 THEN 'support' ELSE 'sales' END, 'Subject ' || i,
               CASE i % 10 WHEN 0 THEN 'closed' ELSE 'new' END, 'medium', 'email', 'external', '', 'c' || i || '@kunde.example', NULL,
               'help@shop.example', NULL, NULL, NULL, 1700000000000000 + i * 1000000, 1700000000000000 + i * 1000000, NULL FROM n",
        )
        .bind(count)
        .execute(&mut self.connection)
        .await
        .unwrap();
    }

    pub(crate) fn json(&self) -> View<'_> {
        View { desk: &self.desk, format: Format::Json, now: NOW, zone: &self.zone }
    }

    pub(crate) fn people(&self) -> View<'_> {
        View { format: Format::People(Look::PLAIN), ..self.json() }
    }

    pub(crate) fn terminal(&self, width: u16) -> View<'_> {
        View { format: Format::People(Look { colour: true, width: Some(width) }), ..self.json() }
    }
}

/// What a verb has written.
pub(crate) fn text(out: Vec<u8>, result: Result<(), Trouble>) -> String {
    result.unwrap();
    String::from_utf8(out).unwrap()
}

/// What a verb has written, an object a line.
pub(crate) fn objects(out: Vec<u8>, result: Result<(), Trouble>) -> Vec<serde_json::Value> {
    text(out, result).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Calls a verb with a place to write to as its last argument, and hands both to what reads them.
#[macro_export]
macro_rules! said {
    ($reader:ident, $verb:path, $($argument:expr),+) => {{
        let mut out = Vec::new();
        let result = $verb($($argument),+, &mut out).await;
        $reader(out, result)
    }};
}

fn desk() -> Desk {
    let address = |text: &str| Address::parse(text).unwrap();
    let department = |key: &str, prefix: &str, hours: Option<u64>| Department {
        mailboxes: vec![address(&format!("{key}@shop.example"))],
        agents: vec!["ana".to_owned()],
        answer_within: hours.map(|hours| Duration::from_secs(hours * 3_600)),
        reopen_within: Duration::from_secs(1),
        ..Department::new(key, key, prefix, address(&format!("{key}@desk.example.org")))
    };
    let ana = Agent {
        key: "ana".to_owned(),
        name: "Ana Agent".to_owned(),
        address: address("ana@agents.example"),
        other_addresses: Vec::new(),
        access: Access::Agent,
        language: None,
    };
    Desk::new(
        "desk.example.org".to_owned(),
        vec![department("support", "SUP", Some(8)), department("sales", "SAL", None)],
        vec![ana],
        Keyring::new(Key::new(1, &[7; 32]), Vec::new()),
        Limits::default(),
        AcknowledgementCaps { per_hour: 1, per_day: 5, total_per_day: 40 },
    )
}
