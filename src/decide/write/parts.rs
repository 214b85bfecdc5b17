//! A notice's text, HTML and files as one body: `mixed( related( alternative( text, html ), pictures… ), files… )`, only as deep as needed.
//!
//! Files are named by their range of a raw mail, and what closes a part within another stands in the header of the next file; so
//! the same octets are sent at each attempt.

use super::body;
use super::files::{Enclosed, Place};
use super::header::Header;
use super::page::{Look, Page};
use crate::model::encoding::hex;
use crate::model::message::{Attachment, TransferEncoding};
use crate::model::notice::Part;
use crate::model::seal::sha256;

/// Header and text up to the first file, the files, and what follows them.
pub(in crate::decide) struct Parts {
    pub(super) head: String,
    pub(super) parts: Vec<Part>,
    pub(super) tail: String,
}

/// The boundaries of one mail. None of them is the beginning of another.
struct Boundaries {
    alternative: String,
    related: String,
    mixed: String,
}

impl Boundaries {
    fn of(message_id: &str) -> Self {
        // `=_` cannot stand in quoted-printable.
        let base = hex(&sha256(message_id.as_bytes())[..12]);
        Self { alternative: format!("=_{base}.a"), related: format!("=_{base}.r"), mixed: format!("=_{base}.m") }
    }
}

/// Puts page and files below a header that is complete but for `Content-Type`.
pub(in crate::decide) fn parts(
    mut header: Header,
    page: &Page<'_>,
    look: Look<'_>,
    (files, raw_id): (&[Enclosed<'_>], i64),
    message_id: &str,
) -> Parts {
    let Boundaries { alternative, related, mixed } = Boundaries::of(message_id);
    let has = |place: Place| files.iter().any(|file| file.place == place);
    let (has_inside, has_beside) = (has(Place::Inside), has(Place::Beside));
    let kinds = [
        (has_beside, format!("multipart/mixed; boundary=\"{mixed}\""), &mixed),
        (has_inside, format!("multipart/related; type=\"multipart/alternative\"; boundary=\"{related}\""), &related),
        (true, format!("multipart/alternative; boundary=\"{alternative}\""), &alternative),
    ];
    let mut head = String::new();
    for (_, kind, boundary) in kinds.into_iter().filter(|(is_needed, ..)| *is_needed) {
        header.raw("Content-Type", &kind);
        head.push_str(&header.finish());
        head.push_str(&format!("\r\n--{boundary}\r\n"));
        header = Header::default();
    }
    head.push_str(&body::text_part(&page.text()));
    head.push_str(&format!("\r\n--{alternative}\r\n"));
    head.push_str(&body::html_part(&page.html(look)));
    let mut close = format!("\r\n--{alternative}--\r\n");
    let mut parts = Vec::new();
    for file in files.iter().filter(|file| file.place == Place::Inside) {
        parts.push(part(file.file, raw_id, &format!("{}\r\n--{related}\r\n", std::mem::take(&mut close)), true));
    }
    if has_inside {
        close = format!("\r\n--{related}--\r\n");
    }
    for file in files.iter().filter(|file| file.place == Place::Beside) {
        parts.push(part(file.file, raw_id, &format!("{}\r\n--{mixed}\r\n", std::mem::take(&mut close)), false));
    }
    if has_beside {
        close = format!("\r\n--{mixed}--\r\n");
    } else if parts.is_empty() {
        head.push_str(&std::mem::take(&mut close));
    }
    Parts { head, parts, tail: close }
}

/// A file, behind what closes the part before it.
fn part(file: &Attachment, raw_id: i64, before: &str, is_inside: bool) -> Part {
    // What lies within a decoded part has no octets of its own in the raw mail.
    let encode = file.encoding == TransferEncoding::Binary || file.inner.is_some();
    // An attached mail may not be encoded (RFC 2046 section 5.2.1), so an 8-bit one travels as a mere file.
    let media_type =
        if encode && file.media_type.starts_with("message/") { "application/octet-stream" } else { &file.media_type };
    let encoding = if encode { TransferEncoding::Base64 } else { file.encoding };
    let mut header = Header::default();
    header.raw("Content-Type", &body::media_type(media_type));
    header.parameter("Content-Disposition", if is_inside { "inline" } else { "attachment" }, "filename", &file.name);
    header.raw("Content-Transfer-Encoding", encoding.name());
    // Some programs do not list a file that has one, because they think it is shown within the text.
    if let Some(id) = file.content_id.as_ref().filter(|_| is_inside) {
        header.ids("Content-ID", &[id]);
    }
    // The line end before a boundary belongs to the boundary, so the file keeps its own.
    let header = format!("{before}{}\r\n", header.finish());
    Part { header, raw_id, start: file.start, end: file.end, encode, inner: file.inner.map(|inner| (file.encoding, inner)) }
}
