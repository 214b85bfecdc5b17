//! Where the mail begins that a report in words returns, and its Message-ID.

use super::pattern::plain;
use crate::decide::parse::report::usable_id;

/// Lines between a report's own words and the mail that it returns, plain.
const BORDERS: &[&str] = &[
    "below this line is a copy",
    "this is a copy of",
    "a copy of the",
    "enclosed is a copy",
    "original message",
    "original mail",
    "returned message",
    "returned mail follows",
    "unsent message",
    "unsent mail",
    "message header follow",
    "message headers follow",
    "the header of the original message",
    "the body of the message is",
    "headers of the original message",
    "here is a copy of the first part of the message",
    "ursprüngliche nachricht",
    "originalnachricht",
    "message original",
    "mensaje original",
    "messaggio originale",
    "исходное письмо",
];

/// Fields that a returned mail begins with, where no line stands above it.
const FIELDS: &[&str] = &["return-path: ", "received: from", "received: by", "dkim-signature: v="];

/// Lines from there on are looked at for a field only. A report's own words are shorter.
const MOST_LINES: usize = 400;

/// What comes before the returned mail.
pub(super) fn own_part(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n').take(MOST_LINES) {
        if at > 0 && is_border(line) {
            return &text[..at];
        }
        at += line.len();
    }
    &text[..at]
}

fn is_border(line: &str) -> bool {
    let line = plain(line);
    BORDERS.iter().any(|border| line.starts_with(border)) || FIELDS.iter().any(|field| line.starts_with(field))
}

/// The Message-ID in the returned mail below the report's own words.
pub(super) fn returned_id(text: &str) -> Option<String> {
    let mut lines = text.lines().map(|line| line.trim_start_matches(['>', ' ', '\t', '|'])).peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim();
        if !["Message-ID", "Message ID", "MessageID"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            continue;
        }
        // Long ids stand on a line of their own.
        let value = if value.trim().is_empty() { lines.peek().copied().unwrap_or_default() } else { value };
        // Exchange writes `Message-ID:` in its report of the header too.
        if let Some(id) = usable_id(value) {
            return Some(id);
        }
    }
    None
}
