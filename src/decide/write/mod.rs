//! A notice becomes a finished mail: the same octets at each attempt, with a Message-ID that proves itself when it comes back.
//!
//! What goes into a header passes `header`, which leaves no room for a line break; files are not copied but named by their range of
//! the raw mail they came in.

mod about;
pub mod body;
pub mod due;
mod files;
pub mod header;
pub mod held;
pub mod page;
mod parts;
pub mod phrases;
pub mod receipt;
mod scrub;
pub mod texts;
pub mod undelivered;
pub mod words;

use super::watchers::Watcher;
use super::{Relation, Rules};
use crate::model::address::{Address, Mailbox};
use crate::model::desk::{Department, Desk};
use crate::model::message::Message;
use crate::model::notice::{Event, Outgoing};
use crate::model::ticket::Ticket;
use crate::model::token::{Purpose, Token, signed_address};
use about::{ticket_words, words};
use files::Enclosed;
use header::Header;
use page::Look;
use parts::{Parts, parts};
use phrases::Voice;
use texts::Frame;
use words::Words;

/// The subject of a ticket whose first mail had none, in tables; a notice says it in the language of its reader.
pub(super) const NO_SUBJECT: &str = "(no subject)";

/// What a notice speaks of.
#[derive(Debug)]
pub struct Notice<'a> {
    /// Who is told, and of what.
    pub watcher: &'a Watcher<'a>,
    /// The ticket as it is now.
    pub ticket: &'a Ticket,
    /// Its department.
    pub department: &'a Department,
    /// The entry that caused it.
    pub message: &'a Message,
    /// The raw mail that holds the entry's files.
    pub raw_id: i64,
    /// Number of another ticket that this one has to do with.
    pub related: Option<(i64, Relation)>,
    /// Addresses that the mail was also sent to and that do not follow the ticket.
    pub suggested: &'a [&'a Address],
}

/// Makes the mail.
pub fn write(notice: &Notice<'_>, rules: Rules<'_>) -> Outgoing {
    let Notice { ticket, message, .. } = notice;
    let ids = match (&ticket.first_message_id, &ticket.last_message_id) {
        (Some(first), Some(last)) if first != last => vec![first.as_str(), last.as_str()],
        (first, last) => first.iter().chain(last).take(1).map(String::as_str).collect(),
    };
    let event = notice.watcher.event;
    let files = match event {
        Event::Request | Event::Reply | Event::Answer | Event::Note => message.attachments.as_slice(),
        Event::Acknowledgement
        | Event::Closed
        | Event::Reopened
        | Event::Receipt
        | Event::Assigned
        | Event::Undelivered
        | Event::Held
        | Event::Digest
        | Event::Begun
        | Event::DueSoon
        | Event::Overdue
        | Event::Alarm => &[],
    };
    let (words, files) = words(notice, rules, files);
    let from_person = match event {
        Event::Request | Event::Reply | Event::Answer | Event::Note | Event::Receipt => Some(words.author.name),
        _ => None,
    };
    let letter = Letter {
        watcher: notice.watcher,
        ticket: Some(ticket),
        department: notice.department,
        arrival: message.arrival,
        words,
        from_person,
        references: ids,
        files,
        raw_id: notice.raw_id,
        internal: event == Event::Note,
    };
    letter.finish(rules)
}

/// What stands around the text of a message in the notices of an event: nobody's words but ours.
pub fn frame(watcher: &Watcher<'_>, ticket: &Ticket, department: &Department, rules: Rules<'_>) -> String {
    let words = Words { internal: watcher.event == Event::Note, ..ticket_words(ticket, department, watcher, rules) };
    let voice = voice(watcher, Some(ticket), department, rules);
    let event = watcher.event.name();
    rules.texts.render(voice.language, event, Frame::of(event, true), words).1.text()
}

/// How the reader of a notice is spoken to.
fn voice<'a>(watcher: &Watcher<'a>, ticket: Option<&'a Ticket>, department: &'a Department, rules: Rules<'a>) -> Voice<'a> {
    let own = match watcher.agent {
        Some(agent) => agent.language.as_deref(),
        None => ticket.and_then(|ticket| ticket.language.as_deref()).filter(|_| department.detect_language),
    };
    let language = own.unwrap_or(&department.language);
    Voice { phrases: &rules.texts.phrases, language, zone: &department.hours.zone }
}

