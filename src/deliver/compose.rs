//! A notice's octets: head, each file with its header, tail. The same at each attempt, since nothing here depends on anything else.

use crate::model::notice::Part;
use crate::model::{encoding, transfer};
use crate::store::outbox::Stored;
use crate::store::{Fault, Store};

/// The octets of a notice, with the ranges of its files fetched. Takes the memory of the whole mail; fails as the store does.
pub async fn octets(store: &Store, letter: &Stored) -> Result<Vec<u8>, Fault> {
    let mut mail = Composer::new(&letter.head);
    for part in &letter.parts {
        let range = store.raw_range(part.raw_id, part.start, part.end).await?;
        mail.part(part, &range);
    }
    Ok(mail.finish(&letter.tail))
}

/// Puts a mail together. The result has CRLF at each line's end, at its own end too, and nowhere a bare CR or LF: those may stand in a raw
/// mail that came by a pipe, and a relay would refuse the notice for them or, worse, take `LF . LF` for the end of it.
#[derive(Debug)]
pub struct Composer {
    octets: Vec<u8>,
}

impl Composer {
    /// Begins with header and text.
    pub fn new(head: &str) -> Self {
        let mut composer = Self { octets: Vec::with_capacity(head.len() + 256) };
        composer.lines(head.as_bytes());
        composer
    }

    /// Adds a file: the part's header and the octets of its range. The line end before a boundary belongs to the boundary
    /// (RFC 2046 section 5.1.1) and stands in the next header or the tail, so that the file arrives with just the octets it had.
    pub fn part(&mut self, part: &Part, range: &[u8]) {
        self.lines(part.header.as_bytes());
        if let Some((encoding, inner)) = &part.inner {
            let container = transfer::decoded(range, *encoding);
            self.octets.extend_from_slice(&encoding::base64_lines(&transfer::within(&container, inner)));
        } else if part.encode {
            self.octets.extend_from_slice(&encoding::base64_lines(range));
        } else {
            self.octets.reserve(range.len() + 2);
            self.lines(range);
        }
    }

    /// Ends with the closing boundary, or nothing.
    pub fn finish(mut self, tail: &str) -> Vec<u8> {
        self.lines(tail.as_bytes());
        self.end_line();
        self.octets
    }

    /// Appends, with every line end made CRLF.
    fn lines(&mut self, mut rest: &[u8]) {
        while let Some(at) = rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')) {
            let (line, end) = rest.split_at(at);
            self.octets.extend_from_slice(line);
            self.octets.extend_from_slice(b"\r\n");
            rest = end.strip_prefix(b"\r\n").unwrap_or(&end[1..]);
        }
        self.octets.extend_from_slice(rest);
    }

    fn end_line(&mut self) {
        if !self.octets.ends_with(b"\r\n") {
            self.octets.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::{Inner, TransferEncoding};

    #[test]
    fn a_file_within_a_part_is_taken_out_and_encoded_anew() {
        let inner = Some((TransferEncoding::Base64, Inner { start: 2, end: 5, uuencoded: false }));
        let part = Part { header: "\r\n".to_owned(), raw_id: 1, start: 0, end: 0, encode: true, inner };
        let mut composer = Composer::new("head\r\n");
        // "xxCatyy"
        composer.part(&part, b"eHhDYXR5eQ==");
        assert_eq!(composer.finish(""), b"head\r\n\r\nQ2F0\r\n");
    }
}
