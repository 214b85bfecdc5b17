//! One line: a command that is understood, or why not.

use super::name::{Found, address, agent};
use super::{Command, Reader, bare};
use crate::decide::parse::folded;
use crate::decide::phrase::{Phrase, Value};
use crate::model::address::{Address, Mailbox};
use crate::model::desk::{Access, Department};
use crate::model::suggestion::nearest;
use crate::model::ticket::{Priority, Status};
use crate::model::time::Time;

/// Octets of an argument. A name or an address is shorter; tags are many words.
const LONGEST_ARGUMENT: usize = 1_000;
/// Octets of one tag.
const LONGEST_TAG: usize = 40;
/// Characters of a line that a receipt repeats.
const SHOWN: usize = 200;

/// The words that are understood, with the one that each stands for.
const WORDS: &[(&str, &str)] = &[
    ("close", "close"),
    ("open", "open"),
    ("status", "status"),
    ("assign", "assign"),
    ("priority", "priority"),
    ("prio", "priority"),
    ("due", "due"),
    ("tag", "tag"),
    ("tags", "tag"),
    ("untag", "untag"),
    ("note", "note"),
    ("public", "public"),
    ("department", "department"),
    ("follow", "follow"),
    ("unfollow", "unfollow"),
    ("participant", "participant"),
    ("help", "help"),
];

/// A line that was understood.
#[derive(Debug)]
pub(super) struct Read<'a> {
    /// What it means.
    pub(super) command: Command,
    /// Words on the line that belong to the text: `#note call him back`.
    pub(super) rest: Option<&'a str>,
}

/// Reads a line that looks like a command. The error is the rest of a sentence that begins with the line.
pub(super) fn command<'a>(line: &'a str, reader: Reader<'_>) -> Result<Read<'a>, Phrase> {
    let after = behind_sign(line).unwrap_or_default();
    let (written, argument) = word(bare(after));
    let word = known(written).ok_or_else(|| unknown(written))?;
    if after.starts_with(char::is_whitespace) {
        return Err(Phrase::new("refused.space").with("word", word));
    }
    if let "note" | "public" = word {
        let command = if word == "note" { Command::Note } else { Command::Public };
        if behind_sign(argument).is_some_and(|rest| rest.starts_with(char::is_alphabetic)) {
            return Err(Phrase::new("refused.two"));
        }
        return Ok(Read { command, rest: (!argument.is_empty()).then_some(argument) });
    }
    let argument = argument.trim_end_matches(['!', ',', ';']).trim_end();
    if argument.len() > LONGEST_ARGUMENT {
        return Err(Phrase::counted("refused.long", LONGEST_ARGUMENT).with("word", word));
    }
    let command = match word {
        "close" | "open" | "help" => alone(word, argument)?,
        _ if argument.is_empty() => return Err(Phrase::new("refused.lacks").value("form", Value::Command(word))),
        "status" => Command::Status(status(argument)?),
        "assign" => Command::Assign(assignee(argument, reader)?),
        "participant" => Command::Participant(participant(argument, reader)?),
        "priority" => Command::Priority(priority(argument)?),
        "due" => Command::Due(due(argument, reader)?),
        "tag" => Command::Tag(tags(argument)?),
        "untag" => Command::Untag(tags(argument)?),
        "department" => Command::Department(department(argument, reader)?),
        "follow" => Command::Follow(follower(argument, reader)?),
        "unfollow" => Command::Unfollow(person(argument)?.address),
        _ => return Err(unknown(written)),
    };
    Ok(Read { command, rest: None })
}

/// Whom `#follow` names.
pub(super) fn newcomer(line: &str) -> Option<Address> {
    let (written, argument) = word(bare(behind_sign(line)?));
    known(written).filter(|word| *word == "follow").and_then(|_| address(argument))
}

/// Whether a line below the text is a command: a known word, and what may follow it. `#hashtag`, `#help me` and a list of commands
/// that was quoted from a notice are text.
pub(super) fn is_misplaced(line: &str) -> bool {
    let Some(after) = behind_sign(line).filter(|after| after.starts_with(char::is_alphabetic)) else { return false };
    let (written, argument) = word(bare(after));
    match known(written) {
        Some("close" | "open" | "help") => argument.trim_end_matches(['.', '!']).is_empty(),
        Some("note" | "public") => !argument.contains(['#', '＃']),
        Some(_) => !argument.is_empty() && !argument.contains(['#', '＃']),
        None => false,
    }
}

/// What is behind the sign, in ASCII or full width, if the line begins with it.
pub(super) fn behind_sign(line: &str) -> Option<&str> {
    bare(line).strip_prefix(['#', '＃'])
}

/// The line as a receipt repeats it.
pub(super) fn shortened(line: &str) -> String {
    let line = bare(line);
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ...", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// The first word and what follows it, without a colon or full stop between.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, bare(rest.trim_start_matches([':', '：', '.', '!', '='])))
}

fn known(written: &str) -> Option<&'static str> {
    // Full-width letters are the same letters; marks on letters are not, but nothing else is meant.
    let plain = if written.len() <= 64 { folded(written) } else { return None };
    WORDS.iter().find(|(word, _)| *word == plain).map(|(_, means)| *means)
}

/// Whether a line that was not understood says `#note`, or something near it.
pub(super) fn speaks_of_a_note(line: &str) -> bool {
    let (written, _) = word(bare(behind_sign(line).unwrap_or_default()));
    known(written).or_else(|| nearest_word(written)) == Some("note")
}

fn nearest_word(written: &str) -> Option<&'static str> {
    nearest(written, WORDS.iter().map(|(word, _)| *word))
}

