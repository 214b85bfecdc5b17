//! Mails whose header is not where the standard has it: below empty lines, with old line ends, with the text right behind it.
//!
//! They are read from a copy in which it is where it belongs. Behind the header the copy has the octets of the mail in their order, so
//! places in it differ from those in the mail by one number. Whose mail it is remains doubtful: another reader may find no header at all.
//! Linear, and for a sound mail one look at the lines of its header.

use memchr::{memchr, memchr_iter};

use super::layout::{is_field, is_mbox_line};
use super::{charset, defect};
use crate::model::mail::{Defect, Mail};

/// Octets of what may stand in front of a header.
const LONGEST_LEAD: usize = 4 * 1024;

/// A copy that can be read.
#[derive(Debug)]
pub(super) struct Repaired {
    pub(super) octets: Vec<u8>,
    /// How much further back everything behind the header lies in the copy.
    pub(super) shift: i64,
    defect: Defect,
}

impl Repaired {
    /// Says in a mail that was read from the copy where things lie in the original, and that it was mended.
    pub(super) fn account_for(self, mail: &mut Mail) {
        shift(mail, self.shift);
        if !mail.from.is_empty() {
            mail.marks.doubtful_from = mail.marks.doubtful_from.or(Some("the header is not where everybody looks for it"));
        }
        mail.defects.insert(0, self.defect);
    }
}

/// Puts the places of files right after something was read from a copy.
pub(super) fn shift(mail: &mut Mail, shift: i64) {
    for file in &mut mail.attachments {
        file.start = file.start.saturating_sub(shift).max(0);
        file.end = file.end.saturating_sub(shift).max(file.start);
    }
}

/// A copy of a mail that cannot be read as it is; `None` for every sound mail.
pub(super) fn repaired(raw: &[u8]) -> Option<Repaired> {
    if let Some(octets) = with_line_feeds(raw) {
        let defect = defect("old-line-ends", "lines end with CR alone");
        // Every octet stays where it is; but there may be more to mend.
        return Some(match mended(&octets) {
            Some(further) => further,
            None => Repaired { octets, shift: 0, defect },
        });
    }
    mended(raw)
}

fn mended(raw: &[u8]) -> Option<Repaired> {
    if let Some(start) = lead(raw) {
        let defect = defect("header-not-first", "something stands in front of the header");
        let shift = -i64::try_from(start).unwrap_or(0);
        // What is mended further is counted from here.
        return Some(match unseparated(&raw[start..]) {
            Some(further) => Repaired { shift: further.shift + shift, ..further },
            None => Repaired { octets: raw[start..].to_vec(), shift, defect },
        });
    }
    unseparated(raw)
}

/// The mail with LF for every CR that stands alone, when its header has no other line ends, as old Macs had it.
fn with_line_feeds(raw: &[u8]) -> Option<Vec<u8>> {
    let first = memchr(b'\n', raw).unwrap_or(raw.len());
    let head = &raw[..first];
    let fields = head.split(|octet| *octet == b'\r').filter(|line| is_known_field(line)).take(3).count();
    if fields < 3 {
        return None;
    }
    let mut octets = raw.to_vec();
    for at in memchr_iter(b'\r', raw).filter(|at| raw.get(*at + 1) != Some(&b'\n')) {
        octets[at] = b'\n';
    }
    Some(octets)
}

/// Where the header begins, when it is not at the beginning: below a byte order mark, empty lines, or a line that is no field.
fn lead(raw: &[u8]) -> Option<usize> {
    let mut at = if raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let is_first_sound = |line: &[u8]| is_field(line) || is_mbox_line(line);
    if at == 0 && is_first_sound(line_at(raw, 0)) && !raw.first().is_some_and(u8::is_ascii_whitespace) {
        return None;
    }
    let mut has_other = false;
    while at < raw.len().min(LONGEST_LEAD) {
        let line = line_at(raw, at);
        let text = line.trim_ascii();
        if is_known_field(line) && !line.first().is_some_and(u8::is_ascii_whitespace) || (is_mbox_line(line) && !has_other) {
            let known = header_lines(&raw[at..]).filter(|line| is_known_field(line)).take(2).count();
            return (known == 2 || !has_other).then_some(at);
        }
        // One line of something else, not a text, and no field that is only badly spaced.
        if !text.is_empty() {
            if has_other || is_known_field(line) {
                return None;
            }
            has_other = true;
        }
        at += line.len();
    }
    None
}

