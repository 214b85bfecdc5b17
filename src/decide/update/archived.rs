//! Mail of an archive: it becomes entries of tickets, and nothing else comes of it.
//!
//! Nobody is written to, no command is obeyed, nobody follows, nothing is due and no cap counts it. A ticket stands as the conversation
//! left it, by the dates of its mails: what is older than the last change of its ticket is an entry only.

use super::agent::author_of;
use super::customer::{assign_by_default, continues_anew, new_ticket};
use super::machine::author;
use super::{Matter, customer_author, passed_on};
use crate::decide::screen::{Machine, MachineKind, Writer};
use crate::decide::{Case, Decision, Relation, TicketChange};
use crate::model::address::Mailbox;
use crate::model::arrival::Outcome;
use crate::model::desk::{Access, Agent};
use crate::model::message::{Author, Kind, Message};
use crate::model::ticket::{Event, Status, Ticket};

/// What a mail of long ago wanted done by its address: to leave a ticket, to decide on held mail.
pub(in crate::decide) fn wish(case: &Case, mut reasons: Vec<String>) -> Decision {
    reasons.push("out of an archive: what it wanted done is not done now".to_owned());
    Decision::of(case, Outcome::Command, reasons)
}

/// An entry on its ticket, or the ticket that it opens.
pub(super) fn archived(matter: &Matter<'_>, mut reasons: Vec<String>) -> Decision {
    match (&matter.writer, matter.thread.ticket) {
        (Writer::Machine(machine), ticket) => of_machine(matter, machine, ticket, reasons),
        (Writer::Desk { agent, mailbox }, Some(ticket)) => {
            let kind = of_desk(matter, *agent, ticket, &mut reasons);
            entry(matter, ticket, kind, desk_author(*agent, mailbox), reasons)
        }
        (Writer::Desk { agent, mailbox }, None) => by_desk(matter, *agent, mailbox, reasons),
        (Writer::Customer(from), Some(ticket)) => {
            if let Some(why) = continues_anew(matter, ticket) {
                reasons.push(why);
                return request(matter, from, Some((ticket, Relation::FollowUp)), reasons);
            }
            let kind = if matter.thread.note { Kind::Note } else { Kind::Reply };
            entry(matter, ticket, kind, customer_author(from), reasons)
        }
        (Writer::Customer(from), None) => request(matter, from, None, reasons),
        // In an archive nobody proves to be an agent.
        (Writer::Agent { .. } | Writer::Member { .. }, _) => wish(matter.case, reasons),
    }
}

fn desk_author(agent: Option<&Agent>, mailbox: &Mailbox) -> Author {
    agent.map_or_else(|| customer_author(mailbox), |agent| author_of(agent, mailbox))
}

fn is_outside(matter: &Matter<'_>, person: &Mailbox) -> bool {
    let desk = matter.rules.desk;
    !desk.is_ours(&person.address) && desk.agent_by_address(&person.address).is_none()
}

/// Whom a mail was sent to, as it says.
fn written_to<'a>(matter: &Matter<'a>) -> impl Iterator<Item = &'a Mailbox> {
    matter.case.mail.to.iter().chain(&matter.case.mail.cc)
}

/// What a mail of the desk is on a ticket. Words that were sent to nobody on the customer side stay inside.
fn of_desk(matter: &Matter<'_>, agent: Option<&Agent>, ticket: &Ticket, reasons: &mut Vec<String>) -> Kind {
    let asker = matter.rules.desk.agent_by_address(&ticket.requester.address);
    let asked = agent.is_some() && agent.map(|agent| &agent.key) == asker.map(|asker| &asker.key);
    let read = |person: &Mailbox| is_outside(matter, person) || ticket.includes(&person.address);
    if matter.thread.note {
        Kind::Note
    } else if asked {
        Kind::Reply
    } else if written_to(matter).any(read) {
        Kind::Answer
    } else {
        reasons.push("no customer was written to, so it is a note".to_owned());
        Kind::Note
    }
}

/// The name of what becomes a message of this kind.
fn outcome(kind: Kind) -> Outcome {
    match kind {
        Kind::Request => Outcome::Request,
        Kind::Reply => Outcome::Reply,
        Kind::Answer => Outcome::Answer,
        Kind::Note => Outcome::Note,
        Kind::Automatic => Outcome::Automatic,
        Kind::Bounce => Outcome::Bounce,
    }
}

