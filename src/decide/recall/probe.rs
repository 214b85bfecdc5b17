//! How a probe is recognised: a mail that the operator sent to see whether mail arrives (`postdesk probe`).
//!
//! It carries a sealed token of its own, as its Message-ID and as the last word of its subject, since some relays give mail another
//! Message-ID. So it is known wherever it comes from and whoever sent it on, and nobody else can make one. A token is good for an hour, and
//! once (`decide::update::probe`): what has it again is a mail like any other.

use std::time::Duration;

use crate::model::arrival::Arrival;
use crate::model::desk::Desk;
use crate::model::mail::Mail;
use crate::model::time::Time;
use crate::model::token::Token;

/// How long a probe may be on its way. Longer than anybody waits for it; short, since whoever forwards it learns its token.
const GOOD_FOR: Duration = Duration::from_secs(3_600);
/// How far the clock of the machine that sent it may be ahead.
const AHEAD: Duration = Duration::from_secs(60);

/// A probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Its Message-ID as it was sent, without angle brackets: what it is known by.
    pub id: String,
    /// When it was sent.
    pub sent_at: Time,
}

/// Reads whether a mail is a probe.
pub(super) fn of(arrival: &Arrival, mail: &Mail, desk: &Desk) -> Option<Probe> {
    if arrival.archived {
        return None;
    }
    let by_id = mail.message_id.as_deref().and_then(|id| id.rsplit_once('@')).filter(|(_, domain)| is_ours(domain, desk));
    let by_id = by_id.and_then(|(token, _)| read(token, desk));
    let by_subject = mail.subject.split_whitespace().last();
    let (token, sent_at) = by_id.or_else(|| read(by_subject.filter(|_| arrival.sender.is_some() && !answers(mail))?, desk))?;
    let oldest = arrival.received_at.minus(GOOD_FOR);
    let in_time = oldest <= sent_at && sent_at <= arrival.received_at.plus(AHEAD);
    in_time.then(|| Probe { id: format!("{token}@{}", desk.hostname.to_ascii_lowercase()), sent_at })
}

fn is_ours(domain: &str, desk: &Desk) -> bool {
    domain.eq_ignore_ascii_case(&desk.hostname)
}

fn read(word: &str, desk: &Desk) -> Option<(String, Time)> {
    let Token::Probe { second, .. } = desk.keys.read(word)? else { return None };
    Some((word.to_ascii_lowercase(), Time(second.saturating_mul(1_000_000))))
}

/// What answers to a probe has its subject, too: a report of its failure, or the word of somebody on holiday.
fn answers(mail: &Mail) -> bool {
    let marks = &mail.marks;
    let automatic = marks.auto_submitted.as_deref() == Some("auto-replied") || marks.autoreply_field.is_some();
    automatic || mail.report.is_some() || marks.null_return_path || marks.answer_subject.is_some() || !mail.references.is_empty()
}
