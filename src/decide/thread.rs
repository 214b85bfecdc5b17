//! Which ticket a mail belongs to, and by what evidence, the strongest first:
//!
//! 1. a signed reply address, 2. a signed Message-ID of ours, 3. the Message-ID of a message we have, in the same department,
//! 4. the reference in the subject; always only for senders who are on the ticket. Evidence 3 and 4 anybody can write: for a sender who
//!    was proven on that ticket before, it counts only when the sender is proven again.
//!
//! A stranger with a valid link never joins: the mail is held, or opens a ticket of its own that names the other to agents.

mod archive;

use super::recall::{Facts, Found, Link};
use super::screen::Writer;
use super::{Case, Relation};
use crate::model::address::Address;
use crate::model::arrival::Cause;
use crate::model::desk::{Agent, Department, Desk, Stranger};
use crate::model::notice::Event;
use crate::model::ticket::Ticket;
use crate::model::time::Time;
use crate::model::token::{Purpose, Recipient};

/// The ticket a mail belongs to; without one it opens a new one, if it can.
#[derive(Debug, Clone, Copy, Default)]
pub struct Thread<'a> {
    /// The ticket.
    pub ticket: Option<&'a Ticket>,
    /// Whether the mail answers to an internal note.
    pub note: bool,
    /// Another ticket that a new one has to do with.
    pub related: Option<(&'a Ticket, Relation)>,
}

impl<'a> Thread<'a> {
    fn onto(ticket: &'a Ticket) -> Self {
        Self { ticket: Some(ticket), ..Self::default() }
    }
}

/// Why a mail is held, and the ticket it tried to reach.
type Refused = (Cause, Option<i64>);

/// Where threads are looked for.
struct Search<'a, 'b> {
    case: &'b Case,
    department: &'b Department,
    facts: &'a Facts,
    desk: &'b Desk,
}

/// Finds the ticket. An error is the cause for which the mail is held, and the ticket it tried to reach.
pub fn thread<'a>(
    case: &Case,
    writer: &Writer<'_>,
    department: &Department,
    facts: &'a Facts,
    desk: &Desk,
    reasons: &mut Vec<String>,
) -> Result<Thread<'a>, (Cause, Option<i64>)> {
    let search = Search { case, department, facts, desk };
    search.report_expired(reasons);
    match writer {
        _ if case.is_archived() => search.of_archive(writer, reasons),
        Writer::Agent { agent, link, .. } => search.of_agent(agent, link, reasons),
        Writer::Member { agent, .. } => search.of_member(agent, reasons),
        Writer::Machine(_) => Ok(Thread { ticket: search.of_machine(reasons), ..Thread::default() }),
        Writer::Desk { .. } => search.of_archive(writer, reasons),
        Writer::Customer(mailbox) => search.of_customer(&mailbox.address, reasons),
    }
}

