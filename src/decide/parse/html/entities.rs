//! Entities to characters. What is no entity stays as it was written.

use std::borrow::Cow;

use mail_parser::decoders::html::add_html_token;

/// The longest name of an entity, and more digits than any character has.
const LONGEST: usize = 32;

/// Names that are read without their semicolon too (HTML Living Standard section 13.5), as far as mails have them.
const BARE: [&str; 14] =
    ["nbsp", "amp", "lt", "gt", "quot", "copy", "reg", "auml", "ouml", "uuml", "szlig", "eacute", "egrave", "agrave"];

/// What the octets 0x80 to 0x9f are in windows-1252, which numbers in that range mean.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”',
    '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text with its entities decoded.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    let Some(mut next) = memchr::memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        plain.push_str(&rest[..next]);
        rest = &rest[next..];
        rest = &rest[entity(rest, &mut plain)..];
        match memchr::memchr(b'&', rest.as_bytes()) {
            Some(found) => next = found,
            None => break,
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Writes what the entity at the start stands for, and gives its length; the `&` alone where there is none.
fn entity(text: &str, plain: &mut String) -> usize {
    let body = &text[1..];
    let is_of_it = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'#';
    let length = body.bytes().take(LONGEST).take_while(|octet| is_of_it(*octet)).count();
    let name = &body[..length];
    let closed = usize::from(body[length..].starts_with(';'));
    if let Some(number) = name.strip_prefix('#') {
        if let Some((character, digits)) = numbered(number) {
            plain.push(character);
            return 2 + digits + usize::from(body[1 + digits..].starts_with(';'));
        }
    } else if closed == 1 || (BARE.contains(&name) && !body[length..].starts_with('=')) {
        if let Some(character) = frequent(name) {
            plain.push(character);
            return 1 + length + closed;
        }
        let before = plain.len();
        let token = format!("&{name};");
        add_html_token(plain, token.as_bytes(), false);
        if plain[before..] != token {
            return 1 + length + closed;
        }
        plain.truncate(before);
    }
    plain.push('&');
    1
}

/// The entities of almost all mails.
fn frequent(name: &str) -> Option<char> {
    Some(match name {
        "nbsp" => '\u{a0}',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "zwnj" => '\u{200c}',
        "shy" => '\u{ad}',
        _ => return None,
    })
}

/// `8364` or `x20AC`, and how many octets of it were read.
fn numbered(number: &str) -> Option<(char, usize)> {
    let hexadecimal = number.starts_with(['x', 'X']);
    let digits = &number[usize::from(hexadecimal)..];
    let radix = if hexadecimal { 16 } else { 10 };
    let length = digits.chars().take_while(|c| c.is_digit(radix)).count();
    if length == 0 {
        return None;
    }
    let code = u32::from_str_radix(&digits[..length], radix).unwrap_or(u32::MAX);
    let character = match code {
        0x80..=0x9f => WINDOWS[(code - 0x80) as usize],
        0 => char::REPLACEMENT_CHARACTER,
        code => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    Some((character, usize::from(hexadecimal) + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_decoded_and_what_is_none_stays() {
        for (html, text) in [
            ("caf&eacute; &#8364;9 &#x20ac;9 &#128;9 &Scaron;", "café €9 €9 €9 Š"),
            ("R&D AT&T &unknown; & &; &#; &#x; &#99999999999;", "R&D AT&T &unknown; & &; &#; &#x; \u{fffd}"),
            ("a&nbsp b &amp c ?a=1&copy=2 &#65B", "a\u{a0} b & c ?a=1&copy=2 AB"),
            ("&amp;lt; &lt;b&gt;", "&lt; <b>"),
            ("&é &ü;", "&é &ü;"),
        ] {
            assert_eq!(decoded(html), text, "{html}");
        }
    }
}
