//! The text that a reader of the mail would see, as plain text with LF line ends in Unicode NFC.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};
use memchr::memchr;

use super::attachments::{is_base64, lenient_base64, media_type};
use super::characters::{nfc, shorten};
use super::html::Page;
use super::{cut, defect, enriched, flowed, html, stub};
use crate::model::desk::Limits;
use crate::model::mail::Defect;

/// How many times the text limit an HTML part may have: most of it is markup.
const HTML_FACTOR: usize = 4;

/// What is seen, before the reply is cut off.
#[derive(Debug, Default)]
pub(super) struct Visible {
    /// The text, perhaps with its quotation.
    text: String,
    /// Signatures and lines above quotations that the HTML itself marks.
    aside: String,
    /// What the HTML itself marks as the mail that is answered; nothing the author wrote comes after it.
    tail: String,
    /// Where the text is shown of a mail that has HTML too: what the HTML marks as no words of the author's, in its order.
    #[expect(dead_code, reason = "the hint by which the plain text is cut")]
    pub(super) marked: String,
    /// The HTML, safe to show; `None` where there is none.
    pub(super) html: Option<String>,
}

impl Visible {
    /// Everything before the mail that is answered.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What the author newly wrote and the rest.
    pub(super) fn cut(self, passes_on: bool) -> (String, String) {
        if self.text.trim().is_empty() {
            return cut::cut(&join(join(self.aside, self.text), self.tail), passes_on);
        }
        if passes_on {
            let (text, quoted) = cut::cut(&join(self.text, self.tail), passes_on);
            return (text, join(self.aside, quoted));
        }
        let (text, quoted) = cut::cut(&self.text, passes_on);
        (text, join(join(self.aside, quoted), self.tail))
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.aside.is_empty() && self.tail.is_empty()
    }

    /// Octets that it takes, with what joins its pieces.
    fn length(&self) -> usize {
        self.text.len() + self.aside.len() + self.tail.len() + JOINTS
    }

    fn add(&mut self, page: Page) {
        self.text = join(std::mem::take(&mut self.text), page.text);
        self.aside = join(std::mem::take(&mut self.aside), page.aside);
        self.tail = join(std::mem::take(&mut self.tail), page.tail);
    }

    /// The lines that are not quoted, and those that are, with all else that is marked.
    fn divided(&self) -> (String, String) {
        let (mut own, mut quoted) = (String::new(), self.aside.clone());
        for line in self.text.split_inclusive('\n') {
            if line.starts_with('>') { &mut quoted } else { &mut own }.push_str(line);
        }
        (own, join(quoted, self.tail.clone()))
    }
}

/// Octets between the pieces of a text.
const JOINTS: usize = 8;

fn join(mut first: String, second: String) -> String {
    if first.is_empty() {
        return second;
    }
    if !second.is_empty() {
        first.push_str("\n\n");
        first.push_str(&second);
    }
    first
}

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
        report_charset(part, defects);
        let room = reading.limits.text_size.saturating_sub(visible.length());
        visible.add(text_of(part, reading, room, defects));
    }
    visible
}

