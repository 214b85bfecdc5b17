//! Who must hear of what happened, and who must not.
//!
//! `TABLE` says it, a row for each event. Whatever it says: the author is told nothing of what the author did; nobody gets two mails for
//! one event, and who is there twice gets the mail of the higher role, an agent's; nobody is written to who is known to be dead; our own
//! addresses never get any, which would be a loop.
//!
//! Held mail is told of to admins ([`super::digest`]) and to the agent whose name it bears; accounts that no mail comes from to admins
//! ([`super::alarm`]); a receipt goes to who wrote the commands. These
//! are known without a table.

use std::collections::HashSet;

use crate::model::address::{Address, Mailbox};
use crate::model::desk::{Agent, Department, Desk};
use crate::model::notice::Event;
use crate::model::ticket::Ticket;

/// Whether a role is told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Never.
    Never,
    /// Unless it is the author.
    Yes,
    /// While nobody is responsible.
    Unassigned,
    /// By an acknowledgement, where one may be sent: to who is proven, is no machine, and within the caps.
    Acknowledged,
    /// Where the words are a proven sender's, unless the mail itself was addressed to them.
    Proven,
    /// That somebody has begun, as the department chooses.
    Begun,
    /// As the department chooses.
    Chosen,
}

use Told::{Acknowledged, Begun, Chosen, Never, Proven, Unassigned, Yes};

/// Who is told of an event, by role: requester, followers, assignee, participants, other agents of the department.
type Row = (Event, Told, Told, Told, Told, Told);

/// The whole of it. Who hands a ticket to a department where nobody is responsible tells all of its agents; a requester who is told
/// that somebody is responsible was proven, and is not answered by the same mail.
#[rustfmt::skip]
const TABLE: [Row; 10] = [
    // event             requester     followers  assignee  participants  others
    (Event::Request,     Acknowledged, Never,     Yes,      Never,        Unassigned),
    (Event::Assigned,    Begun,        Never,     Yes,      Never,        Unassigned),
    (Event::Reply,       Proven,       Proven,    Yes,      Yes,          Unassigned),
    (Event::Answer,      Yes,          Yes,       Yes,      Yes,          Never),
    (Event::Note,        Never,        Never,     Yes,      Yes,          Never),
    (Event::Closed,      Chosen,       Never,     Yes,      Yes,          Never),
    (Event::Reopened,    Yes,          Never,     Yes,      Yes,          Never),
    (Event::DueSoon,     Never,        Never,     Yes,      Yes,          Never),
    (Event::Overdue,     Never,        Never,     Yes,      Yes,          Unassigned),
    (Event::Undelivered, Never,        Never,     Yes,      Never,        Unassigned),
];

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watcher<'a> {
    /// Where the notice goes.
    pub person: Mailbox,
    /// The agent, when it is one: agents see more than customers.
    pub agent: Option<&'a Agent>,
    /// Which notice.
    pub event: Event,
}

impl<'a> Watcher<'a> {
    /// An agent, at the address on file.
    pub fn agent(agent: &'a Agent, event: Event) -> Self {
        let person = Mailbox { name: agent.name.clone(), address: agent.address.clone() };
        Self { person, agent: Some(agent), event }
    }
}

/// What happened, as far as it decides who is told.
#[derive(Debug, Clone, Copy)]
pub struct Happening<'a> {
    /// Which notice speaks of it.
    pub event: Event,
    /// Who did it: they know.
    pub author: &'a Address,
    /// Whether the author is proven. What an unproven sender writes is never mailed to third parties.
    pub proven: bool,
    /// Who was addressed by the mail itself: the customers among them have it already.
    pub addressed: &'a [&'a Address],
    /// Whether the requester may be sent an acknowledgement.
    pub acknowledge: bool,
    /// Whether somebody became responsible where nobody was, and the requester hears of it in no other way.
    pub begun: bool,
    /// Addresses that are known to be dead.
    pub dead: &'a HashSet<String>,
}

