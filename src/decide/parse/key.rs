//! What makes two copies of one mail equal: the key of idempotency.

use std::borrow::Cow;

use mail_parser::{Header, HeaderName};
use memchr::memchr2_iter;

use crate::model::seal::sha256_of_pieces;

/// The fields that count, in this order. Trace fields differ from copy to copy and do not.
const FIELDS: [HeaderName<'static>; 6] =
    [HeaderName::MessageId, HeaderName::From, HeaderName::To, HeaderName::Cc, HeaderName::Date, HeaderName::Subject];

/// SHA-256 over the fields as they stood, unfolded, and the body with CRLF line ends and no empty lines at its end:
/// a server that folds again or a pipe that changes line ends makes no other mail of it. `header` is what the offsets
/// of the fields point into.
pub(super) fn of(fields: &[Header<'_>], header: &[u8], body: &[u8]) -> [u8; 32] {
    let mut pieces: Vec<Vec<u8>> = Vec::with_capacity(FIELDS.len());
    for name in &FIELDS {
        let mut piece = Vec::new();
        for field in fields.iter().filter(|field| field.name == *name) {
            let value = header.get(field.offset_start as usize..field.offset_end as usize).unwrap_or_default();
            unfold(value, &mut piece);
            // Fields of one name stay apart: two From fields are not one longer field.
            piece.push(b'\n');
        }
        pieces.push(piece);
    }
    let body = with_equal_line_ends(body);
    let mut slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    slices.push(without_empty_end(&body));
    sha256_of_pieces(&slices)
}

/// Appends the words of a value with one space between them.
fn unfold(value: &[u8], piece: &mut Vec<u8>) {
    for (index, word) in value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            piece.push(b' ');
        }
        piece.extend_from_slice(word);
    }
}

/// CRLF at the end of every line. What comes by SMTP has that already, and is not copied.
fn with_equal_line_ends(body: &[u8]) -> Cow<'_, [u8]> {
    let even = |at: usize| match body[at] {
        b'\n' => at > 0 && body[at - 1] == b'\r',
        _ => body.get(at + 1) == Some(&b'\n'),
    };
    if memchr2_iter(b'\r', b'\n', body).all(even) {
        return Cow::Borrowed(body);
    }
    let mut copy = Vec::with_capacity(body.len() + body.len() / 16);
    let mut start = 0;
    for at in memchr2_iter(b'\r', b'\n', body) {
        copy.extend_from_slice(&body[start..at]);
        start = at + 1;
        // The LF of a CRLF was written with its CR.
        if body[at] == b'\r' || !even(at) {
            copy.extend_from_slice(b"\r\n");
        }
    }
    copy.extend_from_slice(&body[start..]);
    Cow::Owned(copy)
}

fn without_empty_end(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n')).map_or(0, |last| last + 1);
    &body[..end]
}