fn unknown(written: &str) -> Phrase {
    match nearest_word(written) {
        Some(word) => Phrase::new("refused.unknown-near").with("word", word),
        None => Phrase::new("refused.unknown"),
    }
}

fn alone(word: &str, argument: &str) -> Result<Command, Phrase> {
    match (word, argument.trim_end_matches('.').is_empty()) {
        ("close", true) => Ok(Command::Status(Status::Closed)),
        ("open", true) => Ok(Command::Status(Status::Open)),
        (_, true) => Ok(Command::Help),
        _ => Err(Phrase::new("refused.alone").with("word", word)),
    }
}

/// `awaiting customer` and `Awaiting_Customer` are the same word.
fn status(argument: &str) -> Result<Status, Phrase> {
    let plain = folded(argument).replace([' ', '_'], "-");
    match Status::from_name(plain.trim_end_matches('.')) {
        Some(Status::New) => Err(Phrase::new("refused.status-new").phrase("status", Phrase::of("status", Status::New.name()))),
        Some(status) => Ok(status),
        None => {
            let known = Status::ALL.iter().filter(|status| **status != Status::New).map(|status| status.name());
            Err(Phrase::new("refused.status").list("known", "list.comma", known))
        }
    }
}

fn priority(argument: &str) -> Result<Priority, Phrase> {
    let plain = folded(argument);
    let none = || Phrase::new("refused.priority").list("known", "list.comma", Priority::ALL.map(Priority::name));
    Priority::from_name(plain.trim_end_matches('.')).ok_or_else(none)
}

fn due(argument: &str, Reader { now, zone, .. }: Reader<'_>) -> Result<Option<Time>, Phrase> {
    let plain = folded(argument);
    let plain = plain.trim_end_matches('.');
    let due = match plain {
        "none" | "never" | "nothing" => return Ok(None),
        "today" => now.end_of_day(0, zone),
        "tomorrow" => now.end_of_day(1, zone),
        _ => Time::end_of_date(plain, zone),
    };
    match due {
        None => Err(Phrase::new("refused.day")),
        Some(due) if due < now => Err(Phrase::new("refused.day-past").day("day", now)),
        due => Ok(due),
    }
}

/// Words in lower case, each once, in their order.
fn tags(argument: &str) -> Result<Vec<String>, Phrase> {
    let mut tags: Vec<String> = Vec::new();
    for word in argument.split(|c: char| c.is_whitespace() || c == ',').map(|word| word.trim_start_matches(['#', '＃'])) {
        let tag = word.trim_end_matches('.').to_lowercase();
        if !tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return Err(Phrase::new("refused.tag").with("tag", tag));
        }
        if tag.len() > LONGEST_TAG {
            return Err(Phrase::counted("refused.tag-long", LONGEST_TAG));
        }
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.is_empty() { Err(Phrase::new("refused.tag-none")) } else { Ok(tags) }
}

/// By key, name or prefix, if only one department goes by it.
fn department(argument: &str, reader: Reader<'_>) -> Result<String, Phrase> {
    let plain = folded(argument);
    let departments = &reader.desk.departments;
    let by = |goes_by: fn(&Department) -> &str| {
        let mut found = departments.iter().filter(|department| folded(goes_by(department)) == plain);
        found.next().filter(|_| found.next().is_none())
    };
    let found = by(|department| &department.key).or_else(|| by(|department| &department.name));
    let found = found.or_else(|| by(|department| &department.prefix));
    let keys = || departments.iter().map(|department| department.key.as_str());
    found.map(|department| department.key.clone()).ok_or_else(|| match nearest(argument, keys()) {
        Some(key) => Phrase::new("refused.department-near").list("known", "list.comma", keys()).with("key", key),
        None => Phrase::new("refused.department").list("known", "list.comma", keys()),
    })
}

fn assignee(argument: &str, reader: Reader<'_>) -> Result<Option<String>, Phrase> {
    match folded(argument).trim_end_matches('.') {
        "nobody" | "none" | "no one" => Ok(None),
        _ => match agent(argument, reader) {
            Found::One(agent) if agent.access == Access::Viewer => Err(Phrase::new("refused.viewer").with("name", &agent.name)),
            found => found.key().map(Some),
        },
    }
}

fn participant(argument: &str, reader: Reader<'_>) -> Result<String, Phrase> {
    agent(argument, reader).key()
}

/// `fred@customer.example`, `Fred <fred@customer.example>`, and what mail programs make of either.
fn person(argument: &str) -> Result<Mailbox, Phrase> {
    let address = address(argument).ok_or_else(|| Phrase::new("refused.address"))?;
    let name = argument.split_once('<').map_or("", |(name, _)| name);
    // `fred@customer.example <mailto:fred@customer.example>` names nobody twice.
    let name = name.trim().trim_matches('"');
    let name = if name.contains('@') { String::new() } else { name.split_whitespace().collect::<Vec<_>>().join(" ") };
    Ok(Mailbox { name, address })
}

/// Somebody of the customer side: neither an address that comes to us, which would be a loop, nor an agent, who would read what
/// agents are not meant to be mailed as customers.
fn follower(argument: &str, reader: Reader<'_>) -> Result<Mailbox, Phrase> {
    let person = person(argument)?;
    if reader.desk.is_ours(&person.address) {
        return Err(Phrase::new("refused.ours").with("address", &person.address));
    }
    match reader.desk.agent_by_address(&person.address) {
        Some(agent) => Err(Phrase::new("refused.agent").with("address", &person.address).with("key", &agent.key)),
        None => Ok(person),
    }
}
