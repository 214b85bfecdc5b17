//! A mail of a customer that an agent passes on to a department: the customer's request, with the agent's words above it as a note.
//!
//! The agent is proven and vouches for having had the mail, not for who wrote it: the message counts as unproven, and the customer is sent
//! no acknowledgement, since anybody could have made an agent forward a mail in somebody's name.

use super::Matter;
use super::agent::{author_of, reader};
use super::command::commands;
use super::command::mention::mentions;
use super::customer::{assign_by_default, new_ticket};
use super::effect::Effects;
use super::member::only_reads;
use super::{customer_author, receipts};
use crate::decide::phrase::Phrase;
use crate::decide::watchers::Happening;
use crate::decide::write::{bare_subject, reference};
use crate::decide::{Decision, TicketChange};
use crate::model::address::{Address, Mailbox};
use crate::model::arrival::Outcome;
use crate::model::desk::{Access, Agent};
use crate::model::mail::Forwarded;
use crate::model::message::{Kind, Message, Remark};
use crate::model::notice::Event;
use crate::model::ticket::{Status, Ticket};

/// The mail that is passed on and who wrote it: somebody from outside, whose address can be read.
pub(super) fn original<'a>(matter: &Matter<'a>) -> Option<(&'a Forwarded, &'a Mailbox)> {
    let desk = matter.rules.desk;
    let forwarded = matter.case.mail.forwarded.as_ref()?;
    let from = forwarded.original.from.as_ref()?;
    let is_ours = desk.is_ours(&from.address) || desk.agent_by_address(&from.address).is_some();
    (!is_ours && !forwarded.text.trim().is_empty()).then_some((forwarded, from))
}

/// Opens the customer's ticket. Commands stand at the top of the agent's words, as in any mail of an agent.
pub(super) fn request(
    matter: &Matter<'_>,
    agent: &Agent,
    by: &Mailbox,
    (forwarded, from): (&Forwarded, &Mailbox),
    mut reasons: Vec<String>,
) -> Decision {
    let mut commanded = commands(&forwarded.words, reader(matter, agent));
    if agent.access == Access::Viewer {
        only_reads(&mut commanded);
    }
    let ticket = ticket(matter, forwarded, from);
    let mut events = vec![matter.event(&ticket, &agent.key, "created", None, Some(Status::New.name()))];
    let mut effects = Effects::on(matter, agent, ticket);
    assign_by_default(matter, &mut effects.ticket, false, &mut events);
    matter.add_followers(&mut effects.ticket, &matter.case.mail.cc, &agent.key, &mut events);
    effects.events = events;
    effects.apply(&commanded);
    if !effects.refused.is_empty() {
        return receipts::stopped(matter, agent, None, &effects, commanded.note, reasons);
    }
    let mentioned = mentions(&commanded.text, matter.rules.desk);
    effects.bring_in(&mentioned);
    effects.settle_due(None);
    reasons.push(format!("{} passes on a mail of {}, whose request it is", agent.key, from.address));
    reasons.push("no acknowledgement: nothing proves who wrote what was passed on".to_owned());
    reasons.extend(commanded.said.iter().map(|said| format!("the command {}", said.line)));
    let number = reference(matter.department_of(&effects.ticket), effects.ticket.number);
    effects.done.insert(0, Phrase::new("done.passed-on").with("address", &from.address).with("reference", number));
    let receipt = receipts::told(matter, agent, &effects, (&commanded, &mentioned), false);
    let said = !commanded.text.trim().is_empty();
    let remark = said.then(|| Remark { author: author_of(agent, by), text: commanded.text.clone() });
    let request = message(matter, &effects.ticket, forwarded, from, remark);
    let mut decision = Decision::of(matter.case, Outcome::Request, reasons);
    decision.events = std::mem::take(&mut effects.events);
    decision.notices.extend(receipt);
    let change = TicketChange { ticket: effects.ticket, before: None, related: None };
    matter.tell(&mut decision, &change, &request, happening(matter, Event::Request, &by.address));
    if let Some(remark) = &request.remark {
        let note = note(matter, &change.ticket, remark);
        matter.tell(&mut decision, &change, &note, happening(matter, Event::Note, &by.address));
    }
    matter.conclude(&mut decision, change, request, None);
    decision
}

/// The same out of an archive: the ticket and its message, with the agent's words as they stood.
pub(super) fn archived(
    matter: &Matter<'_>,
    agent: &Agent,
    by: &Mailbox,
    (forwarded, from): (&Forwarded, &Mailbox),
) -> (Ticket, Message) {
    let ticket = ticket(matter, forwarded, from);
    let said = !forwarded.words.trim().is_empty();
    let remark = said.then(|| Remark { author: author_of(agent, by), text: forwarded.words.clone() });
    let message = message(matter, &ticket, forwarded, from, remark);
    (ticket, message)
}

/// The ticket is the customer's, and about what the customer wrote. Mails to the customer cannot thread on one that the customer never had.
fn ticket(matter: &Matter<'_>, forwarded: &Forwarded, from: &Mailbox) -> Ticket {
    let mut ticket = new_ticket(matter, from.clone(), false);
    if !forwarded.original.subject.is_empty() {
        ticket.subject = bare_subject(&forwarded.original.subject, matter.rules.desk);
    }
    ticket.language = matter.language_of(&forwarded.text);
    (ticket.first_message_id, ticket.last_message_id) = (None, None);
    ticket
}

/// The customer's words alone: the HTML holds the agent's as well.
fn message(matter: &Matter<'_>, ticket: &Ticket, forwarded: &Forwarded, from: &Mailbox, remark: Option<Remark>) -> Message {
    Message {
        remark,
        text: forwarded.text.clone(),
        html: None,
        authenticated: false,
        ..matter.message(ticket, Kind::Request, customer_author(from))
    }
}

/// The agent's words for those who are told of them and not of the request.
fn note(matter: &Matter<'_>, ticket: &Ticket, remark: &Remark) -> Message {
    Message {
        text: remark.text.clone(),
        quoted: String::new(),
        html: None,
        attachments: Vec::new(),
        ..matter.message(ticket, Kind::Note, remark.author.clone())
    }
}

fn happening<'a>(matter: &'a Matter<'_>, event: Event, author: &'a Address) -> Happening<'a> {
    Happening { event, author, proven: true, addressed: &[], acknowledge: false, begun: false, dead: &matter.facts.dead }
}
