//! What notices say: templates, one folder a language, one subject and body for each event. The only user of `minijinja`.
//!
//! Every template is rendered with sample words when it is loaded, so that a mistake in a text is a fault of the configuration
//! and never met by a mail.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, merge_maps};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter};

use super::page::{Blocks, Page, on_one_line};
use super::phrases::Phrases;
use super::words::{Done, Entry, HeldWords, Person, Refusal, Words};
use crate::decide::parse::cut::MARKER;
use crate::decide::update::command::KNOWN;

/// The languages that are built in.
pub const LANGUAGES: &[&str] = &["en"];

macro_rules! built_in {
    ($($language:literal / $text:literal),* $(,)?) => {
        &[$(
            (concat!($language, "/", $text, ".subject"), include_str!(concat!("../../../config/texts/", $language, "/", $text, ".subject"))),
            (concat!($language, "/", $text, ".body"), include_str!(concat!("../../../config/texts/", $language, "/", $text, ".body"))),
        )*]
    };
}

const BUILT_IN: &[(&str, &str)] = built_in![
    "en" / "acknowledgement",
    "en" / "request",
    "en" / "begun",
    "en" / "assigned",
    "en" / "reply",
    "en" / "answer",
    "en" / "note",
    "en" / "closed",
    "en" / "reopened",
    "en" / "due-soon",
    "en" / "overdue",
    "en" / "undelivered",
    "en" / "receipt",
    "en" / "held",
    "en" / "digest",
    "en" / "operated",
];

/// What stands below every notice about a ticket, by its reader.
const FEET: &[(&str, &str)] = &[
    ("en/agent-foot.body", include_str!("../../../config/texts/en/agent-foot.body")),
    ("en/customer-foot.body", include_str!("../../../config/texts/en/customer-foot.body")),
];

const PHRASES: &[(&str, &str)] = &[("en/phrases", include_str!("../../../config/texts/en/phrases"))];

/// The texts of every language.
#[derive(Debug)]
pub struct Texts {
    environment: Environment<'static>,
    /// The phrases of every language.
    pub phrases: Phrases,
}

impl Texts {
    /// The names of the built-in texts: `<language>/<event>.subject` and `.body`, the feet, and `<language>/phrases`. A folder may
    /// override each of them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().chain(FEET).chain(PHRASES).map(|(name, _)| *name)
    }

    /// The built-in texts, with some of them overridden by name. An error names the text and the line.
    pub fn new(overrides: Vec<(String, String)>) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| error.to_string())?);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(one_line);
        let mut texts = Self { environment, phrases: Phrases::default() };
        let built_in =
            BUILT_IN.iter().chain(FEET).chain(PHRASES).map(|(name, source)| ((*name).to_owned(), (*source).to_owned()));
        for (name, source) in built_in.chain(overrides) {
            texts.add(name.clone(), source).map_err(|error| format!("{name}: {error}"))?;
        }
        for (name, _) in BUILT_IN.iter().chain(FEET) {
            for (to_agent, closed) in [(false, false), (true, false), (false, true)] {
                texts.try_render(name, &values(&sample(to_agent, closed))).map_err(|error| format!("{name}: {error}"))?;
            }
        }
        Ok(texts)
    }

    fn add(&mut self, name: String, source: String) -> Result<(), String> {
        match name.strip_suffix("/phrases") {
            Some(language) => self.phrases.add(language, &source),
            None => self.environment.add_template_owned(name, source).map_err(|error| error.to_string()),
        }
    }

    /// Subject and page of a notice. A text that fails in spite of its check leaves the message's own words, which matter most.
    pub fn render<'a>(&self, language: &str, text: &str, frame: Frame, words: Words<'a>) -> (String, Page<'a>) {
        let values = values(&words);
        let render = |name: &str| {
            let of = |language: &str| self.try_render(&format!("{language}/{name}"), &values);
            of(language).or_else(|_| of("en"))
        };
        let subject = render(&format!("{text}.subject")).unwrap_or_else(|_| format!("{} [{}]", words.subject, words.reference));
        let mut body = if frame.marker { format!("-- {} --\n\n", MARKER) } else { String::new() };
        body.push_str(&render(&format!("{text}.body")).unwrap_or_else(|_| words.blocks.text.to_string()));
        let foot = if words.to_agent { "agent-foot.body" } else { "customer-foot.body" };
        if let Some(foot) = frame.foot.then(|| render(foot).unwrap_or_default()).filter(|foot| !foot.trim().is_empty()) {
            body.push_str("\n\n-- \n");
            body.push_str(foot.trim_start());
        }
        (subject.trim().to_owned(), Page::new(body, words.blocks))
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

fn sample(to_agent: bool, closed: bool) -> Words<'static> {
    let person = Person { name: "Mia Berg", address: "mia@customer.example" };
    Words {
        reference: "SUP-7".to_owned(),
        subject: "Broken kettle".to_owned(),
        status: "open".to_owned(),
        department: "Example Support",
        requester: person,
        author: person,
        answer_within: "8 hours".to_owned(),
        reopen_within: "14 days".to_owned(),
        refused: if closed { vec![Refusal { line: "#clsoe".to_owned(), why: "is not known".to_owned() }] } else { Vec::new() },
        help: to_agent,
        commands: KNOWN.iter().map(|(form, meaning)| (*form, (*meaning).to_owned())).collect(),
        blocks: Blocks { text: "It does not boil.".into(), files: vec!["kettle.jpg".to_owned()], ..Blocks::default() },
        to_agent,
        closed,
        held: HeldWords {
            entries: vec![Entry { arrival: 17, releasable: true, ..Entry::default() }],
            done: vec![Done { arrival: 17, said: "released".to_owned() }],
            ..HeldWords::default()
        },
        ..Words::default()
    }
}
