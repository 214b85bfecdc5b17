//! The message after DATA: where it ends, and what it says (RFC 5321 section 4.5.2).
//!
//! Promise: `\r\n.\r\n` is the only end, the CRLF before the dot being the last one of the content or that of the DATA
//! command itself. Servers that also take `\n.\n` and its like for the end read a second mail where the sender before
//! them saw one ("SMTP smuggling"). The scanner may be interrupted after any byte and never looks back.

use std::sync::Arc;

use memchr::memchr2;

use super::budget::{Budget, Reservation};

/// How often a message may exceed its limit before we stop listening to the rest of it.
const PATIENCE_WITH_SIZE: usize = 4;

/// What came of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// All of them belong to the message, which goes on.
    More,
    /// The message ended; bytes after that are commands.
    End,
    /// A CR or LF on its own: nobody can say where this message ends, so nothing after it may be believed.
    Bare,
    /// The sender goes on and on: four times the limit was read.
    Endless,
}

/// Where the scanner stands. What is pending (a CR, a dot) has been read and not yet written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// After CRLF: the only place where a dot has a meaning.
    LineStart,
    /// Within a line, or after a newline that was not CRLF.
    Text,
    /// After a CR within a line.
    Cr,
    /// After a CR that itself followed a bare CR: an LF here does not make a line start that a dot could end.
    BareCr,
    /// After a dot at a line start.
    Dot,
    /// After a dot and a CR at a line start: an LF here is the end.
    DotCr,
}

/// Finds the end of the message and takes the stuffed dots out of it.
#[derive(Debug)]
pub struct Scanner {
    place: Place,
    normalise: bool,
}

impl Scanner {
    /// A scanner at the start of a message. With `normalise`, a bare CR or LF becomes CRLF in the content and a dot after
    /// it is content; without, it is reported as [`Found::Bare`].
    pub fn new(normalise: bool) -> Self {
        Self { place: Place::LineStart, normalise }
    }

    /// Reads on; gives how many bytes were used (all of them, except at `End` and `Bare`) and hands the content to `write`.
    pub fn feed(&mut self, input: &[u8], mut write: impl FnMut(&[u8])) -> (usize, Found) {
        let mut at = 0;
        while at < input.len() {
            if self.place == Place::Text {
                let run = memchr2(b'\r', b'\n', &input[at..]).unwrap_or(input.len() - at);
                write(&input[at..at + run]);
                at += run;
            }
            let Some(&byte) = input.get(at) else { break };
            at += 1;
            match self.step(byte, &mut write) {
                Found::More => {}
                found => return (at, found),
            }
        }
        (at, Found::More)
    }

    /// One byte that may matter: anything but the inside of a line.
    fn step(&mut self, byte: u8, write: &mut impl FnMut(&[u8])) -> Found {
        match (self.place, byte) {
            (Place::LineStart, b'.') => self.place = Place::Dot,
            (Place::LineStart | Place::Text | Place::Dot, b'\r') => {
                self.place = if self.place == Place::Dot { Place::DotCr } else { Place::Cr };
            }
            (Place::DotCr, b'\n') => return Found::End,
            (Place::Cr, b'\n') => {
                write(b"\r\n");
                self.place = Place::LineStart;
            }
            (Place::LineStart | Place::Text, byte) if byte != b'\n' => {
                write(&[byte]);
                self.place = Place::Text;
            }
            // The dot was a stuffed one: it goes, what follows it stays.
            (Place::Dot, byte) if byte != b'\n' => {
                write(&[byte]);
                self.place = Place::Text;
            }
            (_, byte) => return self.bare(byte, write),
        }
        Found::More
    }

    /// `byte` is a bare LF, or it shows that the CR before it was a bare one.
    fn bare(&mut self, byte: u8, write: &mut impl FnMut(&[u8])) -> Found {
        if !self.normalise {
            return Found::Bare;
        }
        if matches!(self.place, Place::Dot | Place::DotCr) {
            // A lone dot on a line that did not end well is content: a client that stuffs dots would have sent two.
            write(b".");
        }
        write(b"\r\n");
        // Never LineStart: a dot here was not preceded by a CRLF that the sender meant as the end of a line.
        self.place = match byte {
            b'\r' => Place::BareCr,
            _ => Place::Text,
        };
        if !matches!(byte, b'\r' | b'\n') {
            write(&[byte]);
        }
        Found::More
    }
}

/// Why a message was read to its end and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discarded {
    /// Larger than the limit.
    TooLarge,
    /// The memory for messages being received was all in use.
    NoRoom,
}

/// A message while it is received: within its limit and within the budget of all connections, else only counted.
#[derive(Debug)]
pub struct Message {
    scanner: Scanner,
    content: Vec<u8>,
    reserved: Reservation,
    size: usize,
    received: usize,
    limit: usize,
    discarded: Option<Discarded>,
}

impl Message {
    /// An empty message of at most `limit` octets, whose memory is reserved from `budget`.
    pub fn new(limit: usize, normalise: bool, budget: &Arc<Budget>) -> Self {
        Self {
            scanner: Scanner::new(normalise),
            content: Vec::new(),
            reserved: Reservation::none(budget),
            size: 0,
            received: 0,
            limit,
            discarded: None,
        }
    }

    /// Reads on; gives how many bytes belong to the message.
    pub fn feed(&mut self, input: &[u8]) -> (usize, Found) {
        if self.discarded.is_none() && !self.make_room(input.len()) {
            self.discard(Discarded::NoRoom);
        }
        let Self { scanner, content, size, discarded, .. } = self;
        let keep = discarded.is_none();
        let (used, found) = scanner.feed(input, |bytes| {
            *size = size.saturating_add(bytes.len());
            if keep {
                content.extend_from_slice(bytes);
            }
        });
        self.received = self.received.saturating_add(used);
        if self.size > self.limit && self.discarded != Some(Discarded::TooLarge) {
            self.discard(Discarded::TooLarge);
        }
        if found == Found::More && self.received / PATIENCE_WITH_SIZE > self.limit {
            return (used, Found::Endless);
        }
        (used, found)
    }

    /// The content with the memory that was reserved for it, or why it was not kept.
    pub fn finish(self) -> Result<(Vec<u8>, Reservation), Discarded> {
        match self.discarded {
            None => Ok((self.content, self.reserved)),
            Some(why) => Err(why),
        }
    }

    /// Reserves before it allocates, so that the sum over all connections is bounded by what was promised. The buffer
    /// grows by a quarter, which keeps both the copying and the unused part small.
    fn make_room(&mut self, incoming: usize) -> bool {
        // A newline may become two octets; a pending CR and dot may come on top.
        let growth = if self.scanner.normalise { incoming * 2 } else { incoming } + 4;
        let needed = self.content.len() + growth;
        if needed <= self.reserved.octets() {
            return true;
        }
        let capacity = self.content.capacity();
        if !self.reserved.raise_to(needed.max(capacity + capacity / 4)) {
            return false;
        }
        self.content.reserve_exact(self.reserved.octets() - self.content.len());
        true
    }

    fn discard(&mut self, why: Discarded) {
        self.discarded = Some(why);
        self.content = Vec::new();
        self.reserved.release();
    }
}
