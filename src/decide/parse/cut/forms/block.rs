//! The block of header lines that Outlook, phones and many others put above a mail that is answered or passed on.
//!
//! From and two of Date, To and Subject must be there, in any order, and named in one language or partly in English. A form
//! on a web page has two of them at most, or others between. It looks at a fixed number of lines. Never fails.

use super::folding;
use super::languages::{INDEX, Kinds};
use super::moment;

/// Lines within which a block must be complete.
const LINES: usize = 20;
/// Octets of the longest name of a header line, with signs of bold type.
const NAME: usize = 60;
/// Lines that one value may be wrapped to.
const WRAPPED: usize = 4;

/// Which header line it is.
const FROM: usize = 0;
const DATE: usize = 1;
const TO: usize = 2;
const SUBJECT: usize = 3;
/// Cc, Reply-To, Importance, Attachments.
const OTHER: usize = 4;

/// A block that was found: how many lines it has, and its values as they stood, on one line each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Block {
    pub(in super::super) lines: usize,
    /// Whether it names recipients.
    pub(in super::super) is_addressed: bool,
    pub(in super::super) from: String,
    pub(in super::super) date: String,
    pub(in super::super) subject: String,
}

/// A line `Name: value`: what the name may mean, and the value.
fn field(line: &str) -> Option<(Kinds, &str)> {
    let end = line.floor_char_boundary(NAME.min(line.len()));
    let colon = line[..end].find([':', '：'])?;
    let kinds = INDEX.field(&line[..colon])?;
    let value = &line[colon..];
    Some((kinds, value[value.chars().next().map_or(0, char::len_utf8)..].trim_matches(is_filler)))
}

/// White space, signs of bold type and of writing direction.
fn is_filler(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '*' | '_' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a line is a header line of that kind in some language.
pub(super) fn is_recipient(line: &str) -> bool {
    field(line).is_some_and(|(kinds, _)| kinds[TO] != 0)
}

/// Whether a line is a Subject in some language.
pub(super) fn is_subject(line: &str) -> bool {
    field(line).is_some_and(|(kinds, _)| kinds[SUBJECT] != 0)
}

/// The block that begins with the first line; `None` when none does.
pub(in super::super) fn find(lines: &[&str]) -> Option<Block> {
    let (first, _) = field(lines.first()?)?;
    if first[..OTHER].iter().all(|languages| *languages == 0) {
        return None;
    }
    let found = Found::read(lines);
    // Without recipients it may be a form: then the moment must be a mail's, and nothing may go on below.
    let is_closed = || lines.get(found.lines).is_none_or(|line| line.trim().is_empty());
    let is_whole = found.seen[TO] != 0 || (moment::find(&found.values[DATE]).time && is_closed());
    (is_whole && found.is_block()).then(|| found.into_block())
}

/// What follows a rule that already says that a mail begins: any block with From or two other fields.
pub(in super::super) fn find_below_rule(lines: &[&str]) -> Option<Block> {
    field(lines.first()?)?;
    let found = Found::read(lines);
    let known = found.seen.iter().take(OTHER).filter(|languages| **languages != 0).count();
    (known >= 2 || (known == 1 && found.seen[FROM] != 0)).then(|| found.into_block())
}

#[derive(Debug, Default)]
struct Found {
    /// For each kind the languages in which a line was one.
    seen: Kinds,
    values: [String; 5],
    lines: usize,
}

impl Found {
    fn read(lines: &[&str]) -> Self {
        let mut found = Self::default();
        let mut current = None;
        let (mut wrapped, mut blank) = (0, 0);
        for (at, line) in lines.iter().take(LINES).enumerate() {
            if line.trim().is_empty() {
                // Text made from HTML may have an empty line between any two, and none is part of a value.
                blank += 1;
                if blank > 1 {
                    break;
                }
                continue;
            }
            if let Some((kinds, value)) = field(line) {
                let Some(kind) = found.place(&kinds) else { break };
                found.seen[kind] |= kinds[kind];
                value.clone_into(&mut found.values[kind]);
                (current, wrapped, blank) = (Some(kind), 0, 0);
            } else {
                let Some(kind) = current.filter(|_| blank == 0 && wrapped < WRAPPED) else { break };
                if !continues(&found.values[kind], line, wrapped) {
                    break;
                }
                wrapped += 1;
                found.values[kind].push(' ');
                found.values[kind].push_str(line.trim_matches(is_filler));
            }
            found.lines = at + 1;
        }
        found
    }

    /// The kind that a line is, where its name has several meanings: one that was not there yet.
    fn place(&self, kinds: &Kinds) -> Option<usize> {
        (0..OTHER).find(|kind| kinds[*kind] != 0 && self.seen[*kind] == 0).or((kinds[OTHER] != 0).then_some(OTHER))
    }

    fn is_block(&self) -> bool {
        // Names in English are mixed into every language.
        let languages = |kind: usize| if self.seen[kind] & 1 == 1 { u64::MAX } else { self.seen[kind] };
        let (from, date) = (languages(FROM), languages(DATE));
        let (to, subject) = (languages(TO), languages(SUBJECT));
        let dated = date == 0 || self.values[DATE].chars().any(char::is_numeric);
        dated && (from & date & to | from & date & subject | from & to & subject) != 0
    }

    fn into_block(self) -> Block {
        let [from, date, _, subject, _] = self.values;
        Block { lines: self.lines, is_addressed: self.seen[TO] != 0, from, date, subject }
    }
}

/// Whether a line goes on with the value above it: it is indented, or that one was long or ended with a separator.
fn continues(value: &str, line: &str, wrapped: usize) -> bool {
    let mut cleaned = String::new();
    folding::clean(value, &mut cleaned);
    let open = cleaned.trim_end().ends_with([';', ',', '<', '"']);
    // A name alone may stand below its field, as text made from a table has it.
    open || cleaned.is_empty() && wrapped == 0
        || line.starts_with([' ', '\t'])
        || line.trim_start().starts_with(['<', '['])
        || cleaned.len() >= 60
}
