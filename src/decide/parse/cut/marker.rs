//! The line that every notice to an agent begins with, found again in whatever a mail program made of it.
//!
//! Letters and digits alone are compared: dashes of any kind, asterisks, bars of tables, prefixes and spaces that do not break
//! make no difference, nor do line breaks.

use memchr::{memchr2, memmem};

use super::{MARKER, prefix};
use crate::decide::parse::characters::is_invisible;

/// Octets of a line that are looked at: the marker begins a line, also one that a program joined from many.
const LOOKED_AT: usize = 400;

/// A rare piece of the marker's words, as it is and as some programs shout.
const RARE: [&[u8]; 2] = [b"bove", b"BOVE"];

/// What the marker begins with.
const INITIAL: u8 = MARKER.as_bytes()[0];

/// The line on which our marker begins, also when a program quoted it or wrapped it to several lines.
pub(super) fn find(lines: &[&str]) -> Option<usize> {
    // Hardly any text has even its longest word, and that is found at once.
    if !lines.iter().any(|line| RARE.iter().any(|piece| memmem::find(line.as_bytes(), piece).is_some())) {
        return None;
    }
    let words: Vec<&str> = MARKER.split(' ').collect();
    let (mut matched, mut start) = (0, 0);
    for (index, line) in lines.iter().enumerate() {
        let line = &line[..line.floor_char_boundary(LOOKED_AT)];
        // Most lines have nothing in front that must be looked behind.
        let line = if memchr2(b'>', INITIAL, line.as_bytes()).is_some() { without_name(line) } else { line };
        if matched == 0 && bare(line).next() != bare(words[0]).next() {
            // Nothing is under way, and nothing can begin here.
            continue;
        }
        let mut first_in_line = true;
        for word in line.split(is_gap).filter(|word| bare(word).next().is_some()) {
            if matched > 0 && bare(word).eq(bare(words[matched])) && index < start + words.len() {
                matched += 1;
            } else {
                // Its first word begins a line; within a sentence it is somebody's own.
                matched = usize::from(first_in_line && bare(word).eq(bare(words[0])));
                start = index;
            }
            if matched == words.len() {
                return Some(start);
            }
            if matched == 0 {
                break;
            }
            first_in_line = false;
        }
    }
    None
}

/// Without who is quoted, and without the attribution that a program put on the same line: `On 12 Nov, Support wrote: -- Write`.
fn without_name(line: &str) -> &str {
    if let Some(rest) = prefix::without_initials(line.trim_start()) {
        return rest;
    }
    let first = MARKER.split(' ').next().unwrap_or(MARKER);
    let Some(at) = line.find(first) else { return line };
    let above = line[..at].trim_end();
    let dashes = above.trim_end_matches(['-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '*', ' ', '\u{a0}']);
    let is_attribution =
        dashes.ends_with([':', '：']) && dashes.len() < above.len() && dashes.bytes().any(|octet| octet.is_ascii_digit());
    if is_attribution { &line[at..] } else { line }
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '|' | '*' | '_' | '\u{2010}'..='\u{2015}' | '>')
}

/// The letters and digits of a text, without case.
fn bare(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric() && !is_invisible(*c)).flat_map(char::to_lowercase)
}
