//! Names of folders on the wire: modified UTF-7 (RFC 3501, section 5.1.3), in quotes.

use crate::model::encoding::{base64, from_base64};

/// A name as an argument of a command.
pub(super) fn argument(name: &str) -> String {
    quoted(&encoded(name))
}

/// A text of ASCII without line ends, in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A name as servers have it. INBOX is the same in any case (section 5.1).
pub fn encoded(name: &str) -> String {
    if name.eq_ignore_ascii_case("INBOX") {
        return "INBOX".to_owned();
    }
    let mut text = String::new();
    let mut foreign = Vec::new();
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut foreign, &mut text);
            text.push(c);
            if c == '&' {
                text.push('-');
            }
        } else {
            foreign.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut foreign, &mut text);
    text
}

fn flush(foreign: &mut Vec<u8>, text: &mut String) {
    if !foreign.is_empty() {
        let shifted = base64(foreign);
        text.extend(["&", &shifted.trim_end_matches('=').replace('/', ","), "-"]);
        foreign.clear();
    }
}

/// The name that a server means; `None` for what is no modified UTF-7.
pub fn decoded(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = Some(text).filter(|text| text.is_ascii())?;
    while let Some((before, behind)) = rest.split_once('&') {
        let (shifted, after) = behind.split_once('-')?;
        name.push_str(before);
        if shifted.is_empty() {
            name.push('&');
        } else {
            name.push_str(&unshifted(shifted)?);
        }
        rest = after;
    }
    name.push_str(rest);
    Some(name)
}

fn unshifted(shifted: &str) -> Option<String> {
    let padding = "=".repeat((4 - shifted.len() % 4) % 4);
    let octets = from_base64(&(shifted.replace(',', "/") + &padding))?;
    if octets.len() % 2 != 0 {
        return None;
    }
    let units: Vec<u16> = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_written_as_the_rfc_does() {
        // RFC 3501, section 5.1.3, and what servers show.
        for (name, text) in [
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("R&D", "R&-D"),
            ("a\tb", "a&AAk-b"),
            ("📮", "&2D3c7g-"),
            ("", ""),
        ] {
            assert_eq!((encoded(name).as_str(), decoded(text).as_deref()), (text, Some(name)));
        }
        assert_eq!(["inbox", "INBOX", "InBox"].map(encoded), ["INBOX"; 3]);
        assert_eq!(argument("a \"b\" \\"), r#""a \"b\" \\""#);
    }

    #[test]
    fn what_is_no_modified_utf_7_has_no_name() {
        for text in ["&", "a&b", "&AA-", "&AAAA-", "&2D0-", "ü", "&A*-"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back_and_is_one_argument(name in any::<String>()) {
            prop_assume!(!name.eq_ignore_ascii_case("INBOX"));
            let text = encoded(&name);
            prop_assert!(text.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
            prop_assert_eq!(decoded(&text), Some(name));
        }

        #[test]
        fn no_text_breaks_the_decoder(text in "[&A-Za-z,+-]{0,20}") {
            let _ = decoded(&text);
        }
    }
}
