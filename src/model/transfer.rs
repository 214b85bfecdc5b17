//! The octets of a file as they lie in a raw mail: transfer encodings undone, and files found within a decoded part.
//!
//! Used where a mail is read and where its files are sent on, so that both mean the same octets by the same range. Nothing here fails:
//! what cannot be decoded is passed over, as mail programs do, and a range that reaches too far ends where the octets do.

use std::borrow::Cow;

use memchr::memchr;

use super::message::{Inner, TransferEncoding};

/// What a part held before it was encoded for its way (RFC 2045 section 6).
pub fn decoded(octets: &[u8], encoding: TransferEncoding) -> Cow<'_, [u8]> {
    match encoding {
        TransferEncoding::Plain | TransferEncoding::Binary => Cow::Borrowed(octets),
        TransferEncoding::Base64 => Cow::Owned(base64(octets)),
        TransferEncoding::QuotedPrintable => Cow::Owned(quoted_printable(octets)),
    }
}

/// A file within the octets of a decoded part.
pub fn within<'a>(part: &'a [u8], inner: &Inner) -> Cow<'a, [u8]> {
    let at = |offset: i64| usize::try_from(offset).unwrap_or(0).min(part.len());
    let start = at(inner.start);
    let octets = &part[start..at(inner.end).max(start)];
    if inner.uuencoded { Cow::Owned(uudecoded(octets)) } else { Cow::Borrowed(octets) }
}

/// Decodes base64 as far as it makes sense: foreign octets are passed over, an end within a group is cut off, and what follows a `=`
/// begins a group of its own, because some programs write several encodings one behind the other.
pub fn base64(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let (mut group, mut held) = (0_u32, 0_u8);
    for octet in body {
        if *octet == b'=' {
            flush(&mut decoded, group, held);
            (group, held) = (0, 0);
        } else if let Some(six) = six_bits(*octet) {
            group = (group << 6) | u32::from(six);
            held += 1;
            if held == 4 {
                decoded.extend_from_slice(&group.to_be_bytes()[1..]);
                (group, held) = (0, 0);
            }
        }
    }
    flush(&mut decoded, group, held);
    decoded
}

/// The whole octets of a group that is not full.
fn flush(decoded: &mut Vec<u8>, group: u32, held: u8) {
    match held {
        2 => decoded.push((group >> 4) as u8),
        3 => decoded.extend_from_slice(&[(group >> 10) as u8, (group >> 2) as u8]),
        _ => {}
    }
}

/// What a character of base64 stands for (RFC 4648 section 4).
pub fn six_bits(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Decodes quoted-printable: an equals sign that begins nothing stays what it is, and octets beyond ASCII do too.
pub fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
        quoted_line(line, &mut decoded);
    }
    decoded
}

/// One line. White space at its end was added on the way (RFC 2045 section 6.7, rule 3).
fn quoted_line(line: &[u8], decoded: &mut Vec<u8>) {
    let text = line.trim_ascii_end();
    let line_end: &[u8] = match line {
        [.., b'\r', b'\n'] => b"\r\n",
        [.., b'\n'] => b"\n",
        _ => b"",
    };
    // A soft break needs a line to come, but one at the very end is none of the text either.
    let (text, line_end) = match text.strip_suffix(b"=") {
        Some(joined) if !joined.ends_with(b"=") || !line_end.is_empty() => (joined, &b""[..]),
        _ => (text, line_end),
    };
    let mut at = 0;
    while let Some(octet) = text.get(at) {
        if *octet == b'='
            && let (Some(high), Some(low)) = (digit(text.get(at + 1)), digit(text.get(at + 2)))
        {
            decoded.push(high * 16 + low);
            at += 3;
        } else {
            decoded.push(*octet);
            at += 1;
        }
    }
    decoded.extend_from_slice(line_end);
}

/// The value of a hexadecimal digit in either case.
pub fn digit(octet: Option<&u8>) -> Option<u8> {
    match octet? {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        letter @ b'a'..=b'f' => Some(letter - b'a' + 10),
        letter @ b'A'..=b'F' => Some(letter - b'A' + 10),
        _ => None,
    }
}

/// The octets of a uuencoded block from its line `begin` on (IEEE Std 1003.1, `uuencode`), in either of its two forms.
fn uudecoded(block: &[u8]) -> Vec<u8> {
    let mut lines = block.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).peekable();
    if lines.peek().is_some_and(|line| line.starts_with(b"begin-base64")) {
        let body: Vec<u8> = lines.skip(1).take_while(|line| *line != b"====").flatten().copied().collect();
        return base64(&body);
    }
    let mut plain = Vec::with_capacity(block.len() / 4 * 3);
    for line in lines.filter(|line| !line.starts_with(b"begin ") && *line != b"end") {
        let Some(length) = uuencoded_length(line) else { continue };
        let before = plain.len();
        // A space at a line's end is often lost on the way; it stands for zero.
        let digit = |at: usize| line.get(at + 1).map_or(0, |octet| octet.wrapping_sub(b' ') & 0x3f);
        for group in 0..length.div_ceil(3) {
            let digits = [0, 1, 2, 3].map(|place| u32::from(digit(group * 4 + place)));
            let bits = digits.iter().fold(0, |bits, digit| bits << 6 | digit);
            plain.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
        }
        plain.truncate(before + length);
    }
    plain
}

/// How many octets a uuencoded line stands for, when it may be one: its first character says how many, and as many digits follow, perhaps
/// with a checksum of one character, perhaps without the spaces at its end.
pub fn uuencoded_length(line: &[u8]) -> Option<usize> {
    let first = *line.first()?;
    let length = usize::from(first.checked_sub(b' ')? & 0x3f);
    let digits = length.div_ceil(3) * 4;
    let is_digit = |octet: &u8| (b' '..=b'`').contains(octet);
    (line.len() <= digits + 2 && line.iter().all(is_digit)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(block: &str) -> Inner {
        Inner { start: 0, end: block.len() as i64, uuencoded: true }
    }

    #[test]
    fn base64_is_read_as_far_as_it_makes_sense() {
        assert_eq!(&*decoded(b"SGVs\r\n bG8=!", TransferEncoding::Base64), b"Hello");
        assert_eq!(&*decoded(b"SGVsbG8=V29ybGQ", TransferEncoding::Base64), b"HelloWorld");
    }

    #[test]
    fn quoted_printable_keeps_what_is_no_escape() {
        assert_eq!(&*decoded(b"a=3D=\r\nb=c3=A9 = =zz=", TransferEncoding::QuotedPrintable), "a=b\u{e9} = =zz".as_bytes());
    }

    #[test]
    fn a_uuencoded_block_is_read_with_lost_spaces_and_backquotes() {
        let block = "begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n";
        assert_eq!(&*within(block.as_bytes(), &inner(block)), b"Cat");
        let zeros = "begin 644 zeros\n&\nend\n";
        assert_eq!(&*within(zeros.as_bytes(), &inner(zeros)), [0; 6]);
        let base64 = "begin-base64 644 cat.txt\nQ2F0\n====\n";
        assert_eq!(&*within(base64.as_bytes(), &inner(base64)), b"Cat");
    }

    #[test]
    fn a_range_that_reaches_too_far_ends_where_the_octets_do() {
        assert_eq!(&*within(b"abc", &Inner { start: 1, end: 99, uuencoded: false }), b"bc");
        assert_eq!(&*within(b"abc", &Inner { start: -4, end: -9, uuencoded: false }), b"");
    }
}
