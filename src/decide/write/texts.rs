//! What notices say: templates, one folder a language, one subject and body for each event. The only user of `minijinja`.
//!
//! A file that a language lacks is taken from English. Every file of an operator's own is rendered with sample words when it is loaded, so
//! that a mistake in a text is a fault of the configuration and never met by a mail; the tests do the same with those that are built in.

pub mod built_in;
pub mod check;
mod sample;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, merge_maps};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter};

use super::page::{Page, on_one_line};
use super::phrases::{ENGLISH, Phrases, Voice};
use super::words::Words;
use crate::decide::parse::cut::marker_in;
use check::Fault;

/// The file of a language that is no template.
const PHRASES: &str = "phrases";

/// The texts of every language.
#[derive(Debug)]
pub struct Texts {
    environment: Environment<'static>,
    /// The phrases of every language.
    pub phrases: Phrases,
    languages: BTreeSet<String>,
}

impl Texts {
    /// The built-in texts, with some of them overridden, and texts of other languages: `<language>/<file>` and what is in it. The error tells
    /// of every fault that a mail would have met, with file and line.
    pub fn new(overrides: Vec<(String, String)>) -> Result<Self, String> {
        let (texts, faults) = Self::load(overrides);
        let faults: Vec<String> = faults.iter().filter(|fault| fault.stops).map(Fault::to_string).collect();
        if faults.is_empty() { Ok(texts) } else { Err(faults.join("\n")) }
    }

    /// The same, with every fault of the overriding files. What is at fault is left out.
    pub fn load(overrides: Vec<(String, String)>) -> (Self, Vec<Fault>) {
        let mut texts = Self { environment: environment(), phrases: Phrases::default(), languages: BTreeSet::new() };
        for language in built_in::languages() {
            texts.phrases.add(language, built_in::source(language, PHRASES).unwrap_or_default());
            texts.languages.insert(language.to_owned());
        }
        let mut faults = Vec::new();
        let mut added = Vec::new();
        for (name, source) in overrides {
            let result = check::named(&name).and_then(|(language, file)| {
                texts.add(language, file, source.clone()).map_err(|error| check::of_template(&name, &source, &error))
            });
            match result {
                Ok(()) => added.push((name, source)),
                Err(fault) => faults.push(fault),
            }
        }
        let mut samples = check::Samples::default();
        faults.extend(added.iter().flat_map(|(name, source)| check::file(&texts, name, source, &mut samples)));
        (texts, faults)
    }

    /// The languages that there are texts for.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.iter().map(String::as_str)
    }

    /// Whether there are texts in this language.
    pub fn speaks(&self, language: &str) -> bool {
        self.languages.contains(language)
    }

    fn add(&mut self, language: &str, file: &str, source: String) -> Result<(), minijinja::Error> {
        if file == PHRASES {
            self.phrases.add(language, &source);
        } else {
            self.environment.add_template_owned(format!("{language}/{file}"), source)?;
        }
        self.languages.insert(language.to_owned());
        Ok(())
    }

    /// Subject and page of a notice. A text that fails in spite of its check leaves the message's own words, which matter most.
    pub fn render<'a>(&self, language: &str, text: &str, frame: Frame, words: Words<'a>) -> (String, Page<'a>) {
        let values = values(&words);
        let render = |file: &str| {
            let of = |language: &str| self.try_render(&format!("{language}/{file}"), &values);
            of(language).or_else(|_| of(ENGLISH))
        };
        let subject = render(&format!("{text}.subject")).unwrap_or_else(|_| format!("{} [{}]", words.subject, words.reference));
        let mut body = if frame.marker { format!("-- {} --\n\n", marker_in(language)) } else { String::new() };
        body.push_str(&render(&format!("{text}.body")).unwrap_or_else(|_| words.blocks.text.to_string()));
        let foot = if words.to_agent { "agent-foot.body" } else { "customer-foot.body" };
        if let Some(foot) = frame.foot.then(|| render(foot).unwrap_or_default()).filter(|foot| !foot.trim().is_empty()) {
            body.push_str("\n\n-- \n");
            body.push_str(foot.trim_start());
        }
        (subject.trim().to_owned(), Page::new(body, words.blocks))
    }

    /// A notice with sample words, as its reader would get it.
    pub fn show(&self, voice: Voice<'_>, text: &str, to_agent: bool) -> (String, Page<'static>) {
        let words = sample::of(text, to_agent, voice);
        self.render(voice.language, text, Frame::of(text, to_agent), words)
    }

    fn try_render(&self, name: &str, values: &Value) -> Result<String, minijinja::Error> {
        self.environment.get_template(name)?.render(values.clone())
    }
}

/// What stands around the text of an event.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Whether it begins with the line above which agents write.
    pub marker: bool,
    /// Whether the foot of its reader stands below it.
    pub foot: bool,
}

impl Frame {
    /// The frame of a text by its name. What speaks of held mail, or of accounts, speaks of no ticket, and to nobody but agents.
    pub fn of(text: &str, to_agent: bool) -> Self {
        match text {
            "held" | "alarm" => Self { marker: false, foot: false },
            "digest" | "operated" => Self { marker: true, foot: false },
            _ => Self { marker: to_agent, foot: true },
        }
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Without syntax of our own this cannot fail, and a test sees the lines of blocks vanish.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(one_line);
    // What is built in is compiled when it is first said: hardly any desk speaks every language.
    environment.set_loader(|name| {
        Ok(name.split_once('/').and_then(|(language, file)| built_in::source(language, file)).map(str::to_owned))
    });
    environment
}

fn values(words: &Words<'_>) -> Value {
    let blocks: BTreeMap<&str, Value> = words.blocks.placeholders().collect();
    merge_maps([Value::from(Serde(words)), Value::from(blocks)])
}

/// Whatever is foreign stays on its line; only blocks have several, and those are safe.
fn one_line(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    match value.as_str().filter(|_| !value.is_safe()) {
        Some(text) => Ok(out.write_str(&on_one_line(text))?),
        None => escape_formatter(out, state, value),
    }
}

#[cfg(test)]
mod tests;
