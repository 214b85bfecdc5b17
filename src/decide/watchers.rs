//! Who must hear of what happened, and who must not.
//!
//! | event | requester | followers | assignee | other agents of the department |
//! |---|---|---|---|---|
//! | request | acknowledgement (if it may) | – | yes | if nobody is assigned |
//! | reply from the customer side | a proven sender's, unless author or addressed | likewise | yes | if nobody is assigned |
//! | answer by an agent | yes | yes | unless the author | – |
//! | closed without an answer | yes | – | unless the author | – |
//!
//! Nobody gets two mails for one event. Our own addresses never get any: that would be a loop.

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
}

/// Everybody who is told, each once.
pub fn watchers<'a>(happening: Happening<'_>, ticket: &Ticket, department: &Department, desk: &'a Desk) -> Vec<Watcher<'a>> {
    let mut told = Vec::new();
    match happening.event {
        Event::Request => {
            if happening.acknowledge {
                add_customer(&mut told, &ticket.requester, Event::Acknowledgement, desk);
            }
            add_agents(&mut told, ticket, department, desk, happening);
        }
        Event::Reply => {
            if happening.proven {
                for person in ticket.customer_side().filter(|person| person.address != *happening.author) {
                    if happening.addressed.contains(&&person.address) {
                        continue;
                    }
                    add_customer(&mut told, person, Event::Reply, desk);
                }
            }
            add_agents(&mut told, ticket, department, desk, happening);
        }
        Event::Answer => {
            ticket.customer_side().for_each(|person| add_customer(&mut told, person, Event::Answer, desk));
            add_assignee(&mut told, ticket, desk, happening);
        }
        Event::Closed => {
            add_customer(&mut told, &ticket.requester, Event::Closed, desk);
            add_assignee(&mut told, ticket, desk, happening);
        }
        // These go to one person, who is known without a table.
        Event::Acknowledgement | Event::Receipt => {}
    }
    told
}

fn add_customer<'a>(told: &mut Vec<Watcher<'a>>, person: &Mailbox, event: Event, desk: &'a Desk) {
    if !desk.is_ours(&person.address) && !told.iter().any(|watcher| watcher.person.address == person.address) {
        told.push(Watcher { person: person.clone(), agent: None, event });
    }
}

fn add_agents<'a>(
    told: &mut Vec<Watcher<'a>>,
    ticket: &Ticket,
    department: &Department,
    desk: &'a Desk,
    happening: Happening<'_>,
) {
    if ticket.assignee.as_deref().and_then(|key| desk.agent(key)).is_some() {
        return add_assignee(told, ticket, desk, happening);
    }
    for agent in department.agents.iter().filter_map(|key| desk.agent(key)) {
        add_agent(told, agent, happening);
    }
}

fn add_assignee<'a>(told: &mut Vec<Watcher<'a>>, ticket: &Ticket, desk: &'a Desk, happening: Happening<'_>) {
    if let Some(agent) = ticket.assignee.as_deref().and_then(|key| desk.agent(key)) {
        add_agent(told, agent, happening);
    }
}

fn add_agent<'a>(told: &mut Vec<Watcher<'a>>, agent: &'a Agent, happening: Happening<'_>) {
    let is_author = agent.address == *happening.author || agent.other_addresses.contains(happening.author);
    if !is_author && !told.iter().any(|watcher| watcher.person.address == agent.address) {
        let person = Mailbox { name: agent.name.clone(), address: agent.address.clone() };
        told.push(Watcher { person, agent: Some(agent), event: happening.event });
    }
}
