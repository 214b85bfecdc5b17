//! A desk with three tickets, one of them with a large file, whose database something is done to while nobody works on it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use postdesk::store::{Fault, Options, Place};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;

use super::gateway::{DEADLINE, Gateway, wait_for};

pub(crate) struct Desk {
    folder: TempDir,
    pub(crate) gateway: Gateway,
}

/// A file with one page of zeros.
pub(crate) fn zeroed(whole: &[u8], page: usize) -> Vec<u8> {
    let mut octets = whole.to_vec();
    octets[page * 16_384..(page + 1) * 16_384].fill(0);
    octets
}

impl Desk {
    /// Its gateway runs.
    pub(crate) fn in_use() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut gateway = Gateway::new(folder.path(), "discard:");
        gateway.start();
        for (number, size) in [(1, 10), (2, 400_000), (3, 10)] {
            send(gateway.port(), number, size);
        }
        let desk = Self { folder, gateway };
        wait_for("three tickets", DEADLINE, || (desk.tickets() == 3).then_some(()));
        // Three requests, each with an acknowledgement and a notice for each of two agents; the counters begin with 1.
        let counted = format!("counted {}", 3 + 3 * 3 + 2);
        wait_for("the mark to say so", DEADLINE, || {
            fs::read_to_string(desk.mark()).unwrap().lines().any(|line| line == counted).then_some(())
        });
        desk
    }

    /// Its gateway was stopped in order.
    pub(crate) fn stopped() -> Self {
        let mut desk = Self::in_use();
        assert!(desk.gateway.stop().success());
        desk
    }

    /// Its gateway was killed, and everything is in the file: the log was folded in since.
    pub(crate) fn killed() -> Self {
        let desk = Self::killed_with_a_log();
        desk.sql("PRAGMA wal_checkpoint(TRUNCATE)");
        assert!(!desk.beside("-wal").exists());
        desk
    }

    /// Its gateway was killed, and the log is beside the file.
    pub(crate) fn killed_with_a_log() -> Self {
        let mut desk = Self::in_use();
        desk.gateway.kill();
        assert!(fs::metadata(desk.beside("-wal")).unwrap().len() > 0);
        desk
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("data/postdesk.db")
    }

    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        self.folder.path().join(format!("data/postdesk.db{ending}"))
    }

    pub(crate) fn mark(&self) -> PathBuf {
        self.beside("-in-use")
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.path().join("postdesk.toml")
    }

    pub(crate) fn log(&self) -> String {
        self.gateway.log()
    }

    pub(crate) fn tickets(&self) -> usize {
        self.gateway.json(&["ticket", "list", "--json"]).len()
    }

    pub(crate) fn overwrite(&self, change: impl FnOnce(&mut [u8])) {
        let mut octets = fs::read(self.file()).unwrap();
        change(&mut octets);
        fs::write(self.file(), octets).unwrap();
    }

    /// A statement in the file, while nobody works on it.
    pub(crate) fn sql(&self, sql: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = SqliteConnection::connect(self.file().to_str().unwrap()).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// The check alone.
    pub(crate) fn checked_in_process(&self) -> Result<(), Fault> {
        let options = Options { place: Place::File(self.file()), min_free_space: 0, objects: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(postdesk::store::check(&options, &|_| {}))
    }

    /// A start is refused, with all of these words and code 78, and neither changes the file nor what is beside it.
    pub(crate) fn is_refused(&self, words: &[&str]) {
        self.is_refused_by(&["serve"], words, 78);
    }

    /// The same of another verb.
    pub(crate) fn is_refused_by(&self, verb: &[&str], words: &[&str], code: i32) {
        let sum = || digest(&self.file());
        let before = sum();
        let mut command = self.gateway.command(verb);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(b"From: <mia@customer.example>\r\n\r\nhello\r\n").ok();
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{verb:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{verb:?} does not say {word:?}: {said}");
        }
        assert_eq!(sum(), before, "{verb:?} changed the file");
    }

    /// Gives everything to an account without rights, where we may; the words that a program is run with as that account.
    pub(crate) fn owned_by_nobody(&self) -> &'static [&'static str] {
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        if !is_root {
            return &[];
        }
        assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(self.folder.path()).status().unwrap().success());
        &["--reuid=65534", "--regid=65534", "--clear-groups"]
    }
}

fn digest(file: &Path) -> [u8; 32] {
    postdesk::model::seal::sha256(&fs::read(file).unwrap())
}

/// Hands in a mail, which is taken.
fn send(port: u16, number: u32, size: usize) {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).unwrap());
    let mut ask = |octets: &str, expected: &str| {
        stream.get_mut().write_all(octets.as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            assert!(line.starts_with(expected), "{line:?}");
            if line.as_bytes().get(3) == Some(&b' ') {
                return;
            }
        }
    };
    ask("", "220");
    ask("EHLO client.example\r\n", "250");
    ask(&format!("MAIL FROM:<mia{number}@customer.example>\r\n"), "250");
    ask("RCPT TO:<help@shop.example>\r\n", "250");
    ask("DATA\r\n", "354");
    let text = "0123456789 and so on, until it is long enough to fill a page\r\n".repeat(size / 60 + 1);
    let head =
        format!("From: <mia{number}@customer.example>\r\nSubject: mail {number}\r\nMessage-ID: <{number}@customer.example>\r\n");
    ask(&format!("{head}\r\n{text}.\r\n"), "250");
}
