//! What commands do to a ticket: each change with its event, and a sentence that tells its author of it.
//!
//! All of it is tried on a copy. What cannot be done is refused, and then nothing of the mail is done.

use super::command::mention::Mentions;
use super::command::{Command, Commanded, Refused};
use super::{Matter, due};
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
    pub(super) done: Vec<String>,
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
                Ok(sentence) => done.push((said.at, sentence)),
                Err(why) => self.refused.push(Refused { at: said.at, line: said.line.clone(), why }),
            }
        }
        done.sort_by_key(|(at, _)| *at);
        self.refused.sort_by_key(|refused| refused.at);
        self.done.extend(done.into_iter().map(|(_, sentence)| sentence).filter(|sentence| !sentence.is_empty()));
    }

    /// The sentence, or the rest of one that begins with the line. What is done to the text is told with the text.
    fn one(&mut self, command: &Command, says_something: bool) -> Result<String, String> {
        match command {
            Command::Status(to) => Ok(self.status(*to)),
            Command::Assign(key) => Ok(self.assign(key.as_deref())),
            Command::Priority(to) => Ok(self.priority(*to)),
            Command::Due(to) => Ok(self.due(*to)),
            Command::Tag(tags) => self.tag(tags),
            Command::Untag(tags) => Ok(self.untag(tags)),
            Command::Department(key) => self.department(key),
            Command::Follow(person) => self.follow(person),
            Command::Unfollow(address) => self.unfollow(address),
            Command::Participant(key) => Ok(self.participant(key)),
            Command::Public if self.matter.thread.note => {
                Err("cannot be done here: an answer to a note stays internal, whatever it \
                says; to answer publicly, reply to a notice of something public and leave this mail out"
                    .to_owned())
            }
            Command::Note | Command::Public if !says_something => Err("has no text below it".to_owned()),
            Command::Note | Command::Public | Command::Help => Ok(String::new()),
        }
    }

    fn record(&mut self, kind: &'static str, from: Option<&str>, to: Option<&str>) {
        let event = self.matter.event(&self.ticket, &self.agent.key, kind, from, to);
        self.events.push(event);
    }

    fn name_of(&self, key: &str) -> String {
        self.matter.rules.desk.agent(key).map_or_else(|| key.to_owned(), |agent| agent.name.clone())
    }

    /// A ticket is open when somebody is responsible: who opens one that nobody has takes it.
    fn status(&mut self, to: Status) -> String {
        let takes = to == Status::Open && self.ticket.assignee.is_none();
        if takes {
            self.make_responsible(Some(&self.agent.key));
        }
        self.matter.set_status(&mut self.ticket, to, &self.agent.key, &mut self.events);
        let also = if takes { ", and you are responsible" } else { "" };
        format!("The ticket is {}{also}.", to.name())
    }

    fn assign(&mut self, key: Option<&str>) -> String {
        self.make_responsible(key);
        match key {
            Some(key) => format!("{} is responsible.", self.name_of(key)),
            None => "Nobody is responsible.".to_owned(),
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

    fn priority(&mut self, to: Priority) -> String {
        let from = std::mem::replace(&mut self.ticket.priority, to);
        if from != to {
            self.record("priority", Some(from.name()), Some(to.name()));
        }
        format!("The priority is {}.", to.name())
    }

    fn due(&mut self, to: Option<Time>) -> String {
        let zone = &self.matter.department_of(&self.ticket).hours.zone;
        let from = std::mem::replace(&mut self.ticket.due_at, to);
        (self.ticket.due_by_hand, self.due_said) = (to.is_some(), true);
        let date = |time: Time| time.date_in(zone);
        if from != to {
            self.record("due", from.map(date).as_deref(), to.map(date).as_deref());
        }
        let said = |due: Time| format!("It is due at the end of {} ({}).", due.date_in(zone), zone.name());
        to.map_or_else(|| "It has no due date.".to_owned(), said)
    }

    /// The department's rule for when the ticket is due, unless a command has just said it. `before` is the ticket as the mail found it.
    pub(super) fn settle_due(&mut self, before: Option<&Ticket>) {
        let closed = self.ticket.status == Status::Closed;
        if closed && self.due_said && self.ticket.due_at.is_some() {
            self.done.push("A closed ticket is not due: the date counts for nothing.".to_owned());
        }
        if !self.due_said || closed {
            due::settle(self.matter, before, &mut self.ticket);
        }
    }

    fn tag(&mut self, tags: &[String]) -> Result<String, String> {
        for tag in tags {
            if let Err(place) = self.ticket.tags.binary_search(tag) {
                if self.ticket.tags.len() >= MOST_TAGS {
                    return Err(format!("cannot be done: a ticket takes {MOST_TAGS} tags"));
                }
                self.ticket.tags.insert(place, tag.clone());
                self.record("tag", None, Some(tag));
            }
        }
        Ok(self.tagged())
    }

    fn untag(&mut self, tags: &[String]) -> String {
        for tag in tags {
            if self.ticket.tags.contains(tag) {
                self.ticket.tags.retain(|other| other != tag);
                self.record("tag", Some(tag), None);
            }
        }
        self.tagged()
    }

    fn tagged(&self) -> String {
        match self.ticket.tags.as_slice() {
            [] => "It has no tags.".to_owned(),
            tags => format!("Its tags are: {}.", tags.join(", ")),
        }
    }

    /// The number stays. Whoever is responsible stays so within the new department; else its default agent is, or nobody.
    fn department(&mut self, key: &str) -> Result<String, String> {
        let Some(department) = self.matter.rules.desk.department(key) else {
            return Err("names no department".to_owned());
        };
        if self.ticket.department != key {
            let from = std::mem::replace(&mut self.ticket.department, key.to_owned());
            self.record("department", Some(&from), Some(key));
            let stays = self.ticket.assignee.clone().filter(|assignee| department.agents.contains(assignee));
            let default = if self.ticket.internal { &department.internal_assignee } else { &department.assignee };
            self.make_responsible(stays.or_else(|| default.clone()).as_deref());
        }
        let who = self.ticket.assignee.as_deref().map_or("nobody".to_owned(), |key| self.name_of(key));
        Ok(format!("The ticket is in {}; {who} is responsible there.", department.name))
    }

    fn follow(&mut self, person: &Mailbox) -> Result<String, String> {
        let desk = self.matter.rules.desk;
        if !self.ticket.includes(&person.address) {
            if self.ticket.followers.len() >= desk.limits.followers {
                return Err(format!("cannot be done: a ticket takes {} followers", desk.limits.followers));
            }
            let people = std::slice::from_ref(person);
            self.matter.add_followers(&mut self.ticket, people, &self.agent.key, &mut self.events);
        }
        Ok(format!("{} receives the public messages, from this mail on.", person.address))
    }

    fn unfollow(&mut self, address: &Address) -> Result<String, String> {
        if self.ticket.requester.address == *address {
            return Err(format!("cannot be done: {address} is the requester, whom the ticket is about"));
        }
        if !self.ticket.followers.iter().any(|person| person.address == *address) {
            let known: Vec<&str> = self.ticket.followers.iter().map(|person| person.address.as_str()).collect();
            let known = if known.is_empty() { "nobody".to_owned() } else { known.join(", ") };
            return Err(format!("names nobody who follows the ticket; its followers: {known}"));
        }
        self.ticket.followers.retain(|person| person.address != *address);
        self.record("follower", Some(address.as_str()), None);
        Ok(format!("{address} receives nothing more."))
    }

    fn participant(&mut self, key: &str) -> String {
        self.add_participant(key);
        format!("{} works along and is told of every message.", self.name_of(key))
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
                self.done.push(format!("{} works along, because you wrote @.", agent.name));
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
