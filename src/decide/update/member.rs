//! Mail of an agent to a department, without a link to a ticket: a request of a member of the desk, with commands at its top.
//!
//! The agent is the requester. Without commands an acknowledgement tells the number of the ticket, with them the receipt does.

use super::Matter;
use super::agent::{author_of, reader};
use super::command::commands;
use super::command::mention::mentions;
use super::command::{Commanded, Refused};
use super::customer::{acknowledgement, assign_by_default, new_ticket};
use super::effect::Effects;
use super::receipts;
use crate::decide::phrase::Phrase;
use crate::decide::watchers::Happening;
use crate::decide::write::reference;
use crate::decide::{Decision, TicketChange};
use crate::model::address::Mailbox;
use crate::model::arrival::Outcome;
use crate::model::desk::{Access, Agent};
use crate::model::message::{Kind, Message};
use crate::model::notice;
use crate::model::ticket::Status;

/// Opens a ticket. What commands do to it is done before anybody is told, so that one notice tells all of it.
pub(super) fn request(matter: &Matter<'_>, agent: &Agent, from: &Mailbox, mut reasons: Vec<String>) -> Decision {
    let mut commanded = commands(&matter.case.mail.text, reader(matter, agent));
    if agent.access == Access::Viewer {
        only_reads(&mut commanded);
    }
    let mut ticket = new_ticket(matter, from.clone(), true);
    let mut events = vec![matter.event(&ticket, from.address.as_str(), "created", None, Some(Status::New.name()))];
    assign_by_default(matter, &mut ticket, true, &mut events);
    matter.add_followers(&mut ticket, &matter.case.mail.cc, from.address.as_str(), &mut events);
    let mut effects = Effects::on(matter, agent, ticket);
    effects.events = events;
    effects.apply(&commanded);
    if !effects.refused.is_empty() {
        return receipts::stopped(matter, agent, None, &effects, commanded.note, reasons);
    }
    let kind = if commanded.note { Kind::Note } else { Kind::Request };
    let author = author_of(agent, from);
    // HTML would still have the lines that were commands.
    let html = matter.case.mail.html.clone().filter(|_| commanded.said.is_empty());
    let message = Message { text: commanded.text.clone(), html, ..matter.message(&effects.ticket, kind, author) };
    let mentioned = mentions(&message.text, matter.rules.desk);
    effects.bring_in(&mentioned);
    effects.settle_due(None);
    reasons.extend(commanded.said.iter().map(|said| format!("the command {}", said.line)));
    let department = matter.department_of(&effects.ticket);
    let opened = Phrase::new("done.opened").with("reference", reference(department, effects.ticket.number));
    effects.done.insert(0, opened);
    let receipt = receipts::done(matter, agent, &effects, (&commanded, &mentioned), kind == Kind::Note);
    let acknowledge = receipt.is_none() && may_acknowledge(matter, from, &mut reasons);
    let happening = Happening {
        event: notice::Event::Request,
        author: &from.address,
        proven: true,
        addressed: &[],
        acknowledge,
        begun: false,
        dead: &matter.facts.dead,
    };
    let mut decision = Decision::of(matter.case, Outcome::Request, reasons);
    decision.events = std::mem::take(&mut effects.events);
    decision.notices.extend(receipt);
    let change = TicketChange { ticket: effects.ticket, before: None, related: None };
    matter.conclude(&mut decision, change, message, Some(happening));
    decision
}

fn may_acknowledge(matter: &Matter<'_>, from: &Mailbox, reasons: &mut Vec<String>) -> bool {
    let answer = acknowledgement(matter, from);
    if let Err(why) = &answer {
        reasons.push(format!("no acknowledgement: {why}"));
    }
    answer.is_ok()
}

/// A viewer may ask like everybody else, and change nothing.
pub(super) fn only_reads(commanded: &mut Commanded) {
    let said = std::mem::take(&mut commanded.said);
    commanded.refused.extend(said.into_iter().map(|said| Refused {
        at: said.at,
        line: said.line,
        why: Phrase::new("refused.reading"),
    }));
}
