//! The words of a text, as far as two copies of it share them, whatever mail programs did on the way: case, accents, ligatures,
//! punctuation, quote marks, prefixes, line breaks, spaces that do not break and characters that nobody sees count for nothing.

use std::hash::{DefaultHasher, Hash, Hasher};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::characters::is_invisible;

/// Characters of a line that a mail program may have broken; a shorter or longer one ends where its author ended it.
const BROKEN_LINES: std::ops::RangeInclusive<usize> = 50..=80;

/// One word; a single character in scripts that write no spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// What it is compared by.
    pub hash: u64,
    /// How many characters it has.
    pub characters: usize,
    /// Whether it has a digit.
    pub is_number: bool,
    /// Whether it is of a script without spaces.
    pub is_unspaced: bool,
    /// Whether a sentence or a line begins with it.
    pub begins: bool,
    /// Whether it is the first of its line, which may be broken.
    pub begins_line: bool,
    /// First octet in the text.
    pub start: usize,
    /// The octet after its last.
    pub end: usize,
}

/// The words of a text, in linear time.
pub fn words(text: &str) -> Vec<Word> {
    let mut reader = Reader { words: Vec::new(), open: None, begins: true, begins_line: true };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        reader.line(line, start);
        start += line.len();
    }
    reader.close();
    reader.words
}

struct Reader {
    words: Vec<Word>,
    open: Option<(DefaultHasher, Word)>,
    begins: bool,
    begins_line: bool,
}

impl Reader {
    fn line(&mut self, line: &str, start: usize) {
        let written = line.trim();
        let mut characters = line.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let end = start + at + c.len_utf8();
            if c.is_alphanumeric() {
                self.letter(c, start + at, end);
            } else if !(is_invisible(c) || is_combining_mark(c) || is_apostrophe(c)) {
                self.close();
                let before_gap = characters.peek().is_none_or(|(_, next)| !next.is_alphanumeric());
                self.begins |= matches!(c, '。' | '！' | '？') || (before_gap && matches!(c, '.' | '!' | '?' | '…'));
            }
        }
        self.close();
        self.begins |= !BROKEN_LINES.contains(&written.chars().count());
        self.begins_line = true;
    }

    fn letter(&mut self, c: char, start: usize, end: usize) {
        let is_unspaced = is_unspaced(c);
        if is_unspaced {
            self.close();
        }
        let (begins, begins_line) = (std::mem::take(&mut self.begins), std::mem::take(&mut self.begins_line));
        let (hasher, word) = self.open.get_or_insert_with(|| {
            let word = Word { hash: 0, characters: 0, is_number: false, is_unspaced, begins, begins_line, start, end };
            (DefaultHasher::new(), word)
        });
        if c.is_ascii() {
            c.to_ascii_lowercase().hash(hasher);
        } else {
            let letters = std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c));
            letters.flat_map(char::to_lowercase).for_each(|c| c.hash(hasher));
        }
        word.characters += 1;
        word.is_number |= c.is_numeric();
        word.end = end;
        if is_unspaced {
            self.close();
        }
    }

    fn close(&mut self) {
        if let Some((hasher, word)) = self.open.take() {
            self.words.push(Word { hash: hasher.finish(), ..word });
        }
    }
}

/// They are typed in several ways, and left out in some: `don't`, `don’t`.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '´' | '\u{2018}' | '\u{2019}' | '\u{02bc}')
}

/// Whether its script writes no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hashes(text: &str) -> Vec<u64> {
        words(text).iter().map(|word| word.hash).collect()
    }

    #[test]
    fn what_mail_programs_change_on_the_way_makes_no_difference() {
        let plain = hashes("He said: \"don't refund the kettle\", Mr. Kovač - file 12.");
        for other in [
            "> He said: “don’t refund\n> the kettle”, Mr. Kovač – file 12.",
            "| he\u{a0}said : 'dont re\u{ad}fund\u{200b} the  kettle' Mr Kovac file 12",
            "HE SAID:\r\n\r\nDON'T REFUND THE KETTLE, MR. KOVAC\u{30c} -- ﬁle １２",
        ] {
            assert_eq!(hashes(other), plain, "{other}");
        }
    }

    #[test]
    fn a_script_without_spaces_has_a_word_for_each_character() {
        assert_eq!(words("お客様は怒って").len(), 7);
        assert_eq!(hashes("客様"), hashes("お客様は")[1..3]);
    }

    #[test]
    fn a_sentence_begins_after_a_stop_and_after_a_line_that_nothing_broke() {
        let begins = |text: &str| words(text).iter().filter(|word| word.begins).count();
        assert_eq!(begins("One. Two two!\nThree 3.5 example.org"), 3);
        assert_eq!(begins(&format!("{} end\nof it", "a line of sixty characters is taken to be broken by a program")), 1);
    }

    proptest! {
        #[test]
        fn any_text_gives_words_that_lie_in_it_one_after_another(text in "[\\PC\n\u{301}\u{ad}一ก]{0,120}") {
            let mut end = 0;
            for word in words(&text) {
                prop_assert!(end <= word.start && word.start < word.end && word.characters > 0);
                prop_assert!(text.get(word.start..word.end).is_some());
                end = word.end;
            }
        }
    }
}