/// A mail before it is put into octets.
struct Letter<'a> {
    watcher: &'a Watcher<'a>,
    /// The ticket it speaks of; only a receipt may have none.
    ticket: Option<&'a Ticket>,
    department: &'a Department,
    arrival: i64,
    words: Words<'a>,
    from_person: Option<&'a str>,
    references: Vec<&'a str>,
    files: Vec<Enclosed<'a>>,
    raw_id: i64,
    /// Whether an answer to it is for agents only.
    internal: bool,
}

/// The sealed names of one mail.
struct Names {
    message_id: String,
    reply_to: Address,
    bounce: Address,
    /// Followers can leave: by mail to an address, or by a link with the token in it.
    unfollow: Option<(Address, String)>,
}

impl Letter<'_> {
    fn finish(mut self, rules: Rules<'_>) -> Outgoing {
        let event = self.watcher.event;
        let names = self.names(rules);
        let voice = voice(self.watcher, self.ticket, self.department, rules);
        let words = std::mem::take(&mut self.words);
        let frame = Frame::of(event.name(), words.to_agent);
        let (subject, page) = rules.texts.render(voice.language, event.name(), frame, words);
        let automatic = auto_submitted(event, self.watcher.agent.is_some());
        let mut header = Header::default();
        header.mailbox("From", &self.from(&names, voice));
        header.mailbox("To", &self.watcher.person);
        header.mailbox("Reply-To", &Mailbox { name: self.department.name.clone(), address: names.reply_to.clone() });
        header.text("Subject", &subject);
        header.raw("Date", &rules.now.rfc5322());
        header.ids("Message-ID", &[&names.message_id]);
        if let Some(last) = self.references.last() {
            header.ids("In-Reply-To", &[last]);
            header.ids("References", &self.references);
        }
        if let Some((unfollow, token)) = &names.unfollow {
            let by_mail = format!("<mailto:{unfollow}?subject=unfollow>");
            match &rules.desk.public_url {
                // RFC 8058 section 3.1.
                Some(url) => {
                    header.raw("List-Unsubscribe", &format!("{by_mail}, <{url}/unfollow/{token}>"));
                    header.raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
                }
                None => header.raw("List-Unsubscribe", &by_mail),
            }
        }
        if let Some(value) = automatic {
            header.raw("Auto-Submitted", value);
            // Exchange does not look at Auto-Submitted, but at this (MS-OXCMAIL section 2.1.3.2.22).
            header.raw("X-Auto-Response-Suppress", "All");
        }
        // Whatever brings a mail of ours back to us, under another Message-ID perhaps, keeps this.
        header.raw("X-Loop", &rules.desk.hostname);
        header.raw("MIME-Version", "1.0");
        let look = Look { language: voice.language, to_agent: self.watcher.agent.is_some() };
        let Parts { head, parts, tail } = parts(header, &page, look, (&self.files, self.raw_id), &names.message_id);
        Outgoing {
            event,
            ticket: self.ticket.map(|ticket| ticket.number),
            arrival: self.arrival,
            recipient: self.watcher.person.address.clone(),
            sender: names.bounce,
            message_id: names.message_id,
            automatic: automatic.is_some(),
            head,
            parts,
            tail,
        }
    }

    fn names(&self, rules: Rules<'_>) -> Names {
        let keys = &rules.desk.keys;
        let recipient = keys.recipient(&self.watcher.person.address);
        let (day, arrival, event) = (rules.now.day(), self.arrival, self.watcher.event);
        let department = &self.department.address;
        // The settings leave room for a token in every department's address; without it, the plain address still reaches us.
        let signed = |token: &str| signed_address(department, token).unwrap_or_else(|| department.clone());
        let bounce = keys.write(&Token::Bounce { arrival, recipient });
        let Some(ticket) = self.ticket.map(|ticket| ticket.number) else {
            // It links to nothing, so that an answer to it is a mail to the department, as the one before.
            let message_id = format!("{}.{bounce}@{}", event.name(), rules.desk.hostname);
            return Names { message_id, reply_to: department.clone(), bounce: signed(&bounce), unfollow: None };
        };
        // The receipt of a note is a note's in both, in case a mail program does not look at Reply-To.
        let (purpose, code) = if self.internal { (Purpose::Note, Event::Note.code()) } else { (Purpose::Reply, event.code()) };
        let reply = keys.write(&Token::Reply { purpose, ticket, recipient, day });
        let message = Token::Message { ticket, recipient, day, arrival, event: code };
        let unfollow = Token::Reply { purpose: Purpose::Unfollow, ticket, recipient, day };
        Names {
            message_id: format!("{}@{}", keys.write(&message), rules.desk.hostname),
            reply_to: signed(&reply),
            bounce: signed(&bounce),
            unfollow: self.is_to_follower().then(|| keys.write(&unfollow)).map(|token| (signed(&token), token)),
        }
    }

    fn is_to_follower(&self) -> bool {
        let person = &self.watcher.person.address;
        let mut followers = self.ticket.iter().flat_map(|ticket| &ticket.followers);
        self.watcher.agent.is_none() && followers.any(|follower| follower.address == *person)
    }

    /// Customers see the public mailbox they wrote to. Agents see the signed address in From too: some clients ignore Reply-To.
    fn from(&self, names: &Names, voice: Voice<'_>) -> Mailbox {
        let department = &self.department.name;
        let named = |key, person| voice.say(key, &[("person", person), ("department", department)]);
        let public = || self.ticket.map_or_else(|| self.department.address.clone(), |ticket| ticket.mailbox.clone());
        let (name, address) = match (&self.from_person, self.watcher.agent) {
            (Some(person), Some(_)) => (named("from.to-agent", person), names.reply_to.clone()),
            (Some(person), None) => (named("from.to-customer", person), public()),
            (None, Some(_)) => (department.clone(), names.reply_to.clone()),
            (None, None) => (department.clone(), public()),
        };
        Mailbox { name, address }
    }
}

