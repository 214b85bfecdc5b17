//! An IMAP server that says what a script says, for what real servers do not do. One thread, one connection at a time, no TLS.
//!
//! A script has one thing on a line, done in this order:
//!
//! - `S: text` sends a line. `*tag*` in it is the tag of the last command.
//! - `raw: text` sends text without a line end; `\r`, `\n`, `\0`, `\\` and `\xHH` in it are octets.
//! - `octets: N` sends N octets `x`; `repeat: N text` sends the text of `raw:` N times.
//! - `C: *tag* text` is the line that must come from the client, octet for octet; `*any*` at its end is whatever follows. Without `*tag*` it is
//!   a line without a tag.
//! - `silence` says nothing more, until the client goes away. `close` closes the connection.
//! - `next` closes it and waits for the next one.
//!
//! Everything else (`#`, `do:`, `is:`, …) is for other readers. After the last line the connection is closed.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long it waits for the client.
const DEADLINE: Duration = Duration::from_secs(30);

/// The server. It plays its script in a thread.
pub(crate) struct Fake {
    port: u16,
    playing: Option<JoinHandle<Result<(), String>>>,
}

impl Fake {
    /// Begins to play a script on a free port of loopback; `split`: every octet by itself.
    pub(crate) fn play(script: &str, split: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script: Vec<String> = script.lines().map(str::to_owned).collect();
        let playing = std::thread::spawn(move || play(&listener, &script, split));
        Self { port, playing: Some(playing) }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits until it has played all of its script; the error says where the client did something else.
    pub(crate) fn end(mut self) -> Result<(), String> {
        self.playing.take().unwrap().join().unwrap()
    }
}

/// One connection.
struct Client {
    reader: BufReader<TcpStream>,
    tag: String,
    split: bool,
}

fn play(listener: &TcpListener, script: &[String], split: bool) -> Result<(), String> {
    let mut client = accept(listener, split)?;
    for (number, line) in script.iter().enumerate() {
        let done = if line == "next" { accept(listener, split).map(|next| client = next) } else { client.step(line) };
        match done {
            // A client that has seen enough may go before everything was sent.
            Ok(()) => {}
            Err(why) => return Err(format!("line {}, `{line}`: {why}", number + 1)),
        }
    }
    Ok(())
}

fn accept(listener: &TcpListener, split: bool) -> Result<Client, String> {
    listener.set_nonblocking(true).unwrap();
    let end = std::time::Instant::now() + DEADLINE;
    let stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock && std::time::Instant::now() < end => std::thread::yield_now(),
            Err(error) => return Err(format!("nobody connects: {error}")),
        }
    };
    stream.set_nonblocking(false).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    Ok(Client { reader: BufReader::new(stream), tag: String::new(), split })
}

impl Client {
    fn step(&mut self, line: &str) -> Result<(), String> {
        let (verb, text) = line.split_once(':').unwrap_or((line, ""));
        let text = text.strip_prefix(' ').unwrap_or(text);
        match verb {
            "S" => self.send(format!("{}\r\n", self.tagged(text)).as_bytes()),
            "raw" => self.send(&octets(&self.tagged(text))),
            "octets" => self.send(&vec![b'x'; text.parse().unwrap()]),
            "repeat" => {
                let (times, text) = text.split_once(' ').unwrap();
                self.send(&octets(text).repeat(times.parse().unwrap()))
            }
            "C" => self.expect(text),
            "silence" => self.until_closed(),
            "close" => self.reader.get_ref().shutdown(std::net::Shutdown::Write).map_err(|error| error.to_string()),
            _ => Ok(()),
        }
    }

    fn tagged(&self, text: &str) -> String {
        text.replace("*tag*", &self.tag)
    }

    /// A client that has read enough may be gone: that is its right.
    fn send(&mut self, octets: &[u8]) -> Result<(), String> {
        let mut stream = self.reader.get_ref();
        let pieces = if self.split && octets.len() < 4_096 { 1 } else { octets.len().max(1) };
        for piece in octets.chunks(pieces) {
            match stream.write_all(piece) {
                Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => return Ok(()),
                written => written.map_err(|error| error.to_string())?,
            }
        }
        Ok(())
    }

    fn expect(&mut self, pattern: &str) -> Result<(), String> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let said = line.strip_suffix("\r\n").ok_or_else(|| format!("the client says `{line}` without a line end"))?;
        let (tag, rest) = if pattern.starts_with("*tag* ") { said.split_once(' ').unwrap_or((said, "")) } else { ("", said) };
        let wanted = pattern.strip_prefix("*tag* ").unwrap_or(pattern);
        let same = wanted.strip_suffix("*any*").map_or(rest == wanted, |beginning| rest.starts_with(beginning));
        if !same {
            return Err(format!("the client says `{said}`"));
        }
        if !tag.is_empty() {
            self.tag = tag.to_owned();
        }
        Ok(())
    }

    fn until_closed(&mut self) -> Result<(), String> {
        match self.reader.read_to_end(&mut Vec::new()) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(format!("the client does not go away: {error}")),
            _ => Ok(()),
        }
    }
}

/// The octets of a text with escapes.
fn octets(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let (octet, taken) = match (first, behind.first()) {
            (b'\\', Some(b'r')) => (b'\r', 1),
            (b'\\', Some(b'n')) => (b'\n', 1),
            (b'\\', Some(b'0')) => (0, 1),
            (b'\\', Some(b'\\')) => (b'\\', 1),
            (b'\\', Some(b'x')) => (u8::from_str_radix(std::str::from_utf8(&behind[1..3]).unwrap(), 16).unwrap(), 3),
            _ => (*first, 0),
        };
        octets.push(octet);
        rest = &behind[taken..];
    }
    octets
}