/// A message of a person on a ticket that is there.
fn entry(matter: &Matter<'_>, old: &Ticket, kind: Kind, author: Author, mut reasons: Vec<String>) -> Decision {
    let (mut ticket, mut events) = (old.clone(), Vec::new());
    let by = author.agent.clone().or_else(|| author.address.as_ref().map(ToString::to_string)).unwrap_or_default();
    if let (Kind::Answer, Some(key)) = (kind, &author.agent) {
        take_up(matter, &mut ticket, key, &mut events);
    }
    let message = message(matter, old, kind, author);
    if old.updated_at <= matter.rules.now {
        ticket.updated_at = matter.rules.now;
        turn(matter, &mut ticket, kind, &by, &mut events);
        ticket.remember(&message);
        if kind == Kind::Reply && message.message_id.is_some() {
            ticket.last_message_id.clone_from(&message.message_id);
        }
    } else {
        reasons.push("more has happened on the ticket since it was written: an entry, and nothing else".to_owned());
    }
    let mut decision = Decision::of(matter.case, outcome(kind), reasons);
    decision.events = events;
    decision.ticket = Some(old.number);
    decision.change = Some(TicketChange { ticket, before: Some(old.clone()), related: None });
    decision.message = Some(message);
    decision
}

/// Whose turn it is by what was said. Nothing becomes due by a mail of long ago, and what waits for the customer is not.
fn turn(matter: &Matter<'_>, ticket: &mut Ticket, kind: Kind, by: &str, events: &mut Vec<Event>) {
    match kind {
        Kind::Reply if !ticket.status.is_our_turn() => matter.set_status(ticket, Status::Open, by, events),
        Kind::Answer => {
            matter.set_status(ticket, Status::AwaitingCustomer, by, events);
            ticket.due_at = ticket.due_at.filter(|_| ticket.due_by_hand);
        }
        _ => {}
    }
}

/// The first answer makes its author responsible, as in life; who may only read is responsible for nothing.
fn take_up(matter: &Matter<'_>, ticket: &mut Ticket, key: &str, events: &mut Vec<Event>) {
    let may_write = matter.rules.desk.agent(key).is_some_and(|agent| agent.access != Access::Viewer);
    if ticket.assignee.is_none() && may_write {
        ticket.assignee = Some(key.to_owned());
        events.push(matter.event(ticket, key, "assignee", None, Some(key)));
        if ticket.status == Status::New {
            matter.set_status(ticket, Status::Open, key, events);
        }
    }
}

/// The HTML of the desk's own mail may hold an agent's links in what it quotes.
fn message(matter: &Matter<'_>, ticket: &Ticket, kind: Kind, author: Author) -> Message {
    let mut message = matter.message(ticket, kind, author);
    if matches!(matter.writer, Writer::Desk { .. }) {
        message.html = None;
    }
    message
}

/// A ticket that an archived mail opens, before anything is said on it.
struct Opening {
    ticket: Ticket,
    events: Vec<Event>,
}

impl Opening {
    fn of(matter: &Matter<'_>, ticket: Ticket, by: &str) -> Self {
        let events = vec![matter.event(&ticket, by, "created", None, Some(Status::New.name()))];
        Self { ticket, events }
    }

    fn assigned(mut self, matter: &Matter<'_>) -> Self {
        let internal = self.ticket.internal;
        assign_by_default(matter, &mut self.ticket, internal, &mut self.events);
        self
    }

    fn conclude(self, matter: &Matter<'_>, message: Message, related: Option<(i64, Relation)>, reasons: Vec<String>) -> Decision {
        let mut decision = Decision::of(matter.case, outcome(message.kind), reasons);
        decision.events = self.events;
        let change = TicketChange { ticket: self.ticket, before: None, related };
        matter.conclude(&mut decision, change, message, None);
        decision
    }
}

/// A customer's request, perhaps one that continues a closed ticket.
fn request(matter: &Matter<'_>, from: &Mailbox, related: Option<(&Ticket, Relation)>, reasons: Vec<String>) -> Decision {
    let by = from.address.as_str();
    let mut opening = Opening::of(matter, new_ticket(matter, from.clone(), false), by);
    if let Some((old, _)) = related {
        opening.events.push(matter.event(&opening.ticket, by, "related", None, Some(&old.number.to_string())));
    }
    let opening = opening.assigned(matter);
    let message = message(matter, &opening.ticket, Kind::Request, customer_author(from));
    opening.conclude(matter, message, related.map(|(old, relation)| (old.number, relation)), reasons)
}

