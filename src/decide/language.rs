//! In which language somebody wrote: only when it is sure, and of the languages that there are texts for. The only user of `whatlang`.
//!
//! Two witnesses must agree. One goes by triples of letters and knows some seventy languages; it is never at a loss for an answer. The
//! other (`words`) knows the small words of the languages that are built in and of their neighbours: what looks like Croatian and holds a
//! word that only Serbian has is neither. Of a language of an operator's own only the first is asked, and about longer texts only.
//! `None` costs little: the department's language is used.

mod words;

use std::collections::HashSet;

use crate::decide::parse::folded;
use whatlang::Lang;
use words::{Known, LANGUAGES};

/// Octets that are looked at: some five sentences. Whoever writes more says it in the same language.
const LOOKED_AT: usize = 400;
/// Letters without which nothing is sure.
const LETTERS: usize = 25;
/// The same for a language that only one witness knows.
const LETTERS_OF_OTHERS: usize = 150;
/// Different small words that must be found, at least.
const WORDS: usize = 2;
/// Of all words, one in so many must be a small one of the language.
const SHARE: usize = 8;
/// How many times more small words of the language there must be than of its neighbours, and of the other languages that we know.
const CLEAR: usize = 20;
const CLEAR_OF_OURS: usize = 4;

/// The language of what somebody newly wrote, as texts name it, if it is sure and `has_texts` for it.
pub fn detect(text: &str, has_texts: impl Fn(&str) -> bool) -> Option<&'static str> {
    let text = own_words(text);
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters < LETTERS {
        return None;
    }
    // The small words go first: they cost less, and where they say nothing the other witness need not be asked.
    let by_words = by_words(&text);
    let of_others = letters >= LETTERS_OF_OTHERS && ISO.iter().any(|(_, language)| has_texts(language));
    if by_words.is_none() && !of_others {
        return None;
    }
    let found = whatlang::detect(&text)?;
    match by_words.filter(|known| known.code == found.lang()) {
        Some(known) => known.names.iter().copied().find(|name| has_texts(name)),
        None => {
            let (_, language) = ISO.iter().find(|(lang, language)| *lang == found.lang() && has_texts(language))?;
            (of_others && found.is_reliable()).then_some(*language)
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

/// The language whose small words these are, and no other's.
fn by_words(text: &str) -> Option<&'static Known> {
    let plain = folded(text);
    let all: Vec<&str> = plain.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    LANGUAGES.iter().find(|known| is_known_by(known, &all) && !text.chars().any(|c| known.foreign_letters.contains(c)))
}

fn is_known_by(known: &Known, all: &[&str]) -> bool {
    let own: Vec<&str> = all.iter().copied().filter(|word| known.words.contains(word)).collect();
    if own.len() < WORDS || own.len() * SHARE < all.len() || own.iter().collect::<HashSet<_>>().len() < WORDS {
        return false;
    }
    let foreign = |words: &HashSet<&str>| all.iter().filter(|word| words.contains(*word) && !known.words.contains(*word)).count();
    let others = LANGUAGES.iter().filter(|other| other.names != known.names);
    let beside = others.map(|other| foreign(&other.words)).max().unwrap_or(0);
    let tells = |word: &&str| known.telling.iter().any(|start| word.starts_with(start));
    (known.telling.is_empty() || all.iter().any(tells))
        && own.len() >= CLEAR * foreign(&known.foreign)
        && own.len() >= CLEAR_OF_OURS * beside
}

/// The names that a language of an operator's own may have: those of ISO 639-1.
const ISO: [(Lang, &str); 30] = [
    (Lang::Ara, "ar"),
    (Lang::Bel, "be"),
    (Lang::Cat, "ca"),
    (Lang::Ces, "cs"),
    (Lang::Cmn, "zh"),
    (Lang::Dan, "da"),
    (Lang::Deu, "de"),
    (Lang::Ell, "el"),
    (Lang::Est, "et"),
    (Lang::Fin, "fi"),
    (Lang::Fra, "fr"),
    (Lang::Heb, "he"),
    (Lang::Ita, "it"),
    (Lang::Jpn, "ja"),
    (Lang::Kor, "ko"),
    (Lang::Lav, "lv"),
    (Lang::Lit, "lt"),
    (Lang::Mkd, "mk"),
    (Lang::Nld, "nl"),
    (Lang::Nob, "nb"),
    (Lang::Pol, "pl"),
    (Lang::Rus, "ru"),
    (Lang::Slk, "sk"),
    (Lang::Slv, "sl"),
    (Lang::Spa, "es"),
    (Lang::Srp, "sr"),
    (Lang::Swe, "sv"),
    (Lang::Tur, "tr"),
    (Lang::Ukr, "uk"),
    (Lang::Vie, "vi"),
];
