//! Who must hear of what happened, and who must not.
//!
//! | event | requester | followers | assignee | participants | other agents of the department |
//! |---|---|---|---|---|---|
//! | request | acknowledgement (if it may) | – | yes | – | if nobody is assigned |
//! | assigned | – | – | unless they did it themselves | – | if nobody is assigned |
//! | reply from the customer side | a proven sender's, unless author or addressed | likewise | yes | yes | if nobody is assigned |
//! | answer by an agent | unless the author | yes | unless the author | unless the author | – |
//! | note | never | never | unless the author | unless the author | – |
//! | closed without an answer, opened again | yes | – | unless the author | unless the author | – |
//! | undelivered | – | – | yes | – | if nobody is assigned |
//!
//! The requester of a ticket of a member of the desk is an agent, and may be the author. A ticket that went to another department is told
//! there as `assigned`. Nobody gets two mails for one event; nobody is written to who is known to be dead. Our own addresses never get any: that would be a
//! loop.

use std::collections::HashSet;

use crate::model::address::{Address, Mailbox};
use crate::model::desk::{Agent, Department, Desk};
use crate::model::notice::Event;
use crate::model::ticket::Ticket;

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
    /// Addresses that are known to be dead.
    pub dead: &'a HashSet<String>,
}

/// Everybody who is told, each once.
pub fn watchers<'a>(happening: Happening<'_>, ticket: &Ticket, department: &Department, desk: &'a Desk) -> Vec<Watcher<'a>> {
    let mut told = Told { desk, ticket, department, happening, watchers: Vec::new() };
    match happening.event {
        Event::Request => {
            if happening.acknowledge {
                told.add_customer(&ticket.requester, Event::Acknowledgement);
            }
            told.add_agents();
        }
        Event::Reply => {
            if happening.proven {
                told.add_other_customers();
            }
            told.add_agents();
            told.add_participants();
        }
        Event::Answer => {
            ticket.customer_side().for_each(|person| told.add_customer(person, Event::Answer));
            told.add_assignee();
            told.add_participants();
        }
        Event::Note => {
            told.add_assignee();
            told.add_participants();
        }
        Event::Closed | Event::Reopened => {
            told.add_customer(&ticket.requester, happening.event);
            told.add_assignee();
            told.add_participants();
        }
        Event::Assigned | Event::Undelivered => told.add_agents(),
        // These go to one person, who is known without a table.
        Event::Acknowledgement | Event::Receipt | Event::Held | Event::Digest => {}
        Event::Begun | Event::DueSoon | Event::Overdue => {}
    }
    told.watchers
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

struct Told<'a, 'b> {
    desk: &'a Desk,
    ticket: &'b Ticket,
    department: &'b Department,
    happening: Happening<'b>,
    watchers: Vec<Watcher<'a>>,
}

impl<'a> Told<'a, '_> {
    fn add(&mut self, watcher: Watcher<'a>) {
        let address = &watcher.person.address;
        let known = self.watchers.iter().any(|other| other.person.address == *address);
        if !known && !self.happening.dead.contains(&address.key()) {
            self.watchers.push(watcher);
        }
    }

    fn add_customer(&mut self, person: &Mailbox, event: Event) {
        // An agent who asks for something on a ticket of the agent's own knows what the agent wrote.
        let knows = event != Event::Acknowledgement && self.is_author(&person.address);
        if !self.desk.is_ours(&person.address) && !knows {
            self.add(Watcher { person: person.clone(), agent: None, event });
        }
    }

    /// The customer side but for the author and those who have the mail already.
    fn add_other_customers(&mut self) {
        let happening = self.happening;
        for person in self.ticket.customer_side() {
            if !happening.addressed.contains(&&person.address) {
                self.add_customer(person, happening.event);
            }
        }
    }

    /// The assignee, or while there is none the whole department.
    fn add_agents(&mut self) {
        if self.assignee().is_some() {
            return self.add_assignee();
        }
        for agent in self.department.agents.iter().filter_map(|key| self.desk.agent(key)) {
            self.add_agent(agent);
        }
    }

    fn assignee(&self) -> Option<&'a Agent> {
        self.ticket.assignee.as_deref().and_then(|key| self.desk.agent(key))
    }

    fn add_assignee(&mut self) {
        if let Some(agent) = self.assignee() {
            self.add_agent(agent);
        }
    }

    fn add_participants(&mut self) {
        for agent in self.ticket.participants.iter().filter_map(|key| self.desk.agent(key)) {
            self.add_agent(agent);
        }
    }

    fn add_agent(&mut self, agent: &'a Agent) {
        if !self.is_author(&agent.address) {
            self.add(Watcher::agent(agent, self.happening.event));
        }
    }

    /// Whether this is the author's address, or another one of the agent who is the author.
    fn is_author(&self, address: &Address) -> bool {
        let author = self.happening.author;
        let agents = (self.desk.agent_by_address(address), self.desk.agent_by_address(author));
        address == author || matches!(agents, (Some(one), Some(other)) if one.key == other.key)
    }
}