/// RFC 3834 section 5. An agent's answer is a person's mail, only carried by us.
fn auto_submitted(event: Event, to_agent: bool) -> Option<&'static str> {
    match event {
        Event::Acknowledgement => Some("auto-replied"),
        Event::Answer if !to_agent => None,
        _ => Some("auto-generated"),
    }
}

/// The reference of a ticket, as subjects carry it.
pub fn reference(department: &Department, number: i64) -> String {
    format!("{}-{number}", department.prefix)
}

fn called<'a>(name: &'a str, address: Option<&'a Address>, voice: Voice<'a>) -> &'a str {
    match (name.is_empty(), address) {
        (true, Some(address)) => address.as_str(),
        (true, None) => voice.word("person.unknown"),
        (false, _) => name,
    }
}

/// A subject without `Re:` and without references of ours, so that neither piles up.
pub(super) fn bare_subject(subject: &str, desk: &Desk) -> String {
    let mut bare = subject.to_owned();
    while let Some(start) = bare.find('[') {
        let Some(end) = bare[start..].find(']').map(|length| start + length) else { break };
        let ours = bare[start + 1..end].rsplit_once('-').is_some_and(|(prefix, number)| {
            let known = desk.departments.iter().any(|department| department.prefix.eq_ignore_ascii_case(prefix));
            known && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if !ours {
            break;
        }
        bare.replace_range(start..=end, "");
    }
    let mut bare = bare.trim();
    while let Some(rest) = bare.get(..3).filter(|start| start.eq_ignore_ascii_case("re:")).map(|_| &bare[3..]) {
        bare = rest.trim_start();
    }
    if bare.is_empty() { NO_SUBJECT.to_owned() } else { bare.split_whitespace().collect::<Vec<_>>().join(" ") }
}

/// A bare subject as a reader sees it.
fn titled(subject: &str, desk: &Desk, voice: Voice<'_>) -> String {
    let bare = bare_subject(subject, desk);
    if bare == NO_SUBJECT { voice.word("subject.none").to_owned() } else { bare }
}