/// The mail with an empty line between header and text, or in front of all of it when there is no header.
fn unseparated(raw: &[u8]) -> Option<Repaired> {
    let (mut known, mut at) = (false, 0);
    let stray = loop {
        let line = line_at(raw, at);
        if line.is_empty() || is_empty_line(line) {
            return None;
        }
        let continues = line.first().is_some_and(|octet| matches!(octet, b' ' | b'\t'));
        if !continues && !is_field(line) && !is_mbox_line(line) && !is_known_field(line) {
            break at;
        }
        known |= !continues && is_known_field(line);
        at += line.len();
    };
    // The fields of a part are below its delimiter.
    let is_delimiter = line_at(raw, stray).strip_prefix(b"--").is_some_and(|boundary| is_boundary(boundary.trim_ascii_end()));
    if stray == 0 || (!is_delimiter && header_lines(&raw[stray..]).any(is_known_field)) {
        // No header at all, which is seen without a copy; or one bad line within a header.
        return None;
    }
    let (at, defect) = if known {
        (stray, defect("no-empty-line", "no empty line between header and body"))
    } else {
        (0, defect("no-header", "the first lines are no header fields that anybody knows"))
    };
    let octets = [&raw[..at], b"\r\n", &raw[at..]].concat();
    Some(Repaired { octets, shift: 2, defect })
}

/// The line that begins here, with its end.
fn line_at(raw: &[u8], at: usize) -> &[u8] {
    let rest = raw.get(at..).unwrap_or_default();
    &rest[..memchr(b'\n', rest).map_or(rest.len(), |length| length + 1)]
}

fn is_empty_line(line: &[u8]) -> bool {
    matches!(line, b"\r\n" | b"\n")
}

/// The lines up to the first empty one.
fn header_lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split_inclusive(|octet| *octet == b'\n').take_while(|line| !is_empty_line(line))
}

/// Whether a line begins with the name of a field that mails have, however it is spaced.
fn is_known_field(line: &[u8]) -> bool {
    const NAMES: [&str; 31] = [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "messageid",
        "replyto",
        "inreplyto",
        "references",
        "received",
        "returnpath",
        "sender",
        "mimeversion",
        "deliveredto",
        "importance",
        "priority",
        "precedence",
        "useragent",
        "threadtopic",
        "threadindex",
        "organization",
        "autosubmitted",
        "errorsto",
        "dispositionnotificationto",
        "envelopeto",
        "keywords",
        "contenttype",
        "contenttransferencoding",
        "contentdisposition",
        "contentid",
    ];
    const BEGINNINGS: [&str; 8] = ["x-", "content-", "list-", "resent-", "arc-", "dkim-", "authentication-", "thread-"];
    let Some(colon) = memchr(b':', &line[..line.len().min(80)]) else { return false };
    let name = line[..colon].trim_ascii();
    let Ok(name) = std::str::from_utf8(name) else { return false };
    let name = name.to_ascii_lowercase();
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
    BEGINNINGS.iter().any(|beginning| name.starts_with(beginning) && !name.contains(' ')) || NAMES.contains(&letters.as_str())
}

/// Octets at the beginning of a body in which a delimiter must stand that the header does not declare.
const LONGEST_PREAMBLE: usize = 16 * 1024;
/// Lines that are tried as such a delimiter: each may be looked for in all of the body.
const MOST_DELIMITERS: usize = 4;
/// Octets of a boundary (RFC 2046 section 5.1.1 allows 70).
const LONGEST_BOUNDARY: usize = 200;

/// A header for a body that has parts although its own header does not say so, or says it wrongly. `subtype` is what is declared of a
/// multipart.
pub(super) fn header_of_parts(body: &[u8], subtype: Option<&str>) -> Option<Vec<u8>> {
    let (mut at, mut tried) = (0, 0);
    while at < body.len().min(LONGEST_PREAMBLE) && tried < MOST_DELIMITERS {
        let line = line_at(body, at);
        at += line.len();
        let Some(boundary) = line.trim_ascii_end().strip_prefix(b"--").filter(|boundary| is_boundary(boundary)) else { continue };
        let begins_part = begins_with_content(line_at(body, at));
        if !begins_part && subtype.is_none() {
            continue;
        }
        tried += 1;
        let delimiter = [b"--", boundary].concat();
        let is_repeated = memchr::memmem::find(&body[at..], &delimiter).is_some();
        if (begins_part && is_repeated) || (subtype.is_some() && (begins_part || is_repeated)) {
            let subtype = subtype.filter(|name| name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-'));
            let boundary = std::str::from_utf8(boundary).ok()?;
            let kind = subtype.unwrap_or("mixed");
            return Some(format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n").into_bytes());
        }
    }
    None
}

fn is_boundary(boundary: &[u8]) -> bool {
    (1..=LONGEST_BOUNDARY).contains(&boundary.len())
        && boundary.iter().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'"' | b'\\'))
        && boundary.iter().any(u8::is_ascii_alphanumeric)
}

fn begins_with_content(line: &[u8]) -> bool {
    line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-")) && memchr(b':', line).is_some()
}

