//! Paths in MAIL and RCPT (RFC 5321 section 4.1.2): `<local@domain>`, with quoted local parts, address literals, and
//! source routes, which are read and dropped as the RFC asks.

use crate::model::address::Address;

/// What stands between the angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// `<>`.
    Null,
    /// `<postmaster>`, the one local part that needs no domain (RFC 5321 section 4.5.1).
    Postmaster,
    /// A whole address.
    Address(Address),
}

/// Reads a path at the start of `text` and gives what follows it; `None` when there is no well-formed one.
pub fn read(text: &str) -> Option<(Path, &str)> {
    let inner = text.strip_prefix('<')?;
    let end = closing_bracket(inner)?;
    let (inner, rest) = (&inner[..end], &inner[end + 1..]);
    let path = match inner {
        "" => Path::Null,
        _ if inner.eq_ignore_ascii_case("postmaster") => Path::Postmaster,
        _ => Path::Address(mailbox(without_route(inner)?)?),
    };
    Some((path, rest))
}

/// Where the `>` stands that is not inside a quoted string.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// `@one,@two:local@domain` without the route. A route may hold address literals, and these hold colons.
fn without_route(path: &str) -> Option<&str> {
    if !path.starts_with('@') {
        return Some(path);
    }
    let mut literal = false;
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'[' => literal = true,
            b']' => literal = false,
            b':' if !literal => return Some(&path[at + 1..]),
            b'"' | b' ' => return None,
            _ => {}
        }
    }
    None
}

fn mailbox(text: &str) -> Option<Address> {
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return None;
    }
    let Some(quoted) = text.strip_prefix('"') else { return Address::parse(text) };
    let (local, domain) = unquote(quoted)?;
    // Quotes that need not be there are taken off, so that both spellings of an address are one.
    let plain = Address::parse(&format!("{local}@{domain}")).filter(|address| address.local() == local);
    plain.or_else(|| Address::parse(&format!("\"{}\"@{domain}", local.replace('\\', "\\\\").replace('"', "\\\""))))
}

/// The content of a quoted string whose opening quote is gone, and the domain after `"@`.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => content.push(characters.next()?.1),
            '"' => return Some((content, text[at + 1..].strip_prefix('@')?)),
            _ => content.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<String> {
        match read(text) {
            Some((Path::Address(address), "")) => Some(address.as_str().to_owned()),
            _ => None,
        }
    }

    #[test]
    fn every_form_of_a_path_is_read() {
        assert_eq!(read("<> SIZE=1"), Some((Path::Null, " SIZE=1")));
        assert_eq!(read("<PostMaster>"), Some((Path::Postmaster, "")));
        for (path, expected) in [
            ("<ana@Example.org>", "ana@example.org"),
            ("<@a.example,@b.example:ana@c.example>", "ana@c.example"),
            ("<@[IPv6:::1]:ana@c.example>", "ana@c.example"),
            ("<ana@[127.0.0.1]>", "ana@[127.0.0.1]"),
            ("<ana@[IPv6:2001:db8::1]>", "ana@[ipv6:2001:db8::1]"),
            ("<\"ana b\"@c.example>", "\"ana b\"@c.example"),
            ("<\"ana\"@c.example>", "ana@c.example"),
            ("<\"an\\a\"@c.example>", "ana@c.example"),
            ("<\"a>b\"@c.example>", "\"a>b\"@c.example"),
            ("<\"a@b\"@c.example>", "\"a@b\"@c.example"),
            ("<\"a\\\"b\"@c.example>", "\"a\\\"b\"@c.example"),
            ("<jörg@bücher.example>", "jörg@bücher.example"),
        ] {
            assert_eq!(address(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for path in [
            "",
            "ana@c.example",
            "<ana@c.example",
            "<ana>",
            "<ana@>",
            "<@c.example>",
            "< ana@c.example>",
            "<ana@c.example >",
            "<ana b@c.example>",
            "<\"ana@c.example>",
            "<\"ana\"c.example>",
            "<\"\"@c.example>",
            "<ana@c@d.example>",
            "<ana@c..example>",
            "<<ana@c.example>>",
            "<@a.example ana@c.example>",
            "<\"a\u{7}\"@c.example>",
        ] {
            assert_eq!(address(path), None, "{path}");
        }
    }
}
