//! Who writes: a copy of what we have, a machine, an agent (and with what authority), or a customer.
//!
//! A token tells which recipient was written to, not who writes. So an agent's mail acts only with **all** of: the agent's own signed
//! address or Message-ID, From = that agent, and a proven sender. What falls short is held; nothing is sent.

mod archive;
mod machine;

use super::recall::{Facts, Found, Link};
use super::{Case, Decision};
use crate::model::address::Mailbox;
use crate::model::arrival::{Cause, Outcome};
use crate::model::desk::{Access, Agent, Desk};
use crate::model::token::{Purpose, Recipient};

pub use machine::is_human_by_configuration;

/// Who writes.
#[derive(Debug, Clone)]
pub enum Writer<'a> {
    /// Somebody from outside.
    Customer(Mailbox),
    /// An agent whose mail acts: proven, and answering to the agent's own link.
    Agent {
        /// The agent.
        agent: &'a Agent,
        /// The link that was answered to.
        link: Link,
        /// From, as it stood.
        mailbox: Mailbox,
    },
    /// A proven agent who does not answer to a link: a ticket opened by a member of the desk.
    Member {
        /// The agent.
        agent: &'a Agent,
        /// From, as it stood.
        mailbox: Mailbox,
    },
    /// Somebody of the desk, in a mail of an archive: it is shown, and does nothing.
    Desk {
        /// The agent; `None` where one of our own addresses wrote.
        agent: Option<&'a Agent>,
        /// From, as it stood.
        mailbox: Mailbox,
    },
    /// A machine.
    Machine(Machine),
}

/// A mail that no person wrote.
#[derive(Debug, Clone)]
pub struct Machine {
    /// From, when there is one.
    pub mailbox: Option<Mailbox>,
    /// What kind of machine.
    pub kind: MachineKind,
}

/// Kinds of machines, by what their mail is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineKind {
    /// A delivery report.
    Report,
    /// It answers to a mail: an out-of-office, a null sender. Of no interest without the ticket it answers to.
    Reply,
    /// It writes of its own accord: a monitor, a shop, a mailing list. May well be a request.
    Sender,
    /// Our own mail has come back.
    Loop,
}

/// Whether we have a mail already.
#[derive(Debug)]
pub enum Copy {
    /// No.
    None,
    /// Yes, and this is all that becomes of it.
    Duplicate(Box<Decision>),
    /// Yes, but held, as the arrival of this number, for want of the proof that this copy has.
    Replaces(i64),
}

/// A second copy of a mail, which changes nothing. Only a copy whose sender is proven, after one whose sender was not, tells something
/// new: then the first is marked as proven, or, if it was held, this one takes its place.
pub fn copy(case: &Case, facts: &Facts, reasons: &mut Vec<String>) -> Copy {
    let known = facts.known.get(&(case.mail.content_key, case.arrival.department.clone()));
    // A held mail that is decided again is no copy of itself.
    let Some(known) = known.filter(|known| known.arrival != case.arrival.id) else { return Copy::None };
    let better = case.authenticity.is_proven() && !known.authenticity.is_proven();
    if known.held && better {
        reasons.push(format!("the same mail is held as arrival {}, but this copy proves its sender", known.arrival));
        return Copy::Replaces(known.arrival);
    }
    reasons.push(format!("the same mail as arrival {}", known.arrival));
    let mut decision = Decision::of(case, Outcome::Duplicate, std::mem::take(reasons));
    decision.keeps_key = false;
    decision.ticket = facts.by_arrival.get(&known.arrival).copied();
    decision.proves = better.then_some(known.arrival);
    Copy::Duplicate(Box::new(decision))
}

