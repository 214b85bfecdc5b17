//! What mail programs write in each language around a mail that is answered or passed on. Adding a language is adding a row.
//!
//! Everything is spelled in lower case and as `folding` leaves it; a test holds the rows to that.

mod central;
mod eastern;
mod english;
mod far;
mod nordic;
mod romance;
mod southern;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::folding;

/// What mail programs write in one language.
pub(super) struct Language {
    /// Its name, in English.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is there for the reader, and for the tests"))]
    pub(super) name: &'static str,
    /// A word that says that somebody wrote, and an attribution that a program makes with it.
    pub(super) verbs: &'static [(&'static str, &'static str)],
    /// The same in scripts that put no space between words.
    pub(super) endings: &'static [(&'static str, &'static str)],
    /// Words for the author and those that an author addresses: with them it is a sentence.
    pub(super) persons: &'static [&'static str],
    /// What stands between dashes above a quotation without prefix.
    pub(super) originals: &'static [&'static str],
    /// What stands above a mail that is passed on, between dashes or before a colon.
    pub(super) forwards: &'static [&'static str],
    /// How a line between dashes begins that names who passes on, or from whom.
    pub(super) forwarded_by: &'static [&'static str],
    /// Names of header lines: From, Date, To, Subject, and others that stand among them.
    pub(super) fields: [&'static [&'static str]; 5],
    /// What stands before the subject of a mail that is passed on.
    pub(super) prefixes: &'static [&'static str],
    /// What people write, and no program.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests run them"))]
    pub(super) sentences: &'static [&'static str],
}

/// English first: programs in every language mix its header names in.
const GROUPS: [&[Language]; 7] = [
    english::LANGUAGES,
    central::LANGUAGES,
    romance::LANGUAGES,
    nordic::LANGUAGES,
    eastern::LANGUAGES,
    southern::LANGUAGES,
    far::LANGUAGES,
];

pub(super) fn all() -> impl Iterator<Item = &'static Language> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// For each kind of header field the languages in which a name means it, one bit for each.
pub(super) type Kinds = [u64; 5];

/// The tables by word, because each line is looked up in all languages at once.
pub(super) struct Index {
    /// With the languages of each, one bit for each.
    pub(super) verbs: HashMap<&'static str, u64>,
    pub(super) endings: Vec<&'static str>,
    /// With the languages of each: a word is a person's in one language and a preposition in the next.
    pub(super) persons: HashMap<&'static str, u64>,
    pub(super) originals: HashSet<&'static str>,
    pub(super) forwards: HashSet<&'static str>,
    pub(super) forwarded_by: Vec<&'static str>,
    pub(super) fields: HashMap<&'static str, Kinds>,
    pub(super) prefixes: HashSet<&'static str>,
}

pub(super) static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut fields: HashMap<&'static str, Kinds> = HashMap::new();
    let (mut verbs, mut persons) = (HashMap::new(), HashMap::new());
    for (number, language) in all().enumerate() {
        for (verb, _) in language.verbs {
            *verbs.entry(*verb).or_insert(0) |= 1_u64 << number;
        }
        for person in language.persons {
            *persons.entry(*person).or_insert(0) |= 1_u64 << number;
        }
        for (kind, names) in language.fields.iter().enumerate() {
            for name in *names {
                fields.entry(name).or_default()[kind] |= 1 << number;
            }
        }
    }
    Index {
        verbs,
        endings: all().flat_map(|language| language.endings).map(|(ending, _)| *ending).collect(),
        persons,
        originals: all().flat_map(|language| language.originals).copied().collect(),
        forwards: all().flat_map(|language| language.forwards).copied().collect(),
        forwarded_by: all().flat_map(|language| language.forwarded_by).copied().collect(),
        fields,
        prefixes: all().flat_map(|language| language.prefixes).copied().collect(),
    }
});

impl Index {
    /// What a header name may mean, as written; nothing when it is none.
    pub(super) fn field(&self, name: &str) -> Option<Kinds> {
        let word = name.trim();
        let mut lower = [0; 24];
        // Most names are one word of plain letters, and nothing need be allocated for them.
        if let Some(lower) = lower.get_mut(..word.len()).filter(|_| word.bytes().all(|octet| octet.is_ascii_alphabetic())) {
            lower.copy_from_slice(word.as_bytes());
            lower.make_ascii_lowercase();
            return str::from_utf8(lower).ok().and_then(|word| self.fields.get(word)).copied();
        }
        self.fields.get(folding::folded(name).as_str()).copied()
    }
}
