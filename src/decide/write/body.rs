//! Bodies of outgoing mail: safe for any server on the way, 7 bit and lines within the limit.

use memchr::{memchr_iter, memchr2};

/// Octets of a line that is sent as it stands: below the 998 of RFC 5322 section 2.1.1, with some room.
const LONGEST_LINE: usize = 990;
/// Characters of a quoted-printable line, without the `=` of a soft line break (RFC 2045 section 6.7).
const QUOTED_LINE: usize = 75;

/// A part of plain text with its own header fields and the empty line between.
pub fn text_part(text: &str) -> String {
    part("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ", text)
}

/// The same, of HTML.
pub fn html_part(html: &str) -> String {
    part("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: ", html)
}

fn part(header: &str, text: &str) -> String {
    let text = text.trim_end();
    let plain = text.is_ascii() && memchr2(b'\r', b'\0', text.as_bytes()).is_none() && lines(text).all(is_plain);
    let encoding = if plain { "7bit" } else { "quoted-printable" };
    let mut part = String::with_capacity(text.len() + text.len() / 16 + 160);
    for piece in [header, encoding, "\r\n\r\n"] {
        part.push_str(piece);
    }
    for line in lines(text) {
        if plain {
            part.push_str(line);
        } else {
            quoted_printable(line, &mut part);
        }
        part.push_str("\r\n");
    }
    part
}

/// The text at each LF, as `split` gives it.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    memchr_iter(b'\n', text.as_bytes()).chain([text.len()]).map(move |end| &text[std::mem::replace(&mut start, end + 1)..end])
}

/// Whether no server on the way has a reason to change the line: white space at its end is lost, and `From ` at its beginning
/// becomes `>From `.
fn is_plain(line: &str) -> bool {
    line.len() <= LONGEST_LINE && !line.ends_with([' ', '\t']) && !line.starts_with("From ")
}

/// One line as quoted-printable (RFC 2045 section 6.7), with soft line breaks before column 76.
fn quoted_printable(line: &str, out: &mut String) {
    let bytes = line.as_bytes();
    // Without a branch for each octet, so that many are looked at in one step: most lines need nothing but breaks.
    let plain = bytes.iter().fold(true, |plain, byte| plain & is_literal(*byte));
    let (mut at, mut column) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        let room = &bytes[at..bytes.len().min(at + QUOTED_LINE - column)];
        let mut run = if plain { room.len() } else { room.iter().take_while(|byte| is_literal(**byte)).count() };
        if at + run == bytes.len() && line.ends_with([' ', '\t']) {
            // White space at the end of a line is lost on the way.
            run -= 1;
        }
        if column == 0 && matches!(byte, b'.' | b'F') {
            // `From ` or `.` at the beginning of a line is changed on the way.
            run = 0;
        }
        if run > 0 {
            out.push_str(&line[at..at + run]);
            (at, column) = (at + run, column + run);
        } else if column + 3 > QUOTED_LINE {
            out.push_str("=\r\n");
            column = 0;
        } else {
            out.push('=');
            out.push(hex(byte >> 4));
            out.push(hex(byte));
            (at, column) = (at + 1, column + 3);
        }
    }
}

fn hex(digit: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(digit & 0x0f)])
}

/// Whether an octet stands for itself within a line.
fn is_literal(byte: u8) -> bool {
    (matches!(byte, b' '..=b'~') | (byte == b'\t')) & (byte != b'=')
}

/// A media type that is safe in a header: what is not of the form `type/subtype` is a mere file, and so is what would make a reader
/// look for parts inside.
pub fn media_type(text: &str) -> String {
    let is_token = |part: &str| {
        !part.is_empty()
            && part.len() <= 127
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    match text.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) && kind != "multipart" => text.to_ascii_lowercase(),
        _ => "application/octet-stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_ascii_text_is_readable_as_it_stands() {
        let part = text_part("Hello,\n\nit works.\n");
        assert!(part.ends_with("\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello,\r\n\r\nit works.\r\n"));
    }

    #[test]
    fn a_line_that_a_server_would_change_is_encoded() {
        for (line, written) in [
            ("From here on", "=46rom here on"),
            ("a ", "a=20"),
            ("a\t", "a=09"),
            ("a\rb", "a=0Db"),
            ("\u{e9}.=", "=C3=A9.=3D"),
            (".", "."),
        ] {
            let part = text_part(&format!("{line}\nend"));
            assert_eq!(part.split_once("\r\n\r\n").unwrap().1, format!("{written}\r\nend\r\n"));
        }
        let part = text_part(&"x".repeat(LONGEST_LINE + 1));
        assert!(part.lines().all(|line| line.len() <= 76) && part.contains("x=\r\nx"));
    }

    proptest! {
        #[test]
        fn a_text_is_read_back_as_it_was(lines in prop::collection::vec("[ -~čß日\t]{0,200}", 1..20)) {
            let text = lines.join("\n");
            let part = text_part(&text);
            let longest = if part.contains("7bit") { 998 } else { 76 };
            prop_assert!(part.split("\r\n").all(|line| line.len() <= longest && line.is_ascii()));
            let encoded = part.split_once("\r\n\r\n").unwrap().1;
            let back = if part.contains("7bit") { encoded.replace("\r\n", "\n") } else { decode(encoded) };
            prop_assert_eq!(back.trim_end(), text.trim_end());
        }
    }

    /// An independent reading of quoted-printable, for the test above.
    fn decode(encoded: &str) -> String {
        let joined = encoded.replace("=\r\n", "").replace("\r\n", "\n");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'=' {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}
