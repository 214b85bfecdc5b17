//! What commands do to a ticket: each change with its event, and a sentence that tells its author of it.
//!
//! All of it is tried on a copy. What cannot be done is refused, and then nothing of the mail is done.

use super::command::mention::Mentions;
use super::command::{Command, Commanded, Refused};
use super::{Matter, due};
use crate::decide::phrase::Phrase;
use crate::model::address::{Address, Mailbox};
use crate::model::desk::Agent;
use crate::model::ticket::{Event, Priority, Status, Ticket};
use crate::model::time::Time;

/// Tags on one ticket.
const MOST_TAGS: usize = 50;

/// A ticket under commands.
pub(super) struct Effects<'a> {
    matter: &'a Matter<'a>,
    agent: &'a Agent,
    /// The ticket as it is by now.
    pub(super) ticket: Ticket,
    /// What happened to it.
    pub(super) events: Vec<Event>,
    /// One sentence for each command, in the order of the lines.
    pub(super) done: Vec<Phrase>,
    /// What cannot be done, in the order of the lines.
    pub(super) refused: Vec<Refused>,
    /// Whether a command said when the ticket is due.
    due_said: bool,
}

impl<'a> Effects<'a> {
    /// Begins with a ticket as it is.
    pub(super) fn on(matter: &'a Matter<'a>, agent: &'a Agent, ticket: Ticket) -> Self {
        Self { matter, agent, ticket, events: Vec::new(), done: Vec::new(), refused: Vec::new(), due_said: false }
    }

    /// Does what is said. A change of department comes first wherever it stands, so that who is named beside it stays responsible.
    pub(super) fn apply(&mut self, commanded: &Commanded) {
        self.refused.extend(commanded.refused.iter().cloned());
        let mut order: Vec<_> = commanded.said.iter().collect();
        order.sort_by_key(|said| !matches!(said.command, Command::Department(_)));
        let says_something = !commanded.text.is_empty() || !self.matter.case.mail.attachments.is_empty();
        let mut done = Vec::new();
        for said in order {
            match self.one(&said.command, says_something) {
                Ok(sentence) => done.extend(sentence.map(|sentence| (said.at, sentence))),
                Err(why) => self.refused.push(Refused { at: said.at, line: said.line.clone(), why }),
            }
        }
        done.sort_by_key(|(at, _)| *at);
        self.refused.sort_by_key(|refused| refused.at);
        self.done.extend(done.into_iter().map(|(_, sentence)| sentence));
    }

    /// The sentence, or the rest of one that begins with the line. What is done to the text is told with the text.
    fn one(&mut self, command: &Command, says_something: bool) -> Result<Option<Phrase>, Phrase> {
        let sentence = match command {
            Command::Status(to) => self.status(*to),
            Command::Assign(key) => self.assign(key.as_deref()),
            Command::Priority(to) => self.priority(*to),
            Command::Due(to) => self.due(*to),
            Command::Tag(tags) => self.tag(tags)?,
            Command::Untag(tags) => self.untag(tags),
            Command::Department(key) => self.department(key)?,
            Command::Follow(person) => self.follow(person)?,
            Command::Unfollow(address) => self.unfollow(address)?,
            Command::Participant(key) => self.participant(key),
            Command::Public if self.matter.thread.note => return Err(Phrase::new("refused.public")),
            Command::Note | Command::Public if !says_something => return Err(Phrase::new("refused.no-text")),
            Command::Note | Command::Public | Command::Help => return Ok(None),
        };
        Ok(Some(sentence))
    }

    fn record(&mut self, kind: &'static str, from: Option<&str>, to: Option<&str>) {
        let event = self.matter.event(&self.ticket, &self.agent.key, kind, from, to);
        self.events.push(event);
    }

    fn name_of(&self, key: &str) -> String {
        self.matter.rules.desk.agent(key).map_or_else(|| key.to_owned(), |agent| agent.name.clone())
    }

    /// A ticket is open when somebody is responsible: who opens one that nobody has takes it.
    fn status(&mut self, to: Status) -> Phrase {
        let takes = to == Status::Open && self.ticket.assignee.is_none();
        if takes {
            self.make_responsible(Some(&self.agent.key));
        }
        self.matter.set_status(&mut self.ticket, to, &self.agent.key, &mut self.events);
        let sentence = Phrase::new(if takes { "done.status-taken" } else { "done.status" });
        sentence.phrase("status", Phrase::of("status", to.name()))
    }

    fn assign(&mut self, key: Option<&str>) -> Phrase {
        self.make_responsible(key);
        match key {
            Some(key) => Phrase::new("done.assign").with("name", self.name_of(key)),
            None => Phrase::new("done.assign-nobody"),
        }
    }

    /// Somebody responsible makes a new ticket open; an open one that nobody has is new again.
    fn make_responsible(&mut self, key: Option<&str>) {
        if self.ticket.assignee.as_deref() == key {
            return;
        }
        let before = std::mem::replace(&mut self.ticket.assignee, key.map(str::to_owned));
        self.record("assignee", before.as_deref(), key);
        let to = match (self.ticket.status, key) {
            (Status::New, Some(_)) => Status::Open,
            (Status::Open, None) => Status::New,
            (status, _) => status,
        };
        self.matter.set_status(&mut self.ticket, to, &self.agent.key, &mut self.events);
    }

    fn priority(&mut self, to: Priority) -> Phrase {
        let from = std::mem::replace(&mut self.ticket.priority, to);
        if from != to {
            self.record("priority", Some(from.name()), Some(to.name()));
        }
        Phrase::new("done.priority").phrase("priority", Phrase::of("priority", to.name()))
    }

