//! Delivery reports: which notice came back, and what follows from it.
//!
//! Anybody can write a report, so it counts only with a proof that it speaks of a mail of ours: it came to the sealed bounce address of the
//! notice, or holds the sealed Message-ID of it. Without one it is an entry at most. What is proven marks the notice as failed and tells
//! the agents, once for each notice, and never because an `undelivered` notice failed: so reports about reports end.

use std::collections::HashSet;

use super::Matter;
use super::machine::{author, entry};
use crate::decide::phrase::Phrase;
use crate::decide::recall::Sent;
use crate::decide::screen::Machine;
use crate::decide::watchers::{Happening, Watcher, watchers};
use crate::decide::write::undelivered::{Undelivered, undelivered};
use crate::decide::{Decision, Failed};
use crate::model::address::Address;
use crate::model::arrival::Outcome;
use crate::model::desk::{Department, Desk};
use crate::model::mail::{Action, Report, Reported, StatusCode};
use crate::model::message::Kind;
use crate::model::notice;
use crate::model::ticket::Ticket;
use crate::model::token::Recipient;

/// What a report proves to speak of.
struct Proof {
    arrival: i64,
    recipient: Recipient,
    /// Whether it came to the bounce address, which only the recipient's servers know. The Message-ID stands in every reply to a notice, so
    /// others may know it too.
    by_address: bool,
}

/// A delivery report, with the ticket it speaks of.
pub(super) fn bounce(matter: &Matter<'_>, machine: &Machine, ticket: Option<&Ticket>, mut reasons: Vec<String>) -> Decision {
    let facts = matter.facts;
    let Some(proof) = proof(matter) else {
        reasons.push(
            "nothing proves that it speaks of a mail of ours: it came to no bounce address and holds no Message-ID of ours"
                .to_owned(),
        );
        return entry(matter, machine, ticket, Outcome::Bounce, Kind::Bounce, reasons);
    };
    let notices = notices(matter, &proof);
    // The notice knows its ticket; what else the mail names may be of somebody else's choice.
    let ticket = notices.iter().find_map(|notice| facts.tickets.get(&notice.ticket?)).or(ticket);
    let Some(first) = notices.first() else {
        reasons.push("its proof is good, but the notice it speaks of is not in the outbox".to_owned());
        return entry(matter, machine, ticket, Outcome::Bounce, Kind::Bounce, reasons);
    };
    let told = verdict(matter.case.mail.report.as_ref(), &first.recipient);
    reasons.push(format!("it speaks of the notice `{}` that was sent to {}: {}", first.event, first.recipient, in_words(&told)));
    if told.action != Action::Failed || told.status.is_some_and(|status| status.0 == 2) {
        reasons.push("no failure: nothing changes".to_owned());
        return entry(matter, machine, ticket, Outcome::Bounce, Kind::Bounce, reasons);
    }
    let failing: Vec<&Sent> = notices.iter().copied().filter(|notice| notice.state != "failed").collect();
    if failing.is_empty() {
        reasons.push("that notice is marked as failed already: nothing changes".to_owned());
        return entry(matter, machine, ticket, Outcome::Bounce, Kind::Bounce, reasons);
    }
    failed(matter, machine, ticket, Failure { told, failing, by_address: proof.by_address }, reasons)
}

fn proof(matter: &Matter<'_>) -> Option<Proof> {
    let links = &matter.case.links;
    let by_address = links.bounced.map(|(arrival, recipient)| Proof { arrival, recipient, by_address: true });
    by_address
        .or_else(|| links.returned.map(|found| Proof { arrival: found.arrival, recipient: found.recipient, by_address: false }))
}

/// The notices that may have come back: those of the arrival to that recipient, and of several the one whose Message-ID is in the report.
fn notices<'a>(matter: &Matter<'a>, proof: &Proof) -> Vec<&'a Sent> {
    let keys = &matter.rules.desk.keys;
    let all = matter.facts.sent.get(&proof.arrival).map(Vec::as_slice).unwrap_or_default();
    let theirs: Vec<&Sent> = all.iter().filter(|notice| keys.recipient(&notice.recipient) == proof.recipient).collect();
    let id = matter.case.mail.report.as_ref().and_then(|report| report.message_id.as_deref());
    let named: Vec<&Sent> = theirs.iter().copied().filter(|notice| Some(notice.message_id.as_str()) == id).collect();
    if named.is_empty() { theirs } else { named }
}

/// What a report says of one recipient: of ours, where it is named; else of the first that failed. A report of which nothing could be read
/// is a failure without a reason.
fn verdict(report: Option<&Report>, recipient: &Address) -> Reported {
    let all = report.map(|report| report.recipients.as_slice()).unwrap_or_default();
    let ours = all.iter().find(|told| told.addresses.contains(recipient));
    let found = ours.or_else(|| all.iter().find(|told| told.action == Action::Failed)).or(all.first());
    found.cloned().unwrap_or_default()
}

struct Failure<'a> {
    told: Reported,
    failing: Vec<&'a Sent>,
    by_address: bool,
}

