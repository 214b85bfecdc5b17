//! A gateway of a test's own, spoken to over SMTP and HTTP, and its log.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::gateway::{DEADLINE, wait_for};

/// What differs from the usual configuration.
#[derive(Default)]
pub(crate) struct Wish<'a> {
    /// Lines for `[log]`.
    pub(crate) log: &'a str,
    /// Lines for `[http]`.
    pub(crate) http: &'a str,
    /// Lines for `[store]`.
    pub(crate) store: &'a str,
    /// Where mail goes; nowhere when it is empty.
    pub(crate) relay: &'a str,
    /// Lines for `[delivery]`.
    pub(crate) delivery: &'a str,
}

/// A gateway at work.
pub(crate) struct Desk {
    folder: PathBuf,
    process: Child,
    pub(crate) smtp: SocketAddr,
    http: SocketAddr,
}

/// A mail to the department, as a mail program sends it.
pub(crate) fn mail(from: &str, subject: &str, text: &str) -> String {
    format!(
        "From: <{from}>\r\nTo: help@shop.example\r\nMessage-ID: <{}@client.example>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\
         Subject: {subject}\r\n\r\n{text}\r\n",
        subject.replace(' ', "-")
    )
}

/// Writes the configuration of a desk into a folder; returns its file.
pub(crate) fn configure(folder: &Path, wish: &Wish<'_>) -> PathBuf {
    let relay = if wish.relay.is_empty() { "discard:" } else { wish.relay };
    let Wish { log, http, store, delivery, .. } = wish;
    let (data, file) = (folder.join("data"), folder.join("postdesk.toml"));
    let text = format!(
        "[gateway]\nhostname = \"desk.example.org\"\ndata = \"{}\"\n[store]\n{store}\n[log]\n{log}\n\
         [smtp]\nlisten = [\"127.0.0.1:0\"]\ntrusted_networks = [\"127.0.0.0/8\"]\nmax_message_size = \"64 KiB\"\n\
         [http]\nlisten = [\"127.0.0.1:0\"]\n{http}\n[delivery]\nrelay = \"{relay}\"\n{delivery}\n\
         [[department]]\nkey = \"support\"\nname = \"Support\"\nprefix = \"SUP\"\naddress = \"support@desk.example.org\"\n\
         mailboxes = [\"help@shop.example\"]\nagents = [\"ana\"]\n\
         [[agent]]\nkey = \"ana\"\nname = \"Ana\"\naddress = \"ana@staff.example\"\n",
        data.display()
    );
    fs::write(&file, text).unwrap();
    file
}

impl Desk {
    /// Starts a gateway in this folder.
    pub(crate) fn start(folder: &Path, wish: &Wish<'_>) -> Self {
        let file = configure(folder, wish);
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.arg("--config").arg(file).arg("serve").env_remove("RUST_LOG").env_remove("JOURNAL_STREAM");
        Self::of(command, folder)
    }

    /// The gateway that this command starts.
    pub(crate) fn of(mut command: Command, folder: &Path) -> Self {
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut greeting = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        let said = || fs::read_to_string(folder.join("log")).unwrap();
        let smtp = greeting.strip_prefix("postdesk takes mail on ").and_then(|rest| rest.split(". ").next());
        let smtp = smtp.unwrap_or_else(|| panic!("it does not greet: {}", said())).parse().unwrap();
        let mut desk = Self { folder: folder.to_owned(), process, smtp, http: ([127, 0, 0, 1], 0).into() };
        // Whatever the form of the log is, the kernel knows.
        desk.http = desk.listener_for_monitors();
        desk
    }

    /// The other port that the process listens on (proc(5): `net/tcp`, state 0A).
    fn listener_for_monitors(&self) -> SocketAddr {
        let own: Vec<String> = fs::read_dir(format!("/proc/{}/fd", self.process.id()))
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.to_str().map(str::to_owned))
            .collect();
        let table = fs::read_to_string(format!("/proc/{}/net/tcp", self.process.id())).unwrap();
        let ports = table.lines().filter_map(|line| {
            let columns: Vec<&str> = line.split_ascii_whitespace().collect();
            let (local, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
            let port = u16::from_str_radix(local.split(':').nth(1)?, 16).ok()?;
            (*state == "0A" && own.contains(&format!("socket:[{inode}]")) && port != self.smtp.port()).then_some(port)
        });
        let ports: Vec<u16> = ports.collect();
        assert_eq!(ports.len(), 1, "{table}");
        ([127, 0, 0, 1], ports[0]).into()
    }

    /// Where monitors ask.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("data/postdesk.db")
    }

    /// Status, head and body of the answer to a GET.
    pub(crate) fn get(&self, path: &str) -> (u16, String, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// Status, head and body of the answer to a request.
    pub(crate) fn ask(&self, request: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {request:?}: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    /// Waits until `/readyz` has this status; returns its words.
    pub(crate) fn ready(&self, status: u16) -> String {
        wait_for(&format!("/readyz with {status}"), DEADLINE, || {
            let (found, _, body) = self.get("/readyz");
            (found == status).then_some(body)
        })
    }

    /// Says these lines one by one; returns the replies to them, the greeting first. A line may be a whole mail with its dot.
    pub(crate) fn say(&self, lines: &[&str]) -> Vec<String> {
        let stream = TcpStream::connect(self.smtp).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut replies = vec![reply(&mut reader)];
        for line in lines {
            (&stream).write_all(format!("{line}\r\n").as_bytes()).unwrap();
            replies.push(reply(&mut reader));
        }
        replies
    }

    /// Hands over a mail, which must be taken; returns the number of its arrival.
    pub(crate) fn take(&self, from: &str, subject: &str, text: &str) -> i64 {
        let content = mail(from, subject, text) + ".";
        let sender = format!("MAIL FROM:<{from}>");
        let replies = self.say(&["EHLO client.example", &sender, "RCPT TO:<help@shop.example>", "DATA", &content, "QUIT"]);
        let number = replies[5].strip_prefix("250 2.0.0 Ok: taken as ").unwrap_or_else(|| panic!("{replies:?}"));
        number.trim().parse().unwrap()
    }

    /// Hands over a mail that says it is of two people, and so is held.
    pub(crate) fn take_of_two(&self, subject: &str) {
        let two = "From: <ina.canary@customer.example>, <ivo.canary@customer.example>\r\nSender: ";
        let content = mail("ina@customer.example", subject, "Word canary").replacen("From: ", two, 1) + ".";
        let sender = "MAIL FROM:<ina.canary@customer.example>";
        let replies = self.say(&["EHLO client.example", sender, "RCPT TO:<help@shop.example>", "DATA", &content, "QUIT"]);
        assert!(replies[5].starts_with("250 "), "{replies:?}");
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Waits until a line of the log has all of these words; returns it.
    pub(crate) fn logged(&self, words: &[&str]) -> String {
        wait_for(&format!("a line with {words:?}"), DEADLINE, || {
            let log = self.log();
            log.lines().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A reply of one or several lines.
fn reply(reader: &mut impl BufRead) -> String {
    let mut whole = String::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the gateway hung up after {whole:?}");
        whole.push_str(&line);
        if line.as_bytes().get(3) != Some(&b'-') {
            return whole;
        }
    }
}
