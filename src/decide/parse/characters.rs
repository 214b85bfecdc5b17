//! Characters that may not stand in a header value or a file name, because they end a line or change how it looks.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Characters that turn the direction of what follows (Unicode UAX #9): `exe.gnp` would be shown as `png.exe`.
pub(super) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without any width: two names that look alike would differ.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// White space, or what a mail program may take for the end of a line.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The value on one line in Unicode NFC: every run of white space and control characters is one space, bidi controls
/// and the byte order mark are left out.
pub(in crate::decide) fn one_line(value: &str) -> String {
    // Most values are words with one space between them already.
    if value.bytes().all(|octet| matches!(octet, b' '..=b'~')) && !value.contains("  ") {
        return value.trim_matches(' ').to_owned();
    }
    let mut line = String::with_capacity(value.len());
    let mut gap = false;
    for c in value.chars() {
        if is_gap(c) {
            gap = !line.is_empty();
        } else if !is_bidi_control(c) && c != '\u{feff}' {
            if gap {
                line.push(' ');
                gap = false;
            }
            line.push(c);
        }
    }
    nfc(&line).into_owned()
}

/// The text in Unicode NFC.
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    // Characters below U+0300 are never changed, and every one above has an octet from 0xCC on: no table is asked for
    // most languages in Latin letters.
    let is_simple = text.bytes().fold(true, |simple, octet| simple & (octet < 0xcc));
    if is_simple || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// The text as names are compared: lower case, without marks on letters, one space between words. For looking things up only: two
/// names that differ may become one.
pub fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.to_lowercase().nfkd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c)) {
        // Letters that Unicode does not take apart.
        match c {
            'đ' | 'ð' => plain.push('d'),
            'ł' => plain.push('l'),
            'ø' => plain.push('o'),
            'ı' => plain.push('i'),
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            c => plain.push(c),
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text cut to at most so many octets, at the border of a character.
pub(super) fn shorten(text: &mut String, octets: usize) {
    if text.len() > octets {
        text.truncate(text.floor_char_boundary(octets));
    }
}
