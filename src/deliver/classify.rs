//! What a reply means, and who acts next: one table for every stage of a mail transaction (RFC 5321 section 4.2).
//!
//! A 5xx is final for a notice only when it speaks of the notice: what a relay refuses because of *us* (no login, wrong sequence, not a
//! mail server) would be refused for every notice, and is a fault that an operator mends while the notices wait.

use std::time::Duration;

use super::backoff;
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::outbox::{Leased, Settlement};

/// Where a mail transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// After MAIL FROM.
    Mail,
    /// After RCPT TO.
    Rcpt,
    /// After DATA.
    Data,
    /// After the final dot.
    Content,
}

/// A reply of the relay, its lines joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// What it says.
    pub text: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The relay has taken it.
    Sent,
    /// Not now.
    Later(String),
    /// Not ever.
    Never(String),
    /// It was not begun, and this says why: it is as if it had not been taken up.
    Unbegun(String),
}

impl Verdict {
    /// Why it was not sent; empty when it was.
    pub fn why(&self) -> &str {
        match self {
            Verdict::Sent => "",
            Verdict::Later(why) | Verdict::Never(why) | Verdict::Unbegun(why) => why,
        }
    }
}

/// What a reply means at its stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// What the stage waits for: go on.
    Expected,
    /// The mail was refused; the connection is in step.
    Refused(Verdict),
    /// The relay takes no mail of ours at present, whichever it is; the connection is in step.
    Unwilling(Verdict),
    /// No answer to what was said, or the relay is leaving: the connection is of no further use.
    Useless(String),
}

/// Reads a reply. A positive reply must be the very one of its stage: a connection that is one reply behind shows it at DATA, where
/// only 354 will do, before any mail is taken for sent.
pub fn meaning(stage: Stage, reply: &Reply) -> Meaning {
    let expected = match stage {
        Stage::Mail => reply.code == 250,
        Stage::Rcpt => matches!(reply.code, 250..=252),
        Stage::Data => reply.code == 354,
        Stage::Content => matches!(reply.code, 200..=299),
    };
    let said = one_line(&format!("{} {}", reply.code, reply.text));
    match reply.code {
        _ if expected => Meaning::Expected,
        421 => Meaning::Useless(said),
        // Sequence, "this host takes no mail", and everything about logging in (RFC 4954 section 6, RFC 7504).
        503 | 521 | 530 | 534 | 535 | 538 => Meaning::Unwilling(Verdict::Later(said)),
        // Before it was told for whom the mail is.
        400..=499 if stage == Stage::Mail => Meaning::Unwilling(Verdict::Later(said)),
        400..=499 => Meaning::Refused(Verdict::Later(said)),
        500..=599 => Meaning::Refused(Verdict::Never(said)),
        _ => Meaning::Useless(format!("an answer to something else: {said}")),
    }
}

/// A notice whose mail could not be read from the store. One that is away is nobody's fault: the notice is due as soon as it is back.
pub fn unread(fault: &Fault) -> Verdict {
    match fault {
        Fault::Refused(_) => Verdict::Later(fault.to_string()),
        Fault::Gone(why) => Verdict::Never(why.clone()),
        Fault::Away(_) | Fault::Full(_) | Fault::Broken(_) | Fault::Damaged(_) => {
            Verdict::Unbegun("the store was away".to_owned())
        }
    }
}

/// Turns the end of an attempt into what the store records.
pub fn settlement(notice: &Leased, verdict: Verdict, now: Time, give_up_after: Duration) -> Settlement {
    match verdict {
        Verdict::Sent => Settlement::Sent,
        Verdict::Never(why) => Settlement::Never { why },
        Verdict::Unbegun(why) => Settlement::Unbegun { due: notice.created_at.min(now), why },
        Verdict::Later(why) => match backoff::next_attempt(notice.id, notice.attempts, notice.created_at, now, give_up_after) {
            Some(when) => Settlement::Later { when, why },
            None => Settlement::Never { why: format!("given up after {} attempts: {why}", notice.attempts) },
        },
    }
}

/// The longest text of a foreign host that is kept, in characters.
const LONGEST_TEXT: usize = 500;

/// A foreign text on one line, without control characters and not too long, for the store and the log.
pub fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST_TEXT).collect()
}
