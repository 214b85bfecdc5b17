//! A desk that archives are imported into: real processes on a store of their own, which is looked into afterwards.

use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use tempfile::TempDir;

use crate::gateway::Gateway;

/// A desk, and a folder for its archives.
pub(crate) struct Desk {
    folder: TempDir,
    pub(crate) gateway: Gateway,
}

/// What a run of `postdesk import` said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) summary: String,
    pub(crate) progress: String,
}

impl Desk {
    /// On a file of SQLite.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let relay = format!("file:{}", folder.path().join("outgoing").display());
        let gateway = Gateway::new(&folder.path().join("desk"), &relay);
        Self { folder, gateway }
    }

    /// On the database with this URL.
    #[cfg(feature = "peers")]
    pub(crate) fn on(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let gateway = Gateway::on(&folder.path().join("desk"), "discard:", url, &keys);
        Self { folder, gateway }
    }

    /// Where archives may be put.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below that, with the folders it is in.
    pub(crate) fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, octets).unwrap();
        path
    }

    /// Imports, to the end.
    pub(crate) fn import(&self, arguments: &[&str]) -> Said {
        said(self.begin(arguments).wait_with_output().unwrap())
    }

    /// Begins to import.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = self.gateway.command(&["import"]);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn file(&self) -> &str {
        self.gateway.store().strip_prefix("sqlite:").unwrap()
    }

    /// What a statement selects, as texts.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let mut connection = SqliteConnection::connect(&format!("sqlite:{}", self.file())).await.unwrap();
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The number that a statement selects.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.texts(&format!("SELECT CAST(({sql}) AS TEXT)")).await[0].parse().unwrap()
    }

    /// The number of lines in the ledger; 0 as long as there is no store.
    pub(crate) async fn imported(&self) -> i64 {
        let Ok(mut connection) = SqliteConnection::connect(&format!("sqlite:{}", self.file())).await else { return 0 };
        sqlx::query_scalar("SELECT COUNT(*) FROM imported").fetch_one(&mut connection).await.unwrap_or(0)
    }

    /// The octets of every arrival, the oldest first.
    pub(crate) async fn mails(&self) -> Vec<Vec<u8>> {
        let mut connection = SqliteConnection::connect(&format!("sqlite:{}", self.file())).await.unwrap();
        let sql = "SELECT octets FROM arrival JOIN raw ON raw.id = raw_id ORDER BY arrival.id";
        sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
    }

    /// What stands in a header field of every arrival, the oldest first.
    pub(crate) async fn fields(&self, name: &str) -> Vec<String> {
        let field = |mail: Vec<u8>| {
            let text = String::from_utf8_lossy(&mail).into_owned();
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
            line.unwrap_or_default()
        };
        self.mails().await.into_iter().map(field).collect()
    }
}

/// What a process said that has ended.
pub(crate) fn said(output: Output) -> Said {
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Said { code: output.status.code(), summary: text(output.stdout), progress: text(output.stderr) }
}

/// A mail of a customer, with LF at the ends of its lines.
pub(crate) fn mail(number: usize, minute: usize) -> String {
    format!(
        "From: Karin <c{}@kunde.example>\nTo: support@desk.example.org\nSubject: mail {number}\nMessage-ID: <{number}@kunde.example>\n\
         Date: Thu, 5 Mar 2015 {:02}:{:02}:00 +0000\nX-Ledger: {number}\n\nWords of mail {number}.\n\nFrom here on there are more.\n",
        number % 50,
        minute / 60 % 24,
        minute % 60
    )
}

/// The same as it is kept.
pub(crate) fn kept(mail: &str) -> Vec<u8> {
    mail.replace('\n', "\r\n").into_bytes()
}

/// An mbox, written as mboxrd.
pub(crate) fn mbox<'a>(mails: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for mail in mails {
        text.push_str("From karin@kunde.example Thu Mar  5 09:10:11 2015\n");
        for line in mail.split_inclusive('\n') {
            if line.trim_start_matches('>').starts_with("From ") {
                text.push('>');
            }
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}
