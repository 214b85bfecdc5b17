//! Cutting by content: what we sent before on this ticket is ours, in whatever way a mail program quotes it; and what the HTML
//! of a mail marks as a quotation is one in its plain text, too.
//!
//! Words are compared as [`words`](crate::decide::parse::words) folds them: quote marks, apostrophes, accents, ligatures and
//! characters that nobody sees make no difference.

use std::collections::HashSet;

use memchr::memmem;

use super::prefix;
use crate::decide::parse::words;

/// Words that make a line recognisable on their own; they are compared in groups of this many.
const GROUP: usize = 3;
/// What a quotation must have at least: so many known lines, or so many octets in them.
const FEWEST_LINES: usize = 2;
const FEWEST_OCTETS: usize = 40;
/// Characters that make a line recognisable in scripts without spaces, where each is a word.
const UNSPACED_GROUP: usize = 8;
/// Octets of the longest line that stands for one of the other kinds of attribution above a quotation.
const ATTRIBUTION_LENGTH: usize = 300;

/// Cuts off the end of `text` where at least 80 % of the lines with something on them occur in what we sent before:
/// at least two lines or 40 octets. Prefixes (`>`, `|`) and other line breaks do not matter. The run begins with a
/// known line that has a prefix or three words, so that a `Thanks` which we also wrote stays; a line without prefix of
/// which nothing is known ends it, so that an answer between quoted lines stays. What is cut goes in front of `quoted`. Never leaves nothing.
pub fn cut_known(text: &str, quoted: &str, known: &[&str]) -> (String, String) {
    let sent = Sent::of(known);
    let lines: Vec<&str> = text.split('\n').collect();
    let Some(start) = start_of_run(&lines, &sent) else { return (text.to_owned(), quoted.to_owned()) };
    let (own, tail) = (lines[..start].join("\n"), lines[start..].join("\n"));
    let own = own.trim_end_matches('\n');
    if own.trim().is_empty() {
        return (text.to_owned(), quoted.to_owned());
    }
    let tail = tail.trim_end_matches('\n');
    let quoted = if quoted.is_empty() { tail.to_owned() } else { format!("{tail}\n\n{quoted}") };
    (own.to_owned(), quoted)
}

/// Cuts off the end of `text` where it says again what the HTML of the same mail `marked` as quotation, by the measure of
/// [`cut_known`], with the line above it that names its author: the author's words, and the rest. `None` where there is no such end, or
/// nothing would be left.
pub fn cut_marked(text: &str, marked: &str) -> Option<(String, String)> {
    // The last word of what is quoted is quoted.
    let last = text.split_whitespace().next_back()?.trim_matches(|c: char| !c.is_alphanumeric());
    if marked.is_empty() || memmem::find(marked.as_bytes(), last.as_bytes()).is_none() {
        return None;
    }
    let sent = Sent::of(&[marked]);
    let lines: Vec<&str> = text.split('\n').collect();
    let start = start_of_run(&lines, &sent)?;
    let above = lines[..start].iter().rposition(|line| !line.trim().is_empty())?;
    // A program writes it in its own language; only it ends in a colon and has a date.
    let line = lines[above].trim_end();
    let names =
        line.len() <= ATTRIBUTION_LENGTH && line.ends_with([':', '：']) && line.bytes().any(|octet| octet.is_ascii_digit());
    let start = if names { above } else { start };
    let own = lines[..start].join("\n");
    let own = own.trim_end_matches('\n');
    (!own.trim().is_empty()).then(|| (own.to_owned(), lines[start..].join("\n").trim_end_matches('\n').to_owned()))
}

/// The first line of the longest run that is ours.
fn start_of_run(lines: &[&str], sent: &Sent) -> Option<usize> {
    let (mut written, mut known, mut octets, mut start) = (0_usize, 0_usize, 0_usize, None);
    for (index, line) in lines.iter().enumerate().rev() {
        let bare = without_prefix(line);
        let has_prefix = bare.len() < line.trim_start().len();
        if bare.trim().is_empty() {
            continue;
        }
        let (words, tells) = hashes(bare);
        let share = sent.share(&words);
        written += 1;
        match share {
            Share::All => {
                known += 1;
                octets += bare.trim().len();
            }
            Share::Some => {}
            Share::None if has_prefix => {}
            Share::None => break,
        }
        let enough = known >= FEWEST_LINES || octets >= FEWEST_OCTETS;
        if enough && share == Share::All && (has_prefix || tells) && known * 5 >= written * 4 {
            start = Some(index);
        }
    }
    // Empty quoted lines above it are nobody's.
    let blank = |line: &&str| without_prefix(line).trim().is_empty();
    start.map(|start| start - lines[..start].iter().rev().take_while(|line| blank(line)).count())
}

fn without_prefix(line: &str) -> &str {
    let line = line.trim_start();
    let line = prefix::without_initials(line).unwrap_or(line);
    line.trim_start_matches(['>', '＞', '|', '│', '}', ' ', '\t', '\u{a0}'])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    None,
    Some,
    All,
}

/// What we sent: its lines, and its words in groups, which survive other line breaks.
struct Sent {
    groups: HashSet<[u64; GROUP]>,
    pairs: HashSet<[u64; 2]>,
    lines: HashSet<Vec<u64>>,
}

impl Sent {
    fn of(texts: &[&str]) -> Self {
        let mut sent = Sent { groups: HashSet::new(), pairs: HashSet::new(), lines: HashSet::new() };
        for text in texts {
            let (all, _) = hashes(text);
            sent.groups.extend(all.array_windows::<GROUP>().copied());
            sent.pairs.extend(all.array_windows::<2>().copied());
            sent.lines.extend(text.split('\n').map(|line| hashes(line).0).filter(|line| line.len() < GROUP));
        }
        sent
    }

    /// How much of a line occurs in what we sent.
    fn share(&self, words: &[u64]) -> Share {
        let (found, all) = match words.len() {
            // Nothing but punctuation: as good as any line of dashes.
            0 => (1, 1),
            1 => (usize::from(self.lines.contains(words)), 1),
            2 => (usize::from(self.lines.contains(words) || self.pairs.contains(&[words[0], words[1]])), 1),
            _ => {
                let groups = words.array_windows::<GROUP>();
                (groups.clone().filter(|group| self.groups.contains(*group)).count(), groups.len())
            }
        };
        match found {
            0 => Share::None,
            found if found == all => Share::All,
            _ => Share::Some,
        }
    }
}

/// The words of a text as they are compared, and whether there are enough of them to recognise a line by.
fn hashes(text: &str) -> (Vec<u64>, bool) {
    let words = words::words(text);
    let fewest = if words.iter().all(|word| word.is_unspaced) { UNSPACED_GROUP } else { GROUP };
    (words.iter().map(|word| word.hash).collect(), words.len() >= fewest)
}