/// Everybody who is told, each once.
pub fn watchers<'a>(happening: Happening<'_>, ticket: &Ticket, department: &Department, desk: &'a Desk) -> Vec<Watcher<'a>> {
    let Some(row) = TABLE.iter().find(|row| row.0 == happening.event) else { return Vec::new() };
    let (_, requester, followers, assignee, participants, others) = *row;
    let mut list = List { desk, ticket, department, happening, watchers: Vec::new() };
    list.add_requester(requester);
    list.add_followers(followers);
    if assignee == Yes {
        list.add_agents(ticket.assignee.iter());
    }
    if participants == Yes {
        list.add_agents(ticket.participants.iter());
    }
    if others == Unassigned && list.is_unassigned() {
        list.add_agents(department.agents.iter());
    }
    list.watchers
}

/// Those who would be told if they were not known to be dead.
pub fn unreachable(happening: Happening<'_>, ticket: &Ticket, department: &Department, desk: &Desk) -> Vec<Address> {
    if happening.dead.is_empty() {
        return Vec::new();
    }
    let everybody = watchers(Happening { dead: &HashSet::new(), ..happening }, ticket, department, desk);
    let addresses = everybody.into_iter().map(|watcher| watcher.person.address);
    addresses.filter(|address| happening.dead.contains(&address.key())).collect()
}

struct List<'a, 'b> {
    desk: &'a Desk,
    ticket: &'b Ticket,
    department: &'b Department,
    happening: Happening<'b>,
    watchers: Vec<Watcher<'a>>,
}

impl<'a> List<'a, '_> {
    fn add_requester(&mut self, told: Told) {
        let (ticket, department, event) = (self.ticket, self.department, self.happening.event);
        let event = match told {
            Yes => event,
            Acknowledged if self.happening.acknowledge => Event::Acknowledgement,
            Proven if self.is_passed_on_to(&ticket.requester) => event,
            Chosen if department.tell_closed => event,
            Begun if department.tell_begun && self.happening.begun && self.is_requester_proven() => Event::Begun,
            _ => return,
        };
        self.add_customer(&ticket.requester, event);
    }

    fn add_followers(&mut self, told: Told) {
        for person in &self.ticket.followers {
            if told == Yes || (told == Proven && self.is_passed_on_to(person)) {
                self.add_customer(person, self.happening.event);
            }
        }
    }

    /// Whether a customer is sent what another one wrote: not where who wrote it may be anybody, nor to those who have it already.
    fn is_passed_on_to(&self, person: &Mailbox) -> bool {
        self.happening.proven && !self.happening.addressed.contains(&&person.address)
    }

    /// Automatic mail goes to no sender who may be forged.
    fn is_requester_proven(&self) -> bool {
        self.ticket.internal || self.ticket.proven.contains(&self.ticket.requester.address.key())
    }

    fn add_customer(&mut self, person: &Mailbox, event: Event) {
        // An agent who asks for something on a ticket of the agent's own knows what the agent wrote.
        let knows = event != Event::Acknowledgement && self.is_author(&person.address);
        if !self.desk.is_ours(&person.address) && !knows {
            self.add(Watcher { person: person.clone(), agent: None, event });
        }
    }

    fn is_unassigned(&self) -> bool {
        self.ticket.assignee.as_deref().is_none_or(|key| self.desk.agent(key).is_none())
    }

    fn add_agents<'k>(&mut self, keys: impl Iterator<Item = &'k String>) {
        for agent in keys.filter_map(|key| self.desk.agent(key)) {
            if !self.is_author(&agent.address) {
                self.add(Watcher::agent(agent, self.happening.event));
            }
        }
    }

    /// Each person once, and an agent as an agent, whichever address is on the ticket.
    fn add(&mut self, watcher: Watcher<'a>) {
        let address = &watcher.person.address;
        if self.happening.dead.contains(&address.key()) {
            return;
        }
        match self.watchers.iter().position(|other| self.is_same(&other.person.address, address)) {
            None => self.watchers.push(watcher),
            Some(at) if self.watchers[at].agent.is_none() && watcher.agent.is_some() => self.watchers[at] = watcher,
            Some(_) => {}
        }
    }

    fn is_author(&self, address: &Address) -> bool {
        self.is_same(address, self.happening.author)
    }

    /// Whether two addresses are one person's: equal, or both of one agent.
    fn is_same(&self, one: &Address, other: &Address) -> bool {
        let agents = (self.desk.agent_by_address(one), self.desk.agent_by_address(other));
        one == other || matches!(agents, (Some(one), Some(other)) if one.key == other.key)
    }
}

#[cfg(test)]
mod tests;
