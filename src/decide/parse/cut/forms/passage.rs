//! A few lines read as one, for what says that they are an attribution. Never fails.

use super::folding;
use super::languages::INDEX;
use super::moment::{self, Moment};

/// What was found in the lines.
#[derive(Debug, Default)]
pub(super) struct Passage {
    /// All of it, cleaned, without dashes around it.
    pub(super) text: String,
    /// The date and the time it tells.
    pub(super) moment: Moment,
    /// It holds a mail address.
    pub(super) address: bool,
    /// An address stands in angle brackets.
    pub(super) bracketed: bool,
    /// An address, or its bracket, is the last thing before the colon.
    pub(super) ends_with_address: bool,
    /// A moment in square brackets is the last thing, as mutt may write it.
    pub(super) ends_with_bracket: bool,
    /// It tells how far the clock is from UTC, as only programs do.
    pub(super) zoned: bool,
    /// Where the word stands that says that somebody wrote.
    pub(super) verb: Option<usize>,
    /// Words without digits and addresses.
    pub(super) words: usize,
    /// Besides the verb there is nothing but a name.
    pub(super) is_name: bool,
    /// It speaks of the author or to the reader: a sentence.
    pub(super) is_prose: bool,
}

/// Words in lower case that stand in names, or between a name and the verb.
const PARTICLES: [&str; 36] = [
    "a", "al", "bin", "by", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "el", "en", "ezt", "ha",
    "je", "la", "le", "na", "of", "os", "ten", "va", "van", "via", "von", "y", "zu", "και", "ο", "η", "on",
];

impl Passage {
    pub(super) fn of(lines: &[&str]) -> Self {
        let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
        for line in lines {
            folding::clean(line, &mut text);
            text.push(' ');
        }
        let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | ':')).to_owned();
        let mut passage = Self { moment: moment::find(&text), ..Self::default() };
        passage.is_name = true;
        passage.read_words(&text);
        passage.read_end(&text);
        if passage.verb.is_none() && !text.is_ascii() {
            passage.verb = INDEX.endings.iter().find_map(|ending| text.find(ending));
        }
        passage.text = text;
        passage
    }

    fn read_words(&mut self, text: &str) {
        let mut lower = String::new();
        let (mut speaks, mut persons) = (0, 0);
        for (at, token) in tokens(text) {
            if token.contains('@') {
                self.address |= token.trim_matches(['@', '<', '>', '(', ')']).contains('@');
                self.bracketed |= token.starts_with(['<', '(', '[', '"']) || token.ends_with('>');
                continue;
            }
            for word in token.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()) {
                if word.bytes().any(|octet| octet.is_ascii_digit()) {
                    continue;
                }
                self.words += 1;
                folding::lower(word, &mut lower);
                if let Some(languages) = INDEX.verbs.get(lower.as_str()) {
                    speaks |= languages;
                    self.verb = self.verb.or(Some(at));
                    continue;
                }
                // As written, but for the first word: with a capital letter it may be a name.
                let person = if self.words == 1 { lower.as_str() } else { word };
                persons |= INDEX.persons.get(person).copied().unwrap_or(0);
                let small = word.chars().next().is_some_and(char::is_lowercase);
                if small && word.chars().count() > 1 && !PARTICLES.contains(&word) {
                    self.is_name = false;
                }
            }
        }
        self.is_prose = speaks & persons != 0;
    }

    fn read_end(&mut self, text: &str) {
        let last = text.rsplit(' ').next().unwrap_or_default();
        self.ends_with_address = last.contains('@');
        self.ends_with_bracket = text.ends_with(']') && text.contains('[');
        self.zoned = text.match_indices(['+', '-']).any(|(at, _)| {
            let digits = text[at + 1..].bytes().take_while(|octet| octet.is_ascii_digit()).count();
            digits == 4 && text[..at].ends_with(' ')
        });
    }
}

/// The parts between spaces, with where each begins.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(' ').scan(0, |at, token| {
        let start = *at;
        *at += token.len() + 1;
        Some((start, token))
    })
}
