//! Names for files whose senders gave none, or one that says nothing: what the mail itself tells of them.

use mail_parser::{MessageParser, MessagePart, MimeHeaders};

use super::calendar;
use crate::model::desk::Limits;

/// Names by media type where each mail has one such file at most, and programs know it by this name.
const USUAL: [(&str, &str); 10] = [
    ("application/pgp-signature", "signature.asc"),
    ("application/pgp-keys", "key.asc"),
    ("application/pgp-encrypted", "version.txt"),
    ("application/pkcs7-signature", "smime.p7s"),
    ("application/x-pkcs7-signature", "smime.p7s"),
    ("application/pkcs7-mime", "smime.p7m"),
    ("application/x-pkcs7-mime", "smime.p7m"),
    ("application/ms-tnef", "winmail.dat"),
    ("application/vnd.ms-tnef", "winmail.dat"),
    ("text/rfc822-headers", "headers.txt"),
];
/// Octets of a nested mail's header in which its subject is looked for.
const HEADER: usize = 64 * 1024;

/// The name that the sender gave, or a better one; `None` where nothing is known.
pub(super) fn given(given: Option<String>, media_type: &str, part: &MessagePart<'_>, content: &[u8]) -> Option<String> {
    if matches!(media_type, "text/calendar" | "application/ics") {
        let method = part.content_type().and_then(|content_type| content_type.attribute("method"));
        return Some(calendar::name(given, method, content));
    }
    if given.as_ref().is_some_and(|name| !name.trim().is_empty()) {
        return given;
    }
    if let Some((_, name)) = USUAL.iter().find(|(known, _)| *known == media_type) {
        return Some((*name).to_owned());
    }
    match media_type {
        "message/rfc822" | "message/global" => subject(content),
        _ if content.starts_with(b"-----BEGIN PGP MESSAGE") => Some("encrypted.asc".to_owned()),
        _ => None,
    }
}

/// The subject of a nested mail, without what stands for a folder in a file's name.
fn subject(mail: &[u8]) -> Option<String> {
    let limits = Limits { header_size: HEADER, ..Limits::default() };
    let layout = super::layout::Layout::of(&mail[..mail.len().min(HEADER)], &limits, &mut Vec::new());
    let head = MessageParser::default().parse_headers(&layout.header)?;
    let subject = head.subject()?.trim();
    (!subject.is_empty()).then(|| subject.replace(['/', '\\'], "-"))
}
