//! Where the mails of an mbox begin and end, in a stream.
//!
//! Any octets can be read. Each belongs to one mail (with the line before it and the empty line behind it) or to what stands before the
//! first one, which is told; where the stream is cut into chunks makes no difference. Kept in memory are a header and the beginning of a
//! line, never a mail. Content-Length is not looked at: writers that count wrongly, or before the line ends were changed, make mails of
//! the middle of others.

use memchr::memchr;

use super::separator::{LONGEST, time_of};
use crate::model::time::Time;

/// A part of an mbox. The parts lie side by side, from its first octet to its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A mail.
    Mail(Found),
    /// What is before the first mail, other than empty lines.
    Stray {
        /// How many octets there are.
        octets: u64,
    },
}

/// A mail of an mbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Where the line before it begins.
    pub(super) start: u64,
    /// Where it ends itself.
    pub(super) end: u64,
    /// Where the next one begins; the empty line between both belongs to neither.
    pub(super) next: u64,
    /// The time in the line before it.
    pub(super) time: Time,
    /// Its header, up to the limit, as it stands there.
    pub(super) header: Vec<u8>,
}

/// Finds the mails in a stream of octets.
#[derive(Debug)]
pub(super) struct Splitter {
    /// Octets of a header that are kept.
    limit: usize,
    /// Where the line that is being read begins, how long it is so far, and its beginning where it came in several chunks.
    line: u64,
    length: u64,
    kept: Vec<u8>,
    /// Octets of the line before, where that was an empty one.
    empty: u64,
    /// Something else than empty lines has been read.
    begun: bool,
    mail: Option<Open>,
    /// Lines that look like the beginning of a mail and do not follow an empty one.
    pub(super) doubtful: u64,
}

/// The mail that is being read.
#[derive(Debug)]
struct Open {
    start: u64,
    time: Time,
    header: Vec<u8>,
    in_header: bool,
}

impl Splitter {
    /// A splitter that keeps so many octets of each header.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, line: 0, length: 0, kept: Vec::new(), empty: 0, begun: false, mail: None, doubtful: 0 }
    }

    /// Reads on.
    pub(super) fn feed(&mut self, chunk: &[u8], found: &mut impl FnMut(Part)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest);
            let (piece, behind) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            self.collect(piece);
            self.length += piece.len() as u64;
            if end.is_none() {
                self.keep(piece);
            } else if self.kept.is_empty() {
                self.end_of_line(piece, found);
            } else {
                self.keep(piece);
                let kept = std::mem::take(&mut self.kept);
                self.end_of_line(&kept, found);
            }
            rest = behind;
        }
    }

    /// The stream is over.
    pub(super) fn finish(&mut self, found: &mut impl FnMut(Part)) {
        if self.length > 0 {
            let kept = std::mem::take(&mut self.kept);
            self.end_of_line(&kept, found);
        }
        self.close(found);
    }

    fn collect(&mut self, piece: &[u8]) {
        if let Some(mail) = self.mail.as_mut().filter(|mail| mail.in_header) {
            let room = self.limit.saturating_sub(mail.header.len());
            mail.header.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    /// Keeps the beginning of a line that is not whole, and enough of it to see that it is too long to be a separator.
    fn keep(&mut self, piece: &[u8]) {
        let room = (LONGEST + 3).saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn end_of_line(&mut self, line: &[u8], found: &mut impl FnMut(Part)) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_empty = line.is_empty();
        let time = if line.starts_with(b"From ") { time_of(line) } else { None };
        match time {
            Some(time) if self.empty > 0 || !self.begun => {
                self.close(found);
                self.mail = Some(Open { start: self.line, time, header: Vec::new(), in_header: true });
            }
            Some(_) => self.doubtful += 1,
            None => {
                if let Some(mail) = self.mail.as_mut().filter(|_| is_empty) {
                    mail.in_header = false;
                }
            }
        }
        self.begun |= !is_empty;
        self.empty = if is_empty { self.length } else { 0 };
        self.line += self.length;
        self.length = 0;
    }

    /// The mail ends before the line that begins now.
    fn close(&mut self, found: &mut impl FnMut(Part)) {
        let next = self.line;
        match self.mail.take() {
            Some(Open { start, time, header, .. }) => {
                found(Part::Mail(Found { start, end: next - self.empty, next, time, header }));
            }
            None if self.begun => found(Part::Stray { octets: next }),
            None => {}
        }
    }
}

/// Takes back what a writer did to the lines of a mail that begin with `From `.
///
/// mboxrd adds a `>` to `From `, `>From `, `>>From ` …, and so one is taken away from each: every mail comes back as it was. mboxo adds one to
/// `From ` only, so there `>From ` may have been either, and what it was cannot be known any more. Read as mboxrd, a quotation in such an
/// mbox loses a `>` at worst; read as it stands, every mail with a line that begins with `From ` would have altered words and a broken
/// signature. The first is rarer and does less harm.
pub(super) fn unescaped(octets: Vec<u8>) -> Vec<u8> {
    let is_escaped = |line: &[u8]| {
        let arrows = line.iter().take_while(|octet| **octet == b'>').count();
        arrows > 0 && line[arrows..].starts_with(b"From ")
    };
    let mut clean: Option<Vec<u8>> = None;
    let (mut line, mut copied) = (0, 0);
    while line < octets.len() {
        if octets[line] == b'>' && is_escaped(&octets[line..]) {
            let clean = clean.get_or_insert_with(|| Vec::with_capacity(octets.len()));
            clean.extend_from_slice(&octets[copied..line]);
            copied = line + 1;
        }
        line = memchr(b'\n', &octets[line..]).map_or(octets.len(), |end| line + end + 1);
    }
    match clean {
        Some(mut clean) => {
            clean.extend_from_slice(&octets[copied..]);
            clean
        }
        None => octets,
    }
}

#[cfg(test)]
mod tests;
