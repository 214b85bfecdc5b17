//! The receipt: what became of the commands in a mail. It may stand without a ticket, when the mail would have opened one.

use super::page::Blocks;
use super::phrases::Voice;
use super::words::{Refusal, Words};
use super::{Letter, ticket_words, titled, voice};
use crate::decide::Rules;
use crate::decide::phrase::{Phrase, Value};
use crate::decide::update::command::{KNOWN, Refused};
use crate::decide::watchers::Watcher;
use crate::model::arrival::Arrival;
use crate::model::desk::Department;
use crate::model::notice::Outgoing;
use crate::model::ticket::Ticket;

/// A receipt for a mail with commands.
#[derive(Debug)]
pub struct Receipt<'a> {
    /// The agent who wrote it.
    pub watcher: &'a Watcher<'a>,
    /// The ticket it was for, as it is now; `None` when none was opened.
    pub ticket: Option<&'a Ticket>,
    /// Its department.
    pub department: &'a Department,
    /// The mail.
    pub arrival: &'a Arrival,
    /// Its subject.
    pub subject: &'a str,
    /// Its Message-ID.
    pub in_reply_to: Option<&'a str>,
    /// What was done, one sentence each.
    pub done: &'a [Phrase],
    /// What was not understood without stopping the mail.
    pub remarks: &'a [Phrase],
    /// The lines that stopped it.
    pub refused: &'a [Refused],
    /// Whether they would have shown an internal note to customers.
    pub of_note: bool,
    /// Whether the list of commands was asked for.
    pub help: bool,
    /// Whether the mail spoke to agents only: then so does an answer to this receipt.
    pub note: bool,
    /// The words of a stopped mail, so that they need not be written again.
    pub text: &'a str,
}

/// Makes the mail.
pub fn receipt(told: &Receipt<'_>, rules: Rules<'_>) -> Outgoing {
    let voice = voice(told.watcher, told.ticket, told.department, rules);
    let say = |phrases: &[Phrase]| phrases.iter().map(|phrase| voice.tell(phrase)).collect();
    let about = match told.ticket {
        Some(ticket) => ticket_words(ticket, told.department, told.watcher, rules),
        None => Words { subject: titled(told.subject, rules.desk, voice), to_agent: true, proven: true, ..Words::default() },
    };
    let refusal = |refused: &Refused| Refusal { line: refused.line.clone(), why: voice.tell(&refused.why) };
    let words = Words {
        done: say(told.done),
        remarks: say(told.remarks),
        refused: told.refused.iter().map(refusal).collect(),
        of_note: told.of_note,
        help: told.help,
        internal: told.note,
        commands: commands(voice),
        department: &told.department.name,
        blocks: Blocks { own_words: told.text, ..about.blocks },
        ..about
    };
    let letter = Letter {
        watcher: told.watcher,
        ticket: told.ticket,
        department: told.department,
        arrival: told.arrival.id,
        words,
        from_person: None,
        references: told.in_reply_to.into_iter().collect(),
        files: Vec::new(),
        raw_id: told.arrival.raw_id,
        internal: told.note,
    };
    letter.finish(rules)
}

/// The commands that are known: how each is written, and what it does.
pub(super) fn commands(voice: Voice<'_>) -> Vec<(String, String)> {
    let known = KNOWN.iter().map(|(word, _)| *word);
    known.map(|word| (voice.value(&Value::Command(word)), voice.tell(&Phrase::of("command", word)))).collect()
}
