//! What must be known of a mail before `mail_parser` 0.11.9 may see its structure.
//!
//! That crate follows nested messages by recursion: 3,000 of them within one base64 part, a mail of 180 KB, overflow
//! the stack and end the process. So the words that make a part a message are overwritten on a copy of the same
//! length, and nested messages become opaque files. It also keeps every part in memory, however many there are: they
//! are counted before. Both passes are linear. The fuzz test below holds this against the crate itself.

use std::borrow::Cow;

use mail_parser::{MessageParser, MimeHeaders};
use memchr::{memchr, memchr_iter};

use super::defect;
use crate::model::desk::Limits;
use crate::model::mail::Defect;

/// What is written over the first letter of a word.
const COVER: u8 = b'x';
/// The words that make the crate look for a message inside a part.
const WORDS: [&[u8]; 3] = [b"rfc822", b"global", b"digest"];
/// The fields whose values have parameters.
const TYPE: &[u8] = b"content-type";
const DISPOSITION: &[u8] = b"content-disposition";
/// Octets of such a value. The crate joins the pieces of a parameter (RFC 2231) in quadratic time: ten megabytes of
/// `a*1=b;` would take it a minute.
const LONGEST_VALUE: usize = 16 * 1024;
/// Content-Type fields that may seem to begin within one line.
const STARTS_IN_LINE: usize = 8;
/// Octets of a boundary that are compared: shorter keys only find more delimiters, never fewer.
const KEY_LENGTH: usize = 80;

/// A mail that the crate may read.
#[derive(Debug)]
pub(super) struct Guarded<'a> {
    /// The octets, at the same offsets as in the raw mail; closing boundaries may follow its end.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Whether closing boundaries had to be added.
    pub(super) closed: bool,
}

/// Makes nested messages opaque and closes what was left open. Says why when the structure goes beyond the limits.
pub(super) fn prepare<'a>(raw: &'a [u8], limits: &Limits) -> Result<Guarded<'a>, Defect> {
    let found = Scan::over(raw);
    if found.too_complex || found.multiparts.len() > limits.parts {
        return Err(defect("too-many-parts", format!("more than {} parts, or they cannot be told apart", limits.parts)));
    }
    let boundaries = boundaries(raw, &found.multiparts);
    let delimiters = Delimiters::count(raw, &boundaries);
    if delimiters.opening + found.multiparts.len() > limits.parts {
        return Err(defect("too-many-parts", format!("more than {} parts", limits.parts)));
    }
    let mut bytes = Cow::Borrowed(raw);
    for at in found.covers {
        bytes.to_mut()[at] = COVER;
    }
    let closed = !delimiters.unclosed.is_empty();
    for boundary in delimiters.unclosed {
        bytes.to_mut().extend_from_slice(&[b"\r\n--", boundary, b"--\r\n"].concat());
    }
    if !memchr_iter(b'\n', &bytes).any(|at| matches!(bytes.get(at + 1), Some(b'\n' | b'\r'))) {
        // Without an empty line the crate drops the last field.
        bytes.to_mut().extend_from_slice(b"\r\n\r\n");
    }
    Ok(Guarded { bytes, closed })
}

/// The media type before the guard changed it.
pub(super) fn uncovered(subtype: &str) -> &str {
    match subtype {
        "xfc822" => "rfc822",
        "xlobal" => "global",
        "xigest" => "digest",
        other => other,
    }
}

/// One pass over the raw mail.
#[derive(Debug, Default)]
struct Scan {
    /// Offsets to be overwritten.
    covers: Vec<usize>,
    /// Content-Type values that may be of a multipart.
    multiparts: Vec<(usize, usize)>,
    too_complex: bool,
}

impl Scan {
    fn over(raw: &[u8]) -> Self {
        let mut scan = Scan::default();
        let mut at = 0;
        while let Some(colon) = memchr(b':', &raw[at..]).map(|length| at + length) {
            let is_type = names(&raw[..colon], TYPE);
            at = if is_type || names(&raw[..colon], DISPOSITION) { scan.field(raw, colon, is_type) } else { colon + 1 };
        }
        scan
    }

