//! Mail from an agent: an answer, a note, commands.

use super::command::{Command, Commanded, NotUnderstood, commands};
use super::{Matter, guard};
use crate::decide::parse::cut::cut_known;
use crate::decide::watchers::{Happening, Watcher};
use crate::decide::write::{Receipt, receipt};
use crate::decide::{Decision, TicketChange};
use crate::model::address::Mailbox;
use crate::model::arrival::{Cause, Outcome};
use crate::model::desk::Agent;
use crate::model::message::{Author, Kind, Message};
use crate::model::notice;
use crate::model::ticket::{Status, Ticket};

/// What an agent's mail does, after what it quotes has been cut off.
pub(super) fn agent(matter: &Matter<'_>, agent: &Agent, from: &Mailbox, ticket: &Ticket, reasons: Vec<String>) -> Decision {
    let (text, quoted) = own_words(matter, ticket);
    match commands(&text) {
        Err(line) => not_understood(matter, agent, ticket, &line, reasons),
        Ok(commanded) => act(matter, agent, from, ticket, Words { commanded, quoted }, reasons),
    }
}

struct Words {
    commanded: Commanded,
    quoted: String,
}

/// What the agent newly wrote. The quotation was cut by its form when the mail was read; here it is cut by its content too, for
/// clients that quote without any form: a customer's words must not be mailed back, still less the notice around them.
fn own_words(matter: &Matter<'_>, ticket: &Ticket) -> (String, String) {
    cut_known(&matter.case.mail.text, &matter.case.mail.quoted, &guard::known(matter, ticket))
}

fn act(matter: &Matter<'_>, agent: &Agent, from: &Mailbox, old: &Ticket, words: Words, mut reasons: Vec<String>) -> Decision {
    let close = words.commanded.commands.contains(&Command::Close);
    let says_something = !words.commanded.text.is_empty() || !matter.case.mail.attachments.is_empty();
    let kind = if matter.thread.note || !says_something { Kind::Note } else { Kind::Answer };
    if kind == Kind::Answer
        && let Some(leak) = guard::leak(matter, agent, old, &words.commanded.text, &words.quoted)
    {
        return guard::stopped(matter, agent, old, &leak, reasons);
    }
    let author = Author { name: agent.name.clone(), address: Some(from.address.clone()), agent: Some(agent.key.clone()) };
    let mut message = Message { quoted: words.quoted, ..matter.message(old, kind, author) };
    if says_something {
        message.text = words.commanded.text;
    }
    let mut ticket = old.clone();
    let mut events = Vec::new();
    if kind == Kind::Answer {
        take_up(matter, agent, &mut ticket, &mut events);
        if !close {
            matter.set_status(&mut ticket, Status::AwaitingCustomer, &agent.key, &mut events);
        }
    }
    if close {
        reasons.push("#close".to_owned());
        matter.set_status(&mut ticket, Status::Closed, &agent.key, &mut events);
    }
    ticket.updated_at = matter.rules.now;
    let (outcome, event) = match kind {
        Kind::Answer => (Outcome::Answer, Some(notice::Event::Answer)),
        _ if says_something => (Outcome::Note, Some(notice::Event::Note)),
        _ => (Outcome::Command, close.then_some(notice::Event::Closed)),
    };
    let happening = event.map(|event| Happening {
        event,
        author: &from.address,
        proven: true,
        addressed: &[],
        acknowledge: false,
        dead: &matter.facts.dead,
    });
    let mut decision = Decision::of(matter.case, outcome, reasons);
    decision.events = events;
    let change = TicketChange { ticket, before: Some(old.clone()), related: None };
    matter.conclude(&mut decision, change, message, happening);
    decision
}

/// The first answer makes its author responsible, and the ticket `open`.
fn take_up(matter: &Matter<'_>, agent: &Agent, ticket: &mut Ticket, events: &mut Vec<crate::model::ticket::Event>) {
    if ticket.assignee.is_none() {
        ticket.assignee = Some(agent.key.clone());
        events.push(matter.event(ticket, &agent.key, "assignee", None, Some(&agent.key)));
    }
    if ticket.status != Status::AwaitingCustomer {
        matter.set_status(ticket, Status::Open, &agent.key, events);
    }
}

/// The mail is stopped as a whole; its author is told which line and what is known.
fn not_understood(
    matter: &Matter<'_>,
    agent: &Agent,
    ticket: &Ticket,
    line: &NotUnderstood,
    mut reasons: Vec<String>,
) -> Decision {
    reasons.push(format!("the line {:?} {}: the whole mail is stopped", line.line, line.why));
    let mut decision = Decision::held(matter.case, Cause::CommandNotUnderstood, Some(ticket.number), reasons);
    let watcher = Watcher::agent(agent, notice::Event::Receipt);
    let told = Receipt {
        watcher: &watcher,
        ticket,
        department: matter.department_of(ticket),
        arrival: &matter.case.arrival,
        line: &line.line,
        why: line.why,
        of_note: false,
        text: &matter.case.mail.text,
        in_reply_to: matter.case.mail.message_id.as_deref(),
    };
    decision.notices.push(receipt(&told, matter.rules));
    decision
}
