//! The text that a reader of the mail would see, as plain text with LF line ends in Unicode NFC.

use std::borrow::Cow;

use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};
use memchr::memchr;

use super::attachments::{decoded, is_digested, media_type};
use super::characters::{nfc, shorten};
use super::charset::{self, Finding};
use super::transfer::Transfer;
use super::{cut, defect, html, repair, uuencode};
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

/// The text of a part: its raw octets decoded, by what they are rather than by what is declared.
fn repaired<'a>(part: &'a MessagePart<'_>, raw: &'a [u8], defects: &mut Vec<Defect>) -> Cow<'a, str> {
    let declared = declared_charset(part);
    if let PartType::Text(text) | PartType::Html(text) = &part.body
        && is_settled(part, text, declared)
    {
        return Cow::Borrowed(text);
    }
    let mut octets = decoded(part, raw, defects);
    if Transfer::of(part) == Transfer::Uuencode
        && let Some(text) = uuencode::first(&octets)
    {
        octets = Cow::Owned(text);
    }
    let in_head = if declared.is_none() && media_type(part) == "text/html" { charset::of_html(&octets) } else { None };
    let declared = declared.or(in_head.as_deref());
    match octets {
        Cow::Borrowed(octets) => in_charset(octets, declared, defects),
        Cow::Owned(octets) => Cow::Owned(in_charset(&octets, declared, defects).into_owned()),
    }
}

fn declared_charset<'a>(part: &'a MessagePart<'_>) -> Option<&'a str> {
    part.content_type().and_then(|content_type| content_type.attribute("charset"))
}

/// Whether the crate's own reading of a text cannot be wrong: all of it is ASCII, or it is declared as UTF-8 and is that.
fn is_settled(part: &MessagePart<'_>, text: &str, declared: Option<&str>) -> bool {
    let is_decoded = !part.is_encoding_problem && (part.encoding != Encoding::None || Transfer::of(part) == Transfer::None);
    let is_utf_8 = || declared.is_some_and(|name| ["utf-8", "utf8"].iter().any(|utf_8| name.eq_ignore_ascii_case(utf_8)));
    is_decoded
        && !charset::has_escapes(text.as_bytes())
        && if text.is_ascii() {
            declared.is_none_or(charset::begins_with_ascii) && !declared.is_some_and(charset::is_unknown)
        } else {
            is_utf_8() && !text.contains(char::REPLACEMENT_CHARACTER) && !text.starts_with('\u{feff}')
        }
}

/// Decodes octets, and says what was wrong with their declaration.
fn in_charset<'a>(octets: &'a [u8], declared: Option<&str>, defects: &mut Vec<Defect>) -> Cow<'a, str> {
    let decoded = charset::decode(octets, declared);
    match decoded.finding {
        Some(Finding::Unknown(taken)) => {
            defects.push(defect("unknown-charset", format!("a text is in a charset that is not known; it was read as {taken}")));
        }
        Some(Finding::Wrong(taken)) => {
            defects
                .push(defect("wrong-charset", format!("a text is not in the charset that it declares; it was read as {taken}")));
        }
        None => {}
    }
    decoded.text
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
    Visible { text, tail: String::new() }
}

/// What stands in front of the first part of a mail and behind its last one.
pub(super) fn around(message: &Message<'_>, raw: &[u8], limits: &Limits, defects: &mut Vec<Defect>) -> Visible {
    let (Some(root), Some(first)) = (message.parts.first(), message.parts.get(1)) else { return Visible::default() };
    let body = raw.get(root.offset_body as usize..).unwrap_or_default();
    let place = |offset: u32| (offset.saturating_sub(root.offset_body)) as usize;
    let end = message.parts.iter().skip(1).map(|part| place(part.offset_end)).max().unwrap_or_default();
    let text = repair::around_parts(body, place(first.offset_header)..end);
    Visible { text: bounded(&text, limits.text_size, limits, defects), tail: String::new() }
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