    /// Looks through the rest of a field, continuation lines included, and gives the offset behind it. A field may
    /// seem to begin more than once in it, since the crate also begins to read fields in the middle of a line.
    fn field(&mut self, raw: &[u8], colon: usize, is_type: bool) -> usize {
        let mut starts = if is_type { vec![colon + 1] } else { Vec::new() };
        let (mut covering, mut has_comment, mut is_multipart) = (is_type, false, false);
        let mut at = colon + 1;
        while at < raw.len() {
            match raw[at] {
                b'\n' if !matches!(raw.get(at + 1), Some(b' ' | b'\t')) => break,
                b':' if names(&raw[..at], TYPE) => {
                    starts.push(at + 1);
                    covering = true;
                }
                // The type ends at the first `;`, unless that stands in a comment.
                b';' => covering = covering && has_comment,
                b'(' => has_comment |= covering,
                b'r' | b'R' | b'g' | b'G' | b'd' | b'D' if covering && WORDS.iter().any(|word| begins(&raw[at..], word)) => {
                    self.covers.push(at);
                }
                b'm' | b'M' if !is_multipart => is_multipart = begins(&raw[at..], b"multipart"),
                _ => {}
            }
            at += 1;
        }
        self.too_complex |= at - colon > LONGEST_VALUE;
        if is_multipart {
            self.too_complex |= starts.len() > STARTS_IN_LINE;
            self.multiparts.extend(starts.into_iter().take(STARTS_IN_LINE).map(|start| (start, at.min(start + LONGEST_VALUE))));
        }
        at
    }
}

/// Whether the octets end with what the crate takes for this field name: it passes over white space.
fn names(before: &[u8], name: &[u8]) -> bool {
    let mut octets = before.iter().rev();
    name.iter().rev().all(|letter| {
        let next = octets.find(|octet| !matches!(octet, b' ' | b'\t' | b'\r' | b'\x0c'));
        next.is_some_and(|octet| octet.eq_ignore_ascii_case(letter))
    })
}

fn begins(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// The boundaries that the crate would read from these values, in the order of their declaration.
fn boundaries(raw: &[u8], values: &[(usize, usize)]) -> Vec<Vec<u8>> {
    let mut boundaries: Vec<Vec<u8>> = Vec::new();
    for (start, end) in values {
        let field = [b"Content-Type:", &raw[*start..*end], b"\r\n\r\n"].concat();
        let head = MessageParser::default().parse_headers(&field);
        let boundary = head.as_ref().and_then(|head| head.content_type()).and_then(|value| value.attribute("boundary"));
        if let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty()) {
            boundaries.push(boundary.as_bytes().to_vec());
        }
    }
    boundaries
}

/// What the delimiter lines of a mail tell. The crate finds them in the middle of a line as well.
#[derive(Debug)]
struct Delimiters<'a> {
    /// Delimiters that may begin a part.
    opening: usize,
    /// Boundaries that were opened and never closed, innermost first.
    unclosed: Vec<&'a [u8]>,
}

impl<'a> Delimiters<'a> {
    fn count(raw: &[u8], boundaries: &'a [Vec<u8>]) -> Self {
        let keys = prefix_free(boundaries);
        let (mut opening, mut opened, mut closed) = (0, vec![false; keys.len()], vec![false; keys.len()]);
        if !keys.is_empty() {
            for at in memchr_iter(b'-', raw).filter(|at| *at > 0 && raw[*at - 1] == b'-') {
                let rest = &raw[at + 1..];
                // No key is the start of another, so only the greatest key that is not above the rest can begin it.
                let Some(index) = keys.partition_point(|key| *key <= rest).checked_sub(1) else { continue };
                if let Some(after) = rest.strip_prefix(keys[index]) {
                    let closing = after.starts_with(b"--");
                    closed[index] |= closing;
                    opened[index] |= !closing;
                    opening += usize::from(!closing);
                }
            }
        }
        let is_unclosed = |boundary: &&[u8]| keys.binary_search(boundary).is_ok_and(|index| opened[index] && !closed[index]);
        let mut unclosed: Vec<&[u8]> = boundaries.iter().rev().map(Vec::as_slice).filter(is_unclosed).collect();
        unclosed.dedup();
        Self { opening, unclosed }
    }
}

