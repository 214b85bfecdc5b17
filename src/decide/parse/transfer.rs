//! Transfer encodings (RFC 2045 section 6) as mails really have them: misspelled, broken off, with foreign octets in between, or declared
//! and not used at all. Whatever the octets are, something is made of them; linear.

use mail_parser::{Encoding, MessagePart, MimeHeaders};

pub(super) use crate::model::transfer::{base64, digit, quoted_printable, six_bits};

/// How the octets of a part say that they are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    /// Not at all: 7bit, 8bit, binary, or a word that nobody knows.
    None,
    Base64,
    QuotedPrintable,
    /// Between lines `begin` and `end`, from the time before MIME.
    Uuencode,
}

impl Transfer {
    /// What a part declares, by the words that are really written for it.
    pub(super) fn of(part: &MessagePart<'_>) -> Self {
        match part.encoding {
            Encoding::Base64 => return Transfer::Base64,
            Encoding::QuotedPrintable => return Transfer::QuotedPrintable,
            Encoding::None => {}
        }
        part.content_transfer_encoding().map_or(Transfer::None, Self::named)
    }

    fn named(value: &str) -> Self {
        let name: String =
            value.chars().take_while(|c| !matches!(c, ';' | '(')).filter(char::is_ascii_alphanumeric).take(20).collect();
        match name.to_ascii_lowercase().as_str() {
            "base64" | "b64" | "xbase64" => Transfer::Base64,
            "quotedprintable" | "qp" | "quotedprintible" | "printable" => Transfer::QuotedPrintable,
            "xuuencode" | "uuencode" | "xuue" | "uue" => Transfer::Uuencode,
            _ => Transfer::None,
        }
    }
}

/// Whether octets that are declared as base64 are plainly something else: words with spaces between them, or too much that base64 does
/// not have.
pub(super) fn is_no_base64(body: &[u8]) -> bool {
    let start = &body[..body.len().min(64 * 1024)];
    let (mut seen, mut foreign, mut gaps) = (0_usize, 0_usize, 0_usize);
    for (at, octet) in start.iter().enumerate() {
        match octet {
            b'\r' | b'\n' => {}
            b' ' | b'\t' => gaps += usize::from(is_letter(start, at.wrapping_sub(1)) && is_letter(start, at + 1)),
            octet => {
                seen += 1;
                foreign += usize::from(six_bits(*octet).is_none() && *octet != b'=');
            }
        }
    }
    if foreign > 3 && foreign * 10 > seen {
        return true;
    }
    // Encoded text may be cut into pieces, but these are full groups; words of a language are of any length.
    let pieces = start.split(u8::is_ascii_whitespace).filter(|piece| !piece.is_empty());
    let (whole, odd) =
        pieces.fold((0, 0), |(whole, odd), piece| if piece.len() % 4 == 0 { (whole + 1, odd) } else { (whole, odd + 1) });
    gaps * 20 > seen && odd > whole
}

fn is_letter(octets: &[u8], at: usize) -> bool {
    octets.get(at).is_some_and(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b',' | b'.' | b'!' | b'?'))
}

#[cfg(test)]
mod tests {
    use mail_parser::decoders::base64::base64_decode;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encodings_are_known_by_what_is_really_written() {
        for (written, meant) in [
            ("BASE64", Transfer::Base64),
            ("\"base64\"", Transfer::Base64),
            ("base-64", Transfer::Base64),
            ("base64; charset=utf-8", Transfer::Base64),
            ("quoted printable", Transfer::QuotedPrintable),
            ("Quoted-Printable (mime)", Transfer::QuotedPrintable),
            ("x-uuencode", Transfer::Uuencode),
            ("8-bit", Transfer::None),
            ("7bits", Transfer::None),
            ("utf-8", Transfer::None),
        ] {
            assert_eq!(Transfer::named(written), meant, "{written}");
        }
    }

    #[test]
    fn broken_base64_is_decoded_as_far_as_it_makes_sense() {
        for (written, meant) in [
            ("SGVsbG8=", "Hello"),
            ("SGVsbG8", "Hello"),
            ("SGVs\r\nbG8=", "Hello"),
            ("SG*Vs bG8=", "Hello"),
            ("SGVsbG8=\r\nIHdvcmxk", "Hello world"),
            ("SGVsbG8gdw==b3JsZA==", "Hello world"),
            ("SGVsbG8gd", "Hello "),
            ("====", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&base64(written.as_bytes())), meant, "{written}");
        }
    }

    #[test]
    fn words_are_no_base64() {
        for words in ["Hello, the printer is broken.", "The printer does not print and nobody knows why", "Größe: 5 m"] {
            assert!(is_no_base64(words.as_bytes()), "{words}");
        }
        for encoded in ["SGVsbG8gd29ybGQ=", "SGVs bG8g d29y bGQ=", "SGVsbG8gd29ybGQ=\r\n--\r\n", ""] {
            assert!(!is_no_base64(encoded.as_bytes()), "{encoded}");
        }
    }

    #[test]
    fn broken_quoted_printable_keeps_what_it_cannot_read() {
        for (written, meant) in [
            ("a=3Db", "a=b"),
            ("a=3db", "a=b"),
            ("100 == 100", "100 == 100"),
            ("href=\"http://x\"", "href=\"http://x\""),
            ("joined =\r\nline", "joined line"),
            ("joined =  \r\nline", "joined line"),
            ("joined =\nline", "joined line"),
            ("end=", "end"),
            ("gap  \r\nnext", "gap\r\nnext"),
            ("kept=20\r\nnext", "kept \r\nnext"),
            ("Gr\u{fc}\u{df}e=C3=9F", "Gr\u{fc}\u{df}e\u{df}"),
            ("=4", "=4"),
        ] {
            assert_eq!(String::from_utf8_lossy(&quoted_printable(written.as_bytes())), meant, "{written}");
        }
    }

    #[test]
    fn uuencoded_text_is_decoded() {
        assert_eq!(
            crate::decide::parse::uuencode::first(b"x\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n").as_deref(),
            Some(&b"Cat"[..])
        );
        assert_eq!(crate::decide::parse::uuencode::first(b"no such line"), None);
    }

    proptest! {
        #[test]
        fn what_is_right_is_decoded_as_everybody_does(groups in "([A-Za-z0-9+/]{4}){0,20}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?") {
            prop_assert_eq!(Some(base64(groups.as_bytes())), base64_decode(groups.as_bytes()));
        }

        #[test]
        fn base64_that_is_cut_off_gives_the_beginning(groups in "([A-Za-z0-9+/]{4}){0,20}", at in 0..80_usize) {
            let whole = base64(groups.as_bytes());
            prop_assert!(whole.starts_with(&base64(&groups.as_bytes()[..at.min(groups.len())])));
        }

        #[test]
        fn any_octets_are_decoded(octets in prop::collection::vec(any::<u8>(), 0..200), pieces in "(begin |end|=|[ -~]|\r\n){0,40}") {
            for octets in [octets.as_slice(), pieces.as_bytes()] {
                base64(octets);
                quoted_printable(octets);
                crate::decide::parse::uuencode::first(octets);
                is_no_base64(octets);
            }
        }
    }
}
