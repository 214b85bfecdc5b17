//! A gateway whose configuration the test writes, and a client that says just what the test wants said.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::gateway::{DEADLINE, free_port, greeting, wait_for};

/// A folder with a configuration, and the gateway that runs on it.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
    process: Option<Child>,
}

/// What a configuration says, section by section; each may be another text.
#[derive(Clone)]
pub(crate) struct Text {
    pub(crate) gateway: String,
    pub(crate) smtp: String,
    pub(crate) delivery: String,
    pub(crate) departments: Vec<String>,
    pub(crate) rest: String,
}

/// A department of this key, with the mailbox `KEY@shop.example`.
pub(crate) fn department(key: &str) -> String {
    format!(
        "[[department]]\nkey = \"{key}\"\nname = \"{key}\"\nprefix = \"{}\"\naddress = \"{key}@desk.example.org\"\n\
         mailboxes = [\"{key}@shop.example\"]\nagents = [\"ana\"]\nacknowledge = false\n",
        key[..3].to_uppercase()
    )
}

impl Text {
    pub(crate) fn write(&self, folder: &Path) {
        let caps = "[acknowledgements]\nper_hour = 1000000\nper_day = 1000000\ntotal_per_day = 1000000\n";
        let agent = "[[agent]]\nkey = \"ana\"\nname = \"Ana Agent\"\naddress = \"ana@private.example\"\n";
        let text = format!(
            "[gateway]\nhostname = \"desk.example.org\"\n{}\n[smtp]\n{}\n[delivery]\n{}\n{caps}\n{}\n{agent}\n{}\n",
            self.gateway,
            self.smtp,
            self.delivery,
            self.departments.join("\n"),
            self.rest
        );
        // In one step, as an editor should: a reload may be under way.
        fs::write(folder.join("postdesk.toml.new"), text).unwrap();
        fs::rename(folder.join("postdesk.toml.new"), folder.join("postdesk.toml")).unwrap();
    }
}

impl Desk {
    /// A gateway with the department `support` that writes its notices to files below `out`. Started.
    pub(crate) fn started() -> (Self, Text) {
        let (mut desk, text) = Self::new();
        text.write(desk.folder.path());
        desk.start();
        (desk, text)
    }

    /// The same, not written and not started yet.
    pub(crate) fn new() -> (Self, Text) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let port = free_port();
        let text = Text {
            gateway: format!("data = \"{}\"", folder.path().join("data").display()),
            smtp: format!("listen = [\"127.0.0.1:{port}\"]\ntrusted_networks = [\"127.0.0.0/8\"]"),
            delivery: format!("relay = \"file:{}\"", folder.path().join("out").display()),
            departments: vec![department("support")],
            rest: String::new(),
        };
        (Self { folder, port, process: None }, text)
    }

    /// Starts the gateway and waits for its greeting.
    pub(crate) fn start(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("gateway.log")).unwrap();
        let mut command = self.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
        let port = self.port;
        wait_for("the greeting of the gateway", DEADLINE, || {
            assert!(self.process.as_mut().unwrap().try_wait().unwrap().is_none(), "it ended:\n{}", self.log());
            greeting(port).filter(|line| line.starts_with("220 "))
        });
    }

    /// SIGTERM; it ends with 0.
    pub(crate) fn stop(&mut self) {
        self.signal("-TERM");
        let mut process = self.process.take().unwrap();
        let status = wait_for("the gateway to drain", DEADLINE, || process.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid().to_string()]).status().unwrap().success());
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.arg("--config").arg(self.folder.path().join("postdesk.toml")).args(arguments).current_dir(self.folder.path());
        command
    }

    /// `postdesk reload`, however it ends.
    pub(crate) fn try_reload(&self) -> Output {
        self.command(&["reload"]).output().unwrap()
    }

    /// Writes the configuration and has it taken over; what was said.
    pub(crate) fn reload(&self, text: &Text) -> String {
        text.write(self.folder.path());
        let output = self.try_reload();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{told}\n{}", output.status, self.log());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes the configuration and has it refused: the words on standard error.
    pub(crate) fn refused(&self, text: &Text) -> String {
        text.write(self.folder.path());
        self.refused_as_it_is()
    }

    /// The same of the configuration that is there.
    pub(crate) fn refused_as_it_is(&self) -> String {
        let output = self.try_reload();
        assert_eq!(output.status.code(), Some(78), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// SIGHUP, and how often the log has said that the configuration was read anew once it says so once more.
    pub(crate) fn hang_up(&self) -> usize {
        let before = self.times("was read anew");
        self.signal("-HUP");
        wait_for("the configuration to be read", DEADLINE, || Some(self.times("was read anew")).filter(|now| *now > before))
    }

    /// How often the log has these words.
    pub(crate) fn times(&self, words: &str) -> usize {
        self.log().matches(words).count()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("gateway.log")).unwrap_or_default()
    }

    /// Runs a verb that prints one JSON object a line.
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let lines = output.stdout.split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    /// The arrival with this subject, once it has an outcome.
    pub(crate) fn decided(&self, subject: &str) -> Value {
        wait_for("the outcome", DEADLINE, || {
            let arrivals = self.json(&["arrival", "list", "--json", "--all"]);
            arrivals.into_iter().find(|arrival| arrival["subject"] == subject && !arrival["outcome"].is_null())
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            eprintln!("the gateway's log ends:\n{}", &log[log.floor_char_boundary(log.len().saturating_sub(8_000))..]);
        }
        self.kill();
    }
}

/// A connection to a mail server, greeted.
pub(crate) struct Wire(BufReader<TcpStream>);

impl Wire {
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut wire = Self(BufReader::new(stream));
        assert_eq!(wire.reply().0, 220);
        assert_eq!(wire.ask("EHLO client.example").0, 250);
        wire
    }

    /// Up to the reply to RCPT.
    pub(crate) fn begin(&mut self, to: &str) -> u16 {
        assert_eq!(self.ask("MAIL FROM:<mia@customer.example>").0, 250);
        self.ask(&format!("RCPT TO:<{to}>")).0
    }

    /// DATA and a mail; the code of the reply to it.
    pub(crate) fn finish(&mut self, subject: &str) -> u16 {
        assert_eq!(self.ask("DATA").0, 354);
        self.ask(&format!("From: Mia Berg <mia@customer.example>\r\nSubject: {subject}\r\n\r\n{subject}\r\n.")).0
    }

    /// A whole mail.
    pub(crate) fn mail(&mut self, to: &str, subject: &str) -> u16 {
        assert_eq!(self.begin(to), 250);
        self.finish(subject)
    }

    /// Says a line; code and text of the reply.
    pub(crate) fn ask(&mut self, line: &str) -> (u16, String) {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    fn reply(&mut self) -> (u16, String) {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            text.push_str(&line);
            match line.as_bytes().get(3) {
                Some(b'-') => {}
                Some(_) => return (line[..3].parse().unwrap(), text),
                None => panic!("the connection ended after {text:?}"),
            }
        }
    }
}
