//! Which words of a text repeat a note. What counts:
//!
//! - a whole note, from `WHOLE_NOTE` letters on, or a whole sentence of one, from `WHOLE_SENTENCE` letters on, also without the words that
//!   tell nothing at its ends, as in `@ana please look: …`;
//! - any passage of eight words and more (sixteen characters, in scripts without spaces) with `PASSAGE` letters.
//!
//! Letters are those of words that tell something: not those of `COMMONPLACE`, of the names on the ticket or of its subject, and of
//! a number only a few. So `Thank you very much` or an order number may stand in a note and in an answer. What stands in a public
//! message of the ticket is no secret of a note that quotes it. Linear time.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::decide::parse::words::{Word, words};

const WHOLE_NOTE: usize = 12;
const WHOLE_SENTENCE: usize = 16;
const PASSAGE: usize = 24;
/// Words of a passage, twice: a character of a script without spaces counts half.
const PASSAGE_SIZE: usize = 16;
/// Passages are found by groups of so many words.
const GROUP: usize = 4;
/// The longest sentence that is looked for as a whole; a longer one is a passage.
const LONGEST_SENTENCE: usize = 15;
/// A sentence of so few words counts only where it is a sentence again, not within one.
const SHORT_SENTENCE: usize = 2;
/// Letters that a number and a character of a script without spaces count for.
const TWO: usize = 2;
/// Characters of the words that are shown.
const SHOWN: usize = 200;
/// A line of a signature, in octets, and how many lines it may have.
const SIGNATURE_LINE: usize = 60;
const SIGNATURE_LINES: usize = 8;

/// Words that every letter has, and those that mail programs put above what they quote and pass on. A language that is missing is
/// guarded a little more strictly.
const COMMONPLACE: [&str; 3] = [
    "a about after again all also am an and any are as at back be been before best but by can could day days dear did do does done for \
     further get give go good had has have hello help hesitate hi hope how i if in information is it just kind know let look looking lot \
     made make many may me more most much my need next nice no not now of ok okay on one or order our out please question questions \
     regards reply see send sent should sincerely so soon sorry still take thank thanks that the their them then there these they this \
     time to today tomorrow up us very was we week weekend well were what when which while will wish with within would year yes you \
     your yours",
    "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun january february march april may june july \
     august september october november december jan feb mar apr jun jul aug sep oct nov dec am pm",
    "begin forwarded message original appointment from date subject cc via wrote",
];

/// What must not be repeated.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    /// Words that weigh nothing.
    known: HashSet<u64>,
    groups: HashSet<u64>,
    /// Whole sentences and notes, by their number of words.
    sentences: Vec<HashSet<u64>>,
    allowed_groups: HashSet<u64>,
    allowed_sentences: HashSet<u64>,
}

