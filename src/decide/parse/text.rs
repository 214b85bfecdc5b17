//! The text that a reader of the mail would see, as plain text with LF line ends in Unicode NFC.

mod decoded;
mod normal;
mod visible;

use std::borrow::Cow;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::attachments::{is_digested, media_type};
use super::characters::shorten;
use super::html::Page;
use super::{charset, defect, enriched, flowed, html, repair, stub};
use crate::model::desk::Limits;
use crate::model::mail::Defect;
use decoded::repaired;
pub(super) use normal::normalised;
pub(super) use visible::{Visible, join};

/// How many times the text limit an HTML part may have: most of it is markup.
const HTML_FACTOR: usize = 4;

/// How a mail is read: the limits, and whether it passes another on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) raw: &'a [u8],
    pub(super) limits: &'a Limits,
    pub(super) passes_on: bool,
}

/// The text parts in order; the HTML where there is no text, or one that stands for nothing. The HTML is kept in any case.
pub(super) fn choose(message: &Message<'_>, reading: Reading<'_>, defects: &mut Vec<Defect>) -> Visible {
    let mut plain = gather(message, &message.text_body, reading, defects);
    let html = shown_html(message, reading, defects);
    if message.html_body == message.text_body {
        if plain.is_empty() {
            // A part that could not be decoded is listed among the files only.
            plain = gather(message, &message.attachments, reading, defects);
        }
        plain.html = html;
        return plain;
    }
    if !plain.is_empty() && stub::is_surely_a_text(&plain.text, octets_of(message)) {
        // What the page marks is read when it is asked for.
        let unread = page_source(message, reading);
        return Visible { unread, html, ..plain };
    }
    // What is wrong with a part that is not read is nobody's matter.
    let mut found = Vec::new();
    let mut page = gather(message, &message.html_body, reading, &mut found);
    if page.is_empty() && plain.is_empty() {
        page = gather(message, &message.attachments, reading, &mut found);
    }
    let (own, marked) = page.divided();
    if plain.is_empty() || stub::is_stub(&plain.text, &own) {
        defects.append(&mut found);
        page.html = html;
        return page;
    }
    Visible { marked, html, ..plain }
}

/// Octets of the HTML parts, as they were decoded by the crate.
fn octets_of(message: &Message<'_>) -> usize {
    message.html_body.iter().filter_map(|id| message.part(*id)).map(|part| part.contents().len()).sum()
}

/// The HTML itself, where it may mark something as quoted.
fn page_source(message: &Message<'_>, reading: Reading<'_>) -> String {
    let [id] = message.html_body.as_slice() else { return String::new() };
    let Some(part) = message.part(*id).filter(|part| is_shown(message, *id, part)) else { return String::new() };
    let content = repaired(part, reading.raw, &mut Vec::new());
    let most = reading.limits.text_size.saturating_mul(HTML_FACTOR);
    let content = &content[..content.floor_char_boundary(most)];
    if html::may_quote(content) { content.to_owned() } else { String::new() }
}

/// Every HTML part that is shown, safe to show.
fn shown_html(message: &Message<'_>, reading: Reading<'_>, defects: &mut Vec<Defect>) -> Option<String> {
    let mut html: Option<String> = None;
    for id in &message.html_body {
        let Some(part) = message.part(*id).filter(|part| is_shown(message, *id, part)) else { continue };
        let content = repaired(part, reading.raw, &mut Vec::new());
        if kind_of(part, &content) == Kind::Html {
            let most = reading.limits.text_size.saturating_mul(HTML_FACTOR);
            let room = most.saturating_sub(html.as_ref().map_or(0, String::len));
            let (safe, is_whole) = html::sanitised(&content[..content.floor_char_boundary(room)]);
            if content.len() > room || !is_whole {
                report_cut(reading.limits, defects);
            }
            html = Some(join(html.unwrap_or_default(), safe));
        }
    }
    html
}

fn gather(message: &Message<'_>, ids: &[u32], reading: Reading<'_>, defects: &mut Vec<Defect>) -> Visible {
    let mut visible = Visible::default();
    for id in ids {
        let Some(part) = message.part(*id).filter(|part| is_shown(message, *id, part)) else { continue };
        let room = reading.limits.text_size.saturating_sub(visible.length());
        visible.add(text_of(part, reading, room, defects));
    }
    visible
}

