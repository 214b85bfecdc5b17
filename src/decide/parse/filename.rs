//! The name that a part's header gives its file, as its author meant it.
//!
//! Read from the octets of the fields and not through `mail_parser`, which decodes each piece of a parameter by itself: a letter that is
//! split between two pieces would be lost. RFC 2231 and RFC 2047 are both read wherever they stand, since senders mix them: encoded words in quotation marks,
//! percent signs without a star, names in a charset that nobody named. One pass over a field, of which the first 16 KiB are looked at.

use mail_parser::{HeaderName, MessagePart};

use super::{charset, encoded};

/// Octets of a field that are looked at.
const LONGEST_FIELD: usize = 16 * 1024;
/// Parameters of a field that are looked at, each piece of a long one counted.
const MOST_PARAMETERS: usize = 300;

/// The name in Content-Disposition, or in Content-Type, or in a field that has one where those have none.
pub(super) fn of(part: &MessagePart<'_>, raw: &[u8]) -> Option<String> {
    let named = [HeaderName::ContentDisposition, HeaderName::ContentType].into_iter().filter_map(|field| {
        let value = value(part, raw, &field)?;
        let parameters = parameters(value);
        parameter(&parameters, "filename").or_else(|| parameter(&parameters, "name"))
    });
    let named: Vec<String> = named.filter(|name| !name.trim().is_empty()).collect();
    // The one that lost no letter, if there is a choice.
    let whole = named.iter().position(|name| !name.contains(char::REPLACEMENT_CHARACTER)).unwrap_or(0);
    named.into_iter().nth(whole).or_else(|| described(part, raw))
}

/// A description or a location that is a file's name: Exchange and web archives write nothing else sometimes.
fn described(part: &MessagePart<'_>, raw: &[u8]) -> Option<String> {
    [HeaderName::ContentDescription, HeaderName::ContentLocation].into_iter().find_map(|field| {
        let text = plainly(value(part, raw, &field)?);
        let text = text.trim().split(['?', '#']).next().unwrap_or_default();
        let (stem, ending) = text.rsplit_once('.')?;
        let is_ending = (2..=5).contains(&ending.len()) && ending.bytes().all(|octet| octet.is_ascii_alphanumeric());
        (is_ending && !stem.is_empty() && !stem.ends_with("//") && !text.ends_with(".com")).then(|| text.to_owned())
    })
}

/// The value of the last field of this name, as it stood.
fn value<'a>(part: &MessagePart<'_>, raw: &'a [u8], field: &HeaderName<'_>) -> Option<&'a [u8]> {
    let header = part.headers.iter().rev().find(|header| header.name == *field)?;
    let value = raw.get(header.offset_start as usize..header.offset_end as usize)?;
    Some(&value[..value.len().min(LONGEST_FIELD)])
}

/// The parameters behind the first `;`: names in lower case, values without quotation marks and line ends.
fn parameters(field: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = field;
    while let Some(at) = rest.iter().position(|octet| *octet == b';') {
        rest = rest[at + 1..].trim_ascii_start();
        let stop = rest.iter().position(|octet| matches!(octet, b'=' | b';')).unwrap_or(rest.len());
        if found.len() == MOST_PARAMETERS || rest.get(stop) != Some(&b'=') {
            continue;
        }
        let name = String::from_utf8_lossy(rest[..stop].trim_ascii()).to_ascii_lowercase();
        rest = rest[stop + 1..].trim_ascii_start();
        let (value, length) = if rest.first() == Some(&b'"') { quoted(rest) } else { plain(rest) };
        rest = &rest[length..];
        found.push((name, value));
    }
    found
}

/// A value in quotation marks, and how long it stood. A mark that is never closed ends with the field.
fn quoted(text: &[u8]) -> (Vec<u8>, usize) {
    let mut value = Vec::new();
    let mut at = 1;
    while let Some(octet) = text.get(at) {
        match octet {
            b'"' => return (value, at + 1),
            // Windows paths are written without escapes, so only what must be escaped is taken for an escape.
            b'\\' if matches!(text.get(at + 1), Some(b'"' | b'\\')) => {
                value.push(text[at + 1]);
                at += 1;
            }
            b'\r' | b'\n' => {}
            octet => value.push(*octet),
        }
        at += 1;
    }
    (value, at)
}

/// A value without quotation marks: to the next `;`, since many senders forget the marks around spaces.
fn plain(text: &[u8]) -> (Vec<u8>, usize) {
    // A `;` that no parameter follows is part of the name.
    let follows =
        |rest: &[u8]| rest.trim_ascii().is_empty() || rest.iter().find(|octet| matches!(octet, b'=' | b';')) == Some(&b'=');
    let ends = |at: &usize| text[*at] == b';' && follows(&text[at + 1..]);
    let end = (0..text.len()).find(ends).unwrap_or(text.len());
    let value = text[..end].trim_ascii().iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
    (value, end)
}