impl<'a> Search<'a, '_> {
    fn of_agent(&self, agent: &Agent, link: &Link, reasons: &mut Vec<String>) -> Result<Thread<'a>, Refused> {
        let ticket = self.linked(link, reasons)?;
        let note = self.is_note(agent, link);
        let kind = match (note, link.purpose) {
            (false, _) => "",
            (true, Purpose::Note) => "; that was internal, so this is a note",
            (true, _) => "; it answers to a note as well, so this is one",
        };
        reasons.push(format!("joined {} because {}{kind}", self.desk.reference(ticket), self.evidence(link, &agent.address)));
        Ok(Thread { note, ..Thread::onto(ticket) })
    }

    /// Whether an agent answers to an internal note. In doubt it is one: what stays inside by mistake can be said again.
    fn is_note(&self, agent: &Agent, link: &Link) -> bool {
        let own = std::iter::once(&agent.address).chain(&agent.other_addresses);
        let own: Vec<Recipient> = own.map(|address| self.desk.keys.recipient(address)).collect();
        let of_ticket = |other: &&Link| other.ticket == link.ticket && own.contains(&other.recipient);
        // Further back in References stands every notice of the conversation: that says nothing, beside an address.
        let counts = |other: &&Link| other.found != Found::References || link.found == Found::References && *other == link;
        let mut links = self.case.links.sealed.iter().filter(of_ticket).filter(counts);
        link.purpose == Purpose::Note || links.any(|other| other.purpose == Purpose::Note)
    }

    /// An answer to a ticket needs the agent's own link; without one, only a new request is left.
    fn of_member(&self, agent: &Agent, reasons: &mut Vec<String>) -> Result<Thread<'a>, Refused> {
        let Some(ticket) = self.stored(|_| true).or(self.named()) else { return Ok(Thread::default()) };
        reasons.push(format!(
            "it speaks of {}, but does not answer to a notice that was sent to {}: an agent's answer needs that notice's address",
            self.desk.reference(ticket),
            agent.address
        ));
        Err((Cause::AgentWithoutToken, Some(ticket.number)))
    }

    /// A machine's mail changes nothing and is shown to agents only, so any evidence will do.
    fn of_machine(&self, reasons: &mut Vec<String>) -> Option<&'a Ticket> {
        let (links, facts) = (&self.case.links, self.facts);
        let released = self.case.arrival.release.as_ref().and_then(|release| release.onto);
        let sealed = links.sealed.iter().map(|link| link.ticket).chain(links.own_message);
        let reported = links.bounced.and_then(|(arrival, _)| facts.by_arrival.get(&arrival)).copied();
        let mut numbers = released.into_iter().chain(sealed).chain(reported);
        let ticket = numbers.find_map(|number| facts.tickets.get(&number)).or_else(|| self.stored(|_| true));
        if let Some(ticket) = ticket {
            reasons.push(format!("it speaks of {}", self.desk.reference(ticket)));
        }
        ticket
    }

    fn of_customer(&self, from: &Address, reasons: &mut Vec<String>) -> Result<Thread<'a>, Refused> {
        if let Some(release) = &self.case.arrival.release {
            return self.of_released(release.onto, reasons);
        }
        let sealed = &self.case.links.sealed;
        let acceptable = |link: &&Link| {
            let ticket = self.facts.tickets.get(&link.ticket);
            link.purpose == Purpose::Reply && ticket.is_some_and(|ticket| ticket.includes(from))
        };
        if let Some(link) = sealed.iter().find(acceptable).or(sealed.first()) {
            return self.by_link(link, from, reasons);
        }
        if let Some(ticket) = self.stored(|ticket| ticket.includes(from) && self.is_believed(ticket, from)) {
            let reference = self.desk.reference(ticket);
            reasons.push(format!("joined {reference} because it answers to a message of that ticket, and {from} is on it"));
            return Ok(Thread::onto(ticket));
        }
        Ok(self.by_subject(from, reasons))
    }

    /// An operator said where it belongs, or that it is a request of its own.
    fn of_released(&self, onto: Option<i64>, reasons: &mut Vec<String>) -> Result<Thread<'a>, Refused> {
        let Some(number) = onto else {
            reasons.push("an operator released it as a request of its own".to_owned());
            return Ok(Thread::default());
        };
        let Some(ticket) = self.facts.tickets.get(&number) else {
            reasons.push(format!("it was released onto ticket {number}, which is not in the store"));
            return Err((Cause::NoSuchTicket, None));
        };
        reasons.push(format!("joined {} because an operator released it onto that", self.desk.reference(ticket)));
        Ok(Thread::onto(ticket))
    }

    fn by_link(&self, link: &Link, from: &Address, reasons: &mut Vec<String>) -> Result<Thread<'a>, Refused> {
        let ticket = self.linked(link, reasons)?;
        let (reference, evidence) = (self.desk.reference(ticket), self.evidence(link, from));
        let is_note = link.purpose == Purpose::Note;
        if !is_note && ticket.includes(from) {
            reasons.push(format!("joined {reference} because {evidence}, and {from} is on it"));
            return Ok(Thread::onto(ticket));
        }
        reasons.push(format!("{evidence}, but {from} is not on {reference}"));
        let own_policy =
            self.desk.department(&ticket.department).map_or(self.department.stranger, |department| department.stranger);
        if !is_note && own_policy == Stranger::NewTicket {
            reasons.push(format!("a ticket of its own, which names {reference} to agents (`stranger = \"new-ticket\"`)"));
            return Ok(Thread { related: Some((ticket, Relation::Stranger)), ..Thread::default() });
        }
        let of_agent = self.desk.agents.iter().any(|agent| self.desk.keys.recipient(&agent.address) == link.recipient);
        let cause = if of_agent { Cause::TokenOfAnother } else { Cause::NotOnTicket };
        Err((cause, Some(ticket.number)))
    }

    fn by_subject(&self, from: &Address, reasons: &mut Vec<String>) -> Thread<'a> {
        let weak = self.named().or_else(|| self.stored(|ticket| ticket.includes(from)));
        let Some(ticket) = weak else {
            reasons.push("it speaks of no ticket".to_owned());
            return Thread::default();
        };
        let reference = self.desk.reference(ticket);
        if !ticket.includes(from) {
            reasons.push(format!("its subject names {reference}, but {from} is not on it: that counts for nothing"));
            return Thread::default();
        }
        if !self.is_believed(ticket, from) {
            reasons.push(format!(
                "it speaks of {reference}, but {from} was proven there before and is not now: a ticket of its own, which names {reference} to agents"
            ));
            return Thread { related: Some((ticket, Relation::Stranger)), ..Thread::default() };
        }
        reasons.push(format!("joined {reference} because its subject names it, and {from} is on it"));
        Thread::onto(ticket)
    }

    /// Who was proven on a ticket must be proven again where the evidence is such as anybody can write.
    fn is_believed(&self, ticket: &Ticket, from: &Address) -> bool {
        self.case.authenticity.is_proven() || !ticket.proven.contains(&from.key())
    }

    fn linked(&self, link: &Link, reasons: &mut Vec<String>) -> Result<&'a Ticket, Refused> {
        self.facts.tickets.get(&link.ticket).ok_or_else(|| {
            reasons.push(format!("its link names ticket {}, which is not in the store", link.ticket));
            (Cause::NoSuchTicket, None)
        })
    }

    /// The ticket of the reference in the subject.
    fn named(&self) -> Option<&'a Ticket> {
        self.case.links.subject.and_then(|number| self.facts.tickets.get(&number))
    }

    /// The first ticket of the department with a message of a foreign id, of those that are acceptable.
    fn stored(&self, acceptable: impl Fn(&Ticket) -> bool) -> Option<&'a Ticket> {
        let facts = self.facts;
        let numbers = self.case.links.foreign_ids.iter().filter_map(|id| facts.by_message_id.get(id)).flatten();
        let tickets = numbers.filter_map(|number| facts.tickets.get(number));
        tickets.filter(|ticket| ticket.department == self.department.key).find(|ticket| acceptable(ticket))
    }

    fn report_expired(&self, reasons: &mut Vec<String>) {
        if let Some(address) = &self.case.links.unreadable {
            reasons.push(format!("{address} is not an address that was made here: it counts for nothing"));
        }
        for link in self.case.links.expired.iter().take(1) {
            reasons
                .push(format!("it answers to a notice of {}, whose links have expired: they count for nothing", date(link.day)));
        }
    }

    /// What a link says, in words: `its In-Reply-To is the answer sent to mia@customer.example on 2026-11-12`.
    fn evidence(&self, link: &Link, from: &Address) -> String {
        let to = self.called(link, from);
        let date = date(link.day);
        let notice = match link.event {
            Some(Event::Answer) => "the answer",
            Some(Event::Acknowledgement) => "the acknowledgement",
            Some(Event::Note) => "the note",
            _ => "the notice",
        };
        match link.found {
            Found::Released => "an operator released it onto that".to_owned(),
            Found::Recipient => format!("it came to the address made for {to} on {date}"),
            Found::Header => format!("its header names the address made for {to} on {date}"),
            Found::Answered => format!("its In-Reply-To is {notice} sent to {to} on {date}"),
            Found::References => format!("its References name {notice} sent to {to} on {date}"),
        }
    }

    /// Whom a link was made for, as far as it can be told.
    fn called(&self, link: &Link, from: &Address) -> String {
        let is = |address: &&Address| self.desk.keys.recipient(address) == link.recipient;
        let ticket = self.facts.tickets.get(&link.ticket);
        let customers = ticket.into_iter().flat_map(Ticket::customer_side).map(|person| &person.address);
        let agents = self.desk.agents.iter().map(|agent| &agent.address);
        let known = std::iter::once(from).chain(customers).chain(agents).find(is);
        known.map_or_else(|| "somebody who is not on it any more".to_owned(), |address| address.to_string())
    }
}

fn date(day: u16) -> String {
    Time(i64::from(day) * 86_400_000_000).date()
}