/// The notices are marked as failed, the ticket says so, and the agents are told.
fn failed(
    matter: &Matter<'_>,
    machine: &Machine,
    ticket: Option<&Ticket>,
    failure: Failure<'_>,
    mut reasons: Vec<String>,
) -> Decision {
    let Failure { told, failing, by_address } = failure;
    let dead =
        failing.first().filter(|first| by_address && is_dead(&told, &first.recipient)).map(|first| first.recipient.clone());
    if let Some(address) = &dead {
        reasons.push(format!("nothing will reach {address}: it is not written to again until it writes itself"));
    }
    let mut decision = Decision::of(matter.case, Outcome::Bounce, reasons);
    let why = format!("came back: {}", in_words(&told));
    let failed = |notice: &&Sent| Failed { notice: notice.id, why: why.clone(), dead: dead.clone() };
    decision.failed = failing.iter().map(failed).collect();
    let Some(ticket) = ticket else {
        decision.reasons.push("the notice belongs to no ticket: only marked as failed".to_owned());
        return decision;
    };
    decision.ticket = Some(ticket.number);
    decision.message = Some(matter.message(ticket, Kind::Bounce, author(machine)));
    for notice in &failing {
        decision.events.push(matter.event(ticket, "postdesk", "undelivered", None, Some(notice.recipient.as_str())));
    }
    tell(matter, &mut decision, ticket, &told, &failing, dead.is_some());
    decision
}

/// Tells the agents once, however many notices have failed; nobody is told that a notice of this kind has failed.
fn tell(matter: &Matter<'_>, decision: &mut Decision, ticket: &Ticket, told: &Reported, failing: &[&Sent], is_dead: bool) {
    let Some(notice) = failing.iter().find(|notice| notice.event != notice::Event::Undelivered.name()) else {
        decision
            .reasons
            .push("nobody is told that word of an undelivered mail was not delivered: that would go round".to_owned());
        return;
    };
    let department = matter.department_of(ticket);
    for watcher in agents(&[&notice.recipient], ticket, department, &matter.facts.dead, matter.rules.desk) {
        decision.reasons.push(format!("undelivered goes to {}", watcher.person.address));
        let words = Undelivered {
            watcher: &watcher,
            ticket,
            department,
            arrival: matter.case.arrival.id,
            addresses: &[&notice.recipient],
            event: &notice.event,
            sent_at: notice.created_at,
            said: &told.diagnostic,
            meaning: told.status.map(meaning).unwrap_or_default(),
            dead: is_dead,
            given_up: false,
        };
        decision.notices.push(undelivered(&words, matter.rules));
    }
}

/// The assignee, or the department while there is none, or where the assignee's own address is among those that failed.
pub(in crate::decide) fn agents<'a>(
    failed: &[&Address],
    ticket: &Ticket,
    department: &Department,
    dead: &HashSet<String>,
    desk: &'a Desk,
) -> Vec<Watcher<'a>> {
    let Some(author) = failed.first() else { return Vec::new() };
    let happening = Happening {
        event: notice::Event::Undelivered,
        author,
        proven: true,
        addressed: &[],
        acknowledge: false,
        begun: false,
        dead,
    };
    let told_of = |ticket: &Ticket| {
        let mut told = watchers(happening, ticket, department, desk);
        told.retain(|watcher| !failed.contains(&&watcher.person.address));
        told
    };
    let told = told_of(ticket);
    if !told.is_empty() || ticket.assignee.is_none() {
        return told;
    }
    told_of(&Ticket { assignee: None, ..ticket.clone() })
}

/// Whether an address will never take mail: only what the report says of this very address, and only where the code speaks of the address
/// or its mailbox, and was given, not concluded from words. A full mailbox, a refused content or a missing domain may be over tomorrow; a
/// domain that cannot be found (5.1.2, 5.4.4) may be one mistake in a zone or in our own relay's resolver, for all its addresses at once.
pub(in crate::decide) fn is_dead(told: &Reported, address: &Address) -> bool {
    let permanent = matches!(told.status, Some(StatusCode(5, 1, 1 | 3 | 6 | 10) | StatusCode(5, 2, 1)));
    permanent && !told.inferred && told.addresses.contains(address)
}

/// What a report says, for the trace and the outbox.
fn in_words(told: &Reported) -> String {
    let status = told.status.map(|status| format!(" with {status}{}", meaning_in_brackets(status))).unwrap_or_default();
    let said =
        if told.diagnostic.is_empty() { String::new() } else { format!(", in the other server's words: {}", told.diagnostic) };
    format!("{}{status}{said}", told.action.name())
}

fn meaning_in_brackets(status: StatusCode) -> String {
    let meaning = meaning(status);
    if meaning.is_empty() { String::new() } else { format!(" ({})", Phrase::new(meaning)) }
}

/// The phrase for what a status code means (RFC 3463, RFC 7505), for somebody who does not know it by heart; empty for the rest.
pub(in crate::decide) fn meaning(status: StatusCode) -> &'static str {
    match status {
        StatusCode(_, 1, 1) => "reason.no-mailbox",
        StatusCode(_, 1, 2) | StatusCode(_, 4, 4) => "reason.no-domain",
        StatusCode(_, 1, 3) => "reason.not-an-address",
        StatusCode(_, 1, 6) => "reason.moved",
        StatusCode(_, 1, 10) => "reason.takes-none",
        StatusCode(_, 2, 1) => "reason.switched-off",
        StatusCode(_, 2, 2) => "reason.full",
        StatusCode(_, 2, 3) | StatusCode(_, 3, 4) => "reason.too-large",
        StatusCode(_, 4, 7) => "reason.too-long",
        StatusCode(_, 7, _) => "reason.refused",
        _ => "",
    }
}
