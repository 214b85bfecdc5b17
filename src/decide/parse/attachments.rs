//! The files of a mail: what they are called, what they hold, and where their octets lie in the raw mail.

mod list;

use std::borrow::Cow;

use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};

use super::opened::Opened;
use super::transfer::{self, Transfer};
use super::{defect, guard, text};
use crate::model::desk::Limits;
use crate::model::mail::{Defect, Mail};
use crate::model::message::TransferEncoding;
pub(super) use list::is_digested;
use list::{List, is_other_form};

/// Octets of a line that every mail server takes (RFC 5321 section 4.5.3.1.6), without its end.
const LONGEST_LINE: usize = 998;

/// Every part that is not shown as text, in the order of the mail, and the files within containers and texts.
pub(super) fn read(message: &Message<'_>, raw: &[u8], limits: &Limits, mail: &mut Mail) -> Opened {
    let mut ids: Vec<u32> = message.attachments.iter().chain(&message.text_body).chain(&message.html_body).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut list = List::new(message, raw, limits);
    for id in ids {
        let Some(part) = message.part(id) else { continue };
        if is_digested(message, id, part) {
            list.digested(part);
        } else if text::is_shown(message, id, part) {
            list.uuencoded(part);
        } else if !is_other_form(message, part) {
            list.part(part, &mut mail.defects);
        }
    }
    mail.attachments = list.files;
    mail.enclosed = list.reader.found;
    list.opened
}

/// Where the part's body lies in the raw mail.
fn range(part: &MessagePart<'_>, raw: &[u8]) -> (usize, usize) {
    let start = (part.offset_body as usize).min(raw.len());
    (start, (part.offset_end as usize).clamp(start, raw.len()))
}

/// The octets of a part as its author had them.
pub(super) fn decoded<'a>(part: &'a MessagePart<'_>, raw: &'a [u8], defects: &mut Vec<Defect>) -> Cow<'a, [u8]> {
    let (start, end) = range(part, raw);
    content(part, &raw[start..end], defects).0
}

fn octets(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The decoded octets, and how the raw ones are encoded.
fn content<'a>(part: &'a MessagePart<'_>, body: &'a [u8], defects: &mut Vec<Defect>) -> (Cow<'a, [u8]>, TransferEncoding) {
    let declared = Transfer::of(part);
    match (declared, &part.body) {
        (Transfer::Base64, _) if part.is_encoding_problem && transfer::is_no_base64(body) => {
            defects.push(defect("not-base64", "a part is declared as base64 and is not; it was taken as it is"));
            (Cow::Borrowed(body), transfer(Encoding::None, body))
        }
        (Transfer::Base64, _) if part.is_encoding_problem => {
            defects.push(defect("broken-base64", "a part was decoded as far as its octets make sense"));
            (Cow::Owned(transfer::base64(body)), TransferEncoding::Base64)
        }
        (_, PartType::Binary(bytes) | PartType::InlineBinary(bytes))
            if declared == Transfer::None || part.encoding != Encoding::None =>
        {
            (Cow::Borrowed(bytes), transfer(part.encoding, body))
        }
        // The crate has already turned text into UTF-8; what the part held is decoded again.
        (Transfer::Base64, _) => (Cow::Owned(transfer::base64(body)), TransferEncoding::Base64),
        (Transfer::QuotedPrintable, _) => (Cow::Owned(transfer::quoted_printable(body)), TransferEncoding::QuotedPrintable),
        // A file that is passed on is sent as its raw octets say, and nobody would decode this in a line of its own.
        (Transfer::None | Transfer::Uuencode, _) => (Cow::Borrowed(body), transfer(Encoding::None, body)),
    }
}

fn transfer(encoding: Encoding, body: &[u8]) -> TransferEncoding {
    match encoding {
        Encoding::Base64 => TransferEncoding::Base64,
        Encoding::QuotedPrintable => TransferEncoding::QuotedPrintable,
        Encoding::None if is_plain(body) => TransferEncoding::Plain,
        Encoding::None => TransferEncoding::Binary,
    }
}

/// Whether the octets may stand in any mail as they are: 7-bit, no NUL, CRLF line ends only, short lines.
fn is_plain(body: &[u8]) -> bool {
    let mut lines = body.split(|octet| *octet == b'\n').peekable();
    while let Some(line) = lines.next() {
        let ends_with_return = line.last() == Some(&b'\r');
        // Every line but the last was ended by LF, so it must have a CR before it.
        if ends_with_return != lines.peek().is_some() {
            return false;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LONGEST_LINE || line.iter().any(|octet| matches!(octet, 0 | b'\r') || !octet.is_ascii()) {
            return false;
        }
    }
    true
}

/// `type/subtype` in lower case, as it was before the guard; `application/octet-stream` for what is not a media type.
pub(super) fn media_type(part: &MessagePart<'_>) -> String {
    let token = |text: &str| !text.is_empty() && text.len() <= 127 && text.bytes().all(is_token);
    match part.content_type() {
        None => "text/plain".to_owned(),
        Some(content_type) => match content_type.subtype().map(guard::uncovered) {
            Some(subtype) if token(content_type.ctype()) && token(subtype) => {
                format!("{}/{subtype}", content_type.ctype()).to_ascii_lowercase()
            }
            _ => "application/octet-stream".to_owned(),
        },
    }
}

/// Characters of a token (RFC 2045 section 5.1).
fn is_token(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&octet)
}

fn is_content_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 512 && id.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'<' | b'>' | b'"'))
}
