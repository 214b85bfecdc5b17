//! What Lotus Notes puts above a quotation: a name, a moment, and header lines without From and Date. Never fails.

use super::{block, moment};

/// Octets of the longest line that names somebody.
const NAME: usize = 120;
/// Lines in which the rest must follow.
const LINES: usize = 8;

/// Whether such a block begins with the first line.
pub(super) fn begins(lines: &[&str]) -> bool {
    let Some(first) = lines.first().map(|line| line.trim()).filter(|line| line.len() <= NAME) else { return false };
    is_line_with_dashes(first, lines) || is_named(first, lines)
}

/// `Mia Berg ---12.11.2026 10:11:00---The kettle leaks`, with a header block below it.
fn is_line_with_dashes(first: &str, lines: &[&str]) -> bool {
    let mut parts = first.splitn(3, "---");
    let (Some(name), Some(date), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return false };
    !name.trim().is_empty() && moment::find(date).time && {
        let below = (1..lines.len().min(LINES)).find(|at| !lines[*at].trim().is_empty());
        below.is_some_and(|at| block::find(&lines[at..]).is_some())
    }
}

/// A name and, on its line or the next one, a moment; below it To and Subject.
fn is_named(first: &str, lines: &[&str]) -> bool {
    let tells = |line: &str| {
        let moment = moment::find(line);
        moment.date && moment.time
    };
    let has_digits = |line: &str| line.bytes().any(|octet| octet.is_ascii_digit());
    let end = if has_digits(first) && tells(first) && (first.contains('@') || first.contains('/')) {
        1
    } else {
        let Some(second) = lines.get(1).map(|line| line.trim()) else { return false };
        let is_name = !first.ends_with(['.', '!', '?', ':', ',']) && first.split_whitespace().count() <= 6;
        // Nothing but the moment: hardly a letter in it.
        if !is_name || second.len() > 40 || !has_digits(second) || !tells(second) {
            return false;
        }
        2
    };
    let mut written = lines.iter().skip(end).take(LINES).filter(|line| !line.trim().is_empty());
    written.next().is_some_and(|line| block::is_recipient(line)) && written.take(3).any(|line| block::is_subject(line))
}
