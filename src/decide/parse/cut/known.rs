//! Cutting by content: what we sent before on this ticket is ours, in whatever way a mail program quotes it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Words that make a line recognisable on their own; they are compared in groups of this many.
const GROUP: usize = 3;
/// What a quotation must have at least: so many known lines, or so many octets in them.
const FEWEST_LINES: usize = 2;
const FEWEST_OCTETS: usize = 40;

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

/// The first line of the longest run that is ours.
fn start_of_run(lines: &[&str], sent: &Sent) -> Option<usize> {
    let (mut written, mut known, mut octets, mut start) = (0_usize, 0_usize, 0_usize, None);
    for (index, line) in lines.iter().enumerate().rev() {
        let bare = without_prefix(line);
        let has_prefix = line.trim_start().starts_with(['>', '|']);
        if bare.trim().is_empty() {
            continue;
        }
        let words: Vec<u64> = words(bare);
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
        if enough && share == Share::All && (has_prefix || words.len() >= GROUP) && known * 5 >= written * 4 {
            start = Some(index);
        }
    }
    // Empty quoted lines above it are nobody's.
    let blank = |line: &&str| without_prefix(line).trim().is_empty();
    start.map(|start| start - lines[..start].iter().rev().take_while(|line| blank(line)).count())
}

fn without_prefix(line: &str) -> &str {
    line.trim_start_matches(['>', '|', ' ', '\t'])
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
            let all = words(text);
            sent.groups.extend(all.array_windows::<GROUP>().copied());
            sent.pairs.extend(all.array_windows::<2>().copied());
            sent.lines.extend(text.split('\n').map(words).filter(|line| line.len() < GROUP));
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

/// The words of a text, without case and punctuation, as hashes: they are only compared.
fn words(text: &str) -> Vec<u64> {
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let mut hasher = DefaultHasher::new();
        let mut empty = true;
        for c in word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase) {
            c.hash(&mut hasher);
            empty = false;
        }
        if !empty {
            words.push(hasher.finish());
        }
    }
    words
}