/// Finds out who writes.
pub fn writer<'a>(case: &Case, desk: &'a Desk, reasons: &mut Vec<String>) -> Result<Writer<'a>, Cause> {
    let mail = &case.mail;
    reasons.extend(case.verdicts.iter().cloned());
    if case.is_archived() {
        return archive::writer(case, desk, reasons);
    }
    if let Some((kind, why)) = machine::machine(case, desk, reasons) {
        reasons.push(format!("automatic: {why}"));
        return Ok(Writer::Machine(Machine { mailbox: mail.from.first().cloned(), kind }));
    }
    if mail.from.len() > 1 && case.arrival.release.is_none() {
        reasons.push(format!("From names {} addresses; nobody can tell who wrote", mail.from.len()));
        return Err(Cause::SeveralSenders);
    }
    let Some(mailbox) = author(case) else {
        reasons.push("no address in From and none in the envelope: there is nobody to answer".to_owned());
        return Err(Cause::NoSender);
    };
    reasons.push(format!("from {}, {}", mailbox.address, case.authenticity.in_words()));
    match desk.agent_by_address(&mailbox.address) {
        Some(agent) => authority(case, agent, mailbox, desk, reasons),
        None => Ok(Writer::Customer(mailbox)),
    }
}

fn author(case: &Case) -> Option<Mailbox> {
    let envelope = || case.arrival.sender.clone().map(|address| Mailbox { name: String::new(), address });
    case.mail.from.first().cloned().or_else(envelope)
}

fn authority<'a>(
    case: &Case,
    agent: &'a Agent,
    mailbox: Mailbox,
    desk: &Desk,
    reasons: &mut Vec<String>,
) -> Result<Writer<'a>, Cause> {
    if case.mail.from.is_empty() && case.arrival.release.is_none() {
        reasons.push(format!("only its envelope names the agent {}: there is no From, so nobody says who wrote it", agent.key));
        return Err(Cause::AgentUnproven);
    }
    if !case.authenticity.is_proven() {
        reasons.push(format!("From names the agent {}, and nothing proves that the agent wrote it", agent.key));
        return Err(Cause::AgentUnproven);
    }
    let own = std::iter::once(&agent.address).chain(&agent.other_addresses);
    let own: Vec<_> = own.map(|address| desk.keys.recipient(address)).collect();
    let link = case.links.sealed.iter().find(|link| own.contains(&link.recipient)).copied();
    let Some(link) = released(case, link, own[0]).or(link) else { return without_token(case, agent, mailbox, reasons) };
    if agent.access == Access::Viewer && case.arrival.release.is_none() {
        reasons.push(format!("{} has access `viewer` and may not answer", agent.key));
        return Err(Cause::AgentMayNotWrite);
    }
    reasons.push(format!("the agent {} answers", agent.key));
    Ok(Writer::Agent { agent, link, mailbox })
}

/// The link that an operator's word stands for: onto the ticket that was named, else onto the one that the mail speaks of.
fn released(case: &Case, own: Option<Link>, recipient: Recipient) -> Option<Link> {
    let release = case.arrival.release.as_ref()?;
    let (sealed, day) = (case.links.sealed.first(), case.arrival.received_at.day());
    let spoken_of = own.or(sealed.copied()).map(|link| link.ticket).or(case.links.subject);
    let ticket = release.onto.or(spoken_of)?;
    // What answers to a note stays one, whoever released it.
    let noted = case.links.sealed.iter().any(|link| link.ticket == ticket && link.purpose == Purpose::Note);
    let purpose = if noted { Purpose::Note } else { Purpose::Reply };
    Some(Link { ticket, recipient, purpose, day, event: None, found: Found::Released })
}

/// A proven agent without a link of the agent's own: a new request of a member, unless it turns out to speak of a ticket.
fn without_token<'a>(case: &Case, agent: &'a Agent, mailbox: Mailbox, reasons: &mut Vec<String>) -> Result<Writer<'a>, Cause> {
    if !case.links.sealed.is_empty() && case.arrival.release.is_none() {
        reasons.push(format!("the agent {} answers to somebody else's link", agent.key));
        return Err(Cause::TokenOfAnother);
    }
    if let Some(address) = &case.links.unreadable {
        reasons.push(format!("it is addressed to {address}, which is not an address that was made here"));
        return Err(Cause::AgentWithoutToken);
    }
    reasons.push(format!("the agent {} writes of the agent's own accord", agent.key));
    Ok(Writer::Member { agent, mailbox })
}