impl Guarded {
    /// Nothing yet. The words of `known` tell nothing on this ticket: names, the subject.
    pub(super) fn new<'a>(known: impl Iterator<Item = &'a str>) -> Self {
        let known = known.chain(COMMONPLACE).flat_map(words).map(|word| word.hash).collect();
        Self { known, ..Self::default() }
    }

    /// The words of an internal note.
    pub(super) fn add_note(&mut self, note: &str) {
        self.add(note, WHOLE_NOTE);
    }

    /// The words that stand around notes in our notices.
    pub(super) fn add_frame(&mut self, frame: &str) {
        // A frame is never passed on as a whole.
        self.add(frame, usize::MAX);
    }

    fn add(&mut self, note: &str, whole: usize) {
        let all = words(note);
        self.groups.extend(all.windows(GROUP).map(hash));
        if self.weight(&all) >= whole {
            self.add_sentence(&all);
        }
        for sentence in all.chunk_by(|_, next| !next.begins) {
            if self.weight(sentence) >= WHOLE_SENTENCE {
                self.add_sentence(sentence);
                self.add_sentence(self.core(sentence));
            }
        }
    }

    /// A sentence from its first word that tells something to its last.
    fn core<'a>(&self, sentence: &'a [Word]) -> &'a [Word] {
        let tells = |word: &Word| !self.known.contains(&word.hash);
        let (first, last) = (sentence.iter().position(tells), sentence.iter().rposition(tells));
        first.zip(last).map_or(sentence, |(first, last)| &sentence[first..=last])
    }

    fn add_sentence(&mut self, sentence: &[Word]) {
        if sentence.len() <= LONGEST_SENTENCE {
            self.sentences.resize_with(LONGEST_SENTENCE + 1, HashSet::new);
            self.sentences[sentence.len()].insert(hash(sentence));
        }
    }

    /// What customers have read, or written, already. Said after the notes.
    pub(super) fn allow(&mut self, public: &str) {
        let all = words(public);
        self.allowed_groups.extend(all.windows(GROUP).map(hash));
        for (length, known) in self.sentences.iter().enumerate().filter(|(_, known)| !known.is_empty()) {
            let repeated = all.windows(length.max(1)).map(hash).filter(|hash| known.contains(hash));
            self.allowed_sentences.extend(repeated);
        }
    }

    /// The words with which a text repeats a note.
    pub(super) fn in_text(&self, text: &str) -> Option<String> {
        self.at_the_start(text, text.len())
    }

    /// The words with which a text repeats a note, from somewhere in its first so many octets on.
    pub(super) fn at_the_start(&self, text: &str, octets: usize) -> Option<String> {
        if self.groups.is_empty() && self.sentences.is_empty() {
            return None;
        }
        let all = words(text);
        let starts = all.partition_point(|word| word.start < octets);
        let found = self.sentence(&all, starts).or_else(|| self.passage(&all, starts))?;
        let (first, last) = (found.first()?, found.last()?);
        let shown = text.get(first.start..last.end)?;
        Some(shown.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect())
    }

    fn sentence<'a>(&self, all: &'a [Word], starts: usize) -> Option<&'a [Word]> {
        let begins = |word: &Word| word.begins || word.begins_line;
        let lengths = self.sentences.iter().enumerate().filter(|(_, known)| !known.is_empty());
        for (length, known) in lengths {
            for (at, found) in all.windows(length.max(1)).enumerate().take(starts) {
                let ends = all.get(at + length).is_none_or(begins);
                let stands_alone = begins(&found[0]) && ends;
                if length <= SHORT_SENTENCE && !stands_alone {
                    continue;
                }
                let hash = hash(found);
                if known.contains(&hash) && !self.allowed_sentences.contains(&hash) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn passage<'a>(&self, all: &'a [Word], starts: usize) -> Option<&'a [Word]> {
        let (mut start, mut size, mut weight) = (0, 0, 0);
        for (at, group) in all.windows(GROUP).enumerate() {
            let hash = hash(group);
            if !self.groups.contains(&hash) || self.allowed_groups.contains(&hash) {
                (start, size, weight) = (at + 1, 0, 0);
                continue;
            }
            if start >= starts {
                return None;
            }
            // The first group of a passage brings all its words, each further one brings its last.
            let new = if start == at { group } else { &group[GROUP - 1..] };
            size += new.iter().map(|word| if word.is_unspaced { 1 } else { TWO }).sum::<usize>();
            weight += self.weight(new);
            if size >= PASSAGE_SIZE && weight >= PASSAGE {
                return Some(&all[start..at + GROUP]);
            }
        }
        None
    }

    /// How much the words tell.
    fn weight(&self, words: &[Word]) -> usize {
        let weight = |word: &Word| match word {
            word if self.known.contains(&word.hash) => 0,
            word if word.is_number || word.is_unspaced => TWO,
            word => word.characters,
        };
        words.iter().map(weight).sum()
    }
}

fn hash(words: &[Word]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.iter().for_each(|word| word.hash.hash(&mut hasher));
    hasher.finish()
}

/// A text without the signature that its author puts below everything: a line that is an agent's name, and the short lines after it.
pub(super) fn without_signature<'a>(text: &'a str, names: &[&str]) -> &'a str {
    let bare = |text: &str| words(text).iter().map(|word| word.hash).collect::<Vec<_>>();
    let names: Vec<Vec<u64>> = names.iter().map(|name| bare(name)).filter(|name| name.len() > 1).collect();
    let mut above = text.trim_end();
    for _ in 0..=SIGNATURE_LINES {
        let start = above.rfind('\n').map_or(0, |end| end + 1);
        let line = above[start..].trim();
        if line.len() > SIGNATURE_LINE || line.ends_with(['.', '!', '?']) {
            break;
        }
        above = above[..start].trim_end();
        if names.contains(&bare(line)) {
            return above;
        }
    }
    text
}