/// The desk wrote first, or what it answered to is not in the archive: the ticket is of whom it wrote to. Among themselves agents are asked
/// by each other, or pass on what they were asked; and our own addresses ask for nothing.
fn by_desk(matter: &Matter<'_>, agent: Option<&Agent>, mailbox: &Mailbox, mut reasons: Vec<String>) -> Decision {
    if let Some(customer) = written_to(matter).find(|person| is_outside(matter, person)) {
        reasons.push(format!("the desk wrote to {}, whose ticket it is", customer.address));
        return first_word(matter, customer, desk_author(agent, mailbox), reasons);
    }
    let Some(agent) = agent else {
        return kept(matter, None, "one of our own addresses wrote to nobody outside", reasons);
    };
    if let Some((forwarded, from)) = passed_on::original(matter) {
        reasons.push(format!("{} passes on a mail of {}, whose request it is", agent.key, from.address));
        let (ticket, message) = passed_on::archived(matter, agent, mailbox, (forwarded, from));
        return Opening::of(matter, ticket, &agent.key).assigned(matter).conclude(matter, message, None, reasons);
    }
    let ticket = new_ticket(matter, mailbox.clone(), true);
    let opening = Opening::of(matter, ticket, mailbox.address.as_str()).assigned(matter);
    let message = message(matter, &opening.ticket, Kind::Request, author_of(agent, mailbox));
    opening.conclude(matter, message, None, reasons)
}

/// A ticket that begins with an answer: it waits for the customer. In which language the customer writes is not known yet.
fn first_word(matter: &Matter<'_>, customer: &Mailbox, author: Author, reasons: Vec<String>) -> Decision {
    let ticket = Ticket { language: None, ..new_ticket(matter, customer.clone(), false) };
    let by = author.agent.clone().or_else(|| author.address.as_ref().map(ToString::to_string)).unwrap_or_default();
    let mut opening = Opening::of(matter, ticket, &by);
    if let Some(key) = &author.agent {
        take_up(matter, &mut opening.ticket, key, &mut opening.events);
    }
    if opening.ticket.assignee.is_none() {
        opening = opening.assigned(matter);
    }
    turn(matter, &mut opening.ticket, Kind::Answer, &by, &mut opening.events);
    let message = message(matter, &opening.ticket, Kind::Answer, author);
    opening.conclude(matter, message, None, reasons)
}

/// A machine's mail, as in life but for its effects. What this gateway sent itself adds nothing to the ticket that it
/// told of.
fn of_machine(matter: &Matter<'_>, machine: &Machine, ticket: Option<&Ticket>, reasons: Vec<String>) -> Decision {
    let kind = if machine.kind == MachineKind::Report { Kind::Bounce } else { Kind::Automatic };
    if machine.kind == MachineKind::Loop {
        return kept(matter, ticket, "this gateway sent it itself", reasons);
    }
    if let Some(ticket) = ticket {
        let mut decision = Decision::of(matter.case, outcome(kind), reasons);
        decision.ticket = Some(ticket.number);
        decision.message = Some(message(matter, ticket, kind, author(machine)));
        return decision;
    }
    let from = machine.mailbox.as_ref().filter(|from| machine.kind == MachineKind::Sender && is_outside(matter, from));
    let Some(from) = from else {
        return Decision { outcome: outcome(kind), ..kept(matter, None, "it speaks of no ticket", reasons) };
    };
    let opening = Opening::of(matter, new_ticket(matter, from.clone(), false), from.address.as_str()).assigned(matter);
    let message = message(matter, &opening.ticket, kind, author(machine));
    opening.conclude(matter, message, None, reasons)
}

fn kept(matter: &Matter<'_>, ticket: Option<&Ticket>, why: &str, mut reasons: Vec<String>) -> Decision {
    reasons.push(format!("{why}: kept as it is"));
    Decision { ticket: ticket.map(|ticket| ticket.number), ..Decision::of(matter.case, Outcome::Automatic, reasons) }
}
