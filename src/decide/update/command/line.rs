//! One line: a command that is understood, or why not.

use super::name::{Found, address, agent};
use super::{Command, KNOWN, Reader, bare};
use crate::decide::parse::folded;
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
pub(super) fn command<'a>(line: &'a str, reader: Reader<'_>) -> Result<Read<'a>, String> {
    let after = behind_sign(line).unwrap_or_default();
    let (written, argument) = word(bare(after));
    let word = known(written).ok_or_else(|| unknown(written))?;
    if after.starts_with(char::is_whitespace) {
        return Err(format!("has a space behind the #; write #{word} if it is meant as a command"));
    }
    if let "note" | "public" = word {
        let command = if word == "note" { Command::Note } else { Command::Public };
        if behind_sign(argument).is_some_and(|rest| rest.starts_with(char::is_alphabetic)) {
            return Err("holds two commands; each needs a line of its own".to_owned());
        }
        return Ok(Read { command, rest: (!argument.is_empty()).then_some(argument) });
    }
    let argument = argument.trim_end_matches(['!', ',', ';']).trim_end();
    if argument.len() > LONGEST_ARGUMENT {
        return Err(format!("is too long; what follows #{word} takes {LONGEST_ARGUMENT} octets at most"));
    }
    let command = match word {
        "close" | "open" | "help" => alone(word, argument)?,
        _ if argument.is_empty() => return Err(format!("lacks a word; it is written {}", form(word))),
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

fn unknown(written: &str) -> String {
    match nearest_word(written) {
        Some(word) => format!("is not a command that is known (did you mean #{word}?)"),
        None => "is not a command that is known".to_owned(),
    }
}

/// How a command is written.
fn form(word: &str) -> &'static str {
    let named = |form: &&str| form.get(1..).is_some_and(|form| form.split(' ').next() == Some(word));
    KNOWN.iter().map(|(form, _)| *form).find(named).unwrap_or("#help")
}

fn alone(word: &str, argument: &str) -> Result<Command, String> {
    match (word, argument.trim_end_matches('.').is_empty()) {
        ("close", true) => Ok(Command::Status(Status::Closed)),
        ("open", true) => Ok(Command::Status(Status::Open)),
        (_, true) => Ok(Command::Help),
        _ => Err(format!("has words behind it; #{word} stands alone on its line")),
    }
}

/// `awaiting customer` and `Awaiting_Customer` are the same word.
fn status(argument: &str) -> Result<Status, String> {
    let plain = folded(argument).replace([' ', '_'], "-");
    match Status::from_name(plain.trim_end_matches('.')) {
        Some(Status::New) => {
            Err("cannot be done: a ticket is `new` while nobody is responsible; write #assign nobody".to_owned())
        }
        Some(status) => Ok(status),
        None => Err("names no status; there are open, awaiting-customer and closed".to_owned()),
    }
}

fn priority(argument: &str) -> Result<Priority, String> {
    let plain = folded(argument);
    let known = || Priority::ALL.map(Priority::name).join(", ");
    Priority::from_name(plain.trim_end_matches('.')).ok_or_else(|| format!("names no priority; there are {}", known()))
}

fn due(argument: &str, Reader { now, zone, .. }: Reader<'_>) -> Result<Option<Time>, String> {
    let plain = folded(argument);
    let plain = plain.trim_end_matches('.');
    let due = match plain {
        "none" | "never" | "nothing" => return Ok(None),
        "today" => now.end_of_day(0, zone),
        "tomorrow" => now.end_of_day(1, zone),
        _ => Time::end_of_date(plain, zone),
    };
    match due {
        None => Err("names no day; write year-month-day, such as 2026-12-24, or today, tomorrow, none".to_owned()),
        Some(due) if due < now => Err(format!("names a day that is past; today is {} in {}", now.date_in(zone), zone.name())),
        due => Ok(due),
    }
}

/// Words in lower case, each once, in their order.
fn tags(argument: &str) -> Result<Vec<String>, String> {
    let mut tags: Vec<String> = Vec::new();
    for word in argument.split(|c: char| c.is_whitespace() || c == ',').map(|word| word.trim_start_matches(['#', '＃'])) {
        let tag = word.trim_end_matches('.').to_lowercase();
        if !tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return Err(format!("has a tag `{tag}` with something else in it than letters, digits, - _ and ."));
        }
        if tag.len() > LONGEST_TAG {
            return Err(format!("has a tag of more than {LONGEST_TAG} octets"));
        }
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.is_empty() { Err("names no tag".to_owned()) } else { Ok(tags) }
}

/// By key, name or prefix, if only one department goes by it.
fn department(argument: &str, reader: Reader<'_>) -> Result<String, String> {
    let plain = folded(argument);
    let departments = &reader.desk.departments;
    let by = |goes_by: fn(&Department) -> &str| {
        let mut found = departments.iter().filter(|department| folded(goes_by(department)) == plain);
        found.next().filter(|_| found.next().is_none())
    };
    let found = by(|department| &department.key).or_else(|| by(|department| &department.name));
    let found = found.or_else(|| by(|department| &department.prefix));
    let keys = || departments.iter().map(|department| department.key.as_str());
    found.map(|department| department.key.clone()).ok_or_else(|| {
        let known = keys().collect::<Vec<_>>().join(", ");
        match nearest(argument, keys()) {
            Some(key) => format!("names no department; there are {known} (did you mean {key}?)"),
            None => format!("names no department; there are {known}"),
        }
    })
}

fn assignee(argument: &str, reader: Reader<'_>) -> Result<Option<String>, String> {
    match folded(argument).trim_end_matches('.') {
        "nobody" | "none" | "no one" => Ok(None),
        _ => match agent(argument, reader) {
            Found::One(agent) if agent.access == Access::Viewer => {
                Err(format!("cannot be done: {} may only read, and an assignee has to answer", agent.name))
            }
            found => found.key().map(Some),
        },
    }
}

fn participant(argument: &str, reader: Reader<'_>) -> Result<String, String> {
    agent(argument, reader).key()
}

/// `fred@customer.example`, `Fred <fred@customer.example>`, and what mail programs make of either.
fn person(argument: &str) -> Result<Mailbox, String> {
    let address = address(argument).ok_or("holds no mail address that can be read; write one, such as fred@customer.example")?;
    let name = argument.split_once('<').map_or("", |(name, _)| name);
    // `fred@customer.example <mailto:fred@customer.example>` names nobody twice.
    let name = name.trim().trim_matches('"');
    let name = if name.contains('@') { String::new() } else { name.split_whitespace().collect::<Vec<_>>().join(" ") };
    Ok(Mailbox { name, address })
}

/// Somebody of the customer side: neither an address that comes to us, which would be a loop, nor an agent, who would read what
/// agents are not meant to be mailed as customers.
fn follower(argument: &str, reader: Reader<'_>) -> Result<Mailbox, String> {
    let person = person(argument)?;
    if reader.desk.is_ours(&person.address) {
        return Err(format!("cannot be done: mail to {} comes to this desk", person.address));
    }
    match reader.desk.agent_by_address(&person.address) {
        Some(agent) => Err(format!("cannot be done: {} is an agent; write #participant {}", person.address, agent.key)),
        None => Ok(person),
    }
}
