//! Mail from an agent: an answer, a note, commands.

use super::command::mention::{Mentions, mentions};
use super::command::{Command, Commanded, Reader, commands};
use super::effect::Effects;
use super::{Matter, guard, receipts};
use crate::decide::parse::cut::cut_known;
use crate::decide::phrase::Phrase;
use crate::decide::watchers::Happening;
use crate::decide::{Decision, TicketChange};
use crate::model::address::Mailbox;
use crate::model::arrival::Outcome;
use crate::model::desk::Agent;
use crate::model::message::{Author, Kind, Message};
use crate::model::notice;
use crate::model::ticket::{Status, Ticket};

/// What an agent's mail does, after what it quotes has been cut off.
pub(super) fn agent(matter: &Matter<'_>, agent: &Agent, from: &Mailbox, ticket: &Ticket, mut reasons: Vec<String>) -> Decision {
    let (text, quoted) = own_words(matter, ticket);
    let commanded = commands(&text, reader(matter, agent));
    let says = what_it_says(matter, agent, ticket, &commanded);
    let mut effects = Effects::on(matter, agent, ticket.clone());
    if says == Says::Answer && !commanded.has(|command| matches!(command, Command::Assign(_) | Command::Department(_))) {
        effects.take_up();
    }
    effects.apply(&commanded);
    let hand = Hand { agent, from };
    let leak = if matches!(says, Says::Answer | Says::Reply) {
        guard::leak(matter, agent, ticket, &commanded.text, &quoted)
    } else {
        None
    };
    if effects.refused.is_empty() && leak.is_none() {
        return act(matter, hand, ticket, Words { commanded, quoted, says }, effects, reasons);
    }
    if matter.case.arrival.release.is_some() {
        reasons.push("it would be stopped; an operator released it, so it is kept as a note, for agents only".to_owned());
        let commanded = Commanded { text, note: true, ..Commanded::default() };
        let words = Words { commanded, quoted, says: Says::Note };
        return act(matter, hand, ticket, words, Effects::on(matter, agent, ticket.clone()), reasons);
    }
    match leak.filter(|_| effects.refused.is_empty()) {
        Some(leak) => receipts::leaked(matter, agent, ticket, &leak, reasons),
        None => receipts::stopped(matter, agent, Some(ticket), &effects, commanded.note, reasons),
    }
}

/// What the rest of a mail is, below its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Words for the customer side.
    Answer,
    /// Words of the agent who asked: on a ticket of a member of the desk.
    Reply,
    /// Words for agents.
    Note,
    /// No words.
    Nothing,
}

struct Words {
    commanded: Commanded,
    quoted: String,
    says: Says,
}

/// Who writes, from which of their addresses.
#[derive(Clone, Copy)]
struct Hand<'a> {
    agent: &'a Agent,
    from: &'a Mailbox,
}

/// What commands may speak of. Days are those of the department that the ticket is in when they are written.
pub(super) fn reader<'a>(matter: &'a Matter<'_>, agent: &'a Agent) -> Reader<'a> {
    let department = matter.thread.ticket.map_or(matter.route.department, |ticket| matter.department_of(ticket));
    Reader { desk: matter.rules.desk, me: agent, now: matter.rules.now, zone: &department.hours.zone }
}

pub(super) fn author_of(agent: &Agent, from: &Mailbox) -> Author {
    Author { name: agent.name.clone(), address: Some(from.address.clone()), agent: Some(agent.key.clone()) }
}

/// What the agent newly wrote. The quotation was cut by its form when the mail was read; here it is cut by its content too, for
/// clients that quote without any form: a customer's words must not be mailed back, still less the notice around them.
fn own_words(matter: &Matter<'_>, ticket: &Ticket) -> (String, String) {
    cut_known(&matter.case.mail.text, &matter.case.mail.quoted, &guard::known(matter, ticket))
}

/// An answer to a note stays a note, whatever it says.
fn what_it_says(matter: &Matter<'_>, agent: &Agent, ticket: &Ticket, commanded: &Commanded) -> Says {
    let asked = matter.rules.desk.agent_by_address(&ticket.requester.address).is_some_and(|asker| asker.key == agent.key);
    if commanded.text.is_empty() && matter.case.mail.attachments.is_empty() {
        Says::Nothing
    } else if matter.thread.note || commanded.note {
        Says::Note
    } else if asked && ticket.assignee.as_ref() != Some(&agent.key) {
        Says::Reply
    } else {
        Says::Answer
    }
}

