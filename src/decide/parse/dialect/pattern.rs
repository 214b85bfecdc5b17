//! How the tables of words are compared: a pattern in lower case, in which `*` stands for anything.
//!
//! Both sides are plain: one space between words, straight apostrophes, no decoration at the beginning of a line. Each part of a pattern
//! is looked for once, behind the part before it, so nothing is tried again.

use std::iter::once;

/// Octets of a text that are looked at to recognise it. What programs write of themselves stands above what they return.
pub(in crate::decide::parse) const BEGINNING: usize = 8 * 1024;
/// Octets of one line that are compared.
const LONGEST_LINE: usize = 600;

/// A line in the form in which it is compared.
pub(in crate::decide::parse) fn plain(line: &str) -> String {
    let line = line[..line.floor_char_boundary(LONGEST_LINE)].trim_start_matches(is_decoration);
    let mut plain = String::with_capacity(line.len());
    for c in line.chars().flat_map(char::to_lowercase) {
        match c {
            '\u{2018}' | '\u{2019}' | '\u{b4}' | '`' => plain.push('\''),
            // Without the language nobody knows which i a capital one is.
            'ı' => plain.push('i'),
            // What is left of a Turkish capital I, and what nobody sees.
            '\u{307}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => {}
            c if c.is_whitespace() => {
                if !plain.is_empty() && !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            c => plain.push(c),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

fn is_decoration(c: char) -> bool {
    c.is_whitespace() || matches!(c, '*' | '-' | '=' | '#' | '_' | '|' | '+' | '~')
}

/// Whether a plain text is what the pattern says, from the first letter to the last.
pub(in crate::decide::parse) fn is_like(plain: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(pattern) => begins_like(plain, pattern),
        None => match pattern.rsplit_once('*') {
            Some((before, last)) => plain.strip_suffix(last).is_some_and(|rest| begins_like(rest, before)),
            None => plain == pattern,
        },
    }
}

/// Whether a plain text begins as the pattern says.
pub(in crate::decide::parse) fn begins_like(plain: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| plain.strip_prefix(first)) else { return false };
    parts.all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// The lines at the beginning of a text that are not empty, plain, each with the one after it: programs break lines where they like.
/// They end where somebody else's words begin: a quotation, or a mail that is passed on.
pub(in crate::decide::parse) fn beginning(text: &str) -> Vec<String> {
    let start = &text[..text.floor_char_boundary(BEGINNING)];
    let lines = start.lines().map(str::trim).filter(|line| !line.is_empty());
    let own: Vec<String> = lines.take_while(|line| !is_of_another(line)).map(plain).collect();
    let next = own.iter().skip(1).map(String::as_str).chain(once(""));
    own.iter().zip(next).map(|(line, next)| if next.is_empty() { line.clone() } else { format!("{line} {next}") }).collect()
}

/// The beginnings of lines below which stands what somebody else wrote, whatever the language of the rest.
const OF_ANOTHER: &[&str] = &[
    "forwarded message",
    "begin forwarded message",
    "weitergeleitete nachricht",
    "message transféré",
    "mensaje reenviado",
    "messaggio inoltrato",
    "mensagem encaminhada",
    "doorgestuurd bericht",
    "пересылаемое сообщение",
];

fn is_of_another(line: &str) -> bool {
    line.starts_with('>')
        || (line.starts_with(['-', 'B', 'b', '=']) && OF_ANOTHER.iter().any(|start| plain(line).starts_with(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_the_rest_must_be_there_in_order() {
        for (text, pattern) in [
            ("undeliverable: hello", "undeliverable:*"),
            ("failure notice", "failure notice"),
            ("warning: message 1abc delayed 24 hours", "warning: message*delayed*"),
            ("mia berg (out of office)", "*(out of office)"),
        ] {
            assert!(is_like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [
            ("re: undeliverable: hello", "undeliverable:*"),
            ("failure notice of the kettle", "failure notice"),
            ("delayed message", "message*delayed*"),
            ("aa", "aa*a"),
        ] {
            assert!(!is_like(text, pattern), "{text} {pattern}");
        }
    }

    #[test]
    fn lines_are_plain_and_end_where_somebody_else_speaks() {
        assert_eq!(plain("  ** Your\u{a0}message  couldn\u{2019}t **"), "your message couldn't **");
        assert_eq!(plain("\u{130}LET\u{130}"), "ileti");
        assert_eq!(beginning("One\n\ntwo\n> three"), ["one two", "two"]);
        assert_eq!(beginning("Look:\n---------- Forwarded message ---------\nReturned mail"), ["look:"]);
    }
}