/// A parameter put together from its pieces (RFC 2231 section 3): pieces are decoded after they were joined.
fn parameter(parameters: &[(String, Vec<u8>)], name: &str) -> Option<String> {
    let mut pieces: Vec<(u32, bool, &[u8])> = Vec::new();
    let mut simple = None;
    for (key, value) in parameters {
        let Some(rest) = key.strip_prefix(name) else { continue };
        if rest.is_empty() {
            simple = simple.or(Some(value));
            continue;
        }
        let Some(rest) = rest.strip_prefix('*') else { continue };
        let (number, is_encoded) = rest.strip_suffix('*').map_or((rest, rest.is_empty()), |number| (number, true));
        let number = if number.is_empty() { Some(0) } else { number.parse().ok() };
        pieces.extend(number.map(|number| (number, is_encoded, value.as_slice())));
    }
    if pieces.is_empty() {
        return simple.map(|value| unencoded(value));
    }
    pieces.sort_by_key(|(number, ..)| *number);
    pieces.dedup_by_key(|(number, ..)| *number);
    Some(joined(&pieces))
}

fn joined(pieces: &[(u32, bool, &[u8])]) -> String {
    let mut charset = None;
    let mut octets = Vec::new();
    for (index, (_, is_encoded, value)) in pieces.iter().enumerate() {
        let mut value = *value;
        if index == 0
            && *is_encoded
            && let Some((named, rest)) = with_charset(value)
        {
            charset = Some(named);
            value = rest;
        }
        if *is_encoded { octets.extend(without_percent(value)) } else { octets.extend_from_slice(value) }
    }
    match charset.and_then(|name| std::str::from_utf8(name).ok()) {
        Some(name) => charset::decode(&octets, Some(name)).text.into_owned(),
        None => plainly(&octets),
    }
}

/// The charset and the rest of `charset'language'rest`.
fn with_charset(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = value.splitn(3, |octet| *octet == b'\'');
    let (charset, language, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let is_name =
        |text: &[u8]| text.len() <= 40 && text.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-_.:".contains(octet));
    (is_name(charset) && is_name(language)).then_some((charset, rest))
}

fn without_percent(value: &[u8]) -> Vec<u8> {
    let digit = |at: usize| value.get(at).and_then(|octet| char::from(*octet).to_digit(16));
    let mut plain = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        match (value[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                at += 3;
            }
            (octet, ..) => {
                plain.push(octet);
                at += 1;
            }
        }
    }
    plain
}

/// A value that should be plain: perhaps it was encoded all the same, in one of the ways that senders find.
fn unencoded(value: &[u8]) -> String {
    if let Some((charset, rest)) = with_charset(value).filter(|(charset, rest)| !charset.is_empty() && rest.contains(&b'%')) {
        return charset::decode(&without_percent(rest), std::str::from_utf8(charset).ok()).text.into_owned();
    }
    // `%` and two digits, without any space: the name of a file on the web.
    if value.contains(&b'%') && !value.contains(&b' ') {
        let octets = without_percent(value);
        if let Some(name) = String::from_utf8(octets).ok().filter(|name| !name.contains('%')) {
            return name;
        }
    }
    plainly(value)
}

