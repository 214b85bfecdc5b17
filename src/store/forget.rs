//! Forgetting a person: where traces of an address are, and their removal, a ticket at a time.
//!
//! Each ticket is one transaction, and what is forgotten is not found again: whoever is killed half way begins anew with the rest. Numbers,
//! times, departments and the work of agents stay. So do the digests by which mail is known again (`content_key`, the lines of
//! `fetched` and `imported`): without them a copy that still lies in a mailbox would become a ticket anew, and nothing can be read out of them.

use super::{Fault, Kind, Store};
use crate::model::address::Address;
use crate::model::time::Time;

/// Stands where the address of a forgotten person stood. `.invalid` leads nowhere (RFC 2606 section 2), and nothing is sent there.
pub const NOBODY: &str = "forgotten@forgotten.invalid";

/// An address in the forms in which the store may have it, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The form in which two spellings are equal.
    pub(in crate::store) key: String,
    /// With the domain in its own letters.
    pub(in crate::store) written: String,
}

impl Person {
    /// The person with this address.
    pub fn of(address: &Address) -> Self {
        Self { key: address.key(), written: address.as_str().to_lowercase() }
    }

    /// Whether a text is this address.
    pub(in crate::store) fn is(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        text == self.key || text == self.written
    }
}

/// A ticket that a person is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Number of the ticket.
    pub number: i64,
    /// Its department.
    pub department: String,
    /// Name of its status.
    pub status: String,
    /// Whether nobody else of the customer side is on it: then it is forgotten whole.
    pub whole: bool,
    /// Whether the person asked.
    pub requester: bool,
    /// Messages of the person.
    pub messages: i64,
    /// Notices of the ticket that still wait to be sent.
    pub waiting: i64,
}

impl Trace {
    /// Whether somebody may still be at work on it.
    pub fn is_open(&self) -> bool {
        self.status != "closed" || self.waiting > 0
    }
}

/// Where a person is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Tickets.
    pub tickets: Vec<Trace>,
    /// Mail that is not decided yet.
    pub pending: Vec<i64>,
    /// Mail that became no message of those tickets: held, copies, reports.
    pub arrivals: Vec<i64>,
    /// Notices to the person that speak of none of those tickets.
    pub notices: Vec<i64>,
    /// Counts and marks that are kept by the address: caps, and that nothing reaches it.
    pub marks: i64,
}

impl Traces {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Messages without their words now.
    pub messages: usize,
    /// Originals without their octets now.
    pub originals: usize,
    /// Originals of others in which the address was made unreadable.
    pub masked: usize,
    /// Notices without their mail now.
    pub notices: usize,
    /// Large mails that are removed from their place next.
    pub(in crate::store) objects: Vec<String>,
    /// Large mails of others, which name the person perhaps and were left as they are.
    pub left: usize,
}

impl Removed {
    /// Adds what was removed elsewhere.
    pub fn add(&mut self, other: &Removed) {
        self.messages += other.messages;
        self.originals += other.originals;
        self.masked += other.masked;
        self.notices += other.notices;
        self.left += other.left;
    }
}

/// What became of the wish to forget a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// It is done.
    Done(Removed),
    /// It is open, and what is open was not to be touched.
    Open,
    /// There is nothing of the person on it any more.
    Gone,
}

/// How a person is to be forgotten.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Who.
    pub person: Person,
    /// Keys of the addresses of agents, who are no customers.
    pub agents: Vec<String>,
    /// Tickets that are open, too.
    pub even_open: bool,
    /// The time.
    pub now: Time,
}

/// Whether anything can be left of what was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scrubbed {
    /// File and log hold nothing of it.
    Clean,
    /// The log is still read by somebody; it holds copies until it is folded in.
    LogInUse,
    /// A server cleans up by itself, when it is told to.
    ByServer,
}

impl Store {
    /// Where a person is. Reads every table, and the mail that became no message: minutes for a large store.
    ///
    /// # Errors
    /// When the store or its large mail is away.
    pub async fn traces(&self, wish: &Wish) -> Result<Traces, Fault> {
        let mut traces = looking!(self, base => base.traces(wish))?;
        let mut after = 0;
        loop {
            let page = looking!(self, base => base.unthreaded(after))?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for mail in page {
                let octets = match &mail.object {
                    Some(object) => self.objects.range(object, 0, mail.size.min(SEARCHED)).await?,
                    None => mail.octets,
                };
                if speaks_of(&octets, mail.held, &wish.person) {
                    traces.arrivals.push(mail.id);
                }
            }
        }
        traces.arrivals.sort_unstable();
        traces.arrivals.dedup();
        Ok(traces)
    }

