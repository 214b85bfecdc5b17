//! What admins are told of held mail: one mail with a list, and for each held mail the commands that can be replied.

use std::collections::HashSet;

use super::Rules;
use super::phrase::Phrase;
use super::recall::Held;
use super::write::held::{Slip, department_of, shown, voice};
use super::write::phrases::Voice;
use super::write::reference;
use super::write::words::{Entry, HeldWords, Words};
use crate::model::arrival::Cause;
use crate::model::desk::{Access, Agent, Desk};
use crate::model::notice::{Event, Outgoing};

/// How many held mails a digest lists; it counts the others.
pub const LISTED: usize = 50;

/// Held mail that no admin has been told of yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Up to [`LISTED`] of it, the newest first.
    pub held: Vec<Held>,
    /// How much there is.
    pub count: usize,
    /// The arrival that the digest is noted with: one that no digest is noted with yet.
    pub noted_with: i64,
    /// Addresses that are known to be dead, as `Address::key` writes them.
    pub dead: HashSet<String>,
}

/// Who is told of held mail.
pub fn admins(desk: &Desk) -> impl Iterator<Item = &Agent> {
    desk.agents.iter().filter(|agent| agent.access == Access::Admin)
}

/// A mail for each admin who can be reached. It leaves from the department of the newest of the held mails.
pub fn digest(untold: &Untold, rules: Rules<'_>) -> Vec<Outgoing> {
    let Some(newest) = untold.held.first() else { return Vec::new() };
    let Some(department) = department_of(&newest.department, rules) else { return Vec::new() };
    let reached = admins(rules.desk).filter(|admin| !untold.dead.contains(&admin.address.key()));
    let write = |agent| {
        let voice = voice(agent, department, rules);
        let words = Words {
            department: &department.name,
            held: HeldWords {
                count: untold.count,
                more: untold.count.saturating_sub(untold.held.len()),
                entries: untold.held.iter().map(|held| entry(held, voice, rules)).collect(),
                ..HeldWords::default()
            },
            ..Words::default()
        };
        let arrival = untold.noted_with;
        Slip { event: Event::Digest, text: "digest", agent, department, arrival, answers: None, links: true }.finish(words, rules)
    };
    reached.map(write).collect()
}

fn entry(held: &Held, voice: Voice<'_>, rules: Rules<'_>) -> Entry {
    let department = rules.desk.department(&held.department);
    let ticket = |number| department_of(&held.department, rules).map(|department| reference(department, number));
    Entry {
        arrival: held.arrival,
        at: voice.date(held.received_at),
        department: department.map_or_else(|| held.department.clone(), |department| department.name.clone()),
        sender: held.sender.as_deref().map_or_else(|| voice.word("held.nobody").to_owned(), shown),
        subject: shown(&held.subject),
        cause: Cause::from_name(&held.cause)
            .map_or_else(|| held.cause.clone(), |cause| voice.tell(&Phrase::of("cause", cause.name()))),
        ticket: held.ticket.and_then(ticket).unwrap_or_default(),
        releasable: held.cause != Cause::NoSender.name(),
    }
}
