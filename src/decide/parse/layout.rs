//! Where the header ends and the body begins, and how much of the header is read.

use memchr::memchr;

use super::{charset, defect};
use crate::model::desk::Limits;
use crate::model::mail::Defect;

/// The two halves of a mail.
#[derive(Debug)]
pub(super) struct Layout {
    /// The header within the limits, in UTF-8, closed by an empty line. Its offsets are not those of the raw mail.
    pub(super) header: Vec<u8>,
    /// Whether that is all of the header.
    pub(super) is_whole: bool,
    /// First octet of the body in the raw mail.
    pub(super) body: usize,
    /// Whether the body may be read by its MIME structure; otherwise it is one opaque text.
    pub(super) is_mime: bool,
    /// Whether a line of it was decoded in a way that somebody who looks for ASCII would read differently.
    pub(super) changes_ascii: bool,
}

impl Layout {
    /// Looks at every line of the header once.
    pub(super) fn of(raw: &[u8], limits: &Limits, defects: &mut Vec<Defect>) -> Self {
        let bounds = Bounds::find(raw, limits);
        let mut is_mime = true;
        if raw.is_empty() {
            defects.push(defect("empty-mail", "there is not one octet"));
        } else if bounds.without_header {
            defects.push(defect("no-header", "the first line is not a header field"));
            is_mime = false;
        } else if bounds.unseparated {
            defects.push(defect("no-empty-line", "no empty line between header and body"));
            is_mime = false;
        }
        let is_whole = bounds.exceeded.is_none();
        if let Some(limit) = bounds.exceeded {
            defects.push(defect("header-too-large", format!("the header has more than {limit}")));
            is_mime = false;
        }
        let copied = in_utf8(&raw[..bounds.header_end]);
        if let Some(taken) = copied.taken {
            defects.push(defect("header-not-utf8", format!("8-bit octets in the header were read as {taken}")));
        }
        let changes_ascii = copied.changes_ascii;
        Self { header: copied.octets, is_whole, body: bounds.body, is_mime, changes_ascii }
    }
}

/// What one pass over the header finds.
#[derive(Debug, Default)]
struct Bounds {
    header_end: usize,
    body: usize,
    without_header: bool,
    unseparated: bool,
    exceeded: Option<String>,
}

impl Bounds {
    fn find(raw: &[u8], limits: &Limits) -> Self {
        let mut found = Bounds::default();
        let (mut at, mut fields, mut cut, mut stray) = (0, 0, None, None);
        while at < raw.len() {
            let end = memchr(b'\n', &raw[at..]).map_or(raw.len(), |length| at + length + 1);
            let line = raw[at..end].trim_ascii_end();
            let continues = matches!(raw[at], b' ' | b'\t');
            if line.is_empty() && !continues {
                found.header_end = cut.unwrap_or(at);
                found.body = end;
                return found;
            }
            if !continues {
                fields += 1;
                if !is_field(line) && !is_mbox_line(line) {
                    if at == 0 {
                        return Bounds { without_header: true, ..found };
                    }
                    stray = stray.or(Some(at));
                }
            }
            if cut.is_none() && (fields > limits.header_fields || end > limits.header_size) {
                cut = Some(at);
                let fields = format!("{} fields or {} octets", limits.header_fields, limits.header_size);
                found.exceeded = Some(fields);
            }
            at = end;
        }
        // Without an empty line the text, if there is any, begins at the first line that cannot be a field.
        found.unseparated = stray.is_some();
        found.body = stray.unwrap_or(raw.len());
        found.header_end = cut.unwrap_or(found.body).min(found.body);
        found
    }
}

pub(super) fn is_field(line: &[u8]) -> bool {
    let Some(colon) = memchr(b':', line) else { return false };
    let name = line[..colon].trim_ascii();
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

/// The line that an mbox puts above a mail, perhaps escaped.
pub(super) fn is_mbox_line(line: &[u8]) -> bool {
    line.strip_prefix(b">").unwrap_or(line).starts_with(b"From ")
}

/// A copy of the header, and how its octets beyond ASCII were read.
#[derive(Debug, Default)]
struct Copied {
    octets: Vec<u8>,
    /// The charset that was taken, where it was none of the standards.
    taken: Option<&'static str>,
    /// Whether octets of ASCII may have become part of other characters.
    changes_ascii: bool,
}

/// A copy in which every line is UTF-8, closed by an empty line. Lines in another charset, which no standard allows without RFC 2047, are
/// all taken to be in one: what the mail declares for its text, or what is likely.
fn in_utf8(header: &[u8]) -> Copied {
    let mut copied = Copied { octets: Vec::with_capacity(header.len() + 4), ..Copied::default() };
    if std::str::from_utf8(header).is_ok() && !charset::has_escapes(header) {
        copied.octets.extend_from_slice(header);
    } else {
        let foreign: Vec<u8> = lines(header).filter(|line| std::str::from_utf8(line).is_err()).flatten().copied().collect();
        let guess = charset::guess_of(&foreign, declared(header));
        for line in lines(header) {
            match std::str::from_utf8(line) {
                Ok(_) if charset::has_escapes(line) => {
                    (copied.changes_ascii, copied.taken) = (true, Some("ISO-2022-JP"));
                    copied.octets.extend_from_slice(charset::guessed(line).0.as_bytes());
                }
                Ok(text) => copied.octets.extend_from_slice(text.as_bytes()),
                Err(_) => {
                    copied.changes_ascii |= !guess.keeps_ascii;
                    copied.taken = Some(guess.name());
                    copied.octets.extend_from_slice(guess.decode(line).as_bytes());
                }
            }
        }
    }
    if copied.octets.last().is_some_and(|octet| *octet != b'\n') {
        copied.octets.extend_from_slice(b"\r\n");
    }
    copied.octets.extend_from_slice(b"\r\n");
    copied
}

fn lines(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    header.split_inclusive(|octet| *octet == b'\n')
}

/// The charset that the header declares for the text below it.
fn declared(header: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"charset=";
    let at = header.windows(NAME.len()).position(|octets| octets.eq_ignore_ascii_case(NAME))? + NAME.len();
    let value = &header[at..header.len().min(at + 60)];
    let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
    std::str::from_utf8(&value[..end]).ok()
}