/// Whether a part is read as text rather than listed as a file.
pub(super) fn is_shown(message: &Message<'_>, id: u32, part: &MessagePart<'_>) -> bool {
    if !matches!(part.body, PartType::Text(_) | PartType::Html(_)) || is_digested(message, id, part) {
        return false;
    }
    let is_whole_mail = message.parts.len() == 1;
    let attached = part.content_disposition().is_some_and(|disposition| disposition.is_attachment());
    if !is_whole_mail && (part.attachment_name().is_some() || attached) {
        return false;
    }
    message.text_body.contains(&id)
        || message.html_body.contains(&id)
        || matches!(media_type(part).as_str(), "text/enriched" | "text/richtext")
        || (part.is_encoding_problem && matches!(media_type(part).as_str(), "text/plain" | "text/html"))
}

fn text_of(part: &MessagePart<'_>, reading: Reading<'_>, room: usize, defects: &mut Vec<Defect>) -> Page {
    let limits = reading.limits;
    let content = repaired(part, reading.raw, defects);
    let plain = match kind_of(part, &content) {
        Kind::Html => {
            let most = limits.text_size.saturating_mul(HTML_FACTOR);
            if content.len() > most {
                report_cut(limits, defects);
            }
            let page = html::to_text(&content[..content.floor_char_boundary(most)], reading.passes_on);
            let text = bounded(&page.text, room, limits, defects);
            let aside = bounded(&page.aside, room.saturating_sub(text.len()), limits, defects);
            let tail = bounded(&page.tail, room.saturating_sub(text.len() + aside.len()), limits, defects);
            return Page { text, aside, tail };
        }
        Kind::Enriched => Cow::Owned(enriched::to_text(&content, false)),
        Kind::Richtext => Cow::Owned(enriched::to_text(&content, true)),
        Kind::Flowed { deletes_space } => Cow::Owned(flowed::unfolded(&content, deletes_space)),
        Kind::Plain => content,
    };
    Page { text: bounded(&plain, room, limits, defects), ..Page::default() }
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Flowed { deletes_space: bool },
    Html,
    Enriched,
    Richtext,
}

/// By its type, as far as its content agrees.
fn kind_of(part: &MessagePart<'_>, content: &str) -> Kind {
    let declared = media_type(part);
    if matches!(part.body, PartType::Html(_)) || declared == "text/html" {
        return if stub::is_plain(content) { Kind::Plain } else { Kind::Html };
    }
    match declared.as_str() {
        "text/enriched" => return Kind::Enriched,
        "text/richtext" => return Kind::Richtext,
        _ if stub::is_html_source(content) => return Kind::Html,
        _ => {}
    }
    let parameter = |name: &str, value: &str| {
        let found = part.content_type().and_then(|content_type| content_type.attribute(name));
        found.is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
    };
    if parameter("format", "flowed") { Kind::Flowed { deletes_space: parameter("delsp", "yes") } } else { Kind::Plain }
}

fn report_cut(limits: &Limits, defects: &mut Vec<Defect>) {
    if !defects.iter().any(|defect| defect.name == "text-shortened") {
        defects.push(defect("text-shortened", format!("only {} octets of text are kept for display", limits.text_size)));
    }
}

/// A body whose structure is not read: as text, up to the limit.
pub(super) fn opaque(body: &[u8], limits: &Limits, defects: &mut Vec<Defect>) -> Visible {
    // A few octets more, so that the limit is seen to be passed.
    let start = &body[..body.len().min(limits.text_size.saturating_add(4))];
    let text = bounded(&charset::guessed(start).0, limits.text_size, limits, defects);
    Visible { text, ..Visible::default() }
}

/// What stands in front of the first part of a mail and behind its last one.
pub(super) fn around(message: &Message<'_>, raw: &[u8], limits: &Limits, defects: &mut Vec<Defect>) -> Visible {
    let (Some(root), Some(first)) = (message.parts.first(), message.parts.get(1)) else { return Visible::default() };
    let body = raw.get(root.offset_body as usize..).unwrap_or_default();
    let place = |offset: u32| (offset.saturating_sub(root.offset_body)) as usize;
    let end = message.parts.iter().skip(1).map(|part| place(part.offset_end)).max().unwrap_or_default();
    let text = repair::around_parts(body, place(first.offset_header)..end);
    Visible { text: bounded(&text, limits.text_size, limits, defects), ..Visible::default() }
}

pub(super) fn bounded(text: &str, room: usize, limits: &Limits, defects: &mut Vec<Defect>) -> String {
    // Normalising can make a text longer as well as shorter, so the room is looked at before and after.
    let start = &text[..text.floor_char_boundary(room)];
    let mut normal = normalised(start);
    if text.len() > room || normal.len() > room {
        report_cut(limits, defects);
        shorten(&mut normal, room);
    }
    normal
}
