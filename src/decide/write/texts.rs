//! What notices say: templates, one folder a language, one subject and body for each event. The only user of `minijinja`.
//!
//! Every template is rendered with sample words when it is loaded, so that a mistake in a text is a fault of the configuration
//! and never met by a mail.

use std::borrow::Cow;
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

use crate::decide::update::command::KNOWN;
use crate::model::notice::Event;

/// The words that templates may use.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Words<'a> {
    /// `SUP-7`.
    pub reference: String,
    /// Subject of the ticket, without `Re:` and reference.
    pub subject: String,
    /// What the author newly wrote.
    pub text: Cow<'a, str>,
    /// Status of the ticket.
    pub status: &'a str,
    /// Whether the ticket is closed now.
    pub closed: bool,
    /// Name of the department.
    pub department: &'a str,
    /// Who asked.
    pub requester: Person<'a>,
    /// Who wrote the message.
    pub author: Person<'a>,
    /// Whether the author is proven.
    pub proven: bool,
    /// Name of the responsible agent, or empty.
    pub assignee: &'a str,
    /// Expected answer time in words, or empty.
    pub answer_within: String,
    /// How long a closed ticket can be opened again, in words.
    pub reopen_within: String,
    /// Reference of the closed ticket that this one continues, or empty.
    pub follows: String,
    /// Reference of the ticket whose link the author used without being on it, or empty. For agents only.
    pub stranger_to: String,
    /// Addresses that the mail was also sent to and that do not follow the ticket. For agents only.
    pub suggested: Vec<&'a str>,
    /// Name of the agent who passed the customer's mail on, and what the agent noted above it, or empty. For agents only.
    pub passed_on_by: &'a str,
    /// The note of who passed it on.
    pub note_above: &'a str,
    /// Name of who changed the ticket, where that is what the notice is about.
    pub changed_by: &'a str,
    /// The files that come along.
    pub files: Vec<File<'a>>,
    /// What the commands of a mail did, one sentence each.
    pub done: &'a [String],
    /// What was not understood in a mail that was not stopped for it.
    pub remarks: &'a [String],
    /// The lines for which a mail was stopped.
    pub refused: Vec<Refusal<'a>>,
    /// Whether the list of commands was asked for.
    pub help: bool,
    /// Whether an answer to the notice stays internal.
    pub internal: bool,
    /// The commands that are known: how each is written, and what it does.
    pub commands: &'static [(&'static str, &'static str)],
    /// Whether a refused line, or file, would have shown an internal note to customers.
    pub of_note: bool,
    /// The mail that came back, where that is what the notice is about.
    pub returned: Returned<'a>,
    /// Whether the reader is an agent.
    pub to_agent: bool,
    /// The line above which agents write.
    pub marker: &'static str,
    /// Held mail, where that is what the notice is about.
    pub held: HeldWords<'a>,
}

/// What texts say of held mail. Foreign words in it stand on one line each.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HeldWords<'a> {
    /// Number of the held mail that an agent is told of.
    pub arrival: i64,
    /// When it was received.
    pub at: String,
    /// The host that it came from.
    pub host: String,
    /// What its From says.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// Why it is held.
    pub cause: &'a str,
    /// How many held mails a digest tells of.
    pub count: usize,
    /// How many of them it does not list.
    pub more: usize,
    /// Those that it lists.
    pub entries: Vec<Entry>,
    /// The commands that are known.
    pub known: &'static [&'static str],
    /// What became of those that an admin spoke of.
    pub done: Vec<Done<'a>>,
}

/// A held mail in a digest.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// Its number.
    pub arrival: i64,
    /// When it was received.
    pub at: String,
    /// The department it is for.
    pub department: String,
    /// Its envelope sender.
    pub sender: String,
    /// Its subject.
    pub subject: String,
    /// Why it is held.
    pub cause: String,
    /// Reference of the ticket that it tried to reach, or empty.
    pub ticket: String,
    /// Whether it can be released: one without a sender cannot.
    pub releasable: bool,
}

/// What became of one held mail.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Done<'a> {
    /// Its number.
    pub arrival: i64,
    /// What was done, or why nothing was.
    pub said: &'a str,
}

/// A person in a text.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Person<'a> {
    /// Name, or the address when there is none.
    pub name: &'a str,
    /// Address.
    pub address: &'a str,
}

/// A line of a stopped mail.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Refusal<'a> {
    /// The line.
    pub line: &'a str,
    /// What is wrong with it, as the rest of a sentence that begins with the line.
    pub why: &'a str,
}

