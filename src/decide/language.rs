//! In which language somebody wrote: only when it is sure, and of the languages that there are texts for. The only user of `whatlang`.
//!
//! Two witnesses must agree. One goes by triples of letters and knows some seventy languages; it is never at a loss for an answer. The
//! other ([`words`]) knows the small words of the languages that are built in and of their neighbours: what looks like Croatian and holds a
//! word that only Serbian has is neither. Of a language of an operator's own only the first is asked, and about longer texts only.
//! `None` costs little: the department's language is used.

mod words;

use crate::decide::parse::folded;
use whatlang::Lang;
use words::{Habits, LANGUAGES};

/// Octets that are looked at: some ten sentences. Whoever writes more says it in the same language.
const LOOKED_AT: usize = 1_200;
/// Letters without which nothing is sure.
const LETTERS: usize = 25;
/// The same for a language that only one witness knows.
const LETTERS_OF_OTHERS: usize = 150;
/// Small words that must be found, at least.
const WORDS: usize = 2;
/// Of all words, one in so many must be a small one of the language.
const SHARE: usize = 8;
/// How many times more small words of the language there must be than of its neighbours, and of the other languages that we know.
const CLEAR: usize = 8;
const CLEAR_OF_OURS: usize = 4;

/// The language of what somebody newly wrote, as texts name it, if it is sure and `has_texts` for it.
pub fn detect(text: &str, has_texts: impl Fn(&str) -> bool) -> Option<&'static str> {
    let text = own_words(text);
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters < LETTERS {
        return None;
    }
    let found = whatlang::detect(&text)?;
    match LANGUAGES.iter().find(|habits| habits.is(found.lang())) {
        Some(habits) => {
            let language = habits.names.iter().find(|name| has_texts(name))?;
            is_confirmed(habits, &text).then_some(*language)
        }
        None => {
            let language = other(found.lang()).filter(|language| has_texts(language))?;
            (letters >= LETTERS_OF_OTHERS && found.is_reliable()).then_some(language)
        }
    }
}

/// The beginning of a text, without lines that quote and without what is the same in every language: addresses, links, numbers.
fn own_words(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(4 * LOOKED_AT)];
    let mut own = String::with_capacity(LOOKED_AT);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('>'));
    for word in lines.flat_map(str::split_whitespace) {
        if own.len() + word.len() > LOOKED_AT {
            break;
        }
        let is_word = !word.contains(|c: char| c.is_ascii_digit() || matches!(c, '@' | '/' | '_' | '\\' | '<' | '#'));
        if is_word {
            own.push_str(word);
            own.push(' ');
        }
    }
    own
}

/// Whether the small words say the same.
fn is_confirmed(habits: &Habits, text: &str) -> bool {
    if text.chars().any(|c| habits.foreign_letters.contains(c)) {
        return false;
    }
    let plain = folded(text);
    let all: Vec<&str> = plain.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    let count =
        |known: &[&str], unless: &[&str]| all.iter().filter(|word| known.contains(word) && !unless.contains(word)).count();
    let own = count(habits.words, &[]);
    let others = LANGUAGES.iter().filter(|other| other.names != habits.names);
    let beside = others.map(|other| count(other.words, habits.words)).max().unwrap_or(0);
    let tells = habits.telling.is_empty() || all.iter().any(|word| habits.telling.iter().any(|start| word.starts_with(start)));
    tells
        && own >= WORDS
        && own * SHARE >= all.len()
        && own >= CLEAR * count(habits.foreign, habits.words)
        && own >= CLEAR_OF_OURS * beside
}

/// The names that a language of an operator's own may have: those of ISO 639-1.
fn other(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Cat => "ca",
        Lang::Nld => "nl",
        Lang::Dan => "da",
        Lang::Nob => "nb",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Est => "et",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Pol => "pl",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Ukr => "uk",
        Lang::Rus => "ru",
        Lang::Bel => "be",
        Lang::Ell => "el",
        Lang::Tur => "tr",
        Lang::Heb => "he",
        Lang::Ara => "ar",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Cmn => "zh",
        Lang::Vie => "vi",
        _ => return None,
    })
}
