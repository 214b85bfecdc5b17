//! Raw octets to a mail with a list of defects. The only user of `mail_parser` and `unicode_normalization`.
//!
//! It never fails and never panics: every sequence of octets gives a value. What goes beyond a limit is read as a
//! header and one opaque text, with a defect that says so; the raw original is kept elsewhere in any case.

mod attached_mail;
mod attachments;
mod author;
mod automatic;
mod calendar;
pub(super) mod characters;
mod charset;
pub mod cut;
mod dates;
mod dialect;
mod enclosed;
mod encoded;
mod enriched;
mod filename;
mod flowed;
mod guard;
mod header;
mod html;
mod ids;
mod key;
mod layout;
mod marks;
mod names;
mod naming;
mod opened;
mod people;
mod protection;
pub(in crate::decide) mod references;
mod repair;
mod report;
mod stub;
mod text;
mod tnef;
mod transfer;
mod uuencode;
pub mod words;

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

use crate::model::desk::Limits;
use crate::model::mail::{Defect, Mail};

pub use characters::{folded, is_invisible};
use guard::Guarded;
use layout::Layout;
pub use report::of_null_sender;
use text::Visible;

/// Reads a mail (RFC 5322, RFC 2045 to 2049), within the limits. Every sequence of octets gives a value.
pub fn parse(raw: &[u8], limits: &Limits) -> Mail {
    let Some(repaired) = repair::repaired(raw) else { return read(raw, limits) };
    let mut mail = read(&repaired.octets, limits);
    repaired.account_for(&mut mail);
    mail
}

/// What the header of a mail says, and its content key; the same that [`parse`] finds of them, without reading the body.
pub fn header_of(raw: &[u8], limits: &Limits) -> Mail {
    let repaired = repair::repaired(raw);
    let raw = repaired.as_ref().map_or(raw, |repaired| &repaired.octets);
    let mut mail = Mail::default();
    let layout = Layout::of(raw, limits, &mut mail.defects);
    let head = MessageParser::default().parse_headers(&layout.header);
    read_header(raw, &layout, head.as_ref(), limits, &mut mail);
    mail
}

fn read_header(raw: &[u8], layout: &Layout, head: Option<&Message<'_>>, limits: &Limits, mail: &mut Mail) {
    let body = &raw[layout.body..];
    if let Some(head) = head {
        header::read(head, limits, mail);
        mail.marks = marks::read(head);
        mail.marks.answer_subject = automatic::subject(&mail.subject);
        mail.content_key = key::of(head.headers(), &layout.header, body);
    } else {
        header::report_missing(&mut mail.defects);
        mail.content_key = key::of(&[], &[], body);
    }
}

fn read(raw: &[u8], limits: &Limits) -> Mail {
    let mut mail = Mail::default();
    let layout = Layout::of(raw, limits, &mut mail.defects);
    let head = MessageParser::default().parse_headers(&layout.header);
    read_header(raw, &layout, head.as_ref(), limits, &mut mail);
    mail.marks.doubtful_from = author::doubt(&layout.header, layout.is_whole, &mail);
    if layout.changes_ascii && !mail.from.is_empty() {
        mail.marks.doubtful_from = mail.marks.doubtful_from.or(Some("the header is in a charset that not everybody finds out"));
    }
    let (mut visible, reported) = read_body(raw, &layout, limits, &mut mail, Level::Outer);
    let mut armour = None;
    visible = visible.changed(|text| {
        let (text, aside, found) = protection::without_armour(text)?;
        armour = Some((aside, found));
        Some(text)
    });
    if let Some(head) = &head {
        mail.report = report::read(head, reported, visible.text(), &raw[layout.body..], &mail);
    }
    mail.html = visible.html.take().or(mail.html.take());
    let passes_on = cut::is_forward_subject(&mail.subject);
    (mail.text, mail.quoted) = visible.cut(passes_on);
    if let Some((aside, found)) = armour {
        mail.quoted = text::join(std::mem::take(&mut mail.quoted), aside);
        mail.protection = mail.protection.or(Some(found));
    }
    marks::read_words(&mut mail);
    mail.forwarded = cut::forward::find(&mail.text, passes_on);
    attached_mail::read(raw, limits, &mut mail);
    protection::tell(&mut mail);
    mail
}

/// Which mail is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The one that came.
    Outer,
    /// One in it, whose files are not opened: so nothing recurses.
    Within,
}

/// A mail or an entity within a mail: its header, and all of its text.
fn read_within(raw: &[u8], limits: &Limits) -> (Mail, Visible) {
    let mut mail = Mail::default();
    let layout = Layout::of(raw, limits, &mut mail.defects);
    if let Some(head) = MessageParser::default().parse_headers(&layout.header) {
        header::read(&head, limits, &mut mail);
    }
    let (mut visible, _) = read_body(raw, &layout, limits, &mut mail, Level::Within);
    mail.html = visible.html.take();
    (mail, visible)
}

