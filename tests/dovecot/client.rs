//! Another IMAP client: what a person's mail program does beside the gateway, and how a test sees what is on the server.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::config::PASSWORD;

/// A logged-in connection. What fails panics with the server's words, but for `try_command`.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    number: u32,
}

/// What a folder said of itself when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    /// UIDVALIDITY.
    pub(crate) validity: u32,
    /// How many messages there are.
    pub(crate) exists: usize,
}

impl Client {
    /// Logs in over a plain connection. `None` when the server is not there or refuses.
    pub(crate) fn try_login(port: u16, user: &str) -> Option<Self> {
        let mut client = Self::try_greeted(port)?;
        let password = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
        client.try_command(&format!("LOGIN {user} \"{password}\"")).ok()?;
        Some(client)
    }

    /// A connection that is not logged in.
    pub(crate) fn greeted(port: u16) -> Self {
        Self::try_greeted(port).expect("a greeting")
    }

    fn try_greeted(port: u16) -> Option<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        stream.set_nodelay(true).ok()?;
        let mut client = Self { stream: BufReader::new(stream), number: 0 };
        client.line().filter(|line| line.starts_with("* OK"))?;
        Some(client)
    }

    /// Logs in at a server that runs.
    pub(crate) fn login(port: u16, user: &str) -> Self {
        Self::try_login(port, user).unwrap_or_else(|| panic!("no login as {user}"))
    }

    /// Gives a command; the untagged lines of the answer.
    pub(crate) fn command(&mut self, command: &str) -> Vec<String> {
        self.try_command(command).unwrap_or_else(|why| panic!("{command}: {why}"))
    }

    /// The same, with the server's words when it refuses or goes away.
    pub(crate) fn try_command(&mut self, command: &str) -> Result<Vec<String>, String> {
        self.number += 1;
        let tag = format!("x{} ", self.number);
        self.stream.get_mut().write_all(format!("{tag}{command}\r\n").as_bytes()).map_err(|error| error.to_string())?;
        let mut untagged = Vec::new();
        loop {
            let line = self.line().ok_or("the connection ended")?;
            if line.starts_with('+') {
                // The error of a login with a token comes as a challenge, which is to be answered with nothing.
                self.stream.get_mut().write_all(b"\r\n").map_err(|error| error.to_string())?;
                continue;
            }
            match line.strip_prefix(&tag) {
                Some(status) if status.starts_with("OK") => return Ok(untagged),
                Some(status) => return Err(status.to_owned()),
                None => untagged.push(line),
            }
        }
    }

    /// Opens a folder.
    pub(crate) fn open(&mut self, folder: &str) -> Opened {
        let lines = self.command(&format!("SELECT \"{folder}\""));
        let number =
            |line: &str| line.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect::<String>();
        let exists = lines.iter().find(|line| line.ends_with(" EXISTS")).unwrap();
        let validity = lines.iter().find(|line| line.contains("[UIDVALIDITY ")).unwrap();
        Opened { validity: number(validity).parse().unwrap(), exists: number(exists).parse().unwrap() }
    }

    /// UID and flags of each message of a folder.
    pub(crate) fn flags(&mut self, folder: &str) -> Vec<(u32, String)> {
        if self.open(folder).exists == 0 {
            return Vec::new();
        }
        let lines = self.command("UID FETCH 1:* (FLAGS)");
        let read = |line: &String| {
            let uid = line.split_once("UID ")?.1.split([' ', ')']).next()?.parse().ok()?;
            Some((uid, line.split_once("FLAGS (")?.1.split(')').next()?.to_owned()))
        };
        lines.iter().filter_map(read).collect()
    }

    /// Of each message of a folder, the text of this field of its header.
    pub(crate) fn fields(&mut self, folder: &str, field: &str) -> Vec<String> {
        if self.open(folder).exists == 0 {
            return Vec::new();
        }
        let lines = self.command(&format!("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS ({field})])"));
        let start = format!("{field}: ");
        lines.iter().filter_map(|line| line.strip_prefix(&start).map(str::to_owned)).collect()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.stream.read_line(&mut line).ok()?;
        (length > 0).then(|| line.trim_end().to_owned())
    }
}
