//! What has happened, by what a server says: its status code, else its words, else its reply code.

use super::meanings::MEANINGS;
use crate::model::mail::StatusCode;

/// Octets of words that are looked at.
const MOST: usize = 2 * 1024;

/// The code that a text gives itself, or that can be concluded from it; the second value says which. A mail that is only late has class 4.
pub(in crate::decide::parse) fn status(said: &str, is_late: bool) -> Option<(StatusCode, bool)> {
    if let Some(code) = enhanced(said) {
        return Some((code, false));
    }
    let reply = reply(said);
    let class = if is_late || reply.is_some_and(|reply| reply.starts_with('4')) { 4 } else { 5 };
    if let Some((subject, detail)) = meaning(said) {
        let waits = matches!((subject, detail), (4, 1 | 7)) && reply.is_none();
        return Some((StatusCode(if waits { 4 } else { class }, subject, detail), true));
    }
    let (subject, detail) = match reply? {
        "552" => (2, 2),
        "551" => (1, 6),
        "553" => (1, 3),
        _ => (0, 0),
    };
    Some((StatusCode(class, subject, detail), true))
}

/// Whether a text has any code of a failure or delay.
pub(super) fn has_code(said: &str) -> bool {
    enhanced(said).is_some() || reply(said).is_some()
}

/// The first enhanced status code of a failure or delay in a text: `5.1.1`, `#5.2.2`, `550-5.7.1`. The subjects are those of RFC 3463, so
/// that dates and versions are none.
pub(in crate::decide::parse) fn enhanced(text: &str) -> Option<StatusCode> {
    words(text).filter_map(StatusCode::parse).find(|code| matches!(code, StatusCode(4 | 5, 0..=7, _)))
}

/// The first reply code of SMTP for a failure or delay (RFC 5321 section 4.2).
fn reply(text: &str) -> Option<&str> {
    words(text).find(|word| word.len() == 3 && matches!(word.as_bytes(), [b'4' | b'5', b'0'..=b'5', b'0'..=b'9']))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|word| word.trim_matches('.')).filter(|word| !word.is_empty())
}

/// The line whose words tell what has happened.
pub(super) fn telling_line(said: &str) -> Option<&str> {
    let (_, words) = find_meaning(said)?;
    said.lines().find(|line| lower(line).contains(words))
}

fn meaning(said: &str) -> Option<(u16, u16)> {
    find_meaning(said).map(|(meaning, _)| meaning)
}

fn find_meaning(said: &str) -> Option<((u16, u16), &'static str)> {
    let said = lower(said);
    let found = |(subject, detail, words): &(u16, u16, &'static [&'static str])| {
        words.iter().find(|words| said.contains(**words)).map(|words| ((*subject, *detail), *words))
    };
    MEANINGS.iter().find_map(found)
}

fn lower(said: &str) -> String {
    said[..said.floor_char_boundary(MOST)].to_lowercase().replace('\u{2019}', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_and_else_concluded() {
        for (said, expected) in [
            ("host mx said: 550 5.1.1 no such user", (StatusCode(5, 1, 1), false)),
            ("#5.2.2 smtp;552", (StatusCode(5, 2, 2), false)),
            ("since 5.11.26, from 192.0.2.5: 550 user unknown", (StatusCode(5, 1, 1), true)),
            ("452 mailbox full", (StatusCode(4, 2, 2), true)),
            ("552 sorry", (StatusCode(5, 2, 2), true)),
            ("554 delivery error", (StatusCode(5, 0, 0), true)),
            ("Der Empfänger existiert nicht", (StatusCode(5, 1, 1), true)),
            ("Host unknown (Name server: host not found)", (StatusCode(5, 1, 2), true)),
            ("connect to mx: Connection timed out", (StatusCode(4, 4, 1), true)),
            ("550 message blocked as spam", (StatusCode(5, 7, 1), true)),
        ] {
            assert_eq!(status(said, false), Some(expected), "{said}");
        }
        assert_eq!(status("mailbox full", true), Some((StatusCode(4, 2, 2), true)));
        assert_eq!(status("it did not work", false), None);
    }
}
