//! A probe has arrived: it becomes a ticket like the request that it stands for, and bothers nobody.
//!
//! A ticket rather than an outcome of its own, since a ticket is what is to be proven: that mail to this mailbox becomes one. It is
//! internal, closed from the beginning and tagged `probe`; nobody is told, nobody is responsible, nothing is due, and retention takes it
//! away as it does other closed tickets.

use super::customer::new_ticket;
use super::machine::author;
use super::{Matter, Thread, Writer};
use crate::decide::recall::{Facts, Probe};
use crate::decide::route::Route;
use crate::decide::screen::{Machine, MachineKind};
use crate::decide::{Case, Decision, Rules, TicketChange};
use crate::model::address::Mailbox;
use crate::model::arrival::Outcome;
use crate::model::message::Kind;
use crate::model::ticket::Status;

/// The tag of such tickets.
pub(in crate::decide) const TAG: &str = "probe";

/// The probe that a mail is, when it has not come in before. One that has was copied by somebody, and is a mail like any other.
pub(in crate::decide) fn fresh<'a>(case: &'a Case, facts: &Facts, reasons: &mut Vec<String>) -> Option<&'a Probe> {
    let probe = case.links.probe.as_ref()?;
    let known = facts.by_message_id.get(&probe.id).and_then(|tickets| tickets.first());
    if let Some(ticket) = known {
        reasons.push(format!("it has the token of a probe that came in before (ticket {ticket}), and is taken as any mail"));
        return None;
    }
    Some(probe)
}

/// The ticket of a probe.
pub(in crate::decide) fn record(
    case: &Case,
    probe: &Probe,
    facts: &Facts,
    rules: Rules<'_>,
    route: Route<'_>,
    mut reasons: Vec<String>,
) -> Decision {
    reasons.extend(case.verdicts.iter().cloned());
    let nobody = || Mailbox { name: String::new(), address: route.department.address.clone() };
    let from = case.mail.from.first().cloned().unwrap_or_else(nobody);
    reasons.push(format!("from {}, {}", from.address, case.authenticity.in_words()));
    let seconds = case.arrival.received_at.seconds_since(probe.sent_at);
    reasons.push(format!("a probe of the operator's, {seconds} s on its way: a closed ticket, and nobody is told"));
    let machine = Machine { mailbox: Some(from.clone()), kind: MachineKind::Sender };
    let writer = Writer::Machine(machine.clone());
    let matter = Matter { case, facts, rules, route, writer, thread: Thread::default() };
    let mut ticket = new_ticket(&matter, from, true);
    ticket.tags = vec![TAG.to_owned()];
    let mut events = vec![matter.event(&ticket, "postdesk", "created", None, Some(Status::New.name()))];
    events.push(matter.event(&ticket, "postdesk", "tag", None, Some(TAG)));
    matter.set_status(&mut ticket, Status::Closed, "postdesk", &mut events);
    let mut message = matter.message(&ticket, Kind::Automatic, author(&machine));
    // What it was sent with: by this it is found, and known again, also where a relay gave it another.
    message.message_id = Some(probe.id.clone());
    let mut decision = Decision::of(case, Outcome::Automatic, reasons);
    decision.events = events;
    matter.conclude(&mut decision, TicketChange { ticket, before: None, related: None }, message, None);
    decision
}
