//! Which ticket a mail of an archive belongs to. The evidence is the same, and nobody has to be on the ticket for it: an operator vouches
//! for the archive, joining makes nobody a follower, and nobody is written to. The reference in the subject alone counts as ever for those
//! only who are on the ticket, because another help desk may have counted with the same prefix.

use super::{Found, Link, Purpose, Refused, Search, Thread, Ticket, Writer};

impl<'a> Search<'a, '_> {
    /// Finds the ticket. What names no ticket that we have is a conversation of its own, and nothing is refused, unless an operator
    /// released it onto a ticket that is gone.
    pub(super) fn of_archive(&self, writer: &Writer<'_>, reasons: &mut Vec<String>) -> Result<Thread<'a>, Refused> {
        if let Some(number) = self.case.arrival.release.as_ref().and_then(|release| release.onto) {
            return self.of_released(Some(number), reasons);
        }
        let (Writer::Customer(mailbox) | Writer::Desk { mailbox, .. }) = writer else {
            return Ok(Thread { ticket: self.of_machine(reasons), ..Thread::default() });
        };
        if let Some((link, ticket)) = self.sealed() {
            let note = self.answers_a_note(link);
            let kind = if note { "; that was internal, so this is a note" } else { "" };
            let evidence = self.evidence(link, &mailbox.address);
            reasons.push(format!("joined {} because {evidence}{kind}", self.desk.reference(ticket)));
            return Ok(Thread { note, ..Thread::onto(ticket) });
        }
        if let Some(ticket) = self.stored(|_| true).or_else(|| self.stored_anywhere()) {
            reasons.push(format!("joined {} because it answers to a message of that ticket", self.desk.reference(ticket)));
            return Ok(Thread::onto(ticket));
        }
        let Some(ticket) = self.named().filter(|ticket| self.is_between(ticket, writer)) else {
            reasons.push("it speaks of no ticket".to_owned());
            return Ok(Thread::default());
        };
        let reference = self.desk.reference(ticket);
        reasons.push(format!("joined {reference} because its subject names it, and it is from or to somebody who is on it"));
        Ok(Thread::onto(ticket))
    }

    /// The first link to a ticket that we have. An older store may have sealed others with the same key.
    fn sealed(&self) -> Option<(&Link, &'a Ticket)> {
        self.case.links.sealed.iter().find_map(|link| Some((link, self.facts.tickets.get(&link.ticket)?)))
    }

    /// As for agents, whoever wrote it: what answers to a note holds its words, and customers must not see them.
    fn answers_a_note(&self, link: &Link) -> bool {
        let mut others = self.case.links.sealed.iter().filter(|other| other.ticket == link.ticket);
        let counts = |other: &Link| other.found != Found::References || other == link;
        others.any(|other| other.purpose == Purpose::Note && counts(other))
    }

    /// What names no address of ours came to its department by a guess, so its Message-IDs count wherever they are.
    fn stored_anywhere(&self) -> Option<&'a Ticket> {
        let ids = self.case.links.foreign_ids.iter().filter(|_| self.case.arrival.recipients.is_empty());
        let mut numbers = ids.filter_map(|id| self.facts.by_message_id.get(id)).flatten();
        numbers.find_map(|number| self.facts.tickets.get(number))
    }

    /// Whether a ticket that the subject names was there when the mail was written, and its people wrote it or were written to.
    fn is_between(&self, ticket: &Ticket, writer: &Writer<'_>) -> bool {
        let mail = &self.case.mail;
        let is_theirs = match writer {
            Writer::Customer(mailbox) => ticket.includes(&mailbox.address),
            _ => mail.to.iter().chain(&mail.cc).any(|person| ticket.includes(&person.address)),
        };
        is_theirs && ticket.created_at <= self.case.arrival.received_at
    }
}