/// Whether a part is read as text rather than listed as a file.
pub(super) fn is_shown(message: &Message<'_>, id: u32, part: &MessagePart<'_>) -> bool {
    if !matches!(part.body, PartType::Text(_) | PartType::Html(_)) {
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

/// The text of a part, decoded as far as possible where the crate gave up.
fn repaired<'a>(part: &'a MessagePart<'_>, raw: &[u8], defects: &mut Vec<Defect>) -> Cow<'a, str> {
    let text = match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_ref(),
        _ => "",
    };
    if !part.is_encoding_problem || !is_base64(part) {
        return Cow::Borrowed(text);
    }
    defects.push(defect("broken-base64", "a text was decoded as far as its octets make sense"));
    let end = (part.offset_end as usize).min(raw.len());
    let bytes = lenient_base64(raw.get(part.offset_body as usize..end).unwrap_or_default());
    let charset = part.content_type().and_then(|content_type| content_type.attribute("charset"));
    match charset.and_then(|charset| charset_decoder(charset.as_bytes())) {
        Some(decode) => Cow::Owned(decode(&bytes)),
        None => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn report_charset(part: &MessagePart<'_>, defects: &mut Vec<Defect>) {
    let charset = part.content_type().and_then(|content_type| content_type.attribute("charset"));
    if charset.is_some_and(|charset| !is_known(charset)) {
        defects.push(defect("unknown-charset", "a text is in a charset that is not known; it was read as UTF-8"));
    }
}

/// UTF-8 needs no decoder, so the crate has none for it.
fn is_known(charset: &str) -> bool {
    ["utf-8", "utf8"].iter().any(|utf_8| charset.trim().eq_ignore_ascii_case(utf_8))
        || charset_decoder(charset.as_bytes()).is_some()
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
    let text = bounded(&String::from_utf8_lossy(start), limits.text_size, limits, defects);
    Visible { text, ..Visible::default() }
}

fn bounded(text: &str, room: usize, limits: &Limits, defects: &mut Vec<Defect>) -> String {
    // Normalising can make a text longer as well as shorter, so the room is looked at before and after.
    let start = &text[..text.floor_char_boundary(room)];
    let mut normal = normalised(start);
    if text.len() > room || normal.len() > room {
        report_cut(limits, defects);
        shorten(&mut normal, room);
    }
    normal
}

/// LF line ends, Unicode NFC, no control characters but LF and tab, no spaces at line ends but the one that marks a
/// signature, no empty lines at either end.
pub(super) fn normalised(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + 1);
    let mut rest = text;
    loop {
        let end = memchr(b'\n', rest.as_bytes());
        let line = &rest[..end.unwrap_or(rest.len())];
        // The CR of a CRLF is part of the line end; any other ends a line of its own.
        let line = line.strip_suffix('\r').unwrap_or(line);
        if has_only_text(line) {
            push_line(&nfc(line), &mut lines)
        } else {
            push_cleaned(line, &mut lines)
        }
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => break,
        }
    }
    lines.truncate(lines.trim_end_matches('\n').len());
    let start = lines.len() - lines.trim_start_matches('\n').len();
    lines.drain(..start);
    lines
}

/// Whether nothing in the line must be left out or ends a line.
fn has_only_text(line: &str) -> bool {
    // Without a branch for each octet, so that many are looked at in one step.
    let plain = line.bytes().fold(true, |plain, octet| plain & (matches!(octet, b' '..=b'~') | (octet == b'\t')));
    plain || !line.chars().any(|c| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

fn push_cleaned(line: &str, lines: &mut String) {
    let mut plain = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\x0b' | '\x0c' => plain.push('\n'),
            '\t' => plain.push('\t'),
            '\u{feff}' => {}
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    nfc(&plain).split('\n').for_each(|line| push_line(line, lines));
}

fn push_line(line: &str, lines: &mut String) {
    let end = line.trim_end();
    lines.push_str(end);
    if end == "--" && line.starts_with("-- ") {
        lines.push(' ');
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    /// The same character by character, without any short way.
    fn plainly(text: &str) -> String {
        let ends_line = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\x0b' | '\x0c');
        let text = text.replace("\r\n", "\n");
        let lines = text.split(ends_line).map(|line| {
            let kept: String = line.chars().filter(|c| *c == '\t' || (!c.is_control() && *c != '\u{feff}')).collect();
            let kept: String = kept.nfc().collect();
            let trimmed = kept.trim_end();
            if trimmed == "--" && kept.starts_with("-- ") { "-- ".to_owned() } else { trimmed.to_owned() }
        });
        lines.collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned()
    }

    proptest! {
        #[test]
        fn the_short_ways_lead_to_the_same_text(
            pieces in prop::collection::vec(prop_oneof![
                "[ -~]{0,12}", "[čße\u{301}\u{feff}\u{2028}\u{85}]{0,4}",
                prop::sample::select(vec!["\r\n", "\n", "\r", "\t", "\0", "-- ", " "]).prop_map(str::to_owned),
            ], 0..30)
        ) {
            let text = pieces.concat();
            prop_assert_eq!(normalised(&text), plainly(&text));
        }
    }
}
