//! A desk with some life in it, in a file; copies of it for each test, and the verbs that look at it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::gateway::{DEADLINE, Gateway, wait_for};

/// Mails of the desk: more than a page of rows.
pub(crate) const MAILS: usize = 520;
/// Mails that nobody has looked at yet.
pub(crate) const PENDING: usize = 3;
const NOBODY: &str = "smtp://127.0.0.1:1";

/// A copy of the desk: its configuration, its store in a file, and a database of PostgreSQL that is empty.
pub(crate) struct Desk {
    pub(crate) gateway: Gateway,
    pub(crate) file: PathBuf,
    pub(crate) server: String,
    folder: TempDir,
}

impl Desk {
    pub(crate) fn copy() -> Self {
        static FIRST: OnceLock<TempDir> = OnceLock::new();
        let first = FIRST.get_or_init(with_life);
        let folder = folder();
        let gateway = Gateway::new(folder.path(), &relay(folder.path()));
        for name in ["postdesk.db", "keys"] {
            fs::copy(first.path().join("data").join(name), folder.path().join("data").join(name)).unwrap();
        }
        copy_all(&first.path().join("outgoing"), &folder.path().join("outgoing"));
        let file = folder.path().join("data/postdesk.db");
        Self { gateway, file, server: Cluster::shared().database(), folder }
    }

    /// The URL of the store in the file.
    pub(crate) fn lite(&self) -> String {
        format!("sqlite:{}", self.file.display())
    }

    /// A file beside it.
    pub(crate) fn beside(&self, name: &str) -> String {
        format!("sqlite:{}", self.folder.path().join(name).display())
    }

    /// The name of the database on the server.
    pub(crate) fn database(&self) -> &str {
        self.server.rsplit_once('/').unwrap().1
    }

    /// From now on the gateway, and every verb that looks, is on this store.
    pub(crate) fn turn_to(&self, url: &str) {
        let file = self.folder.path().join("postdesk.toml");
        let text = fs::read_to_string(&file).unwrap();
        let line = |line: &str| if line.starts_with("url = ") { format!("url = \"{url}\"") } else { line.to_owned() };
        fs::write(&file, text.lines().map(line).collect::<Vec<_>>().join("\n")).unwrap();
    }

    fn postdesk(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.arg("--config").arg(self.folder.path().join("postdesk.toml")).args(arguments);
        command.stdin(Stdio::null()).current_dir(self.folder.path());
        command
    }

    /// Runs a verb to its end, however that is.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.postdesk(arguments).output().unwrap()
    }

    /// `postdesk move-store`, not started yet.
    pub(crate) fn command(&self, from: &str, to: &str) -> Command {
        self.postdesk(&["move-store", "--from", from, "--to", to])
    }

    /// `postdesk move-store`, which succeeds; what it prints.
    pub(crate) fn moved(&self, from: &str, to: &str) -> String {
        let output = self.command(from, to).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// `postdesk move-store`, which ends with this code; what it tells.
    pub(crate) fn refused(&self, from: &str, to: &str, code: i32) -> String {
        let output = self.command(from, to).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", told(&output));
        told(&output)
    }

    /// A file with this password.
    pub(crate) fn password_file(&self, password: &str) -> PathBuf {
        let file = self.folder.path().join("password");
        fs::write(&file, format!("{password}\n")).unwrap();
        file
    }

    /// What the verbs say of the store, all of it.
    pub(crate) fn views(&self) -> Vec<(String, String)> {
        let mut asked: Vec<Vec<String>> =
            ["ticket", "arrival", "outbox"].map(|noun| [noun, "list", "--all", "--json"].map(str::to_owned).to_vec()).to_vec();
        for ticket in [1, 2, 3, MAILS - 1] {
            asked.push(["ticket", "show", &ticket.to_string(), "--json"].map(str::to_owned).to_vec());
        }
        for arrival in [1, 2, 3, 4, MAILS, MAILS + PENDING] {
            asked.push(["arrival", "show", &arrival.to_string(), "--json"].map(str::to_owned).to_vec());
            asked.push(["arrival", "raw", &arrival.to_string()].map(str::to_owned).to_vec());
        }
        let ask = |arguments: Vec<String>| {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            (arguments.join(" "), String::from_utf8_lossy(&self.gateway.verb(&arguments)).into_owned())
        };
        asked.into_iter().map(ask).collect()
    }

    /// Every notice that went out.
    pub(crate) fn sent(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("outgoing")).into_iter().flatten();
        let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        // One that is just being written is looked at the next time.
        files.filter_map(|path| fs::read_to_string(path).ok()).collect()
    }
}

