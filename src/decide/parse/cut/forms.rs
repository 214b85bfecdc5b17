//! The forms in which mail programs quote and pass on, recognised line by line. The words are in `languages`, one row for
//! each language; here is how they are put together. Every question looks at a fixed number of lines. Never fails.

mod attribution;
mod block;
mod folding;
mod languages;
mod moment;
mod notes;
mod passage;
#[cfg(test)]
mod tests;

pub(super) use attribution::{attribution, may_begin, possible_ends};
pub(super) use block::{Block, find as header_block, find_below_rule};
pub(super) use notes::find as notes_block;

use languages::INDEX;

/// Octets of the longest line between dashes.
const RULE_LENGTH: usize = 250;
/// Octets of the shortest line that ends with a colon and says that a mail is passed on.
const SHORTEST_BANNER: usize = 6;
/// Lines of dashes or underscores that stand above a header block have at least so many.
const FEWEST_SIGNS: usize = 3;

/// Whether the quotation begins at this line and goes on to the end.
pub(super) fn separates(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    if line.trim().is_empty() {
        return false;
    }
    is_original(line) || notes::begins(&lines[at..]) || {
        let below = if is_rule(line) { next_line(lines, at) } else { Some(at) };
        let block = below.and_then(|at| block::find(&lines[at..]));
        block.is_some_and(|block| block.is_addressed || !is_introduced(lines, at))
    }
}

/// Whether the line above ends with a colon: `A new message from the contact form:`.
fn is_introduced(lines: &[&str], at: usize) -> bool {
    let above = lines[..at].iter().rev().take(3).map(|line| line.trim_end()).find(|line| !line.is_empty());
    above.is_some_and(|line| line.ends_with([':', '：']))
}

/// Whether a line that looks quoted is a rule of GroupWise: `>>> Mia Berg <mia@…> 12.11.2026 10:11 >>>`.
pub(super) fn is_group_wise(line: &str) -> bool {
    let line = line.trim();
    let inner = line.trim_matches('>');
    line.len() <= RULE_LENGTH && line.starts_with(">>> ") && line.ends_with(" >>>") && {
        let moment = moment::find(inner);
        moment.date || moment.time
    }
}

/// `-----Original Message-----`, in any language; `-----Mia Berg wrote: -----`.
fn is_original(line: &str) -> bool {
    if is_group_wise(line) {
        return true;
    }
    let Some(inner) = between_dashes(line) else { return false };
    let words = inner.trim_end_matches(':').trim_end();
    INDEX.originals.contains(words) || {
        let verb = words.rsplit(' ').next().unwrap_or_default();
        inner.ends_with(':') && words.contains(' ') && INDEX.verbs.contains_key(verb)
    }
}

/// What other help desks put above their mails, between signs: `##- Please type your reply above this line -##`.
const REPLY_LINES: [&str; 9] = [
    "above this line",
    "above the line",
    "oberhalb dieser linie",
    "über dieser linie",
    "au-dessus de cette ligne",
    "encima de esta línea",
    "sopra questa riga",
    "acima desta linha",
    "boven deze lijn",
];

/// Whether the line asks for answers above it: what is below it is what is answered.
pub(super) fn is_reply_line(line: &str) -> bool {
    let line = line.trim();
    let signs = line.bytes().take_while(|octet| matches!(octet, b'#' | b'-' | b'=' | b'*' | b'_' | b'~' | b'+')).count();
    signs >= 2 && line.len() <= 120 && {
        let words = line.to_lowercase();
        REPLY_LINES.iter().any(|form| words.contains(form))
    }
}

/// `---------- Forwarded message ---------`, `Begin forwarded message:`, `----- Forwarded by Mia Berg on … -----`.
pub(super) fn is_forward(line: &str) -> bool {
    if let Some(inner) = between_dashes(line) {
        let words = inner.trim_end_matches([':', '.']).trim_end();
        return INDEX.forwards.contains(words) || INDEX.forwarded_by.iter().any(|start| inner.starts_with(start));
    }
    let line = line.trim();
    if line.len() < SHORTEST_BANNER || line.len() > RULE_LENGTH || !line.trim_end_matches(['*', '_']).ends_with([':', '：']) {
        return false;
    }
    let folded = folding::folded(line);
    INDEX.forwards.contains(folded.trim_end_matches(':').trim_end())
}

/// The same behind `> `: some programs quote what they pass on, banner and all.
pub(super) fn is_quoted_forward(line: &str) -> bool {
    line.trim_start().strip_prefix('>').is_some_and(is_forward)
}

/// What stands between two runs of dashes, folded.
fn between_dashes(line: &str) -> Option<String> {
    let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '<' | '|' | '\u{200e}' | '\u{200f}'));
    if line.len() > RULE_LENGTH || !line.starts_with(is_dash) {
        return None;
    }
    let inner = line.trim_start_matches(is_dash);
    let before = line[..line.len() - inner.len()].chars().count();
    let words = inner.trim_end_matches(is_dash);
    let after = inner[words.len()..].chars().count();
    // Some write no dashes behind the words.
    let enough = (before >= FEWEST_SIGNS - 1 && after >= FEWEST_SIGNS - 1) || before >= 4;
    (enough && !words.trim().is_empty()).then(|| folding::folded(words))
}

fn is_dash(character: char) -> bool {
    matches!(character, '-' | '–' | '—' | '─' | '━' | '=' | '~')
}

/// A line of nothing but underscores or dashes.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    let mut signs = line.chars();
    let Some(first) = signs.next().filter(|first| *first == '_' || is_dash(*first)) else { return false };
    line.len() >= FEWEST_SIGNS && signs.all(|sign| sign == first)
}

/// The next line with something on it, when it is near.
fn next_line(lines: &[&str], at: usize) -> Option<usize> {
    (at + 1..lines.len().min(at + 4)).find(|index| !lines[*index].trim().is_empty())
}

/// Whether this is what programs put before the subject of a mail that is passed on, without its colon.
pub(super) fn is_forward_prefix(prefix: &str) -> bool {
    INDEX.prefixes.contains(folding::folded(prefix).as_str())
}
