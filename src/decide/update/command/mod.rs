//! Commands at the top of what an agent newly wrote: lines that begin with `#`.
//!
//! The rule above all others: what looks like a command and is not understood stops the whole mail. A mistyped command must never
//! be mailed to a customer. Words and case are forgiving, meaning is not: nothing is corrected without asking, and what could mean two
//! things means neither. [`mod@line`] reads one line, [`name`] finds agents, [`mention`] finds `@name` in a text.

pub mod line;
pub mod mention;
pub mod name;

use crate::decide::parse::is_invisible;
use crate::decide::phrase::Phrase;
use crate::model::address::{Address, Mailbox};
use crate::model::desk::{Agent, Desk};
use crate::model::ticket::{Priority, Status};
use crate::model::time::{Time, Zone};

/// Lines of commands in one mail. Each may bring a sentence of the receipt.
pub const MOST_COMMANDS: usize = 50;

/// A command that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The ticket goes to this status: `#close`, `#open`, `#status`.
    Status(Status),
    /// The agent of this key becomes responsible, or nobody.
    Assign(Option<String>),
    /// How much it presses.
    Priority(Priority),
    /// When it should be done, if at all.
    Due(Option<Time>),
    /// Words to file it under.
    Tag(Vec<String>),
    /// Words to file it under no more.
    Untag(Vec<String>),
    /// The rest of the mail is for agents only.
    Note,
    /// The rest of the mail is for the customer.
    Public,
    /// The ticket goes to the department of this key.
    Department(String),
    /// This person receives the public messages.
    Follow(Mailbox),
    /// This person does not any more.
    Unfollow(Address),
    /// The agent of this key works along.
    Participant(String),
    /// The list of commands is asked for.
    Help,
}

/// The commands that are known, in the order in which receipts list them: the word of each, and how it is written. What stands in braces is
/// said in the reader's language (`placeholder.name`), and so is what the command does (`command.close`).
pub const KNOWN: &[(&str, &str)] = &[
    ("close", "#close"),
    ("open", "#open"),
    ("status", "#status awaiting-customer"),
    ("assign", "#assign {name}"),
    ("priority", "#priority high"),
    ("due", "#due 2026-12-24"),
    ("tag", "#tag {word} {word}"),
    ("untag", "#untag {word}"),
    ("note", "#note"),
    ("public", "#public"),
    ("department", "#department {key}"),
    ("follow", "#follow {address}"),
    ("unfollow", "#unfollow {address}"),
    ("participant", "#participant {name}"),
    ("help", "#help"),
];

/// A command, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Number of the line, counted from 0.
    pub at: usize,
    /// The line, shortened.
    pub line: String,
    /// What it means.
    pub command: Command,
}

/// A line that was not understood, or cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Number of the line, counted from 0.
    pub at: usize,
    /// The line, shortened.
    pub line: String,
    /// What is wrong with it, as the rest of a sentence that begins with the line.
    pub why: Phrase,
}

/// What stands at the top of an agent's mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commanded {
    /// The commands, in their order.
    pub said: Vec<Said>,
    /// The lines that stop the mail.
    pub refused: Vec<Refused>,
    /// Whether a line speaks of a note, understood or not: then the rest was meant for agents only.
    pub note: bool,
    /// What is left.
    pub text: String,
}

impl Commanded {
    /// Whether a command of this kind was said.
    pub fn has(&self, is_it: impl Fn(&Command) -> bool) -> bool {
        self.said.iter().any(|said| is_it(&said.command))
    }
}

/// What commands may speak of.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// Agents and departments.
    pub desk: &'a Desk,
    /// Who writes.
    pub me: &'a Agent,
    /// The time of the decision, for `tomorrow`.
    pub now: Time,
    /// The zone that days are meant in.
    pub zone: &'a Zone,
}

/// Takes the commands off the top of a text. Empty lines between them count for nothing; the first other line begins the text, and so
/// do the words behind `#note` or `#public` on its line. Every text gives commands, refusals or neither.
pub fn commands(text: &str, reader: Reader<'_>) -> Commanded {
    let mut read = Commanded::default();
    let mut lines = text.split('\n').enumerate().peekable();
    let mut body = Vec::new();
    while let Some((at, line)) = lines.next_if(|(_, line)| is_blank(line) || looks_like_command(line)) {
        if is_blank(line) {
            continue;
        }
        if read.said.len() + read.refused.len() == MOST_COMMANDS {
            read.refuse(at, line, Phrase::counted("refused.commands", MOST_COMMANDS));
            break;
        }
        match line::command(line, reader) {
            Ok(line::Read { command, rest }) => {
                read.say(at, line, command);
                if let Some(rest) = rest {
                    body.push(rest);
                    break;
                }
            }
            Err(why) => read.refuse(at, line, why),
        }
    }
    for (at, line) in lines {
        // A command that stands where it would be mailed instead of obeyed was surely meant as one.
        if line::is_misplaced(line) && read.refused.len() < MOST_COMMANDS {
            read.refuse(at, line, Phrase::new("refused.below"));
        }
        body.push(line);
    }
    read.text = without_lone_signature(&body.join("\n"), !read.said.is_empty()).trim().to_owned();
    read
}

impl Commanded {
    fn say(&mut self, at: usize, line: &str, command: Command) {
        let opposite =
            |other: &Command| matches!((other, &command), (Command::Note, Command::Public) | (Command::Public, Command::Note));
        if self.has(opposite) {
            return self.refuse(at, line, Phrase::new("refused.opposite"));
        }
        self.note |= command == Command::Note;
        self.said.push(Said { at, line: line::shortened(line), command });
    }

    fn refuse(&mut self, at: usize, line: &str, why: Phrase) {
        self.note |= line::speaks_of_a_note(line);
        self.refused.push(Refused { at, line: line::shortened(line), why });
    }
}

/// Whom the commands of a text would have written to who were not before, so that it can be asked whether anything reaches them.
pub fn newcomers(text: &str) -> impl Iterator<Item = Address> {
    let lines = text.lines().take_while(|line| is_blank(line) || looks_like_command(line)).filter(|line| !is_blank(line));
    lines.take(MOST_COMMANDS).filter_map(line::newcomer)
}

/// Below commands, a signature alone says nothing: nobody wants it mailed to a customer.
fn without_lone_signature(text: &str, commanded: bool) -> &str {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    if commanded && first == Some("--") { "" } else { text }
}

fn is_blank(line: &str) -> bool {
    bare(line).is_empty()
}

/// The line without what cannot be seen at its ends.
fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// A `#` and a letter, with or without a space between: `#close`, `# close`, `#klose`. Not `#1042`, which is a number.
fn looks_like_command(line: &str) -> bool {
    line::behind_sign(line).is_some_and(|rest| bare(rest).starts_with(char::is_alphabetic))
}

#[cfg(test)]
mod tests;
