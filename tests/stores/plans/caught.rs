//! What was sent to PostgreSQL and how it was carried out, read from the server's log; and how SQLite would do the same.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::base::Base;
use crate::cluster::Cluster;

/// The clock of PostgreSQL in our statements.
const CLOCK: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// What SQLite may walk through as a whole: few rows, or rows of the statement itself; a partial index holds only what waits.
const SMALL: [&str; 10] =
    ["gateway", "account", "duty", "done", "place", "newest", "pending", "CONSTANT ROW", "(subquery", "ROW VALUES"];
const WAITING: [&str; 6] =
    ["arrival_untold", "arrival_waiting", "outbox_waiting", "outbox_untold", "ticket_untold", "ticket_due"];

/// Which index serves which statement. Without it another one would do, row by row. PostgreSQL weighs that anew for each store; SQLite does
/// not.
const SERVED_BY: [(&str, &str); 24] = [
    ("FROM arrival WHERE outcome IS NULL AND (claimed_by", "arrival_outcome"),
    ("FROM arrival WHERE outcome IS NULL LIMIT", "arrival_outcome"),
    ("a.outcome IS NULL ORDER BY a.id DESC", "arrival_outcome"),
    ("a.outcome = $3", "arrival_outcome"),
    ("WHERE content_key IN", "arrival_content_key"),
    ("FROM message WHERE message_id IN", "message_thread"),
    ("FROM outbox WHERE state IN ('due', 'leased')", "outbox_waiting"),
    ("FROM outbox WHERE destination = ", "outbox_destination"),
    ("WITH RECURSIVE place", "outbox_destination"),
    ("o.destination IS NULL", "outbox_destination"),
    ("o.state = $3", "outbox_state"),
    ("t.status = $3 AND", "ticket_status"),
    ("t.assignee = $4 AND", "ticket_assignee"),
    ("t.department = $2 AND", "ticket_department"),
    ("AND t.status <> 'closed' AND", "ticket_due"),
    ("SELECT number FROM ticket WHERE due_at", "ticket_untold"),
    ("state = 'failed' AND told_at IS NULL", "outbox_untold"),
    ("stage = 'taken' ORDER BY uid", "fetched_taken"),
    ("AND content IN (", "fetched_content"),
    ("FROM arrival WHERE outcome IS NULL AND archived", "arrival_waiting"),
    ("SELECT COUNT(*) FROM arrival WHERE outcome = 'held'", "arrival_outcome"),
    // By state at once, since all of what waits is counted.
    ("FROM outbox WHERE state IN ('leased', 'due')", "outbox_state"),
    ("FROM outbox WHERE state = 'held'", "outbox_state"),
    ("SELECT status, COUNT(*) FROM ticket", "ticket_status"),
];

/// The log of a server from one moment on.
pub(crate) struct Log {
    file: PathBuf,
    begin: usize,
}

/// A statement, and a plan that it was carried out by.
pub(crate) struct Plan {
    pub(crate) text: String,
    plan: Value,
}

impl Log {
    /// From now on, whoever connects to the database has each of his statements explained in the log.
    pub(crate) fn begin(cluster: &Cluster, base: &Base) -> Self {
        let settings = [
            ("session_preload_libraries", "auto_explain"),
            ("auto_explain.log_min_duration", "0"),
            ("auto_explain.log_nested_statements", "on"),
            ("auto_explain.log_format", "json"),
        ];
        for (name, value) in settings {
            cluster.sql("postgres", &format!("ALTER DATABASE {} SET {name} = '{value}'", base.name()));
        }
        let file = cluster.socket_folder().join("server.log");
        let begin = fs::read(&file).unwrap().len();
        Self { file, begin }
    }

    /// Everything that was carried out since.
    pub(crate) fn end(self) -> Vec<Plan> {
        let log = fs::read(&self.file).unwrap();
        let log = String::from_utf8_lossy(&log[self.begin..]);
        let mut plans = Vec::new();
        let mut lines = log.lines().peekable();
        while let Some(line) = lines.next() {
            // The lines of one entry after its first begin with a tab.
            let mut json = String::new();
            while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
                json.push_str(more.trim_start_matches('\t'));
                json.push('\n');
            }
            if line.contains(" postdesk LOG:") && line.ends_with(" plan:") {
                let plan: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error} in\n{json}"));
                let text = plan["Query Text"].as_str().unwrap().to_owned();
                plans.push(Plan { text, plan: plan["Plan"].clone() });
            }
        }
        assert!(plans.len() > 500, "only {} statements were explained:\n{log}", plans.len());
        plans
    }
}

impl Plan {
    /// Where the plan reads one of the tables from its beginning to its end, in words.
    pub(crate) fn whole_reads(&self, tables: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.plan, &mut |node| {
            let table = node["Relation Name"].as_str().unwrap_or_default();
            let index = node["Index Name"].as_str();
            let kind = node["Node Type"].as_str().unwrap_or_default();
            // An index that is walked from end to end is no better, unless it holds only what waits.
            let walked =
                kind.starts_with("Index") && node["Index Cond"].is_null() && !index.is_some_and(|index| WAITING.contains(&index));
            if tables.contains(&table) && (kind == "Seq Scan" || walked) {
                found.push(format!("PostgreSQL reads all of {table}: {}", short(&self.text)));
            }
        });
        found
    }
}

fn collect(node: &Value, look: &mut impl FnMut(&Value)) {
    look(node);
    for node in node["Plans"].as_array().into_iter().flatten() {
        collect(node, look);
    }
}

/// A statement without the many values of a batch.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(1_500).collect()
}

/// Explains the statements on SQLite, and says which of them read a table as a whole. SQLite knows nothing of how many rows there
/// are, since nobody tells it (`ANALYZE` is never run): an empty file has the plans of a full one.
pub(crate) async fn whole_reads_of_a_file(texts: &[&str]) -> Vec<String> {
    let base = Base::file();
    base.open().await.close().await;
    let file = base.folder().join("postdesk.db");
    let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    let (mut found, mut explained) = (Vec::new(), 0);
    for text in texts.iter().filter(|text| is_for_both(text)) {
        let text = text.replace(" FOR UPDATE SKIP LOCKED", "").replace(" FOR UPDATE", "").replace(CLOCK, "1");
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        let steps = sqlx::query(explain).fetch_all(&mut connection).await.unwrap_or_else(|error| panic!("{error}: {text}"));
        explained += 1;
        let details: Vec<&str> = steps.iter().map(|step| step.get("detail")).collect();
        for (_, index) in SERVED_BY.iter().filter(|(words, _)| text.contains(words)) {
            if !details.iter().any(|step| step.contains(index)) {
                found.push(format!("SQLite does {details:?} without {index}: {}", short(&text)));
            }
        }
        for step in details {
            // A row of several that is inserted could heal a broken reference of an earlier statement. SQLite looks for those only where
            // there are any, which is never: references are checked at once.
            let never_run = text.starts_with("INSERT INTO raw") && step == "SCAN arrival";
            let fine = never_run || SMALL.iter().chain(&WAITING).any(|name| step.contains(name));
            if step.starts_with("SCAN") && !fine {
                found.push(format!("SQLite does {step}: {}", short(&text)));
            }
        }
    }
    assert!(explained >= 33, "only {explained} statements are for both databases");
    found
}

/// Not those that a server makes by itself (keys, notifications), and those that are about the server.
fn is_for_both(text: &str) -> bool {
    !["pg_", " ONLY ", "current_setting", "current_database", "_sqlx_migrations", "server_version", "tell_gateways"]
        .iter()
        .any(|word| text.contains(word))
}
