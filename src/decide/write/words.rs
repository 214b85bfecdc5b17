//! The words that templates may use.

use serde::Serialize;

use super::page::Blocks;

/// What a text may say. What stands on one line is a word of its own; what has several is in [`Blocks`].
#[derive(Debug, Clone, Default, Serialize)]
pub struct Words<'a> {
    /// `SUP-7`, or empty where it is about no ticket.
    pub reference: String,
    /// Subject of the ticket, without `Re:` and reference.
    pub subject: String,
    /// Status of the ticket, in the reader's language.
    pub status: String,
    /// Whether the ticket is closed now.
    pub closed: bool,
    /// Name of the department.
    pub department: &'a str,
    /// Who asked.
    pub requester: Person<'a>,
    /// Who wrote the message.
    pub author: Person<'a>,
    /// Name of the agent who answers a customer, or empty. For customers only.
    pub signed_by: &'a str,
    /// Whether the author is proven.
    pub proven: bool,
    /// Name of the responsible agent, or empty.
    pub assignee: &'a str,
    /// When the ticket is due, or empty. For agents only.
    pub due: String,
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
    /// Name of the agent who passed the customer's mail on, or empty. For agents only.
    pub passed_on_by: &'a str,
    /// Name of who changed the ticket, where that is what the notice is about.
    pub changed_by: &'a str,
    /// What the commands of a mail did, one sentence each.
    pub done: Vec<String>,
    /// What was not understood in a mail that was not stopped for it.
    pub remarks: Vec<String>,
    /// The lines for which a mail was stopped.
    pub refused: Vec<Refusal>,
    /// Whether the list of commands was asked for.
    pub help: bool,
    /// Whether an answer to the notice stays internal.
    pub internal: bool,
    /// The commands that are known: how each is written, and what it does.
    pub commands: Vec<(String, String)>,
    /// Whether a refused line, or file, would have shown an internal note to customers.
    pub of_note: bool,
    /// The mail that came back, where that is what the notice is about.
    pub returned: Returned,
    /// Whether the reader is an agent.
    pub to_agent: bool,
    /// Held mail, where that is what the notice is about.
    pub held: HeldWords,
    /// Accounts that no mail comes from, where that is what the notice is about.
    pub alarm: AlarmWords,
    /// What has several lines.
    #[serde(skip)]
    pub blocks: Blocks<'a>,
}

/// What texts say of held mail. Foreign words in it stand on one line each.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HeldWords {
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
    pub cause: String,
    /// How many held mails a digest tells of.
    pub count: usize,
    /// How many of them it does not list.
    pub more: usize,
    /// Those that it lists.
    pub entries: Vec<Entry>,
    /// The commands that are known.
    pub known: &'static [&'static str],
    /// What became of those that an admin spoke of.
    pub done: Vec<Done>,
}

/// What texts say of accounts from which no mail could be fetched for long.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AlarmWords {
    /// Name of the first of them.
    pub first: String,
    /// How many others there are.
    pub more: usize,
    /// All of them.
    pub accounts: Vec<Account>,
}

/// An account that no mail comes from.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Since when.
    pub since: String,
    /// What went wrong last, or empty.
    pub error: String,
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
pub struct Done {
    /// Its number.
    pub arrival: i64,
    /// What was done, or why nothing was.
    pub said: String,
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
#[derive(Debug, Clone, Default, Serialize)]
pub struct Refusal {
    /// The line.
    pub line: String,
    /// What is wrong with it, as the rest of a sentence that begins with the line.
    pub why: String,
}

/// A mail that came back, in a text.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Returned {
    /// Whom it was for.
    pub address: String,
    /// What it was: `an answer`.
    pub what: String,
    /// When it was sent.
    pub sent_at: String,
    /// The other server's words, or empty.
    pub said: String,
    /// What they mean, or empty.
    pub meaning: String,
    /// Whether the address is not written to any more.
    pub dead: bool,
    /// Whether we gave up, rather than another server reporting it.
    pub given_up: bool,
}