/// The visible text, and what the parts report; attachments go straight into the mail.
fn read_body(raw: &[u8], layout: &Layout, limits: &Limits, mail: &mut Mail, level: Level) -> (Visible, report::Parts) {
    if layout.is_mime {
        let read = match guard::prepare(raw, limits) {
            Ok(guarded) => read_parts(&guarded, raw, layout, limits, mail, level),
            Err(found) => Err(found),
        };
        match read {
            Ok(read) => return read,
            Err(found) => mail.defects.push(found),
        }
    }
    (text::opaque(&raw[layout.body..], limits, &mut mail.defects), report::Parts::default())
}

/// The text and files of the parts. Says why when they cannot be told apart.
fn read_parts(
    guarded: &Guarded<'_>,
    raw: &[u8],
    layout: &Layout,
    limits: &Limits,
    mail: &mut Mail,
    level: Level,
) -> Result<(Visible, report::Parts), Defect> {
    let Some(message) = MessageParser::default().parse(guarded.bytes.as_ref()) else {
        return Err(defect("no-structure", "nothing of its structure can be read"));
    };
    if guarded.closed {
        mail.defects.push(defect("missing-final-boundary", "the last boundary line of a multipart is missing"));
    }
    if depth(&message) > limits.nesting {
        return Err(defect("nested-too-deep", format!("more than {} parts within each other", limits.nesting)));
    }
    let root = message.parts.first();
    if let Some(root) = root.filter(|root| !matches!(root.body, PartType::Multipart(_))) {
        let declared = root.content_type().filter(|kind| kind.ctype() == "multipart");
        let body = &raw[layout.body..];
        if let Some(header) = repair::header_of_parts(body, declared.map(|kind| kind.subtype().unwrap_or_default())) {
            return read_with_header(&header, raw, layout, limits, mail, level);
        }
        if declared.is_some() {
            mail.defects.push(defect("no-parts", "it is declared to have parts and has none"));
            return Ok((text::opaque(body, limits, &mut mail.defects), report::in_parts(&message, mail)));
        }
    }
    let opened = attachments::read(&message, raw, limits, mail);
    let reading = text::Reading { raw, limits, passes_on: cut::is_forward_subject(&mail.subject) };
    let mut visible = text::choose(&message, reading, &mut mail.defects);
    if visible.is_blank() && mail.attachments.is_empty() {
        visible = text::around(&message, raw, limits, &mut mail.defects);
    }
    if level == Level::Within {
        return Ok((visible, report::Parts::default()));
    }
    mail.protection = protection::of_parts(&message, raw);
    let reported = report::in_parts(&message, mail);
    Ok((opened.shown(visible, limits, mail), reported))
}

/// The same with another header, where the declared structure is not that of the body.
fn read_with_header(
    header: &[u8],
    raw: &[u8],
    layout: &Layout,
    limits: &Limits,
    mail: &mut Mail,
    level: Level,
) -> Result<(Visible, report::Parts), Defect> {
    let octets = [header, &raw[layout.body..]].concat();
    let guarded = guard::prepare(&octets, limits)?;
    let again = Layout { header: Vec::new(), body: header.len(), ..*layout };
    if !begins_parts(&guarded) {
        return Err(defect("no-parts", "it seems to have parts and has none"));
    }
    mail.defects.push(defect("wrong-boundary", "the parts are not divided as the header says"));
    let read = read_parts(&guarded, &octets, &again, limits, mail, level)?;
    let places = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    repair::shift(mail, places(header.len()) - places(layout.body));
    Ok(read)
}

/// Whether the crate finds parts, so that nothing is mended twice.
fn begins_parts(guarded: &Guarded<'_>) -> bool {
    let message = MessageParser::default().parse(guarded.bytes.as_ref());
    message.is_some_and(|message| message.parts.first().is_some_and(|root| matches!(root.body, PartType::Multipart(_))))
}

/// How deep the deepest part lies. A part is always listed after the one that holds it, so one pass is enough.
fn depth(message: &Message<'_>) -> usize {
    let mut depths = vec![0; message.parts.len()];
    for (index, part) in message.parts.iter().enumerate() {
        if let PartType::Multipart(children) = &part.body {
            for child in children.iter().map(|child| *child as usize).filter(|child| *child > index) {
                let below = depths[index] + 1;
                if let Some(depth) = depths.get_mut(child) {
                    *depth = below;
                }
            }
        }
    }
    depths.into_iter().max().unwrap_or(0)
}

fn defect(name: &'static str, detail: impl Into<String>) -> Defect {
    Defect { name, detail: detail.into() }
}