/// Octets without any charset, with the encoded words (RFC 2047) decoded, which may not stand in a parameter, but do.
fn plainly(octets: &[u8]) -> String {
    encoded::decode(charset::decode(octets, None).text.trim_end()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(field: &[u8]) -> Option<String> {
        let parameters = parameters(field);
        parameter(&parameters, "filename")
    }

    #[test]
    fn names_are_read_in_every_spelling() {
        for (field, name) in [
            (&b"attachment; filename=report.pdf"[..], "report.pdf"),
            (b"attachment; filename=my report 2.pdf; size=4", "my report 2.pdf"),
            (b"attachment; FileName = \"a \\\"b\\\".pdf\"", "a \"b\".pdf"),
            (b"attachment; filename=\"C:\\Users\\mia\\a.pdf\"", "C:\\Users\\mia\\a.pdf"),
            (b"attachment; filename=\"never closed.pdf", "never closed.pdf"),
            (b"attachment; filename*=utf-8''na%C4%87in.pdf; filename=\"na_in.pdf\"", "na\u{107}in.pdf"),
            (b"attachment; filename*0*=utf-8''na%C4;\r\n filename*1*=%87in;\r\n filename*2=.pdf", "na\u{107}in.pdf"),
            (b"attachment; filename*1=\"b.pdf\"; filename*0=\"a\"", "ab.pdf"),
            (b"attachment; filename*0*=gb2312''%D7%CA; filename*1*=%C1%CF.doc", "\u{8d44}\u{6599}.doc"),
            (b"attachment; filename=\"=?UTF-8?B?cmFjdW4uxI0=?=\"", "racun.\u{10d}"),
            (b"attachment; filename=\"=?UTF-8?Q?ra=C4=8Dun?=\r\n =?UTF-8?Q?_2.pdf?=\"", "ra\u{10d}un 2.pdf"),
            (b"attachment; filename==?iso-8859-1?Q?Stra=DFe.pdf?=", "Stra\u{df}e.pdf"),
            (b"attachment; filename*0=\"=?UTF-8?B?cmFjdW7E\"; filename*1=\"jQ==?=\"", "racun\u{10d}"),
            (b"attachment; filename=\"=?UTF-8?B?xI0=?=.pdf\"", "\u{10d}.pdf"),
            (b"attachment; filename=\"a_=?UTF-8?B?xI0=?==?UTF-8?B?xI0=?=.pdf\"", "a_\u{10d}\u{10d}.pdf"),
            (b"attachment; filename=\"utf-8''na%C4%87in.pdf\"", "na\u{107}in.pdf"),
            (b"attachment; filename=\"My%20file.pdf\"", "My file.pdf"),
            (b"attachment; filename=\"100% sure.pdf\"", "100% sure.pdf"),
            (b"attachment; filename=\"Stra\xdfe.pdf\"", "Stra\u{df}e.pdf"),
            (b"attachment; filename=\"r\xc4\x8d.pdf\"", "r\u{10d}.pdf"),
            (b"attachment; filename=\"Gr\xf6\xdfe der K\xfcche.pdf\"", "Größe der Küche.pdf"),
            ("attachment; filename=plan.pdf".as_bytes(), "plan.pdf"),
            ("attachment; filename=\"plan b.pdf\"; size=3".as_bytes(), "plan b.pdf"),
            ("attachment; filename=plan b.pdf; size=3".as_bytes(), "plan b.pdf"),
            ("attachment; filename=a;b.pdf".as_bytes(), "a;b.pdf"),
            ("attachment; filename=\"a;b.pdf\"".as_bytes(), "a;b.pdf"),
            ("attachment; filename=\"C:\\dir\\plan.pdf\"".as_bytes(), "C:\\dir\\plan.pdf"),
            ("attachment; filename=\"say \\\"a\\\".pdf\"".as_bytes(), "say \"a\".pdf"),
            ("attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf".as_bytes(), "Größe.pdf"),
            ("attachment; filename*=UTF-8'de'Gr%c3%b6%c3%9fe.pdf".as_bytes(), "Größe.pdf"),
            ("attachment; filename*=iso-8859-1''Gr%F6%DFe.pdf".as_bytes(), "Größe.pdf"),
            ("attachment; filename=\"Gr_e.pdf\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf".as_bytes(), "Größe.pdf"),
            ("attachment;\r\n filename*0*=utf-8''Gr%C3;\r\n filename*1*=%B6%C3%9Fe;\r\n filename*2=.pdf".as_bytes(), "Größe.pdf"),
            ("attachment; filename*1=b.pdf; filename*0=a".as_bytes(), "ab.pdf"),
            ("attachment; filename*0=\"a\"; filename*1=\" b\"; filename*10=\".pdf\"".as_bytes(), "a b.pdf"),
            ("attachment; filename=\"=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?=\"".as_bytes(), "Größe.pdf"),
            ("attachment; filename==?utf-8?B?R3LDtsOfZS5wZGY=?=".as_bytes(), "Größe.pdf"),
            ("attachment; filename=\"=?iso-8859-1?Q?Gr=F6?=\r\n =?iso-8859-1?Q?=DFe.pdf?=\"".as_bytes(), "Größe.pdf"),
            ("attachment; filename=Größe.pdf".as_bytes(), "Größe.pdf"),
            ("attachment; filename=\"plan.pdf".as_bytes(), "plan.pdf"),
            ("attachment; FileName = \"plan.pdf\"".as_bytes(), "plan.pdf"),
            ("attachment; creation-date=\"a; filename=b\"; filename=c".as_bytes(), "c"),
            ("attachment filename=plan.pdf; filename=plan.pdf".as_bytes(), "plan.pdf"),
        ] {
            assert_eq!(read(field).as_deref(), Some(name), "{}", String::from_utf8_lossy(field));
        }
        assert_eq!(read(b"attachment"), None);
    }

    proptest! {
        #[test]
        fn any_octets_give_a_name_or_none(pieces in prop::collection::vec(prop_oneof![
            prop::sample::select(vec!["; filename", "*", "0", "=", "\"", "\\", "%C4", "%", "''", "utf-8''", "=?utf-8?b?", "?=", ";", "\r\n "])
                .prop_map(|piece| piece.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..6),
        ], 0..30)) {
            let _ = read(&pieces.concat());
            let _ = unencoded(&pieces.concat());
        }
    }
}