/// The keys in order, without those that begin with another key: where the longer one stands, the shorter one does too.
fn prefix_free(boundaries: &[Vec<u8>]) -> Vec<&[u8]> {
    let mut keys: Vec<&[u8]> = boundaries.iter().map(|boundary| &boundary[..boundary.len().min(KEY_LENGTH)]).collect();
    keys.sort_unstable();
    keys.dedup_by(|longer, shorter| longer.starts_with(shorter));
    keys
}

#[cfg(test)]
mod tests {
    use mail_parser::{Message, MessageParser, PartType};
    use proptest::prelude::*;

    use super::prepare;
    use crate::model::desk::Limits;

    /// What the crate may take for a nested message, in pieces.
    const PIECES: [&str; 50] = [
        "\nContent-Type: ",
        "Content-Type:(;)",
        "message/rfc822\n\n",
        "Content-Type: multipart/mixed; boundary=b\n\n",
        "\n--b--\n",
        "\n--b\n",
        "Content-Type",
        "content-type",
        "Con tent-Type",
        "CONTENT-TYPE",
        "\tContent-Type ",
        "xContent-Type",
        ":",
        ": ",
        " : ",
        "message/rfc822",
        "message/global",
        "Message/RFC822",
        "multipart/digest",
        "multipart/mixed",
        "message",
        "/",
        " / ",
        "rfc822",
        "(;)",
        "(",
        ")",
        ";",
        "\"",
        "\\",
        "boundary=b",
        "; boundary=b",
        "boundary=\"message/rfc822\"",
        "--b",
        "--b--",
        "--message/rfc822",
        "\r\n",
        "\n",
        "\r",
        "\r\n ",
        "\n\t",
        "\r\n\r\n",
        "\n\n",
        " ",
        "x",
        "Content-Transfer-Encoding: base64\r\n",
        "text/plain",
        "Content-Disposition: attachment\r\n",
        ",",
        "=",
    ];

    fn holds_a_message(message: &Message<'_>) -> bool {
        message.parts.iter().any(|part| matches!(part.body, PartType::Message(_)))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_crate_never_finds_a_message_behind_the_guard(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40)) {
            let raw = pieces.concat();
            if let Ok(guarded) = prepare(raw.as_bytes(), &Limits::default()) {
                prop_assert!(guarded.bytes.len() >= raw.len());
                if let Some(message) = MessageParser::default().parse(guarded.bytes.as_ref()) {
                    prop_assert!(!holds_a_message(&message), "{raw:?}");
                }
            }
        }

        #[test]
        fn the_crate_never_finds_more_parts_than_the_limit(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..80)) {
            let raw = pieces.concat();
            let limits = Limits { parts: 3, ..Limits::default() };
            if let Ok(guarded) = prepare(raw.as_bytes(), &limits) {
                let parts = MessageParser::default().parse(guarded.bytes.as_ref()).map_or(0, |message| message.parts.len());
                prop_assert!(parts <= limits.parts + 1, "{parts} in {raw:?}");
            }
        }
    }

    #[test]
    fn words_that_make_no_message_are_left_alone() {
        let raw = b"Content-Type: text/plain; name=\"message-digest.rfc822\"\r\n\r\nContent-Type\r\n";
        let guarded = prepare(raw, &Limits::default()).ok();
        assert_eq!(guarded.map(|guarded| guarded.bytes.into_owned()), Some(raw.to_vec()));
    }
}
