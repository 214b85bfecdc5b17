//! Bodies of outgoing mail: safe for any server on the way, 7 bit and short lines.

/// A text part with its own header fields and the empty line between.
pub fn text_part(text: &str) -> String {
    let text = text.trim_end();
    let plain = text.is_ascii() && text.lines().all(|line| line.len() <= 76 && !line.ends_with(' ') && !line.contains('\r'));
    let encoding = if plain { "7bit" } else { "quoted-printable" };
    let mut part = format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
    for line in text.split('\n') {
        if plain {
            part.push_str(line);
        } else {
            quoted_printable(line, &mut part);
        }
        part.push_str("\r\n");
    }
    part
}

/// One line as quoted-printable (RFC 2045 section 6.7), with soft line breaks before column 76.
fn quoted_printable(line: &str, out: &mut String) {
    let bytes = line.as_bytes();
    let mut column = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let last = at + 1 == bytes.len();
        // White space at the end of a line is lost on the way, and `From ` or `.` at its beginning is changed.
        let literal = match byte {
            b' ' | b'\t' => !last,
            b'.' | b'F' => column > 0,
            b'=' => false,
            _ => byte.is_ascii_graphic(),
        };
        let width = if literal { 1 } else { 3 };
        if column + width > 75 {
            out.push_str("=\r\n");
            column = 0;
        }
        if literal {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("={byte:02X}"));
        }
        column += width;
    }
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

    proptest! {
        #[test]
        fn a_text_is_read_back_as_it_was(lines in prop::collection::vec("[ -~čß日\t]{0,200}", 1..20)) {
            let text = lines.join("\n");
            let part = text_part(&text);
            prop_assert!(part.split("\r\n").all(|line| line.len() <= 78 && line.is_ascii()));
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
