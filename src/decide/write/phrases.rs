//! Phrases: the words that stand in texts of a language without being texts of their own.
//!
//! A file for each language, `<language>/phrases`: a line for each phrase, `key = words`, with `{name}` where a value comes in, and lines
//! that begin with `#`. A phrase that counts has a line for each form that the language has (`hour.one`, `hour.few`, `hour.other`). A
//! phrase that a language lacks is taken from English.

use std::collections::HashMap;
use std::time::Duration;

use super::page::on_one_line;
use crate::model::ticket::{Priority, Status};
use crate::model::time::{Time, Zone};

/// The language that the others fall back to.
const ENGLISH: &str = "en";

/// The phrases of every language.
#[derive(Debug, Default)]
pub struct Phrases {
    languages: HashMap<String, HashMap<String, String>>,
}

impl Phrases {
    /// Takes in a file of phrases; what it holds replaces what was known. The error names the line.
    pub(super) fn add(&mut self, language: &str, source: &str) -> Result<(), String> {
        let table = self.languages.entry(language.to_owned()).or_default();
        for (number, line) in (1..).zip(source.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, words) =
                line.split_once(" = ").ok_or_else(|| format!("line {number} is neither `key = words` nor a comment"))?;
            table.insert(key.trim().to_owned(), words.trim().to_owned());
        }
        Ok(())
    }

    fn find(&self, language: &str, key: &str) -> Option<&str> {
        let of = |language: &str| self.languages.get(language).and_then(|table| table.get(key)).map(String::as_str);
        of(language).or_else(|| of(ENGLISH))
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

impl Voice<'_> {
    /// A phrase with its values; the key itself where no language has it, which a test rules out.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut said = self.phrases.find(self.language, key).unwrap_or(key).to_owned();
        for (name, value) in values {
            said = said.replace(&format!("{{{name}}}"), &on_one_line(value));
        }
        said
    }

    /// A phrase that counts: `8 hours`.
    pub fn count(&self, key: &str, count: u64) -> String {
        let form = plural(self.phrases.find(self.language, "plural").unwrap_or_default(), count);
        let count = count.to_string();
        self.say(&format!("{key}.{form}"), &[("n", &count)])
    }

    /// The name of a status.
    pub fn status(&self, status: Status) -> String {
        self.say(&format!("status.{}", status.name()), &[])
    }

    /// The name of a priority.
    pub fn priority(&self, priority: Priority) -> String {
        self.say(&format!("priority.{}", priority.name()), &[])
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

    /// Date and time of day, as the language writes them.
    pub fn date(&self, time: Time) -> String {
        let civil = time.civil_in(self.zone);
        let month = self.say(&format!("month.{}", civil.month), &[]);
        let (year, day) = (civil.year.to_string(), civil.day.to_string());
        let (hour, minute) = (format!("{:02}", civil.time.0), format!("{:02}", civil.time.1));
        let values = [("year", year.as_str()), ("month", &month), ("day", &day), ("hour", &hour), ("minute", &minute)];
        self.say("date", &values)
    }
}

/// The form that a number asks for, by the rule of a language (Unicode CLDR, language plural rules, for whole numbers).
fn plural(rule: &str, count: u64) -> &'static str {
    let (ten, hundred) = (count % 10, count % 100);
    match rule {
        "none" => "other",
        "romanian" => match count {
            1 => "one",
            _ if count == 0 || (1..20).contains(&hundred) => "few",
            _ => "other",
        },
        "croatian" => match (ten, hundred) {
            (1, tens) if tens != 11 => "one",
            (2..=4, tens) if !(12..=14).contains(&tens) => "few",
            _ => "other",
        },
        "portuguese" if count <= 1 => "one",
        _ if count == 1 => "one",
        _ => "other",
    }
}
