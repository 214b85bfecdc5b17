//! The name of a file, from the parameters of Content-Disposition and Content-Type as they really stand there: by RFC 2231, by RFC 2047
//! although that is forbidden, in plain octets of some charset, without quotes although there are spaces in it.
//!
//! The pieces of a name are joined in the order of their numbers. Linear in the value, of which the guard lets no more than 16 KiB through.

use std::borrow::Cow;

use mail_parser::{HeaderName, MessagePart};

use super::{charset, encoded, transfer};

/// Pieces of a name that are joined. Names of files have at most a few hundred octets.
const MOST_PIECES: u16 = 200;

/// One parameter: `name*0*=value`.
#[derive(Debug)]
struct Parameter<'a> {
    /// Which piece of the value it is.
    piece: u16,
    /// Whether octets stand in it as `%41`, in the first piece behind a charset.
    is_percent: bool,
    value: Cow<'a, [u8]>,
}

/// The name that a part gives to its file. `raw` is what the offsets of its fields point into.
pub(super) fn file_name(part: &MessagePart<'_>, raw: &[u8]) -> Option<String> {
    let of = |field: HeaderName<'static>, name: &str| {
        let header = part.headers.iter().rev().find(|header| header.name == field)?;
        named(raw.get(header.offset_start as usize..header.offset_end as usize)?, name)
    };
    of(HeaderName::ContentDisposition, "filename")
        .or_else(|| of(HeaderName::ContentType, "name"))
        .or_else(|| of(HeaderName::ContentDisposition, "name"))
        .or_else(|| of(HeaderName::ContentType, "filename"))
}

/// The value of a parameter, decoded.
fn named(field: &[u8], name: &str) -> Option<String> {
    let mut found = parameters(field, name);
    // A value by RFC 2231 goes before one that is written for older programs (RFC 6266 section 4.3).
    if found.iter().any(|parameter| parameter.is_percent) {
        found.retain(|parameter| parameter.is_percent || parameter.piece > 0);
    }
    found.sort_by_key(|parameter| parameter.piece);
    found.dedup_by_key(|parameter| parameter.piece);
    let (mut octets, mut declared) = (Vec::new(), None);
    for parameter in &found {
        let mut value = parameter.value.as_ref();
        if parameter.is_percent && parameter.piece == 0 {
            let mut parts = value.splitn(3, |octet| *octet == b'\'');
            if let (Some(name), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                (declared, value) = (std::str::from_utf8(name).ok().map(str::to_owned), rest);
            }
        }
        if parameter.is_percent { push_percent(value, &mut octets) } else { octets.extend_from_slice(value) }
    }
    let text = charset::decode(&octets, declared.as_deref()).text;
    let text = if declared.is_none() { encoded::decode(&text) } else { text };
    // Some programs write octets as in a link although they do not say so.
    (!text.trim().is_empty()).then(|| text.into_owned())
}

fn push_percent(value: &[u8], octets: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(octet) = value.get(at) {
        if *octet == b'%'
            && let (Some(high), Some(low)) = (transfer::digit(value.get(at + 1)), transfer::digit(value.get(at + 2)))
        {
            octets.push(high * 16 + low);
            at += 3;
        } else {
            octets.push(*octet);
            at += 1;
        }
    }
}

/// Every parameter of this name, in the order of the field.
fn parameters<'a>(field: &'a [u8], name: &str) -> Vec<Parameter<'a>> {
    let mut found = Vec::new();
    let mut rest = behind_semicolon(field);
    while let Some(parameter) = rest {
        let Some(equals) = parameter.iter().position(|octet| matches!(octet, b'=' | b';')) else { break };
        if parameter[equals] == b';' {
            rest = Some(&parameter[equals + 1..]);
            continue;
        }
        let (value, behind) = value_of(&parameter[equals + 1..]);
        if let Some((piece, is_percent)) = piece_of(parameter[..equals].trim_ascii(), name) {
            found.push(Parameter { piece, is_percent, value });
        }
        rest = behind_semicolon(behind);
    }
    found
}

fn behind_semicolon(text: &[u8]) -> Option<&[u8]> {
    memchr::memchr(b';', text).map(|at| &text[at + 1..])
}

/// Which piece a parameter is of the one that is looked for: `filename`, `filename*`, `filename*1`, `filename*1*`.
fn piece_of(written: &[u8], name: &str) -> Option<(u16, bool)> {
    let start = written.get(..name.len())?;
    if !start.eq_ignore_ascii_case(name.as_bytes()) {
        return None;
    }
    let behind = std::str::from_utf8(&written[name.len()..]).ok()?.trim();
    match behind {
        "" => Some((0, false)),
        "*" => Some((0, true)),
        _ => {
            let number = behind.strip_prefix('*')?;
            let is_percent = number.ends_with('*');
            let piece = number.trim_end_matches('*').parse().ok().filter(|piece| *piece < MOST_PIECES)?;
            Some((piece, is_percent))
        }
    }
}

