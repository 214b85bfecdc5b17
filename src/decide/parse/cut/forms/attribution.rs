//! The line above a quotation that says who wrote it and when, in any language and wrapped to several lines.
//!
//! Without a quoted line below it takes a word of the tables, a moment and somebody's name to be one; with a quoted line
//! less is enough. It looks at a fixed number of lines and octets. Never fails.

use super::folding;
use super::languages::INDEX;
use super::passage::Passage;
use crate::decide::parse::cut::prefix::without_initials;

/// Lines that an attribution may be wrapped to.
const LINES: usize = 6;
/// Octets of the longest attribution: a date, a name and an address, perhaps twice.
const LENGTH: usize = 600;
/// Words of the longest attribution, without those that hold digits or an address.
const WORDS: usize = 18;
/// Lines that may be its last, of those that are near: some dates end with a colon before the end.
const ENDS: usize = 2;

/// How many lines, from the first on, are `On …, somebody wrote:`; 0 when they are not.
pub(in super::super) fn attribution(lines: &[&str]) -> usize {
    let mut length = 0;
    let mut ends = 0;
    for (last, line) in lines.iter().take(LINES).enumerate() {
        length += line.len();
        if line.trim().is_empty() || length > LENGTH || (last > 0 && is_quoted(line) && !closes_address(lines[last - 1], line)) {
            break;
        }
        let Some(end) = End::of(line) else { continue };
        if is_attribution(lines, last, end) {
            return last + 1;
        }
        ends += 1;
        if ends == ENDS {
            break;
        }
    }
    0
}

/// For each line, whether it may be the last of an attribution: most begin none, since none near them ends one.
pub(in super::super) fn possible_ends(lines: &[&str]) -> Vec<bool> {
    lines.iter().map(|line| End::of(line).is_some()).collect()
}

/// Whether an attribution that begins at this line may end near enough.
pub(in super::super) fn may_begin(ends: &[bool], at: usize) -> bool {
    ends[at..ends.len().min(at + LINES)].contains(&true)
}

/// How a line ends that may be the last of an attribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With a colon, or with dashes where it began with them.
    Sign,
    /// With the verb and nothing else, as few programs do.
    Verb,
}

impl End {
    fn of(line: &str) -> Option<Self> {
        let end =
            line.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '\u{200e}' | '\u{200f}' | '\u{202c}'));
        if end.ends_with([':', '：', '∶']) || end.ends_with("---") || line.trim_start().starts_with(':') {
            return Some(Self::Sign);
        }
        let word = end.rsplit([' ', '\u{a0}', ',']).next().unwrap_or_default();
        if word.is_empty() || word.len() > 40 {
            return None;
        }
        let is_verb = INDEX.verbs.contains_key(word) || INDEX.endings.iter().any(|ending| word.ends_with(ending));
        is_verb.then_some(Self::Verb)
    }
}

fn is_attribution(lines: &[&str], last: usize, end: End) -> bool {
    let block = &lines[..=last];
    let quoted = is_quoted_below(lines, last + 1);
    // Most lines with a colon at the end tell no moment and nobody's address.
    if !quoted && !block.iter().any(|line| line.bytes().any(|octet| octet.is_ascii_digit() || matches!(octet, b'@' | 0xd8..))) {
        return false;
    }
    let passage = Passage::of(block);
    if passage.words > WORDS || passage.is_prose || !starts_well(block) {
        return false;
    }
    match end {
        End::Sign => has_form(&passage, quoted),
        End::Verb => last == 0 && passage.moment.date && passage.moment.time && passage.verb.is_some() && quoted,
    }
}

