//! The files of a mail: what they are called, what they hold, and where their octets lie in the raw mail.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};

use super::enclosed::{Kind, Reader};
use super::names::{self, safe_name};
use super::opened::Opened;
use super::references::References;
use super::{defect, filename, guard, naming, protection, text, tnef, uuencode};
use crate::model::desk::Limits;
use crate::model::mail::{Defect, Mail};
use crate::model::message::{Attachment, Inner, TransferEncoding};
use crate::model::seal::sha256;
use crate::model::transfer;

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

/// The files as they are found.
struct List<'a> {
    raw: &'a [u8],
    reader: Reader<'a>,
    references: References,
    files: Vec<Attachment>,
    opened: Opened,
}

/// A file before it is listed.
struct Found<'a> {
    kind: Kind<'a>,
    given: Option<String>,
    content_id: Option<String>,
    inline: bool,
    content: &'a [u8],
    encoding: TransferEncoding,
    range: (usize, usize),
    inner: Option<Inner>,
}

impl<'a> List<'a> {
    fn new(message: &Message<'_>, raw: &'a [u8], limits: &'a Limits) -> Self {
        Self {
            raw,
            reader: Reader::new(limits),
            references: References::of(message),
            files: Vec::new(),
            opened: Opened::default(),
        }
    }

    fn push(&mut self, found: &Found<'_>) {
        let position = self.files.len();
        self.reader.file(position, &found.kind, found.content);
        self.files.push(Attachment {
            name: safe_name(found.given.as_deref(), &found.kind.media_type, found.content, position + 1),
            media_type: found.kind.media_type.clone(),
            size: octets(found.content.len()),
            sha256: sha256(found.content),
            inline: found.inline,
            content_id: found.content_id.clone(),
            encoding: found.encoding,
            start: octets(found.range.0),
            end: octets(found.range.1),
            inner: found.inner,
        });
    }

    /// Lists a message of a digest.
    fn digested(&mut self, part: &MessagePart<'_>) {
        let range = range(part, self.raw);
        let content = &self.raw[range.0..range.1];
        let kind = Kind::named("message/rfc822");
        let given = naming::given(None, &kind.media_type, part, content);
        let encoding = transfer(Encoding::None, content);
        self.push(&Found { kind, given, content_id: None, inline: false, content, encoding, range, inner: None });
    }

    fn part(&mut self, part: &MessagePart<'_>, defects: &mut Vec<Defect>) {
        let (start, end) = range(part, self.raw);
        let kind = Kind::of(part);
        let given = filename::of(part, self.raw);
        if tnef::is_container(&kind.media_type, given.as_deref()) && self.container(part, (start, end), defects) {
            return;
        }
        if is_uuencoded(part) && self.blocks(part, given.as_deref()) {
            return;
        }
        let (content, encoding) = content(part, &self.raw[start..end], defects);
        let content_id = part.content_id().map(|id| id.trim_matches(['<', '>', ' '])).filter(|id| is_content_id(id));
        let disposition = part.content_disposition();
        let is_attached = disposition.is_some_and(|disposition| disposition.is_attachment());
        let hinted = !is_attached && (content_id.is_some() || disposition.is_some_and(|disposition| disposition.is_inline()));
        let inline = kind.media_type.starts_with("image/") && self.references.show(content_id, part.content_location(), hinted);
        let given = naming::given(given, &kind.media_type, part, &content);
        if let Some(entity) = protection::signed_entity(&kind.media_type, given.as_deref(), &content) {
            self.reader.file(self.files.len(), &Kind::named("message/rfc822"), &entity);
            self.opened.signed.get_or_insert(entity);
        }
        if matches!(kind.media_type.as_str(), "text/calendar" | "application/ics") && self.opened.calendar.is_none() {
            self.opened.calendar = Some(kind.text.map_or_else(|| String::from_utf8_lossy(&content).into_owned(), str::to_owned));
        }
        let content_id = content_id.map(str::to_owned);
        self.push(&Found { kind, given, content_id, inline, content: &content, encoding, range: (start, end), inner: None });
    }

    /// Lists the files of a TNEF container, and says whether nothing else is in it.
    fn container(&mut self, part: &MessagePart<'_>, range: (usize, usize), defects: &mut Vec<Defect>) -> bool {
        let body = &self.raw[range.0..range.1];
        let encoding = declared(part, body);
        let octets = transfer::decoded(body, encoding);
        let Some(container) = tnef::open(&octets) else {
            defects.push(defect("broken-tnef", "a winmail.dat could not be opened"));
            return false;
        };
        if !container.is_whole {
            defects.push(defect("broken-tnef", "a winmail.dat was opened as far as it makes sense"));
        }
        if let Some(html) = &container.html {
            self.references.read(html.as_bytes());
        }
        for file in &container.files {
            let inner = inner(file.range.clone(), false);
            let inline = file.media_type.starts_with("image/") && self.references.show(file.content_id.as_deref(), None, false);
            let (given, content_id) = (Some(file.name.clone()), file.content_id.clone().filter(|id| is_content_id(id)));
            let (kind, content) = (Kind::named(&file.media_type), &octets[file.range.clone()]);
            self.push(&Found { kind, given, content_id, inline, content, encoding, range, inner: Some(inner) });
        }
        let is_whole = container.is_whole;
        self.opened.container = self.opened.container.take().or_else(|| container.entity());
        is_whole
    }

    /// Lists the files that stand in a text.
    fn uuencoded(&mut self, part: &MessagePart<'_>) {
        let PartType::Text(text) = &part.body else { return };
        if memchr::memmem::find(text.as_bytes(), b"begin").is_some() && !uuencode::blocks(text.as_bytes()).is_empty() {
            self.opened.uuencoded |= self.blocks(part, None);
        }
    }

