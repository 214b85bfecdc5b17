//! The text that a reader of the mail would see, as plain text with LF line ends in Unicode NFC.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};
use memchr::memchr;

use super::attachments::{is_base64, is_digested, lenient_base64, media_type};
use super::characters::{nfc, shorten};
use super::{cut, defect, html};
use crate::model::desk::Limits;
use crate::model::mail::Defect;

/// How many times the text limit an HTML part may have: most of it is markup.
const HTML_FACTOR: usize = 4;

/// What is seen, before the reply is cut off.
#[derive(Debug, Default)]
pub(super) struct Visible {
    /// The text, perhaps with its quotation.
    text: String,
    /// What the HTML itself marks as the mail that is answered; nothing the author wrote comes after it.
    tail: String,
}

impl Visible {
    /// Everything before the mail that is answered.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A text that stands for the mail's own.
    pub(super) fn of(text: &str, limits: &Limits) -> Self {
        Self { text: bounded(text, limits.text_size, limits, &mut Vec::new()), tail: String::new() }
    }

    /// Whether there is nothing to read.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.tail.trim().is_empty()
    }

    /// With the text changed, if there is a change; the tail stays.
    pub(super) fn changed(mut self, change: impl FnOnce(&str) -> Option<String>) -> Self {
        self.text = change(&self.text).unwrap_or(self.text);
        self
    }

    /// With another text below it.
    pub(super) fn followed_by(self, other: Visible) -> Self {
        Self { text: join(self.text, other.text), tail: join(self.tail, other.tail) }
    }

    /// Everything that is seen.
    pub(super) fn whole(self) -> String {
        join(self.text, self.tail)
    }

    /// What the author newly wrote and the rest.
    pub(super) fn cut(self, passes_on: bool) -> (String, String) {
        if self.text.trim().is_empty() || passes_on {
            return cut::cut(&join(self.text, self.tail), passes_on);
        }
        let (text, quoted) = cut::cut(&self.text, passes_on);
        (text, join(quoted, self.tail))
    }
}

pub(super) fn join(mut first: String, second: String) -> String {
    if first.is_empty() {
        return second;
    }
    if !second.is_empty() {
        first.push_str("\n\n");
        first.push_str(&second);
    }
    first
}

/// The text parts in order; HTML where there is no text.
pub(super) fn choose(message: &Message<'_>, raw: &[u8], limits: &Limits, defects: &mut Vec<Defect>) -> Visible {
    let chosen = gather(message, &message.text_body, raw, limits, defects);
    if !chosen.text.is_empty() || !chosen.tail.is_empty() {
        return chosen;
    }
    let mut html = gather(message, &message.html_body, raw, limits, defects);
    if html.text.is_empty() {
        // A part that could not be decoded is listed among the files only.
        html = gather(message, &message.attachments, raw, limits, defects);
    }
    html
}

fn gather(message: &Message<'_>, ids: &[u32], raw: &[u8], limits: &Limits, defects: &mut Vec<Defect>) -> Visible {
    let mut visible = Visible::default();
    for id in ids {
        let Some(part) = message.part(*id).filter(|part| is_shown(message, *id, part)) else { continue };
        report_charset(part, defects);
        let room = limits.text_size.saturating_sub(visible.text.len() + visible.tail.len());
        let (text, tail) = text_of(part, raw, limits, room, defects);
        visible.text = join(visible.text, text);
        visible.tail = join(visible.tail, tail);
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
        || (part.is_encoding_problem && matches!(media_type(part).as_str(), "text/plain" | "text/html"))
}

fn text_of(part: &MessagePart<'_>, raw: &[u8], limits: &Limits, room: usize, defects: &mut Vec<Defect>) -> (String, String) {
    let content = repaired(part, raw, defects);
    if matches!(part.body, PartType::Html(_)) || media_type(part) == "text/html" {
        let most = limits.text_size.saturating_mul(HTML_FACTOR);
        if content.len() > most {
            report_cut(limits, defects);
        }
        let (text, tail) = html::to_text(&content[..content.floor_char_boundary(most)]);
        let text = bounded(&text, room, limits, defects);
        let tail = bounded(&tail, room.saturating_sub(text.len()), limits, defects);
        return (text, tail);
    }
    (bounded(&content, room, limits, defects), String::new())
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
    Visible { text, tail: String::new() }
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