/// What kind of message, its text, and what follows from both.
fn act(
    matter: &Matter<'_>,
    hand: Hand<'_>,
    old: &Ticket,
    words: Words,
    mut effects: Effects<'_>,
    mut reasons: Vec<String>,
) -> Decision {
    let Words { commanded, quoted, says } = words;
    let kind = match says {
        Says::Answer => Kind::Answer,
        Says::Reply => Kind::Reply,
        Says::Note | Says::Nothing => Kind::Note,
    };
    // Its HTML would show the commands, and the agent's own link in what it quotes.
    let mut message = Message { quoted, html: None, ..matter.message(old, kind, author_of(hand.agent, hand.from)) };
    if says != Says::Nothing {
        message.text.clone_from(&commanded.text);
    }
    let mentioned = if says == Says::Nothing { Mentions::default() } else { mentions(&message.text, matter.rules.desk) };
    effects.bring_in(&mentioned);
    reasons.extend(commanded.said.iter().map(|said| format!("the command {}", said.line)));
    let turned = commanded.has(|command| matches!(command, Command::Status(_)));
    match says {
        Says::Answer if !turned => effects.turn(Status::AwaitingCustomer),
        Says::Reply if !turned && effects.ticket.status != Status::New => effects.turn(Status::Open),
        _ => {}
    }
    if says == Says::Reply && message.message_id.is_some() {
        effects.ticket.last_message_id.clone_from(&message.message_id);
    }
    effects.settle_due(Some(old));
    effects.ticket.updated_at = matter.rules.now;
    effects.done.extend(told_of(says));
    let mut decision = Decision::of(matter.case, outcome(says), reasons);
    decision.events = std::mem::take(&mut effects.events);
    let change = TicketChange { ticket: effects.ticket.clone(), before: Some(old.clone()), related: None };
    let begun = (old.status, change.ticket.status) == (Status::New, Status::Open) && says != Says::Answer;
    for event in happened(says, old, &change.ticket, &commanded) {
        matter.tell(&mut decision, &change, &message, Happening { begun, ..happening(matter, hand.from, event) });
    }
    let receipt = receipts::done(matter, hand.agent, &effects, (&commanded, &mentioned), says == Says::Note);
    decision.notices.extend(receipt);
    matter.conclude(&mut decision, change, message, None);
    decision
}

fn outcome(says: Says) -> Outcome {
    match says {
        Says::Answer => Outcome::Answer,
        Says::Reply => Outcome::Reply,
        Says::Note => Outcome::Note,
        Says::Nothing => Outcome::Command,
    }
}

/// What became of the text, for the receipt.
fn told_of(says: Says) -> Option<Phrase> {
    match says {
        Says::Answer => Some(Phrase::new("done.answer")),
        Says::Reply => Some(Phrase::new("done.reply")),
        Says::Note => Some(Phrase::new("done.note")),
        Says::Nothing => None,
    }
}

/// What people are told of: the words, then what commands did. Who is answered learns from the answer that the ticket is closed or open.
fn happened(says: Says, old: &Ticket, now: &Ticket, commanded: &Commanded) -> Vec<notice::Event> {
    let mut events = match says {
        Says::Answer => vec![notice::Event::Answer],
        Says::Reply => vec![notice::Event::Reply],
        Says::Note => vec![notice::Event::Note],
        Says::Nothing => Vec::new(),
    };
    let handed_over =
        commanded.has(|command| matches!(command, Command::Assign(_) | Command::Department(_) | Command::Status(_)));
    let new_assignee = now.assignee.is_some() && now.assignee != old.assignee;
    if (handed_over && new_assignee) || now.department != old.department {
        events.push(notice::Event::Assigned);
    }
    let turned = commanded.has(|command| matches!(command, Command::Status(_))) && says != Says::Answer;
    match (old.status == Status::Closed, now.status == Status::Closed) {
        (false, true) if turned => events.push(notice::Event::Closed),
        (true, false) if turned => events.push(notice::Event::Reopened),
        _ => {}
    }
    events
}

fn happening<'a>(matter: &'a Matter<'_>, from: &'a Mailbox, event: notice::Event) -> Happening<'a> {
    Happening {
        event,
        author: &from.address,
        proven: true,
        addressed: &[],
        acknowledge: false,
        begun: false,
        dead: &matter.facts.dead,
    }
}
