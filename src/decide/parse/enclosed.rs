//! What can be read in the files of a mail, and in the mails among them, for those who must know before a file is passed on.
//!
//! A file is looked at by its octets, not by its name: whatever has no NUL is text. Mails are read like the one that holds them, to the
//! limit of nesting, but from a list and not by recursion. Everything has a limit, so time and memory are bounded whatever the files
//! hold; beyond it nothing is read.

use std::borrow::Cow;

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use memchr::{memchr, memchr_iter};

use super::attachments::media_type;
use super::characters::shorten;
use super::layout::Layout;
use super::{attachments, charset, guard, html, text};
use crate::model::desk::Limits;
use crate::model::mail::{Enclosed, Mail};

/// Octets of nested mails that are read for one mail, over all levels: each is read once for every mail around it.
const NESTED_OCTETS: usize = 16 * 1024 * 1024;
/// Octets of a file by which it is told whether it is a text.
const SNIFFED: usize = 4 * 1024;
/// How many words with the form of a token are kept of one file.
const TOKENS: usize = 200;
/// Lengths of our tokens (`model::token`): the bounce, reply and message ones.
const TOKEN_LENGTHS: [usize; 3] = [36, 39, 48];
/// How many times the text limit an HTML file may have: most of it is markup.
const HTML_FACTOR: usize = 4;

/// Reads the files of a mail.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    limits: &'a Limits,
    /// Octets of nested mails that may still be read.
    octets: usize,
    /// Octets of text that may still be kept.
    room: usize,
    /// What was found so far.
    pub(super) found: Vec<Enclosed>,
}

/// A mail in a file, and how deep it lies.
type Nested = (Vec<u8>, usize);

/// What is known of a file besides its octets.
#[derive(Debug)]
pub(super) struct Kind<'a> {
    /// Lower-case `type/subtype`.
    pub(super) media_type: String,
    charset: Option<&'a str>,
    /// Its text, when it was decoded already.
    pub(super) text: Option<&'a str>,
}

impl<'a> Kind<'a> {
    /// Of a part with a header.
    pub(super) fn of(part: &'a MessagePart<'_>) -> Self {
        let text = match &part.body {
            PartType::Text(text) | PartType::Html(text) => Some(text.as_ref()),
            _ => None,
        };
        let charset = part.content_type().and_then(|content_type| content_type.attribute("charset"));
        Self { media_type: media_type(part), charset, text }
    }

    /// Of a file of which nothing else is known.
    pub(super) fn named(media_type: &str) -> Self {
        Self { media_type: media_type.to_owned(), charset: None, text: None }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, octets: NESTED_OCTETS, room: limits.text_size, found: Vec::new() }
    }

    /// Reads a file with its decoded octets.
    pub(super) fn file(&mut self, file: usize, kind: &Kind<'_>, content: &[u8]) {
        let mut enclosed = Enclosed { file, ..Enclosed::default() };
        let mut nested = Vec::new();
        self.part(kind, content, 1, &mut enclosed, &mut nested);
        while let Some((octets, depth)) = nested.pop() {
            self.mail(&octets, depth, &mut enclosed, &mut nested);
        }
        if !enclosed.text.is_empty() || !enclosed.tokens.is_empty() {
            self.found.push(enclosed);
        }
    }

    fn part(&mut self, kind: &Kind<'_>, content: &[u8], depth: usize, enclosed: &mut Enclosed, nested: &mut Vec<Nested>) {
        let Some(wide) = Wide::of(content) else { return };
        let media_type = kind.media_type.as_str();
        let is_declared = matches!(media_type, "message/rfc822" | "message/global" | "text/rfc822-headers");
        if is_declared || begins_like_mail(content) {
            let most = content.len().min(self.octets);
            self.octets -= most;
            if depth <= self.limits.nesting && most > 0 {
                nested.push((content[..most].to_vec(), depth));
            }
            if is_declared {
                return;
            }
            // It may be any text that begins with a word and a colon: then it is read as such, too.
        }
        let most = content.len().min(self.room.saturating_mul(HTML_FACTOR));
        let text = match kind.text {
            Some(text) if wide == Wide::No => Cow::Borrowed(text),
            _ => wide.decoded(&content[..most], kind.charset),
        };
        self.text(&text, media_type == "text/html" || looks_like_html(&text), enclosed);
    }

    /// A mail in a file: its header and every text, and what is in it.
    fn mail(&mut self, raw: &[u8], depth: usize, enclosed: &mut Enclosed, nested: &mut Vec<Nested>) {
        let mut mail = Mail::default();
        let layout = Layout::of(raw, self.limits, &mut mail.defects);
        tokens(&layout.header, &mut enclosed.tokens);
        if let Some(head) = MessageParser::default().parse_headers(&layout.header) {
            super::header::read(&head, self.limits, &mut mail);
            self.text(&mail.subject, false, enclosed);
        }
        if layout.is_mime
            && let Ok(guarded) = guard::prepare(raw, self.limits)
            && let Some(message) = MessageParser::default().parse(guarded.bytes.as_ref())
        {
            return self.parts(&message, raw, depth, enclosed, nested);
        }
        self.text(&String::from_utf8_lossy(&raw[layout.body..]), false, enclosed);
    }

    fn parts(&mut self, message: &Message<'_>, raw: &[u8], depth: usize, enclosed: &mut Enclosed, nested: &mut Vec<Nested>) {
        for part in &message.parts {
            if !matches!(part.body, PartType::Multipart(_)) {
                let content = attachments::decoded(part, raw, &mut Vec::new());
                self.part(&Kind::of(part), &content, depth + 1, enclosed, nested);
            }
        }
    }

    fn text(&mut self, text: &str, is_html: bool, enclosed: &mut Enclosed) {
        // Before the markup goes: an address may stand in a link only.
        tokens(text.as_bytes(), &mut enclosed.tokens);
        let visible = if is_html {
            html::words(&text[..text.floor_char_boundary(self.room.saturating_mul(HTML_FACTOR))])
        } else {
            text[..text.floor_char_boundary(self.room)].to_owned()
        };
        let mut normal = text::normalised(&visible);
        shorten(&mut normal, self.room);
        if !normal.is_empty() {
            self.room = self.room.saturating_sub(normal.len() + 2);
            enclosed.text.push_str(&normal);
            enclosed.text.push_str("\n\n");
        }
    }
}

