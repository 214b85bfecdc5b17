//! Which ticket a mail belongs to, and by what evidence, the strongest first:
//!
//! 1. a signed reply address, 2. a signed Message-ID of ours, 3. the Message-ID of a message we have, in the same department,
//! 4. the reference in the subject; 3 and 4 only for senders who are on the ticket already, because anybody can write them.

use super::Case;
use super::recall::Facts;
use super::screen::Writer;
use crate::model::address::Address;
use crate::model::arrival::Cause;
use crate::model::desk::{Agent, Department, Desk};
use crate::model::ticket::Ticket;
use crate::model::token::Purpose;

/// The ticket a mail belongs to; `None` opens a new one, if the mail can.
#[derive(Debug, Clone, Copy)]
pub struct Thread<'a> {
    /// The ticket.
    pub ticket: Option<&'a Ticket>,
    /// Whether the mail answers to an internal note.
    pub note: bool,
}

/// Finds the ticket. An error is the cause for which the mail is held, and the ticket it tried to reach.
pub fn thread<'a>(
    case: &Case,
    writer: &Writer<'_>,
    department: &Department,
    facts: &'a Facts,
    desk: &Desk,
    reasons: &mut Vec<String>,
) -> Result<Thread<'a>, (Cause, Option<i64>)> {
    match writer {
        Writer::Agent { link, .. } => match facts.tickets.get(&link.ticket) {
            Some(ticket) => Ok(Thread { ticket: Some(ticket), note: link.purpose == Purpose::Note }),
            None => {
                reasons.push(format!("its link names ticket {}, which is not in the store", link.ticket));
                Err((Cause::NoSuchTicket, None))
            }
        },
        Writer::Member { agent, .. } => of_member(case, agent, department, facts, reasons),
        Writer::Machine(_) => Ok(Thread { ticket: of_machine(case, department, facts, reasons), note: false }),
        Writer::Customer(mailbox) => of_customer(case, &mailbox.address, department, facts, desk, reasons),
    }
}

/// An answer to a ticket needs the agent's own link; without one, only a new request is left.
fn of_member<'a>(
    case: &Case,
    agent: &Agent,
    department: &Department,
    facts: &'a Facts,
    reasons: &mut Vec<String>,
) -> Result<Thread<'a>, (Cause, Option<i64>)> {
    let named = case.links.subject.and_then(|number| facts.tickets.get(&number));
    let Some(ticket) = stored(case, department, facts, |_| true).or(named) else {
        return Ok(Thread { ticket: None, note: false });
    };
    reasons.push(format!(
        "it speaks of ticket {}, but does not answer to a notice that was sent to {}: an agent's answer needs that notice's address",
        ticket.number, agent.address
    ));
    Err((Cause::AgentWithoutToken, Some(ticket.number)))
}

/// A machine's mail changes nothing and is shown to agents only, so any evidence will do.
fn of_machine<'a>(case: &Case, department: &Department, facts: &'a Facts, reasons: &mut Vec<String>) -> Option<&'a Ticket> {
    let links = &case.links;
    let sealed = links.sealed.iter().map(|link| link.ticket).chain(links.own_message);
    let reported = links.bounced.and_then(|(arrival, _)| facts.by_arrival.get(&arrival)).copied();
    let ticket = sealed.chain(reported).find_map(|number| facts.tickets.get(&number));
    let ticket = ticket.or_else(|| stored(case, department, facts, |_| true));
    if let Some(ticket) = ticket {
        reasons.push(format!("it speaks of ticket {}", ticket.number));
    }
    ticket
}

fn of_customer<'a>(
    case: &Case,
    from: &Address,
    department: &Department,
    facts: &'a Facts,
    desk: &Desk,
    reasons: &mut Vec<String>,
) -> Result<Thread<'a>, (Cause, Option<i64>)> {
    if let Some(link) = case.links.sealed.first() {
        let Some(ticket) = facts.tickets.get(&link.ticket) else {
            reasons.push(format!("its link names ticket {}, which is not in the store", link.ticket));
            return Err((Cause::NoSuchTicket, None));
        };
        if link.purpose == Purpose::Note || !ticket.includes(from) {
            let agent = desk.agents.iter().any(|agent| desk.keys.recipient(&agent.address) == link.recipient);
            reasons.push(format!("it has a valid link to ticket {}, but {from} is not on that ticket", ticket.number));
            let cause = if agent { Cause::TokenOfAnother } else { Cause::NotOnTicket };
            return Err((cause, Some(ticket.number)));
        }
        reasons.push(format!("joined ticket {} by {:?}", ticket.number, link.found));
        return Ok(Thread { ticket: Some(ticket), note: false });
    }
    if let Some(ticket) = stored(case, department, facts, |ticket| ticket.includes(from)) {
        reasons.push(format!("joined ticket {}: it answers to a message of that ticket, and {from} is on it", ticket.number));
        return Ok(Thread { ticket: Some(ticket), note: false });
    }
    let named = case.links.subject.and_then(|number| facts.tickets.get(&number));
    match named.filter(|ticket| ticket.includes(from)) {
        Some(ticket) => reasons.push(format!("joined ticket {} by its subject; {from} is on it", ticket.number)),
        None if named.is_some() => {
            reasons.push(format!("its subject names a ticket that {from} is not on: that counts for nothing"))
        }
        None => reasons.push("it speaks of no ticket".to_owned()),
    }
    Ok(Thread { ticket: named.filter(|ticket| ticket.includes(from)), note: false })
}

/// The first ticket of the department with a message of a foreign id, of those that are acceptable.
fn stored<'a>(
    case: &Case,
    department: &Department,
    facts: &'a Facts,
    acceptable: impl Fn(&Ticket) -> bool,
) -> Option<&'a Ticket> {
    let numbers = case.links.foreign_ids.iter().filter_map(|id| facts.by_message_id.get(id)).flatten();
    let tickets = numbers.filter_map(|number| facts.tickets.get(number));
    tickets.filter(|ticket| ticket.department == department.key).find(|ticket| acceptable(ticket))
}
