//! What Lotus Notes puts above a quotation: a name, a moment, and header lines without From and Date. Never fails.

use super::block::{self, Block};
use super::moment;

/// Octets of the longest line that names somebody.
const NAME: usize = 120;
/// Lines in which the rest must follow.
const LINES: usize = 8;

/// Whether such a block begins with the first line.
pub(super) fn begins(lines: &[&str]) -> bool {
    let Some(first) = lines.first().map(|line| line.trim()).filter(|line| line.len() <= NAME) else { return false };
    is_line_with_dashes(first, lines) || named(first, lines).is_some()
}

/// The values of such a block whose first line names who wrote.
pub(in super::super) fn find(lines: &[&str]) -> Option<Block> {
    let first = lines.first()?.trim();
    let heading = named(first, lines)?;
    let date = if heading == 1 { first.rsplit_once(" on ").map_or("", |(_, date)| date) } else { lines.get(1)?.trim() };
    let below = (heading..lines.len().min(LINES)).find(|at| !lines[*at].trim().is_empty())?;
    let found = block::find_below_rule(&lines[below..])?;
    Some(Block {
        lines: below + found.lines,
        is_addressed: true,
        from: first.to_owned(),
        date: date.to_owned(),
        subject: found.subject,
    })
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

/// How many lines are a name and, on its line or the next one, a moment; below them are To and Subject.
fn named(first: &str, lines: &[&str]) -> Option<usize> {
    let tells = |line: &str| {
        let moment = moment::find(line);
        moment.date && moment.time
    };
    let has_digits = |line: &str| line.bytes().any(|octet| octet.is_ascii_digit());
    let end = if has_digits(first) && tells(first) && (first.contains('@') || first.contains('/')) {
        1
    } else {
        let second = lines.get(1)?.trim();
        // Nothing but the moment: hardly a letter in it.
        if second.len() > 40 || !has_digits(second) {
            return None;
        }
        let is_name = !first.ends_with(['.', '!', '?', ':', ',']) && first.split_whitespace().count() <= 6;
        if !is_name || !tells(second) {
            return None;
        }
        2
    };
    let mut written = lines.iter().skip(end).take(LINES).filter(|line| !line.trim().is_empty());
    let is_block =
        written.next().is_some_and(|line| block::is_recipient(line)) && written.take(3).any(|line| block::is_subject(line));
    is_block.then_some(end)
}