/// Whether the words make an attribution.
fn has_form(passage: &Passage, quoted: bool) -> bool {
    let moment = passage.moment;
    let whole = moment.date && moment.time;
    let evidence = whole || (passage.address && (moment.date || moment.time));
    if passage.verb.is_some() {
        return evidence
            || (quoted && (passage.address || moment.date || moment.time))
            || ((quoted || passage.bracketed) && passage.is_name)
            || (quoted && is_short_form(passage));
    }
    // `2026-11-12 10:11 GMT+01:00 Mia <mia@…>:`, `12 Nov 2026, 10:11 by mia@…:`, `* Mia <mia@…> [2026-11-12 10:11]:`
    (whole && passage.words <= 10 && passage.address && (passage.ends_with_address || passage.ends_with_bracket))
        || (whole && passage.zoned && passage.is_name)
        || (quoted && evidence)
        || (quoted && is_short_form(passage))
}

/// How lines begin and go on that need a quoted line below them, and have no verb of their own.
const SHORT_FORMS: [(&str, &str); 17] = [
    ("quoting ", ""),
    ("from ", " on "),
    ("begin ", "quotation"),
    ("zitat von ", ""),
    ("citando a ", ""),
    ("citando ", ""),
    ("citat ", ""),
    ("citeren ", ""),
    ("citerar ", ""),
    ("cituji ", ""),
    ("citazione ", ""),
    ("cytowanie ", ""),
    ("idézet ", ""),
    ("lainaus ", ""),
    ("цитирование ", ""),
    ("цитирую ", ""),
    ("alıntı ", ""),
];

fn is_short_form(passage: &Passage) -> bool {
    let mut text = String::new();
    folding::lower(&passage.text, &mut text);
    passage.words <= 8 && SHORT_FORMS.iter().any(|(start, within)| text.starts_with(start) && text.contains(within))
}

/// Whether the next line with something on it is quoted.
fn is_quoted_below(lines: &[&str], from: usize) -> bool {
    let next = lines.iter().skip(from).take(3).map(|line| line.trim_start()).find(|line| !line.is_empty());
    next.is_some_and(|line| is_quoted(line) || line.starts_with('|') || without_initials(line).is_some())
}

fn is_quoted(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['>', '＞']) || line.starts_with("&gt;")
}

/// Whether a line that looks quoted closes the bracket of an address that a program wrapped in front of it.
fn closes_address(above: &str, line: &str) -> bool {
    let open = above.rfind('<').is_some_and(|open| above[open..].contains('@') && !above[open..].contains('>'));
    open && End::of(line).is_some()
}

/// Whether the first of several lines is part of it, and not the end of the author's sentence above it: a program wraps
/// long lines only, and begins with the date, the name, or its own words.
fn starts_well(block: &[&str]) -> bool {
    let Some((_, above)) = block.split_last() else { return false };
    if above.is_empty() {
        return true;
    }
    if above.iter().any(|line| ends_sentence(line)) {
        return false;
    }
    if opens(block[0]) || names_author(block[0]) {
        return true;
    }
    // What begins further down, and is whole without this line, begins there.
    let begins_below = (1..block.len()).any(|at| opens(block[at]) && block[at..].iter().any(|line| names_author(line)));
    !begins_below && block[0].chars().map(width).sum::<usize>() >= 40
}

/// Whether a line holds an address, or the word that says that somebody wrote.
fn names_author(line: &str) -> bool {
    line.contains('@') || line.split_whitespace().any(|word| INDEX.verbs.contains_key(word.trim_end_matches(',')))
}

/// Whether a line begins as an attribution does whose date comes first: a digit is near.
fn opens(line: &str) -> bool {
    let start = line.trim_start();
    start.chars().take(24).any(|c| c.is_ascii_digit()) && !start.starts_with(['<', '('])
}

/// Columns of a character.
fn width(character: char) -> usize {
    if character >= '\u{1100}' { 2 } else { 1 }
}

/// Whether a line ends as a sentence does, and not as an abbreviated month or a date.
fn ends_sentence(line: &str) -> bool {
    let line = line.trim_end();
    if line.ends_with(['!', '?', '。', '！', '？']) {
        return true;
    }
    let Some(rest) = line.strip_suffix('.') else { return false };
    let word = rest.rsplit(' ').next().unwrap_or_default();
    word.chars().count() > 4 && !word.bytes().any(|octet| octet.is_ascii_digit())
}
