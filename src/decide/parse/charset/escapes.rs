//! ISO-2022-JP (RFC 1468), as mails are made of it: of pieces that each end in ASCII and begin in something else.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP};
use memchr::memchr;

/// Decodes octets, and tells whether some could not be. Every use of an encoding goes through this.
pub(super) fn decode<'a>(encoding: &'static Encoding, octets: &'a [u8]) -> (Cow<'a, str>, bool) {
    if encoding != ISO_2022_JP {
        return encoding.decode_without_bom_handling(octets);
    }
    match without_idle_escapes(octets) {
        Cow::Borrowed(octets) => encoding.decode_without_bom_handling(octets),
        Cow::Owned(octets) => {
            let (text, had_errors) = encoding.decode_without_bom_handling(&octets);
            (Cow::Owned(text.into_owned()), had_errors)
        }
    }
}

/// Without escapes right behind which another one stands: the Encoding Standard takes them for an attack, but pieces that are put together
/// have them between each other.
fn without_idle_escapes(octets: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr(0x1b, octets) else { return Cow::Borrowed(octets) };
    let mut kept = Vec::with_capacity(octets.len());
    kept.extend_from_slice(&octets[..first]);
    let mut rest = &octets[first..];
    while let Some(octet) = rest.first() {
        let length = escape(rest);
        if length > 0 && escape(&rest[length..]) > 0 {
            rest = &rest[length..];
            continue;
        }
        kept.push(*octet);
        rest = &rest[1..];
    }
    Cow::Owned(kept)
}

/// How many octets an escape takes that begins here.
fn escape(octets: &[u8]) -> usize {
    match octets {
        [0x1b, b'(', b'B' | b'J' | b'I' | b'H', ..] | [0x1b, b'$', b'B' | b'@', ..] => 3,
        [0x1b, b'$', b'(', b'D' | b'Q' | b'O', ..] => 4,
        _ => 0,
    }
}
