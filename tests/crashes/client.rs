//! An SMTP client that keeps book: what it was answered, and what it was not.

use std::io::{BufRead, BufReader, Error, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::mail::Mail;

/// How one attempt to hand over a mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 250 after the final dot: the mail is theirs.
    Accepted,
    /// 5xx: they do not want it, now or later.
    Refused,
    /// 4xx, or the connection ended before the mail was begun: nothing happened.
    Later,
    /// The connection ended after the mail was begun: nobody knows.
    Unknown,
}

/// An SMTP connection, kept open for as many mails as it lasts, to one of several servers.
pub(crate) struct Client {
    ports: Vec<u16>,
    restless: bool,
    stream: Option<BufReader<TcpStream>>,
    refused: usize,
}

impl Client {
    /// A client of the servers on these ports, not connected yet. It stays with one as long as that takes its mail, and then
    /// goes on with the next.
    pub(crate) fn new(ports: &[u16]) -> Self {
        Self { ports: ports.to_vec(), restless: false, stream: None, refused: 0 }
    }

    /// Goes on with the next server after each mail.
    pub(crate) fn restless(mut self) -> Self {
        self.restless = true;
        self
    }

    /// Begins with this one of the servers, counted round and round.
    pub(crate) fn beginning_with(mut self, number: usize) -> Self {
        let first = number % self.ports.len();
        self.ports.rotate_left(first);
        self
    }

    /// How many connections were refused.
    pub(crate) fn refused(&self) -> usize {
        self.refused
    }

    /// Tries once to hand over a mail.
    pub(crate) fn send(&mut self, mail: &Mail) -> Outcome {
        let outcome = match self.begin(mail) {
            Ok(354) => self.transfer(mail),
            Ok(code) => judge(code),
            Err(_) => Outcome::Later,
        };
        if outcome != Outcome::Accepted || self.restless {
            self.leave();
        }
        outcome
    }

    /// The connection is not used again: a server that died has none, some refusals close it, and the next mail is to have a
    /// fair start.
    fn leave(&mut self) {
        self.stream = None;
        self.ports.rotate_left(1);
    }

    /// Up to the answer to DATA, or to the first command that was not taken.
    fn begin(&mut self, mail: &Mail) -> Result<u16, Error> {
        if self.stream.is_none() {
            self.connect()?;
        }
        for (command, expected) in [
            (format!("MAIL FROM:<{}>\r\n", mail.sender), 250),
            (format!("RCPT TO:<{}>\r\n", mail.recipient), 250),
            ("DATA\r\n".to_owned(), 354),
        ] {
            let code = self.ask(command.as_bytes())?;
            if code != expected {
                return Ok(code);
            }
        }
        Ok(354)
    }

    fn transfer(&mut self, mail: &Mail) -> Outcome {
        match self.ask(&stuffed(&mail.octets)) {
            Ok(250) => Outcome::Accepted,
            Ok(code) => judge(code),
            Err(_) => Outcome::Unknown,
        }
    }

    fn connect(&mut self) -> Result<(), Error> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports[0])).inspect_err(|_| self.refused += 1)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_write_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        self.stream = Some(BufReader::new(stream));
        for (command, expected) in [("", 220), ("EHLO client.example\r\n", 250)] {
            let code = self.ask(command.as_bytes())?;
            if code != expected {
                return Err(Error::other(format!("{command:?} was answered {code}")));
            }
        }
        Ok(())
    }

    /// Writes, then reads one reply, of however many lines.
    fn ask(&mut self, octets: &[u8]) -> Result<u16, Error> {
        let stream = self.stream.as_mut().ok_or_else(|| Error::other("not connected"))?;
        stream.get_mut().write_all(octets)?;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let code = line.get(..3).and_then(|digits| digits.parse().ok()).ok_or_else(|| Error::other("no reply"))?;
            if line.ends_with("\r\n") && line.as_bytes()[3] != b'-' {
                return Ok(code);
            }
        }
    }
}

/// What a code that is not the one wished for means.
fn judge(code: u16) -> Outcome {
    if (500..600).contains(&code) { Outcome::Refused } else { Outcome::Later }
}

/// A mail as it goes over the wire (RFC 5321 section 4.5.2): leading dots doubled, the final dot behind it.
fn stuffed(octets: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(octets.len() + 64);
    let mut at_line_start = true;
    for octet in octets {
        if at_line_start && *octet == b'.' {
            wire.push(b'.');
        }
        wire.push(*octet);
        at_line_start = *octet == b'\n';
    }
    wire.extend_from_slice(b".\r\n");
    wire
}
