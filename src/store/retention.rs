//! Letting go of what has been kept for long enough: `[retention]`, in small steps.
//!
//! A step is one short transaction: it looks at the oldest few of one kind, leaves alone what is needed still, removes the rest, and says
//! where the next step goes on. Killed between two steps, a run begins anew and finds less to do. What is needed: mail that is pending or
//! held, all of a ticket that is not closed, notices that have not left, and the newest arrival, since SQLite would give its number again.

use std::fmt;
use std::time::Duration;

use super::{Fault, Store};
use crate::model::time::Time;

/// How long something is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Age {
    /// The time itself.
    pub span: Duration,
    /// As the configuration writes it: `2y`.
    pub written: String,
}

/// `[retention]`: what is kept for how long. `None`: for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Closed tickets with everything that belongs to them, from their closing on.
    pub closed: Option<Age>,
    /// Originals of mail, from their decision on.
    pub raw: Option<Age>,
    /// Held mail that nobody released, since it was held.
    pub held: Option<Age>,
    /// Mail that is no message of a ticket, from its decision on: of machines, reports, copies, commands, what was discarded.
    pub other: Option<Age>,
    /// The mail of notices that were sent. That they were, and to whom, is kept with the arrival that caused them.
    pub sent: Option<Age>,
}

impl Options {
    /// What is let go of, in the order in which that is done, each with its age.
    pub fn rules(&self) -> impl Iterator<Item = (What, &Age)> {
        let all = [
            (What::Sent, &self.sent),
            (What::Closed, &self.closed),
            (What::Held, &self.held),
            (What::Other, &self.other),
            (What::Raw, &self.raw),
        ];
        all.into_iter().filter_map(|(what, age)| Some((what, age.as_ref()?)))
    }
}

/// A kind of what is let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Mail of notices that were sent.
    Sent,
    /// Closed tickets.
    Closed,
    /// Held mail.
    Held,
    /// Mail that is no message.
    Other,
    /// Originals.
    Raw,
}

impl What {
    /// The key in `[retention]`.
    pub fn key(self) -> &'static str {
        match self {
            What::Sent => "sent",
            What::Closed => "closed",
            What::Held => "held",
            What::Other => "other",
            What::Raw => "raw",
        }
    }

    /// The rule in words, as it stands in events and with arrivals: `[retention] raw = "2y"`.
    pub fn rule(self, age: &Age) -> String {
        format!("[retention] {} = \"{}\"", self.key(), age.written)
    }
}

impl fmt::Display for What {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.key())
    }
}

/// How far a run has come with one kind: everything before this was looked at. What the numbers mean is the kind's own matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// A time, or the number of an outcome.
    pub at: i64,
    /// Number of a row.
    pub id: i64,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many were removed.
    pub removed: u64,
    /// Where to go on; `None`: everything was looked at.
    pub next: Option<Cursor>,
}

/// That the original of an arrival was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// When.
    pub at: Time,
    /// By what: a rule of `[retention]`.
    pub by: String,
}

impl Gone {
    /// From the columns `original_gone_at` and `original_gone_by`.
    pub(in crate::store) fn from_columns(at: Option<i64>, by: Option<String>) -> Option<Self> {
        at.map(|at| Self { at: Time(at), by: by.unwrap_or_default() })
    }

    /// In words, behind "the original".
    pub fn in_words(&self) -> String {
        format!("was removed on {} by {}", self.at.rfc5322(), self.by)
    }
}

/// A rule, and the moment that it is held against.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Rule<'a> {
    pub(in crate::store) what: What,
    pub(in crate::store) age: &'a Age,
    pub(in crate::store) now: Time,
}

impl Rule<'_> {
    /// What ended before this is old enough.
    pub(in crate::store) fn eldest(&self) -> i64 {
        self.now.minus(self.age.span).0
    }

    pub(in crate::store) fn in_words(&self) -> String {
        self.what.rule(self.age)
    }
}

impl Store {
    /// Takes one step behind the cursor: removes what is older than this and not needed any more. An object of large mail is left to the
    /// sweep, which finds that nobody names it.
    ///
    /// # Errors
    /// When the store is away or refuses; nothing of the step is done then.
    pub async fn let_go(&self, what: What, age: &Age, after: Cursor, now: Time) -> Result<Step, Fault> {
        let rule = Rule { what, age, now };
        on_either!(self, base => base.let_go(&rule, after))
    }
}
