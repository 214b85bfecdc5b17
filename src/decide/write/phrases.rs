//! Phrases: the words that stand in texts of a language without being texts of their own.
//!
//! A file for each language, `<language>/phrases`: a line for each phrase, `key = words`, with `{name}` where a value comes in, and lines
//! that begin with `#`. A phrase that counts has a line for each form that the language has (`hour.one`, `hour.few`, `hour.other`). A
//! phrase that a language lacks is taken from English. A value is put in as it is: what stands in it is not looked at again.

mod calendar;
pub mod plural;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use super::page::on_one_line;
use super::texts::built_in;
use crate::decide::phrase::{Phrase, Value};
use crate::decide::update::command::KNOWN;
use crate::model::ticket::{Priority, Status};
use crate::model::time::Zone;

/// The language that the others fall back to.
pub const ENGLISH: &str = "en";

/// The phrases of every language.
#[derive(Debug, Default)]
pub struct Phrases {
    languages: HashMap<String, HashMap<String, String>>,
}

/// A line of a file of phrases: its number, counted from 1, and what it holds, or why it holds none.
pub type Line<'a> = (usize, Result<(&'a str, &'a str), String>);

/// The lines of a file of phrases, without the empty ones and comments.
pub fn lines(source: &str) -> impl Iterator<Item = Line<'_>> {
    let lines = (1..).zip(source.lines().map(str::trim)).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(number, line)| {
        let pair = line.split_once('=').map(|(key, words)| (key.trim(), words.trim()));
        let pair = pair.filter(|(key, words)| !key.is_empty() && !words.is_empty());
        (number, pair.ok_or_else(|| "is neither `key = words` nor a comment".to_owned()))
    })
}

impl Phrases {
    /// Takes in a file of phrases; what it holds replaces what was known. Lines that hold nothing are left out.
    pub(super) fn add(&mut self, language: &str, source: &str) {
        let table = self.languages.entry(language.to_owned()).or_default();
        let found = lines(source).filter_map(|(_, line)| line.ok());
        table.extend(found.map(|(key, words)| (key.to_owned(), words.to_owned())));
    }

    /// The words of a key in this very language.
    pub(super) fn own(&self, language: &str, key: &str) -> Option<&str> {
        self.languages.get(language)?.get(key).map(String::as_str)
    }

    fn find(&self, language: &str, key: &str) -> Option<&str> {
        self.own(language, key).or_else(|| self.own(ENGLISH, key))
    }

    /// The words for a number, in the form that the language has for it. A language that has the phrase in none of its own forms says it in
    /// English, in an English form.
    fn counted(&self, language: &str, key: &str, count: u64) -> Option<&str> {
        let form = |language: &str| {
            let form = plural::form(self.own(language, "plural").unwrap_or_default(), count);
            let of = |form: &str| self.own(language, &format!("{key}.{form}"));
            of(form).or_else(|| of(plural::OTHER))
        };
        form(language).or_else(|| form(ENGLISH))
    }
}

/// How a reader is spoken to: in which language, and in which time zone.
#[derive(Debug, Clone, Copy)]
pub struct Voice<'a> {
    /// Where the phrases are.
    pub phrases: &'a Phrases,
    /// The reader's language.
    pub language: &'a str,
    /// The zone of times.
    pub zone: &'a Zone,
}

impl<'a> Voice<'a> {
    /// A phrase without values; the key itself where no language has it, which a test rules out.
    pub fn word(&self, key: &'a str) -> &'a str {
        self.phrases.find(self.language, key).unwrap_or(key)
    }

    /// A phrase with its values.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.phrases.find(self.language, key).unwrap_or(key), values)
    }

    /// A phrase that counts: `8 hours`.
    pub fn count(&self, key: &str, count: u64) -> String {
        self.fill_counted(key, count, &[])
    }

    /// What `decide` has to say.
    pub fn tell(&self, phrase: &Phrase) -> String {
        let values: Vec<(&str, String)> = phrase.values.iter().map(|(name, value)| (*name, self.value(value))).collect();
        let values = values.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
        match phrase.count {
            Some(count) => self.fill_counted(&phrase.key, count, &values),
            None => self.say(&phrase.key, &values),
        }
    }

    fn fill_counted(&self, key: &str, count: u64, values: &[(&str, &str)]) -> String {
        let number = count.to_string();
        let values = [values, &[("n", number.as_str())]].concat();
        fill(self.phrases.counted(self.language, key, count).unwrap_or(key), &values)
    }

    /// How a command is written: its words are the same everywhere, what stands for another word is not.
    fn command(&self, word: &str) -> String {
        let form = KNOWN.iter().find(|(known, _)| *known == word).map_or("#help", |(_, form)| *form);
        let names = ["name", "word", "key", "address"];
        let values = names.map(|name| (name, self.say(&format!("placeholder.{name}"), &[])));
        fill(form, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    }

    /// What comes into a phrase.
    pub(super) fn value(&self, value: &Value) -> String {
        match value {
            Value::Foreign(words) => words.clone(),
            Value::Day(day) => self.day(*day),
            Value::Command(word) => self.command(word),
            Value::Phrase(phrase) => self.tell(phrase),
            Value::List { between, items } => {
                let items = items.iter().map(|item| self.value(item));
                items.reduce(|before, next| self.say(between, &[("before", &before), ("next", &next)])).unwrap_or_default()
            }
        }
    }

    /// The name of a status.
    pub fn status(&self, status: Status) -> String {
        self.tell(&Phrase::of("status", status.name()))
    }

    /// The name of a priority.
    pub fn priority(&self, priority: Priority) -> String {
        self.tell(&Phrase::of("priority", priority.name()))
    }

    /// A span: `8 hours`, `14 days`.
    pub fn span(&self, span: Duration) -> String {
        let seconds = span.as_secs();
        let (count, unit) = match seconds {
            s if s >= 86_400 && s.is_multiple_of(86_400) => (s / 86_400, "day"),
            s if s >= 3_600 && s.is_multiple_of(3_600) => (s / 3_600, "hour"),
            s if s >= 60 => (s / 60, "minute"),
            s => (s, "second"),
        };
        self.count(unit, count)
    }

    /// The size of a file: `12 KiB`, `3.4 MiB`.
    pub fn size(&self, octets: i64) -> String {
        let (key, number) = match octets {
            ..1024 => ("size.octets", octets.to_string()),
            1024..1_048_576 => ("size.kib", (octets / 1024).to_string()),
            _ => ("size.mib", format!("{:.1}", octets as f64 / 1_048_576.0).replace('.', self.word("decimal"))),
        };
        self.say(key, &[("n", &number)])
    }
}

/// A pattern with its values, each on one line. What is in braces and is none of them stays as it is.
fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(pattern.len() + 32);
    let mut rest = pattern;
    while let Some((before, from)) = rest.split_once('{') {
        filled.push_str(before);
        let value = from.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((on_one_line(value), after))
        });
        let (words, after) = value.unwrap_or((Cow::Borrowed("{"), from));
        filled.push_str(&words);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

impl fmt::Display for Phrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        static BUILT_IN: LazyLock<Phrases> = LazyLock::new(|| {
            let mut phrases = Phrases::default();
            phrases.add(ENGLISH, built_in::source(ENGLISH, "phrases").unwrap_or_default());
            phrases
        });
        let zone = Zone::default();
        formatter.write_str(&Voice { phrases: &BUILT_IN, language: ENGLISH, zone: &zone }.tell(self))
    }
}

#[cfg(test)]
mod tests;