/// How a text is written in octets: in one for each Latin letter, or in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wide {
    No,
    LittleEnd,
    BigEnd,
}

impl Wide {
    /// `None` when the octets are no text.
    fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0xff, 0xfe, ..] => Some(Wide::LittleEnd),
            [0xfe, 0xff, ..] => Some(Wide::BigEnd),
            _ => memchr(0, &content[..content.len().min(SNIFFED)]).is_none().then_some(Wide::No),
        }
    }

    fn decoded<'c>(self, content: &'c [u8], charset: Option<&str>) -> Cow<'c, str> {
        let pairs = || content.get(2..).unwrap_or_default().chunks_exact(2);
        match self {
            Wide::LittleEnd => utf_16(pairs().map(|pair| u16::from_le_bytes([pair[0], pair[1]]))),
            Wide::BigEnd => utf_16(pairs().map(|pair| u16::from_be_bytes([pair[0], pair[1]]))),
            Wide::No => charset::decode(content, charset).text,
        }
    }
}

fn utf_16(units: impl Iterator<Item = u16>) -> Cow<'static, str> {
    Cow::Owned(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Whether the octets may be a mail, whatever the file is called.
fn begins_like_mail(content: &[u8]) -> bool {
    const FIELDS: [&[u8]; 9] = [
        b"received:",
        b"return-path:",
        b"delivered-to:",
        b"message-id:",
        b"mime-version:",
        b"from:",
        b"date:",
        b"subject:",
        b"x-",
    ];
    let start = content.trim_ascii_start();
    start.starts_with(b"From ")
        || FIELDS.iter().any(|field| start.get(..field.len()).is_some_and(|start| start.eq_ignore_ascii_case(field)))
}

fn looks_like_html(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with('<')
        && start.get(1..2).is_some_and(|next| next == "!" || next.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Keeps the words before an `@` that have the form of a token.
fn tokens(octets: &[u8], found: &mut Vec<String>) {
    let longest = TOKEN_LENGTHS[TOKEN_LENGTHS.len() - 1];
    for at in memchr_iter(b'@', octets) {
        let length = octets[..at].iter().rev().take(longest + 1).take_while(|octet| is_base32(**octet)).count();
        let word = std::str::from_utf8(&octets[at - length..at]).unwrap_or_default();
        if TOKEN_LENGTHS.contains(&length) && found.len() < TOKENS && !found.iter().any(|other| other == word) {
            found.push(word.to_owned());
        }
    }
}

/// In either case (RFC 4648 section 6).
fn is_base32(octet: u8) -> bool {
    octet.is_ascii_alphabetic() || matches!(octet, b'2'..=b'7')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_length_of_a_token_is_kept_once_and_no_other() {
        let token = "a".repeat(39);
        let text = format!("support+{token}@desk.example <{token}@x> {}@x me@x {}@x", "b".repeat(49), "c".repeat(38));
        let mut found = Vec::new();
        tokens(text.as_bytes(), &mut found);
        assert_eq!(found, [token]);
    }
}