/// A value, and what is behind it. In quotes it goes to the last quote that something else begins behind; without them, to a semicolon
/// that another parameter begins behind, or the end of the field.
fn value_of(text: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    let text = text.trim_ascii_start();
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let mut end = 0;
        loop {
            end += text[end..].iter().position(|octet| *octet == b';').unwrap_or(text.len() - end);
            if end >= text.len() || begins_parameter(&text[end + 1..]) {
                return (unfolded(text[..end].trim_ascii()), &text[end..]);
            }
            end += 1;
        }
    };
    let mut value = Vec::with_capacity(quoted.len().min(256));
    let mut at = 0;
    while let Some(octet) = quoted.get(at) {
        match octet {
            b'"' => return (Cow::Owned(unfolded(&value).into_owned()), &quoted[at + 1..]),
            // A path of Windows is written with backslashes that quote nothing.
            b'\\' if matches!(quoted.get(at + 1), Some(b'"' | b'\\')) => {
                value.push(quoted[at + 1]);
                at += 1;
            }
            other => value.push(*other),
        }
        at += 1;
    }
    (Cow::Owned(unfolded(&value).into_owned()), &[])
}

/// Whether `name=` stands here, and not more of a name with a semicolon in it.
fn begins_parameter(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let name =
        text.iter().take(40).take_while(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'*' | b'-' | b'_')).count();
    text.is_empty() || (name > 0 && text[name..].trim_ascii_start().first() == Some(&b'='))
}

/// Without line breaks; of the white space behind them, what a fold adds.
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    for (index, line) in value.split(|octet| *octet == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A tab is always of the fold; a space is of the name as often as not, and stays.
        plain.extend_from_slice(if index > 0 { line.strip_prefix(b"\t").unwrap_or(line) } else { line });
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read_however_they_are_written() {
        for (field, name) in [
            ("attachment; filename=plan.pdf", "plan.pdf"),
            ("attachment; filename=\"plan b.pdf\"; size=3", "plan b.pdf"),
            ("attachment; filename=plan b.pdf; size=3", "plan b.pdf"),
            ("attachment; filename=a;b.pdf", "a;b.pdf"),
            ("attachment; filename=\"a;b.pdf\"", "a;b.pdf"),
            ("attachment; filename=\"C:\\dir\\plan.pdf\"", "C:\\dir\\plan.pdf"),
            ("attachment; filename=\"say \\\"a\\\".pdf\"", "say \"a\".pdf"),
            ("attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
            ("attachment; filename*=UTF-8'de'Gr%c3%b6%c3%9fe.pdf", "Größe.pdf"),
            ("attachment; filename*=iso-8859-1''Gr%F6%DFe.pdf", "Größe.pdf"),
            ("attachment; filename=\"Gr_e.pdf\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
            ("attachment;\r\n filename*0*=utf-8''Gr%C3;\r\n filename*1*=%B6%C3%9Fe;\r\n filename*2=.pdf", "Größe.pdf"),
            ("attachment; filename*1=b.pdf; filename*0=a", "ab.pdf"),
            ("attachment; filename*0=\"a\"; filename*1=\" b\"; filename*10=\".pdf\"", "a b.pdf"),
            ("attachment; filename=\"=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?=\"", "Größe.pdf"),
            ("attachment; filename==?utf-8?B?R3LDtsOfZS5wZGY=?=", "Größe.pdf"),
            ("attachment; filename=\"=?iso-8859-1?Q?Gr=F6?=\r\n =?iso-8859-1?Q?=DFe.pdf?=\"", "Größe.pdf"),
            ("attachment; filename=Größe.pdf", "Größe.pdf"),
            ("attachment; filename=\"plan.pdf", "plan.pdf"),
            ("attachment; FileName = \"plan.pdf\"", "plan.pdf"),
            ("attachment; creation-date=\"a; filename=b\"; filename=c", "c"),
            ("attachment filename=plan.pdf; filename=plan.pdf", "plan.pdf"),
        ] {
            assert_eq!(named(field.as_bytes(), "filename").as_deref(), Some(name), "{field}");
        }
        let latin = b"attachment; filename=\"Gr\xf6\xdfe der K\xfcche.pdf\"";
        assert_eq!(named(latin, "filename").as_deref(), Some("Größe der Küche.pdf"));
        for field in
            ["attachment", "attachment; filename", "attachment; filename=", "attachment; filename=\"\"", "attachment; size=3"]
        {
            assert_eq!(named(field.as_bytes(), "filename"), None, "{field}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read(field in "[a;=*\"'% \\\\\r\n0-9ü]{0,60}", octets in prop::collection::vec(any::<u8>(), 0..60)) {
            named(format!("a; {field}").as_bytes(), "a");
            named(&octets, "a");
        }
    }
}
