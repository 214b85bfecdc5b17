//! Mail that no person wrote: kept and threaded, never acknowledged, never a change of status.

use super::customer::{assign_by_default, new_ticket};
use super::{Matter, bounce, customer_author, due};
use crate::decide::screen::{Machine, MachineKind};
use crate::decide::watchers::Happening;
use crate::decide::{Decision, TicketChange};
use crate::model::arrival::{Cause, Outcome};
use crate::model::message::{Author, Kind};
use crate::model::notice;
use crate::model::ticket::{Status, Ticket};

/// A machine's mail on its ticket; without one, what may be a request opens a ticket for the agents, and the rest is only kept.
pub(super) fn machine(matter: &Matter<'_>, machine: &Machine, ticket: Option<&Ticket>, mut reasons: Vec<String>) -> Decision {
    let released = matter.case.arrival.release.is_some();
    let to_bounce_address = matter.case.links.bounced.is_some() && !released;
    match (machine.kind, ticket) {
        (MachineKind::Report, _) => bounce::bounce(matter, machine, ticket, reasons),
        // The null sender's mail is an automatic answer: it goes to the envelope sender, which is our bounce address.
        _ if to_bounce_address && matter.case.arrival.sender.is_some() => {
            reasons.push("a bounce address takes delivery reports and nothing else".to_owned());
            Decision::held(matter.case, Cause::NotAReport, ticket.map(|ticket| ticket.number), reasons)
        }
        (MachineKind::Loop, None) if !released => Decision::held(matter.case, Cause::Loop, None, reasons),
        (MachineKind::Sender | MachineKind::Loop, None) => automatic_request(matter, machine, reasons),
        _ => entry(matter, machine, ticket, Outcome::Automatic, Kind::Automatic, reasons),
    }
}

/// An entry on the ticket, and nothing else: nobody is written to, so two machines cannot keep each other busy. A machine that does not stop
/// fills no ticket: beyond a cap its mails are kept as arrivals only.
pub(super) fn entry(
    matter: &Matter<'_>,
    machine: &Machine,
    ticket: Option<&Ticket>,
    outcome: Outcome,
    kind: Kind,
    reasons: Vec<String>,
) -> Decision {
    let mut decision = Decision::of(matter.case, outcome, reasons);
    let Some(ticket) = ticket else {
        decision.reasons.push("it speaks of no ticket: kept as it is".to_owned());
        return decision;
    };
    decision.ticket = Some(ticket.number);
    let entries = ticket.lately.at(matter.rules.now).machines;
    let cap = matter.rules.desk.automatic_mail.shown_per_hour;
    if entries < cap {
        decision.message = Some(matter.message(ticket, kind, author(machine)));
        let mut after = ticket.clone();
        after.heard_machine(matter.rules.now);
        decision.change = Some(TicketChange { ticket: after, before: Some(ticket.clone()), related: None });
    } else {
        decision.reasons.push(format!(
            "kept without an entry on the ticket: machines made {entries} there within the hour (`[automatic_mail] shown_per_hour = {cap}`)"
        ));
    }
    decision
}

/// A monitor's alarm or a shop's order: the agents must see it, the machine needs no acknowledgement.
fn automatic_request(matter: &Matter<'_>, machine: &Machine, mut reasons: Vec<String>) -> Decision {
    let Some(from) = &machine.mailbox else {
        return entry(matter, machine, None, Outcome::Automatic, Kind::Automatic, reasons);
    };
    reasons.push("it answers to nothing: a ticket for the agents, without acknowledgement".to_owned());
    let mut ticket = new_ticket(matter, from.clone(), false);
    let mut events = vec![matter.event(&ticket, from.address.as_str(), "created", None, Some(Status::New.name()))];
    assign_by_default(matter, &mut ticket, false, &mut events);
    due::settle(matter, None, &mut ticket);
    let message = matter.message(&ticket, Kind::Automatic, author(machine));
    let happening = Happening {
        event: notice::Event::Request,
        author: &from.address,
        proven: false,
        addressed: &[],
        acknowledge: false,
        begun: false,
        dead: &matter.facts.dead,
    };
    let mut decision = Decision::of(matter.case, Outcome::Automatic, reasons);
    decision.events = events;
    let change = TicketChange { ticket, before: None, related: None };
    matter.conclude(&mut decision, change, message, Some(happening));
    decision
}

pub(super) fn author(machine: &Machine) -> Author {
    match &machine.mailbox {
        Some(mailbox) => customer_author(mailbox),
        None => Author { name: String::new(), address: None, agent: None },
    }
}