/// What stands around the parts of a multipart, when nothing stands in them: some programs wrote the text there. `inner` is where the parts
/// lie within the body.
pub(super) fn around_parts(body: &[u8], inner: std::ops::Range<usize>) -> String {
    let before = body.get(..inner.start).unwrap_or_default();
    let behind = body.get(inner.end.min(body.len())..).unwrap_or_default();
    let mut text = String::new();
    for piece in [before, behind] {
        for line in charset::guessed(piece).0.lines().filter(|line| !line.starts_with("--") && !speaks_of_mime(line)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The sentence that programs write for readers who know no parts.
fn speaks_of_mime(line: &str) -> bool {
    line.contains("MIME") || line.to_ascii_lowercase().contains("multi-part message")
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use crate::model::desk::Limits;

    fn subject_and_text(raw: &str) -> String {
        let mail = parse(raw.as_bytes(), &Limits::default());
        format!("{}: {}", mail.subject, mail.text.replace('\n', "|"))
    }

    #[test]
    fn a_header_is_found_where_it_should_not_be() {
        for raw in [
            "\r\n\r\nFrom: mia@x.example\r\nSubject: Kettle\r\n\r\nBroken.",
            "\u{feff}From: mia@x.example\r\nSubject: Kettle\r\n\r\nBroken.",
            "From mia@x.example Thu Nov 12 09:00:00 2026\r\nFrom: mia@x.example\r\nSubject: Kettle\r\n\r\nBroken.",
            "\n>From mia@x.example\nFrom: mia@x.example\nSubject: Kettle\n\nBroken.",
            "one line of a gateway\r\nFrom: mia@x.example\r\nSubject: Kettle\r\n\r\nBroken.",
            "From: mia@x.example\rTo: a@x.example\rSubject: Kettle\r\rBroken.",
            "From: mia@x.example\r\nSubject: Kettle\r\nBroken.",
            "From: mia@x.example\r\nSubject: Kettle\r\n \r\nBroken.",
            "From: mia@x.example\r\na bad line\r\nSubject: Kettle\r\n\r\nBroken.",
            "From: mia@x.example\r\nSubject: Kettle\r\n\tContent-Type: text/plain\r\n\r\nBroken.",
        ] {
            assert!(subject_and_text(raw).starts_with("Kettle"), "{raw:?}: {}", subject_and_text(raw));
            assert!(subject_and_text(raw).ends_with(": Broken."), "{raw:?}: {}", subject_and_text(raw));
        }
        assert_eq!(subject_and_text("Subject: Kettle\r\nHello,\r\n\r\nit is broken."), "Kettle: Hello,||it is broken.");
        assert_eq!(subject_and_text("Hello: you\r\nit is broken.\r\n\r\nMia"), ": Hello: you|it is broken.||Mia");
        assert_eq!(subject_and_text("Hello,\r\n\r\nit is broken."), ": Hello,||it is broken.");
    }

    #[test]
    fn files_lie_where_they_lie_in_the_mail() {
        let body = "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n--b--\r\n";
        let field = "Content-Type: multipart/mixed; boundary=b\r\n";
        for raw in [
            format!("Subject: x\r\n{field}\r\n{body}"),
            format!("\r\n\r\nSubject: x\r\n{field}\r\n{body}"),
            format!("\u{feff}Subject: x\r\n{field}\r\n{body}"),
            format!("Subject: x\r\n{field}{body}"),
            format!("\r\nSubject: x\r\n{field}{body}"),
            format!("From: a@x.example\r\nSubject: x\r\n{field}\r\n{body}").replace("\r\n", "\r"),
            format!("Subject: x\r\nContent-Type: multipart/mixed\r\n\r\n{body}"),
            format!("Subject: x\r\nContent-Type: multipart/mixed; boundary=other\r\n\r\n{body}"),
            format!("Subject: x\r\nContent-Type: text/plain; boundary=b\r\n\r\n{body}"),
            format!("\r\nSubject: x\r\n\r\n{body}"),
        ] {
            let mail = parse(raw.as_bytes(), &Limits::default());
            let ranges: Vec<(usize, usize)> =
                mail.attachments.iter().map(|file| (file.start as usize, file.end as usize)).collect();
            let texts: Vec<Option<&str>> = ranges.iter().map(|(start, end)| raw.get(*start..*end)).collect();
            assert_eq!(texts, [Some("SGVsbG8=")], "{raw:?}");
        }
    }

    #[test]
    fn text_that_stands_in_no_part_is_shown() {
        let header = "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
        for (body, text) in [
            ("Only here.\r\n--b\r\n\r\n--b--\r\n", "x: Only here."),
            ("This is a multi-part message in MIME format.\r\n--b\r\n\r\n--b--\r\nOnly here.\r\n", "x: Only here."),
            ("No part at all.\r\n", "x: No part at all."),
            ("Above.\r\n--b\r\n\r\nWithin.\r\n--b--\r\n", "x: Within."),
        ] {
            assert_eq!(subject_and_text(&format!("{header}{body}")), text, "{body}");
        }
    }
}