    /// Lists the uuencoded files of a part, under another name than their own when there is one. Says whether there were any.
    fn blocks(&mut self, part: &MessagePart<'_>, name: Option<&str>) -> bool {
        let range = range(part, self.raw);
        let body = &self.raw[range.0..range.1];
        let encoding = declared(part, body);
        let octets = transfer::decoded(body, encoding);
        let blocks = uuencode::blocks(&octets);
        for block in &blocks {
            let inner = inner(block.start..block.end, true);
            let content = transfer::within(&octets, &inner);
            let name = name.unwrap_or(&block.name);
            let (kind, given) = (Kind::named(names::media_type_of(name)), Some(name.to_owned()));
            self.push(&Found {
                kind,
                given,
                content_id: None,
                inline: false,
                content: &content,
                encoding,
                range,
                inner: Some(inner),
            });
        }
        !blocks.is_empty()
    }
}

fn inner(range: std::ops::Range<usize>, uuencoded: bool) -> Inner {
    Inner { start: octets(range.start), end: octets(range.end), uuencoded }
}

/// Encodings that no standard has, but that programs before MIME go on to write.
fn is_uuencoded(part: &MessagePart<'_>) -> bool {
    let encoding = part.content_transfer_encoding().map(|encoding| encoding.trim().to_ascii_lowercase());
    encoding.is_some_and(|encoding| matches!(encoding.as_str(), "x-uuencode" | "x-uue" | "uuencode" | "x-uucode"))
}

/// Whether a part of a digest says nothing of its type: then it is a message (RFC 2046 section 5.1.5).
pub(super) fn is_digested(message: &Message<'_>, id: u32, part: &MessagePart<'_>) -> bool {
    part.content_type().is_none()
        && message.parts.iter().any(|whole| {
            matches!(&whole.body, PartType::Multipart(children) if media_type(whole) == "multipart/digest" && children.contains(&id))
        })
}

/// Whether a part is the text once more, in a form that only some programs show.
fn is_other_form(message: &Message<'_>, part: &MessagePart<'_>) -> bool {
    let is_form = matches!(media_type(part).as_str(), "text/x-amp-html" | "text/watch-html" | "text/enriched");
    let is_file =
        part.attachment_name().is_some() || part.content_disposition().is_some_and(|disposition| disposition.is_attachment());
    is_form && !is_file && (!message.text_body.is_empty() || !message.html_body.is_empty())
}

/// How a part says that its octets are encoded. Whoever decodes them again for a file within goes by the same.
fn declared(part: &MessagePart<'_>, body: &[u8]) -> TransferEncoding {
    match part.content_transfer_encoding().map(str::trim) {
        Some(name) if name.eq_ignore_ascii_case("base64") => TransferEncoding::Base64,
        Some(name) if name.eq_ignore_ascii_case("quoted-printable") => TransferEncoding::QuotedPrintable,
        _ => transfer(Encoding::None, body),
    }
}

/// Where the part's body lies in the raw mail.
fn range(part: &MessagePart<'_>, raw: &[u8]) -> (usize, usize) {
    let start = (part.offset_body as usize).min(raw.len());
    (start, (part.offset_end as usize).clamp(start, raw.len()))
}

/// The octets of a part as its author had them.
pub(super) fn decoded<'a>(part: &'a MessagePart<'_>, raw: &'a [u8]) -> Cow<'a, [u8]> {
    let (start, end) = range(part, raw);
    content(part, &raw[start..end], &mut Vec::new()).0
}

fn octets(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The decoded octets, and how the raw ones are encoded.
fn content<'a>(part: &'a MessagePart<'_>, body: &'a [u8], defects: &mut Vec<Defect>) -> (Cow<'a, [u8]>, TransferEncoding) {
    if part.is_encoding_problem && is_base64(part) {
        defects.push(defect("broken-base64", "a file was decoded as far as its octets make sense"));
        return (Cow::Owned(lenient_base64(body)), TransferEncoding::Base64);
    }
    match (&part.body, part.encoding) {
        (PartType::Binary(bytes) | PartType::InlineBinary(bytes), encoding) => (Cow::Borrowed(bytes), transfer(encoding, body)),
        // The crate has already turned text into UTF-8; what the file held is decoded again.
        (_, Encoding::Base64) => (Cow::Owned(lenient_base64(body)), TransferEncoding::Base64),
        (_, Encoding::QuotedPrintable) => match mail_parser::decoders::quoted_printable::quoted_printable_decode(body) {
            Some(bytes) => (Cow::Owned(bytes), TransferEncoding::QuotedPrintable),
            None => (Cow::Borrowed(body), TransferEncoding::Binary),
        },
        (_, Encoding::None) => (Cow::Borrowed(body), transfer(Encoding::None, body)),
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

/// Whether the part says that it is base64, whatever the crate made of it.
pub(super) fn is_base64(part: &MessagePart<'_>) -> bool {
    part.content_transfer_encoding().is_some_and(|encoding| encoding.trim().eq_ignore_ascii_case("base64"))
}

/// Decodes what can be decoded: foreign octets are passed over and an end in the middle of a group is cut off, as
/// mail programs do.
pub(super) fn lenient_base64(body: &[u8]) -> Vec<u8> {
    let mut clean: Vec<u8> =
        body.iter().copied().filter(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/')).collect();
    if clean.len() % 4 == 1 {
        clean.pop();
    }
    while !clean.len().is_multiple_of(4) {
        clean.push(b'=');
    }
    base64_decode(&clean).unwrap_or_default()
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
