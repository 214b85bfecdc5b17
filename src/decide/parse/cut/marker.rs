//! The line that every notice to an agent begins with, found again in whatever a mail program made of it.

use super::MARKER;

/// The line on which our marker begins, also when a program quoted it or wrapped it to several lines.
pub(super) fn find(lines: &[&str]) -> Option<usize> {
    let words: Vec<&str> = MARKER.split(' ').collect();
    let first = bare(words[0]).next();
    let (mut matched, mut start) = (0, 0);
    for (index, line) in lines.iter().enumerate() {
        // A line of the marker is short: long ones are passed over without looking at their words.
        if line.len() > 400 {
            matched = 0;
            continue;
        }
        if matched == 0 && bare(line).next() != first {
            // Nothing is under way, and nothing can begin here.
            continue;
        }
        let mut first_in_line = true;
        for word in line.split_whitespace().filter(|word| bare(word).next().is_some()) {
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

/// The letters and digits of a text, without case.
fn bare(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}
