//! The files of a mail one after another, those within containers and texts included.
//!
//! Each file is decoded once; what lies within a decoded part is named by its range there, so that it can be taken out again.

use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};

use super::super::enclosed::{Kind, Reader};
use super::super::names::{self, safe_name};
use super::super::opened::Opened;
use super::super::references::References;
use super::super::transfer::Transfer;
use super::super::{defect, filename, naming, protection, tnef, uuencode};
use super::{LONGEST_LINE, content, is_content_id, media_type, octets, range};
use crate::model::desk::Limits;
use crate::model::mail::Defect;
use crate::model::message::{Attachment, Inner, TransferEncoding};
use crate::model::seal::sha256;
use crate::model::transfer;

/// The files as they are found.
pub(super) struct List<'a> {
    raw: &'a [u8],
    pub(super) reader: Reader<'a>,
    references: References,
    pub(super) files: Vec<Attachment>,
    pub(super) opened: Opened,
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
    pub(super) fn new(message: &Message<'_>, raw: &'a [u8], limits: &'a Limits) -> Self {
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
    pub(super) fn digested(&mut self, part: &MessagePart<'_>) {
        let range = range(part, self.raw);
        let content = &self.raw[range.0..range.1];
        let kind = Kind::named("message/rfc822");
        let given = naming::given(None, &kind.media_type, part, content);
        let encoding = super::transfer(Encoding::None, content);
        self.push(&Found { kind, given, content_id: None, inline: false, content, encoding, range, inner: None });
    }

    pub(super) fn part(&mut self, part: &MessagePart<'_>, defects: &mut Vec<Defect>) {
        let (start, end) = range(part, self.raw);
        let kind = Kind::of(part);
        let given = filename::of(part, self.raw);
        if tnef::is_container(&kind.media_type, given.as_deref()) && self.container(part, (start, end), defects) {
            return;
        }
        if Transfer::of(part) == Transfer::Uuencode && self.blocks(part, given.as_deref()) {
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
        let inner = (!may_be_copied(&self.raw[start..end], encoding)).then(|| inner(0..content.len(), false));
        self.push(&Found { kind, given, content_id, inline, content: &content, encoding, range: (start, end), inner });
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
    pub(super) fn uuencoded(&mut self, part: &MessagePart<'_>) {
        let PartType::Text(text) = &part.body else { return };
        if Transfer::of(part) == Transfer::Uuencode {
            return;
        }
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

/// Whether a file can be sent on in the form that its octets have. Some programs write all of it in one line, or leave letters between
/// that no mail may carry: such a file is decoded and encoded anew. What is not encoded is looked at elsewhere.
fn may_be_copied(body: &[u8], encoding: TransferEncoding) -> bool {
    let fits = |line: &[u8]| line.len() <= LONGEST_LINE && line.is_ascii() && !line.contains(&0);
    !matches!(encoding, TransferEncoding::Base64 | TransferEncoding::QuotedPrintable)
        || body.split(|octet| matches!(octet, b'\r' | b'\n')).all(fits)
}

fn inner(range: std::ops::Range<usize>, uuencoded: bool) -> Inner {
    Inner { start: octets(range.start), end: octets(range.end), uuencoded }
}

/// Whether a part of a digest says nothing of its type: then it is a message (RFC 2046 section 5.1.5).
pub(in crate::decide::parse) fn is_digested(message: &Message<'_>, id: u32, part: &MessagePart<'_>) -> bool {
    part.content_type().is_none()
        && message.parts.iter().any(|whole| {
            matches!(&whole.body, PartType::Multipart(children) if media_type(whole) == "multipart/digest" && children.contains(&id))
        })
}

/// Whether a part is the text once more, in a form that only some programs show.
pub(super) fn is_other_form(message: &Message<'_>, part: &MessagePart<'_>) -> bool {
    let is_form = matches!(media_type(part).as_str(), "text/x-amp-html" | "text/watch-html" | "text/enriched");
    let is_file =
        part.attachment_name().is_some() || part.content_disposition().is_some_and(|disposition| disposition.is_attachment());
    is_form && !is_file && (!message.text_body.is_empty() || !message.html_body.is_empty())
}

/// How a part says that its octets are encoded. Whoever decodes them again for a file within goes by the same.
fn declared(part: &MessagePart<'_>, body: &[u8]) -> TransferEncoding {
    match Transfer::of(part) {
        Transfer::Base64 => TransferEncoding::Base64,
        Transfer::QuotedPrintable => TransferEncoding::QuotedPrintable,
        Transfer::None | Transfer::Uuencode => super::transfer(Encoding::None, body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::encoding::base64_lines;

    /// Reads a mail and decodes its files again, as they are when they are sent on.
    fn again(raw: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mail = crate::decide::parse::parse(raw, &Limits::default());
        let file = |file: &Attachment| {
            let part = transfer::decoded(&raw[file.start as usize..file.end as usize], file.encoding);
            let content = file.inner.as_ref().map_or(part.to_vec(), |inner| transfer::within(&part, inner).into_owned());
            assert_eq!((sha256(&content), octets(content.len())), (file.sha256, file.size), "{}", file.name);
            (file.name.clone(), content)
        };
        mail.attachments.iter().map(file).collect()
    }

    #[test]
    fn a_file_within_a_part_is_decoded_to_the_same_octets_again() {
        let block = "begin 644 =cat.txt\r\n#0V%T\r\n`\r\nend\r\n";
        let head = "From: a@b.example\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: ";
        let text = format!("Hello\r\n{block}{block}bye");
        let base64 = String::from_utf8_lossy(&base64_lines(text.as_bytes())).into_owned();
        for mail in [
            format!("{head}7bit\r\n\r\n{text}"),
            format!("{head}base64\r\n\r\n{base64}"),
            format!("{head}quoted-printable\r\n\r\n{}", text.replace('=', "=3D").replace("644", "6=\r\n44")),
        ] {
            assert_eq!(again(mail.as_bytes()), vec![("=cat.txt".to_owned(), b"Cat".to_vec()); 2], "{mail}");
        }
    }

    #[test]
    fn a_file_in_a_form_that_no_mail_may_carry_is_sent_on_in_another() {
        let head = "From: a@b.example\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: ";
        let long = format!("{head}base64\r\n\r\n{}", "QUJD".repeat(300));
        let odd = format!("{head}base64\r\n\r\nQUJD\u{fc}\r\nREVG");
        let quoted = format!("{head}quoted-printable\r\n\r\n{}", "=41".repeat(400));
        for (mail, content) in [(long, "ABC".repeat(300)), (odd, "ABCDEF".to_owned()), (quoted, "A".repeat(400))] {
            assert_eq!(again(mail.as_bytes()), [("a.png".to_owned(), content.into_bytes())]);
            let mail = crate::decide::parse::parse(mail.as_bytes(), &Limits::default());
            assert!(mail.attachments[0].inner.is_some());
        }
        let mail = format!("{head}base64\n\nQUJD\nREVG\n");
        assert!(crate::decide::parse::parse(mail.as_bytes(), &Limits::default()).attachments[0].inner.is_none());
    }

    #[test]
    fn an_encoding_from_before_mime_is_undone() {
        let mail = "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n--b\nContent-Type: application/pdf; name=cat.pdf\n\
            Content-Transfer-Encoding: x-uuencode\n\nbegin 644 c.pdf\n#0V%T\n`\nend\n--b--\n";
        assert_eq!(again(mail.as_bytes()), [("cat.pdf".to_owned(), b"Cat".to_vec())]);
    }
}
