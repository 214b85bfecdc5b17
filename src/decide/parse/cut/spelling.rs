//! How the words of programs are spelled in the tables of this folder, so that a row matches whatever case, accents, dashes
//! and spaces a mail has: `MIT FREUNDLICHEN GRÜSSEN` and `Mit freundlichen Grüßen` are one row. Linear; never fails.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use crate::decide::parse::characters::is_invisible;

/// The text in lower case, with plain quote marks and dashes and single spaces; Latin and Greek letters without their marks.
/// Other scripts keep theirs, because `й` is no kind of `и` to who writes a table.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '\u{2018}' | '\u{2019}' | '`' | '´' | '\u{02bc}' => plain.push('\''),
            '"' | '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '\u{2010}'..='\u{2015}' => plain.push('-'),
            // Bold type of programs that make text of HTML.
            '*' => {}
            'ß' | 'ẞ' => plain.push_str("ss"),
            'æ' | 'Æ' => plain.push_str("ae"),
            'œ' | 'Œ' => plain.push_str("oe"),
            'đ' | 'Đ' => plain.push('d'),
            'ł' | 'Ł' => plain.push('l'),
            'ø' | 'Ø' => plain.push('o'),
            'ı' | 'İ' => plain.push('i'),
            'ς' => plain.push('σ'),
            c if c.is_whitespace() => {
                if !plain.is_empty() && !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            c if c.is_ascii() => plain.push(c.to_ascii_lowercase()),
            '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}' => {
                let base = std::iter::once(c).nfd().next().unwrap_or(c);
                plain.extend(base.to_lowercase());
            }
            '\u{300}'..='\u{36f}' => {}
            c if is_invisible(c) => {}
            c => plain.extend(c.to_lowercase()),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// Phrases of a table, found by their first character, so that a line costs a few comparisons however long the table is.
pub(super) struct Phrases<T> {
    by_first: HashMap<char, Vec<(&'static str, T)>>,
}

impl<T: Copy> Phrases<T> {
    /// Of phrases with `|` between them, each row with what it stands for.
    pub(super) fn of(rows: impl IntoIterator<Item = (&'static str, T)>) -> Self {
        let mut by_first: HashMap<char, Vec<(&'static str, T)>> = HashMap::new();
        for (phrases, meaning) in rows {
            for phrase in phrases.split('|') {
                if let Some(first) = phrase.chars().next() {
                    by_first.entry(first).or_default().push((phrase, meaning));
                }
            }
        }
        Self { by_first }
    }

    /// The phrases that a text in plain spelling begins with, and what each stands for.
    pub(super) fn at_start<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (&'static str, T)> + 'a {
        let candidates = text.chars().next().and_then(|first| self.by_first.get(&first));
        candidates.into_iter().flatten().copied().filter(|(phrase, _)| text.starts_with(phrase))
    }
}

/// The rests of a text that begin with a word; with any character in scripts that write no spaces.
pub(super) fn from_each_word(text: &str) -> impl Iterator<Item = &str> {
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, c)| {
        let begins = c.is_alphanumeric() && (c >= '\u{2e80}' || !before.is_alphanumeric());
        before = c;
        begins.then(|| &text[at..])
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn case_accents_and_dashes_make_no_difference() {
        assert_eq!(plain("  MIT\u{a0}freundlichen  GRÜSSEN "), plain("Mit freundlichen Grüßen"));
        assert_eq!(plain("*Trimiţi* – Trimiți’"), "trimiti - trimiti'");
        assert_eq!(plain("Στάλθηκε ΑΠΌ"), "σταλθηκε απο");
        assert_eq!(plain("Мой ёж, iPhoneから"), "мой ёж, iphoneから");
    }
}
