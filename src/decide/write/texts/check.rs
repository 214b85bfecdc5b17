//! What can be wrong with texts and phrases: found without a mail, told with file and line, all of it at once.
//!
//! Some of it would be met by a mail, and stops a start; the rest (a value that is left out, a phrase that nobody says) makes a notice poorer
//! and is told by `postdesk texts check` alone, so that a text of one's own outlives an upgrade.

mod phrases;
mod template;

use std::collections::BTreeMap;
use std::fmt;

use super::{PHRASES, Texts, built_in};
use crate::model::suggestion::nearest;

pub(super) use template::of_template;

/// A mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `<language>/<file>`.
    pub file: String,
    /// The line, counted from 1, where it is one line's.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
    /// Whether a mail would meet it, so that a gateway does not start.
    pub stops: bool,
}

impl Fault {
    /// A mistake that stops a start.
    pub fn grave(file: &str, line: Option<usize>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), remedy: remedy.into(), stops: true }
    }

    /// A mistake that makes notices poorer.
    fn slight(file: &str, line: Option<usize>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { stops: false, ..Self::grave(file, line, what, remedy) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        write!(formatter, "{}{line}: {}; {}", self.file, self.what, self.remedy)
    }
}

/// How whole a language is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub language: String,
    /// Whether it is built in.
    pub built_in: bool,
    /// Subjects and bodies, built in or of the operator's own.
    pub texts: usize,
    /// Phrases.
    pub phrases: usize,
    /// Texts and phrases that are taken from English.
    pub english: usize,
}

/// Looks at every text and phrase: the faults, by file and line, and the languages.
pub fn check(overrides: Vec<(String, String)>) -> (Vec<Fault>, Vec<Summary>) {
    let all: BTreeMap<String, String> = built_in().chain(overrides.iter().cloned()).collect();
    let (texts, mut faults) = Texts::load(overrides);
    let mut samples = Samples::default();
    for (name, source) in all.iter().filter(|(name, _)| named(name).is_ok()) {
        faults.extend(file(&texts, name, source, &mut samples));
    }
    faults.sort_by(|left, right| (&left.file, left.line, &left.what).cmp(&(&right.file, right.line, &right.what)));
    faults.dedup();
    let summary = |language: &str| {
        let has = |file: &&str| all.contains_key(&format!("{language}/{file}"));
        let wanted: Vec<&str> = built_in::names().filter(|file| *file != PHRASES).collect();
        let own = wanted.iter().filter(|file| has(file)).count();
        let (phrases, all_phrases) = phrases::count(&texts, language);
        Summary {
            language: language.to_owned(),
            built_in: built_in::languages().any(|known| known == language),
            texts: own,
            phrases,
            english: wanted.len() - own + all_phrases - phrases,
        }
    };
    let summaries = texts.languages().map(summary).collect();
    (faults, summaries)
}

fn built_in() -> impl Iterator<Item = (String, String)> {
    built_in::FOLDERS.iter().flat_map(|folder| {
        folder.files.iter().map(|(file, source)| (format!("{}/{file}", folder.language), (*source).to_owned()))
    })
}

/// What texts are tried with, by language: made once for all files of it.
pub(super) type Samples = BTreeMap<String, Vec<minijinja::Value>>;

/// The faults of one file, which is loaded.
pub(super) fn file(texts: &Texts, name: &str, source: &str, samples: &mut Samples) -> Vec<Fault> {
    match name.split_once('/') {
        Some((language, PHRASES)) => phrases::faults(texts, language, name, source),
        Some((language, file)) => {
            let samples = samples.entry(language.to_owned()).or_insert_with(|| template::samples(texts, language));
            template::faults(texts, (language, file), source, samples)
        }
        None => Vec::new(),
    }
}

/// Language and file of a name.
pub(super) fn named(name: &str) -> Result<(&str, &str), Fault> {
    let (language, file) = name.split_once('/').unwrap_or(("", name));
    if let Some(known) = built_in::languages().find(|known| known.eq_ignore_ascii_case(language) && *known != language) {
        return Err(Fault::grave(name, None, format!("the language is written `{known}`"), "rename the folder"));
    }
    if built_in::names().any(|known| known == file) {
        return Ok((language, file));
    }
    let remedy = match nearest(file, built_in::names()) {
        Some(near) => format!("call it `{near}`, if that is meant, or take it out of the folder"),
        None => "take it out of the folder; `postdesk texts show` lists the names that there are".to_owned(),
    };
    Err(Fault::grave(name, None, "there is no text of this name", remedy))
}
