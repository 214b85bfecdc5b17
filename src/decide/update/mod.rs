//! What changes: the ticket, its messages and events, and through `watchers` and `write` the notices.

pub mod agent;
pub(in crate::decide) mod archived;
pub mod bounce;
pub mod command;
pub mod customer;
mod due;
mod effect;
mod flood;
pub mod follower;
mod guard;
pub mod held;
pub mod machine;
pub mod member;
mod passed_on;
pub(in crate::decide) mod probe;
mod receipts;

use super::language;
use super::recall::Facts;
use super::route::Route;
use super::screen::Writer;
use super::thread::Thread;
use super::watchers::{Happening, unreachable, watchers};
use super::write::{Notice, write};
use super::{Case, Decision, Rules, TicketChange};
use crate::model::address::{Address, Mailbox};
use crate::model::desk::Department;
use crate::model::message::{Author, Kind, Message};
use crate::model::notice::{self, Outgoing};
use crate::model::ticket::{Event, Status, Ticket};

/// How many followers are suggested of one mail.
const SUGGESTED: usize = 20;

/// Everything the earlier steps found out about one mail.
#[derive(Debug)]
pub struct Matter<'a> {
    /// The mail.
    pub case: &'a Case,
    /// The store's answers.
    pub facts: &'a Facts,
    /// Desk, texts, time.
    pub rules: Rules<'a>,
    /// Department and mailbox.
    pub route: Route<'a>,
    /// Who writes.
    pub writer: Writer<'a>,
    /// Which ticket.
    pub thread: Thread<'a>,
}

/// Decides what changes.
pub fn update(matter: Matter<'_>, reasons: Vec<String>) -> Decision {
    match (&matter.writer, matter.thread.ticket) {
        (Writer::Desk { .. }, _) => archived::archived(&matter, reasons),
        _ if matter.case.is_archived() => archived::archived(&matter, reasons),
        (Writer::Machine(machine), ticket) => machine::machine(&matter, machine, ticket, reasons),
        (Writer::Agent { agent, mailbox, .. }, Some(ticket)) => agent::agent(&matter, agent, mailbox, ticket, reasons),
        (Writer::Customer(from), Some(ticket)) => customer::reply(&matter, from, ticket, reasons),
        (Writer::Agent { agent, mailbox, .. } | Writer::Member { agent, mailbox }, _) => match passed_on::original(&matter) {
            Some(original) => passed_on::request(&matter, agent, mailbox, original, reasons),
            None => member::request(&matter, agent, mailbox, reasons),
        },
        (Writer::Customer(from), None) => customer::request(&matter, from, matter.thread.related, reasons),
    }
}