/// Everything a verb told.
pub(crate) fn told(output: &Output) -> String {
    format!("{}\n{}{}", output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The field of a mail, unfolded.
pub(crate) fn field(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
    head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(|value| value.trim().to_owned()))
}

/// Hands over mails on one connection: sender, recipient, octets.
pub(crate) fn send(port: u16, mails: &[(String, String, String)]) {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut stream = BufReader::new(stream);
    ask(&mut stream, "", "220");
    ask(&mut stream, "HELO client.example\r\n", "250");
    for (sender, recipient, octets) in mails {
        ask(&mut stream, &format!("MAIL FROM:<{sender}>\r\n"), "250");
        ask(&mut stream, &format!("RCPT TO:<{recipient}>\r\n"), "250");
        ask(&mut stream, "DATA\r\n", "354");
        ask(&mut stream, &format!("{octets}\r\n.\r\n"), "250");
    }
}

fn ask(stream: &mut BufReader<TcpStream>, text: &str, code: &str) {
    stream.get_mut().write_all(text.as_bytes()).unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    assert!(line.starts_with(code), "{text:?} was answered {line:?}");
}

/// A mail of a customer's.
pub(crate) fn mail(number: usize, more: &str, body: &str) -> (String, String, String) {
    let sender = format!("mia{number}@customer.example");
    let octets = format!(
        "From: Mía <{sender}>\r\nTo: help@shop.example\r\nMessage-ID: <m{number}@customer.example>\r\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nSubject: Kettle {number}\r\n{more}\r\n{body}"
    );
    (sender, "help@shop.example".to_owned(), octets)
}

fn relay(folder: &Path) -> String {
    format!("file:{}", folder.join("outgoing").display())
}

fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// A desk as it is left by a gateway that took mails of many kinds, then lost its relay, and was stopped. Nobody has seen the last mails.
fn with_life() -> TempDir {
    let folder = folder();
    let mut gateway = Gateway::new(folder.path(), &relay(folder.path()));
    gateway.start();
    let large = format!("{}\r\n", "x".repeat(998)).repeat(6_000);
    let parts = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWie schön 🫖\r\n--b\r\nContent-Type: image/png\r\n\
                 Content-Disposition: attachment; filename=\"kettle.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n";
    let multipart = "Cc: Fred <fred@customer.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let same_again = mail(1, "", "It does not boil.");
    let mut mails = vec![same_again.clone(), mail(2, multipart, parts), mail(3, "", &large), same_again, mail(5, "", &large)];
    mails.extend((6..=MAILS - 1).map(|number| mail(number, "", "It broke.")));
    send(gateway.port(), &mails);
    wait_until_decided(&gateway, MAILS - 1);
    wait_for("every notice to be sent", DEADLINE, || {
        gateway.json(&["outbox", "list", "--all", "--json"]).iter().all(|notice| notice["state"] == "sent").then_some(())
    });
    assert!(gateway.stop().success());
    gateway.configure(NOBODY, "14d");
    gateway.start();
    send(gateway.port(), &[mail(MAILS, "", "Its notices find no relay.")]);
    wait_until_decided(&gateway, MAILS);
    assert!(gateway.stop().success());
    for number in 1..=PENDING {
        pipe(folder.path(), &mail(MAILS + number, "", "Nobody has looked at this yet."));
    }
    folder
}

fn wait_until_decided(gateway: &Gateway, number: usize) {
    wait_for("the outcome of every mail", DEADLINE, || {
        let arrivals = gateway.json(&["arrival", "list", "--all", "--json"]);
        let decided = arrivals.iter().filter(|arrival| !arrival["outcome"].is_null()).count();
        (decided == number).then_some(())
    });
}

fn pipe(folder: &Path, (sender, recipient, octets): &(String, String, String)) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
    command.arg("--config").arg(folder.join("postdesk.toml")).args(["pipe", "--from", sender, "--to", recipient]);
    let mut process = command.stdin(Stdio::piped()).current_dir(folder).spawn().unwrap();
    process.stdin.take().unwrap().write_all(octets.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
}