/// A mail that came back, in a text.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Returned<'a> {
    /// Whom it was for.
    pub address: &'a str,
    /// What it was: `an answer`.
    pub what: &'a str,
    /// When it was sent.
    pub sent_at: String,
    /// The other server's words, or empty.
    pub said: &'a str,
    /// What they mean, or empty.
    pub meaning: &'a str,
    /// Whether the address is not written to any more.
    pub dead: bool,
}

/// A file in a text.
#[derive(Debug, Clone, Default, Serialize)]
pub struct File<'a> {
    /// Name.
    pub name: &'a str,
    /// Size, for people.
    pub size: String,
}

/// The languages that are built in.
pub const LANGUAGES: &[&str] = &["en"];

macro_rules! built_in {
    ($($language:literal / $event:literal),* $(,)?) => {
        &[$(
            (concat!($language, "/", $event, ".subject"), include_str!(concat!("../../../config/texts/", $language, "/", $event, ".subject"))),
            (concat!($language, "/", $event, ".body"), include_str!(concat!("../../../config/texts/", $language, "/", $event, ".body"))),
        )*]
    };
}

const BUILT_IN: &[(&str, &str)] = built_in![
    "en" / "acknowledgement",
    "en" / "request",
    "en" / "reply",
    "en" / "answer",
    "en" / "closed",
    "en" / "receipt",
    "en" / "note",
    "en" / "assigned",
    "en" / "reopened",
    "en" / "undelivered",
    "en" / "held",
    "en" / "digest",
    "en" / "operated",
];

/// The texts of every language.
#[derive(Debug)]
pub struct Texts {
    environment: Environment<'static>,
}

impl Texts {
    /// The names of the built-in texts, `<language>/<event>.subject` and `.body`: those that a folder may override.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in texts, with some of them overridden by name. An error names the text and the line.
    pub fn new(overrides: Vec<(String, String)>) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| error.to_string())?);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        for (name, source) in BUILT_IN {
            environment.add_template(name, source).map_err(|error| format!("{name}: {error}"))?;
        }
        for (name, source) in overrides {
            let label = name.clone();
            environment.add_template_owned(name, source).map_err(|error| format!("{label}: {error}"))?;
        }
        let texts = Self { environment };
        for name in Self::names() {
            for (to_agent, closed) in [(false, false), (true, false), (false, true)] {
                texts
                    .try_render(name, &Value::from(Serde(sample(to_agent, closed))))
                    .map_err(|error| format!("{name}: {error}"))?;
            }
        }
        Ok(texts)
    }

    /// Subject and body of a notice. A text that fails in spite of its check leaves the message's own words, which matter most.
    pub fn render(&self, language: &str, event: Event, words: &Words<'_>) -> (String, String) {
        self.render_as(language, event.name(), words)
    }

    /// The same for a text that has a name of its own.
    pub fn render_as(&self, language: &str, text: &str, words: &Words<'_>) -> (String, String) {
        let values = Value::from(Serde(words));
        let render = |part: &str| {
            let name = |language: &str| format!("{language}/{text}.{part}");
            self.try_render(&name(language), &values).or_else(|_| self.try_render(&name("en"), &values))
        };
        let subject = render("subject").unwrap_or_else(|_| format!("{} [{}]", words.subject, words.reference));
        (subject.trim().to_owned(), render("body").unwrap_or_else(|_| words.text.to_string()))
    }

    fn try_render(&self, name: &str, values: &Value) -> Result<String, minijinja::Error> {
        self.environment.get_template(name)?.render(values.clone())
    }
}

/// A span in words: `8 hours`, `14 days`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (count, unit) = match seconds {
        s if s >= 86_400 && s.is_multiple_of(86_400) => (s / 86_400, "day"),
        s if s >= 3_600 && s.is_multiple_of(3_600) => (s / 3_600, "hour"),
        s if s >= 60 => (s / 60, "minute"),
        s => (s, "second"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

fn sample(to_agent: bool, closed: bool) -> Words<'static> {
    let person = Person { name: "Mia Berg", address: "mia@customer.example" };
    Words {
        reference: "SUP-7".to_owned(),
        subject: "Broken kettle".to_owned(),
        text: "It does not boil.".into(),
        status: "open",
        department: "Example Support",
        requester: person,
        author: person,
        answer_within: "8 hours".to_owned(),
        reopen_within: "14 days".to_owned(),
        refused: if closed { vec![Refusal { line: "#clsoe", why: "is not known" }] } else { Vec::new() },
        help: to_agent,
        commands: KNOWN,
        files: vec![File { name: "kettle.jpg", size: "12 KiB".to_owned() }],
        to_agent,
        closed,
        held: HeldWords {
            entries: vec![Entry { arrival: 17, releasable: true, ..Entry::default() }],
            done: vec![Done { arrival: 17, said: "released" }],
            ..HeldWords::default()
        },
        ..Words::default()
    }
}