    fn due(&mut self, to: Option<Time>) -> Phrase {
        let zone = &self.matter.department_of(&self.ticket).hours.zone;
        let from = std::mem::replace(&mut self.ticket.due_at, to);
        (self.ticket.due_by_hand, self.due_said) = (to.is_some(), true);
        let date = |time: Time| time.date_in(zone);
        if from != to {
            self.record("due", from.map(date).as_deref(), to.map(date).as_deref());
        }
        to.map_or_else(|| Phrase::new("done.due-none"), |due| Phrase::new("done.due").day("day", due))
    }

    /// The department's rule for when the ticket is due, unless a command has just said it. `before` is the ticket as the mail found it.
    pub(super) fn settle_due(&mut self, before: Option<&Ticket>) {
        let closed = self.ticket.status == Status::Closed;
        if closed && self.due_said && self.ticket.due_at.is_some() {
            self.done.push(Phrase::new("done.due-closed"));
        }
        if !self.due_said || closed {
            due::settle(self.matter, before, &mut self.ticket);
        }
    }

    fn tag(&mut self, tags: &[String]) -> Result<Phrase, Phrase> {
        for tag in tags {
            if let Err(place) = self.ticket.tags.binary_search(tag) {
                if self.ticket.tags.len() >= MOST_TAGS {
                    return Err(Phrase::counted("refused.tags", MOST_TAGS));
                }
                self.ticket.tags.insert(place, tag.clone());
                self.record("tag", None, Some(tag));
            }
        }
        Ok(self.tagged())
    }

    fn untag(&mut self, tags: &[String]) -> Phrase {
        for tag in tags {
            if self.ticket.tags.contains(tag) {
                self.ticket.tags.retain(|other| other != tag);
                self.record("tag", Some(tag), None);
            }
        }
        self.tagged()
    }

    fn tagged(&self) -> Phrase {
        match self.ticket.tags.as_slice() {
            [] => Phrase::new("done.tags-none"),
            tags => Phrase::new("done.tags").list("tags", "list.comma", tags),
        }
    }

    /// The number stays. Whoever is responsible stays so within the new department; else its default agent is, or nobody.
    fn department(&mut self, key: &str) -> Result<Phrase, Phrase> {
        let Some(department) = self.matter.rules.desk.department(key) else {
            let known = self.matter.rules.desk.departments.iter().map(|department| &department.key);
            return Err(Phrase::new("refused.department").list("known", "list.comma", known));
        };
        if self.ticket.department != key {
            let from = std::mem::replace(&mut self.ticket.department, key.to_owned());
            self.record("department", Some(&from), Some(key));
            let stays = self.ticket.assignee.clone().filter(|assignee| department.agents.contains(assignee));
            let default = if self.ticket.internal { &department.internal_assignee } else { &department.assignee };
            self.make_responsible(stays.or_else(|| default.clone()).as_deref());
        }
        let sentence = match self.ticket.assignee.as_deref() {
            Some(key) => Phrase::new("done.department").with("name", self.name_of(key)),
            None => Phrase::new("done.department-nobody"),
        };
        Ok(sentence.with("department", &department.name))
    }

    fn follow(&mut self, person: &Mailbox) -> Result<Phrase, Phrase> {
        let desk = self.matter.rules.desk;
        if !self.ticket.includes(&person.address) {
            if self.ticket.followers.len() >= desk.limits.followers {
                return Err(Phrase::counted("refused.followers", desk.limits.followers));
            }
            let people = std::slice::from_ref(person);
            self.matter.add_followers(&mut self.ticket, people, &self.agent.key, &mut self.events);
        }
        Ok(Phrase::new("done.follow").with("address", &person.address))
    }

    fn unfollow(&mut self, address: &Address) -> Result<Phrase, Phrase> {
        if self.ticket.requester.address == *address {
            return Err(Phrase::new("refused.requester").with("address", address));
        }
        if !self.ticket.followers.iter().any(|person| person.address == *address) {
            let known = self.ticket.followers.iter().map(|person| &person.address);
            return Err(match known.len() {
                0 => Phrase::new("refused.follower-none"),
                _ => Phrase::new("refused.follower").list("known", "list.comma", known),
            });
        }
        self.ticket.followers.retain(|person| person.address != *address);
        self.record("follower", Some(address.as_str()), None);
        Ok(Phrase::new("done.unfollow").with("address", address))
    }

    fn participant(&mut self, key: &str) -> Phrase {
        self.add_participant(key);
        Phrase::new("done.participant").with("name", self.name_of(key))
    }

    fn add_participant(&mut self, key: &str) -> bool {
        let place = self.ticket.participants.binary_search_by(|other| other.as_str().cmp(key));
        let Err(place) = place else { return false };
        self.ticket.participants.insert(place, key.to_owned());
        self.record("participant", None, Some(key));
        true
    }

    /// Agents who are named in the text work along from now on, unless they are told anyway.
    pub(super) fn bring_in(&mut self, mentions: &Mentions<'_>) {
        for agent in &mentions.agents {
            let told = agent.key == self.agent.key || self.ticket.assignee.as_ref() == Some(&agent.key);
            if !told && self.add_participant(&agent.key) {
                self.done.push(Phrase::new("done.mentioned").with("name", &agent.name));
            }
        }
    }

    /// The first answer makes its author responsible, and the ticket `open`.
    pub(super) fn take_up(&mut self) {
        if self.ticket.assignee.is_none() {
            self.ticket.assignee = Some(self.agent.key.clone());
            self.record("assignee", None, Some(&self.agent.key));
        }
        if self.ticket.status != Status::AwaitingCustomer {
            self.turn(Status::Open);
        }
    }

    /// What somebody wrote makes it somebody's turn.
    pub(super) fn turn(&mut self, to: Status) {
        self.matter.set_status(&mut self.ticket, to, &self.agent.key, &mut self.events);
    }
}