impl<'a> Matter<'a> {
    /// The department whose rules hold for a ticket: its own, while the configuration has it.
    fn department_of(&self, ticket: &Ticket) -> &'a Department {
        self.rules.desk.department(&ticket.department).unwrap_or(self.route.department)
    }

    fn message(&self, ticket: &Ticket, kind: Kind, author: Author) -> Message {
        let mail = &self.case.mail;
        Message {
            arrival: self.case.arrival.id,
            ticket: ticket.number,
            kind,
            author,
            at: self.case.arrival.received_at,
            message_id: mail.message_id.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            quoted: mail.quoted.clone(),
            html: mail.html.clone(),
            forwarded: mail.forwarded.as_ref().map(|forwarded| forwarded.original.clone()),
            protection: mail.protection,
            remark: None,
            attachments: mail.attachments.clone(),
            authenticated: self.case.authenticity.is_proven(),
        }
    }

    /// The language that a request is written in, if the department wants to know and it is sure.
    fn language_of(&self, text: &str) -> Option<String> {
        let found = || language::detect(text, |language| self.rules.texts.speaks(language));
        self.route.department.detect_language.then(found).flatten().map(str::to_owned)
    }

    fn event(&self, ticket: &Ticket, actor: &str, kind: &'static str, from: Option<&str>, to: Option<&str>) -> Event {
        Event {
            ticket: ticket.number,
            at: self.rules.now,
            actor: actor.to_owned(),
            kind,
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        }
    }

    /// Moves a ticket to another status and says so; nothing when it is there already.
    fn set_status(&self, ticket: &mut Ticket, to: Status, actor: &str, events: &mut Vec<Event>) {
        let from = ticket.status;
        if from != to {
            ticket.status = to;
            ticket.closed_at = (to == Status::Closed).then_some(self.rules.now);
            events.push(self.event(ticket, actor, "status", Some(from.name()), Some(to.name())));
        }
    }

    /// Adds people to the customer side: never our own addresses, agents, or anybody twice.
    fn add_followers(&self, ticket: &mut Ticket, people: &[Mailbox], actor: &str, events: &mut Vec<Event>) {
        let desk = self.rules.desk;
        for person in people {
            let stranger = !desk.is_ours(&person.address) && desk.agent_by_address(&person.address).is_none();
            if stranger && !ticket.includes(&person.address) && ticket.followers.len() < desk.limits.followers {
                ticket.followers.push(person.clone());
                events.push(self.event(ticket, actor, "follower", None, Some(person.address.as_str())));
            }
        }
    }

    /// Whom the mail was also sent to and who does not follow the ticket. Whether they are to is for an agent to say: who forges a sender
    /// must not be sent what the others write.
    fn suggested(&self, ticket: &Ticket) -> Vec<&'a Address> {
        let desk = self.rules.desk;
        let mail = &self.case.mail;
        let mut suggested: Vec<&Address> = Vec::new();
        for address in mail.cc.iter().chain(&mail.to).map(|person| &person.address) {
            let stranger = !desk.is_ours(address) && desk.agent_by_address(address).is_none() && !ticket.includes(address);
            if stranger && !suggested.contains(&address) && suggested.len() < SUGGESTED {
                suggested.push(address);
            }
        }
        suggested
    }

    fn suggest_followers(&self, ticket: &Ticket, actor: &str, events: &mut Vec<Event>) {
        let suggested = self.suggested(ticket).into_iter();
        events.extend(suggested.map(|address| self.event(ticket, actor, "follower-suggested", None, Some(address.as_str()))));
    }

    /// Says who is not written to because nothing reaches them. Where an agent's words do not go out, the ticket says so.
    fn report_unreachable(&self, decision: &mut Decision, happening: Happening<'_>, ticket: &Ticket) {
        for person in unreachable(happening, ticket, self.department_of(ticket), self.rules.desk) {
            let event = happening.event.name();
            decision
                .reasons
                .push(format!("{event} does not go to {person}: nothing reached that address, and it has not written since"));
            if ticket.includes(&person) && happening.event != notice::Event::Reply {
                decision.events.push(self.event(ticket, "postdesk", "undelivered", None, Some(person.as_str())));
            }
        }
    }

    /// Puts the change, its message and its notices into a decision.
    fn conclude(&self, decision: &mut Decision, mut change: TicketChange, message: Message, happening: Option<Happening<'_>>) {
        if let Some(happening) = happening {
            self.tell(decision, &change, &message, happening);
        }
        change.ticket.remember(&message);
        decision.ticket = Some(change.ticket.number);
        decision.change = Some(change);
        decision.message = Some(message);
    }

    /// Adds the notices of something that happened. Who is sent the words of the same mail anyway reads there how the ticket stands now.
    fn tell(&self, decision: &mut Decision, change: &TicketChange, message: &Message, happening: Happening<'_>) {
        let department = self.department_of(&change.ticket);
        self.report_unreachable(decision, happening, &change.ticket);
        let from_customer = matches!(self.writer, Writer::Customer(_));
        let suggested = if from_customer { self.suggested(&change.ticket) } else { Vec::new() };
        let only_status = matches!(happening.event, notice::Event::Closed | notice::Event::Reopened);
        for watcher in watchers(happening, &change.ticket, department, self.rules.desk) {
            // What was noted above a request that was passed on stands in the notice of the request.
            let knows = |notice: &Outgoing| {
                let says_so = only_status || (happening.event == notice::Event::Note && notice.event == notice::Event::Request);
                says_so && notice.recipient == watcher.person.address
            };
            if watcher.agent.is_some() && decision.notices.iter().any(knows) {
                continue;
            }
            decision.reasons.push(format!("{} goes to {}", watcher.event.name(), watcher.person.address));
            let notice = Notice {
                watcher: &watcher,
                ticket: &change.ticket,
                department,
                message,
                raw_id: self.case.arrival.raw_id,
                related: change.related,
                suggested: &suggested,
            };
            decision.notices.push(write(&notice, self.rules));
        }
    }
}

fn customer_author(from: &Mailbox) -> Author {
    Author { name: from.name.clone(), address: Some(from.address.clone()), agent: None }
}
