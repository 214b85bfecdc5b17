//! A mail client that says just what the test wants said.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::gateway::DEADLINE;

/// A connection to a mail server, greeted.
pub(crate) struct Wire(BufReader<TcpStream>);

impl Wire {
    /// Connects and says EHLO.
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut wire = Self(BufReader::new(stream));
        assert_eq!(wire.reply(), 220);
        assert_eq!(wire.ask("EHLO client.example\r\n"), 250);
        wire
    }

    /// Hands over a whole mail; the code of the reply to it.
    pub(crate) fn mail(&mut self, subject: &str) -> u16 {
        self.begin();
        self.finish(subject)
    }

    /// Up to the reply to DATA.
    pub(crate) fn begin(&mut self) {
        assert_eq!(self.ask("MAIL FROM:<mia@customer.example>\r\n"), 250);
        assert_eq!(self.ask("RCPT TO:<help@shop.example>\r\n"), 250);
        assert_eq!(self.ask("DATA\r\n"), 354);
    }

    /// The mail itself.
    pub(crate) fn finish(&mut self, subject: &str) -> u16 {
        self.give(&format!("From: Mia Berg <mia@customer.example>\r\nSubject: {subject}\r\n\r\n{subject}\r\n"))
    }

    /// The mail itself, as it is to be stored; no line of it begins with a dot.
    pub(crate) fn give(&mut self, mail: &str) -> u16 {
        self.ask(&format!("{mail}.\r\n"))
    }

    fn ask(&mut self, text: &str) -> u16 {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
        self.reply()
    }

    fn reply(&mut self) -> u16 {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line[..3].parse().unwrap();
            }
        }
    }
}
