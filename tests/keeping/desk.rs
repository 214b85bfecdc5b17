//! A desk with a conversation, and the verbs as an operator runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::gateway::{DEADLINE, Gateway, wait_for};
use crate::wire::hand_over;

/// A gateway in a folder of its own, which writes its notices below `out`.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) gateway: Gateway,
}

/// What a verb said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let gateway = Gateway::new(folder.path(), &format!("file:{}/out", folder.path().display()));
        Self { folder, gateway }
    }

    /// One that runs.
    pub(crate) fn started() -> Self {
        let mut desk = Self::new();
        desk.gateway.start();
        desk
    }

    /// Large mail goes into a folder.
    pub(crate) fn with_objects(self) -> Self {
        let file = self.path().join("postdesk.toml");
        let text = fs::read_to_string(&file).unwrap();
        let objects = format!("[store]\nobjects = \"file:{}/objects\"\nobjects_above = \"16 KiB\"\n", self.path().display());
        fs::write(file, text.replace("[store]\n", &objects)).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.file("data/postdesk.db")
    }

    /// Runs a verb to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(self.gateway.command(arguments).stdin(std::process::Stdio::null()).output().unwrap())
    }

    /// Runs one that must go well.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}\n{}", self.gateway.log());
        said.out
    }

    /// Hands over a mail of a person to an address. `head` is more header fields, each with its line end.
    pub(crate) fn mail(&self, from: &str, to: &str, subject: &str, head: &str, text: &str) {
        let id = subject.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let domain = from.rsplit_once('@').unwrap().1;
        let mail = format!(
            "From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{id}@{domain}>\nDate: Thu, 12 Nov 2026 10:00:00 +0000\n{head}\n{text}\n"
        );
        let envelope = from.rsplit_once('<').map_or(from, |(_, address)| address.trim_end_matches('>'));
        hand_over(self.gateway.port(), envelope, to, &mail);
    }

    /// Waits until everything is decided and has left.
    pub(crate) fn settle(&self) {
        wait_for("the decisions", DEADLINE, || {
            let all = self.gateway.json(&["arrival", "list", "--json"]);
            all.iter().all(|arrival| !arrival["outcome"].is_null()).then_some(())
        });
        wait_for("the notices", DEADLINE, || {
            let all = self.gateway.json(&["outbox", "list", "--json"]);
            all.iter().all(|notice| notice["state"] == "sent" || notice["state"] == "held").then_some(())
        });
    }

    /// The newest notice of an event to somebody, as it left.
    pub(crate) fn notice(&self, event: &str, recipient: &str) -> String {
        let ending = format!("-{event}-{recipient}.eml");
        let names = fs::read_dir(self.file("out")).unwrap().map(|entry| entry.unwrap().path());
        let newest = names.filter(|path| path.to_str().unwrap().ends_with(&ending)).max();
        fs::read_to_string(newest.unwrap_or_else(|| panic!("no {event} to {recipient}"))).unwrap()
    }

    /// The signed address that a notice is answered to.
    pub(crate) fn answer_address(&self, event: &str, recipient: &str) -> String {
        let notice = self.notice(event, recipient).replace("\r\n ", " ").replace("\r\n\t", " ");
        let line = notice.lines().find(|line| line.starts_with("Reply-To:")).unwrap();
        let address = line.trim_start_matches("Reply-To:").trim();
        address.rsplit_once('<').map_or(address, |(_, address)| address.trim_end_matches('>')).to_owned()
    }

    /// Mia asks, Ana answers and leaves a note, Mia thanks: ticket 1.
    pub(crate) fn converse(&self) {
        self.mail("Mia Berg <mia@customer.example>", "help@shop.example", "Broken kettle", "", "My kettle is canary-request.");
        self.settle();
        let to = self.answer_address("request", "ana@private.example");
        self.mail("Ana Agent <ana@private.example>", &to, "Re: Broken kettle", "", "Send it in, canary-answer.");
        self.settle();
        self.mail("Ana Agent <ana@private.example>", &to, "Note", "", "#note\nShe is canary-note, be careful.");
        self.settle();
        let to = self.answer_address("answer", "mia@customer.example");
        self.mail("Mia Berg <mia@customer.example>", &to, "Re: Broken kettle again", "", "From now on canary-reply.\n>From me");
        self.settle();
    }

    /// An agent closes a ticket.
    pub(crate) fn close(&self, event: &str) {
        let to = self.answer_address(event, "ana@private.example");
        self.mail("Ana Agent <ana@private.example>", &to, &format!("closing {to}"), "", "#close");
        self.settle();
    }

    pub(crate) fn arrivals(&self) -> Vec<Value> {
        self.gateway.json(&["arrival", "list", "--json", "--all"])
    }

    pub(crate) fn ticket(&self, number: i64) -> Value {
        self.gateway.json(&["ticket", "show", &number.to_string(), "--json"]).remove(0)
    }
}

pub(crate) fn said(output: Output) -> Said {
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // A socket holds nothing.
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Whether some octets hold others.
pub(crate) fn holds(octets: &[u8], word: &str) -> bool {
    let (octets, word) = (octets.to_ascii_lowercase(), word.to_ascii_lowercase());
    octets.windows(word.len()).any(|window| window == word.as_bytes())
}