    /// Forgets a person on a ticket.
    ///
    /// # Errors
    /// When the store is away or refuses; nothing has changed then.
    pub async fn forget_ticket(&self, number: i64, wish: &Wish) -> Result<Forgotten, Fault> {
        self.secure().await?;
        let done = looking!(self, base => base.forget_ticket(number, wish))?;
        if let Forgotten::Done(removed) = &done {
            self.remove_objects(&removed.objects).await;
        }
        Ok(done)
    }

    /// Forgets a person in mail and notices outside of tickets, and what is kept by the address.
    ///
    /// # Errors
    /// When the store is away or refuses; nothing has changed then.
    pub async fn forget_rest(&self, traces: &Traces, wish: &Wish) -> Result<Removed, Fault> {
        self.secure().await?;
        let removed = looking!(self, base => base.forget_rest(traces, wish))?;
        self.remove_objects(&removed.objects).await;
        Ok(removed)
    }

    /// Sees to it that what was removed cannot be found in the file either. Nobody else writes meanwhile.
    ///
    /// # Errors
    /// When the store is away, or there is no room for the file a second time.
    pub async fn scrub(&self) -> Result<Scrubbed, Fault> {
        match &self.kind {
            Kind::Lite(base) => base.scrub().await,
            Kind::Pg(_) => Ok(Scrubbed::ByServer),
        }
    }

    async fn secure(&self) -> Result<(), Fault> {
        match &self.kind {
            Kind::Lite(base) => base.secure().await,
            Kind::Pg(_) => Ok(()),
        }
    }

    /// What cannot be removed now is an orphan, and swept within a day.
    async fn remove_objects(&self, names: &[String]) {
        for name in names {
            if let Err(fault) = self.objects.remove(name).await {
                tracing::warn!(%fault, name, "a large mail that nobody names any more is still there; it is swept when it is a day old");
            }
        }
    }
}

/// Mail that became no message.
pub(in crate::store) struct Unthreaded {
    pub(in crate::store) id: i64,
    pub(in crate::store) held: bool,
    pub(in crate::store) size: i64,
    pub(in crate::store) octets: Vec<u8>,
    pub(in crate::store) object: Option<String>,
}

/// Octets of a mail in which an address is looked for.
pub(in crate::store) const SEARCHED: i64 = 256 * 1024;

/// Whether mail that became no message is to go: what is held when the person is its author, for others it may be the only mail; a copy or a
/// report when the person is named anywhere.
fn speaks_of(octets: &[u8], held: bool, person: &Person) -> bool {
    let lower = octets.to_ascii_lowercase();
    let names = |text: &[u8]| {
        [&person.key, &person.written].iter().any(|address| memchr::memmem::find(text, address.as_bytes()).is_some())
    };
    if !held {
        return names(&lower);
    }
    let end = memchr::memmem::find(&lower, b"\r\n\r\n").or_else(|| memchr::memmem::find(&lower, b"\n\n"));
    let header = &lower[..end.unwrap_or(lower.len())];
    let mut within = false;
    header.split(|octet| *octet == b'\n').any(|line| {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            within = [&b"from:"[..], b"sender:", b"reply-to:", b"return-path:"].iter().any(|name| line.starts_with(name));
        }
        within && names(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_mail_is_its_authors_and_a_report_of_everybody_it_names() {
        let mia = Person::of(&Address::parse("Mia@customer.example").unwrap());
        let mail = b"From: Noah\r\n <noah@customer.example>\r\nTo: MIA@customer.example\r\n\r\nmia@customer.example\r\n";
        assert!(!speaks_of(mail, true, &mia));
        assert!(speaks_of(mail, false, &mia));
        assert!(speaks_of(b"From: Mia\n <MIA@Customer.Example>\n\nHello\n", true, &mia));
        assert!(!speaks_of(
            b"From: emilia@customer.example.net\n\n",
            true,
            &Person::of(&Address::parse("noah@x.example").unwrap())
        ));
    }
}
