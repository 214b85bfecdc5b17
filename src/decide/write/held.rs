//! Mails about held mail: to the agent in whose name somebody wrote, and to an admin about what was done.
//!
//! They speak of no ticket, so nothing in them opens one: whoever is told of a forgery gets no link with it. What a stranger wrote stands
//! on one line, short, behind a word of ours.

use super::header::Header;
use super::page::Look;
use super::parts::{Parts, parts};
use super::phrases::Voice;
use super::texts::Frame;
use super::titled;
use super::words::{Done, HeldWords, Refusal, Words};
use crate::decide::parse::characters::{is_invisible, one_line};
use crate::decide::phrase::Phrase;
use crate::decide::update::held::{KNOWN, Unclear};
use crate::decide::{Case, Rules};
use crate::model::address::{Address, Mailbox};
use crate::model::arrival::Cause;
use crate::model::desk::{Agent, Department};
use crate::model::notice::{Event, Outgoing};
use crate::model::token::{Purpose, Token, signed_address};

/// Characters of foreign text that are shown.
const SHOWN: usize = 100;

/// What an admin is told of the admin's own mail.
#[derive(Debug)]
pub enum Answer<'a> {
    /// What became of each held mail, by its number.
    Done(&'a [(i64, Phrase)]),
    /// It was not understood.
    Unclear(&'a Unclear),
}

/// Tells an agent, at the address on file, of a mail that was held because the agent's authority was lacking. `None` on a desk without
/// departments, which has no address to write from.
pub fn refusal(case: &Case, cause: Cause, agent: &Agent, rules: Rules<'_>) -> Option<Outgoing> {
    let department = department_of(&case.arrival.department, rules)?;
    let voice = voice(agent, department, rules);
    let peer = &case.arrival.peer;
    let ip = peer.ip.map(|ip| ip.to_string());
    let host = match (&ip, &peer.helo) {
        (Some(ip), Some(helo)) => voice.tell(&Phrase::new("held.host").with("ip", ip).with("helo", shown(helo))),
        (Some(ip), None) => ip.clone(),
        (None, _) => voice.word("held.host-pipe").to_owned(),
    };
    let from: Vec<&str> = case.mail.from.iter().map(|mailbox| mailbox.address.as_str()).collect();
    let words = Words {
        department: &department.name,
        held: HeldWords {
            arrival: case.arrival.id,
            at: voice.date(case.arrival.received_at),
            host,
            from: shown(&from.join(", ")),
            subject: shown(&case.mail.subject),
            cause: voice.tell(&Phrase::of("cause", cause.name())),
            ..HeldWords::default()
        },
        ..Words::default()
    };
    let slip =
        Slip { event: Event::Held, text: "held", agent, department, arrival: case.arrival.id, answers: None, links: false };
    Some(slip.finish(words, rules))
}

/// Tells an admin what became of the admin's reply to a digest.
pub fn receipt(case: &Case, admin: &Agent, answer: &Answer<'_>, rules: Rules<'_>) -> Option<Outgoing> {
    let department = department_of(&case.arrival.department, rules)?;
    let voice = voice(admin, department, rules);
    let (done, unclear) = match answer {
        Answer::Done(done) => (*done, None),
        Answer::Unclear(unclear) => (Default::default(), Some((shown(&unclear.line), voice.tell(&unclear.why)))),
    };
    let words = Words {
        department: &department.name,
        refused: unclear.into_iter().map(|(line, why)| Refusal { line, why }).collect(),
        held: HeldWords {
            known: KNOWN,
            done: done.iter().map(|(arrival, said)| Done { arrival: *arrival, said: voice.tell(said) }).collect(),
            subject: shown(&titled(&case.mail.subject, rules.desk, voice)),
            ..HeldWords::default()
        },
        ..Words::default()
    };
    let answers = case.mail.message_id.as_deref();
    let slip = Slip {
        event: Event::Receipt,
        text: "operated",
        agent: admin,
        department,
        arrival: case.arrival.id,
        answers,
        links: true,
    };
    Some(slip.finish(words, rules))
}

/// The department that a mail about this one leaves from: its own, or the first, when it has left the configuration.
pub(in crate::decide) fn department_of<'a>(key: &str, rules: Rules<'a>) -> Option<&'a Department> {
    rules.desk.department(key).or_else(|| rules.desk.departments.first())
}

/// How an agent is spoken to of held mail.
pub(in crate::decide) fn voice<'a>(agent: &'a Agent, department: &'a Department, rules: Rules<'a>) -> Voice<'a> {
    let language = agent.language.as_deref().unwrap_or(&department.language);
    Voice { phrases: &rules.texts.phrases, language, zone: &department.hours.zone }
}

/// Foreign text on one line, without what would turn or hide a part of it, and not longer than a line is.
pub(in crate::decide) fn shown(text: &str) -> String {
    shown_up_to(text, SHOWN)
}

/// The same with so many characters.
pub(in crate::decide) fn shown_up_to(text: &str, most: usize) -> String {
    let line = one_line(text);
    let mut visible = line.chars().filter(|c| !is_invisible(*c));
    let mut short: String = visible.by_ref().take(most).collect();
    if visible.next().is_some() {
        short.push('…');
    }
    short
}

/// A mail to one agent that speaks of no ticket.
pub(in crate::decide) struct Slip<'a> {
    pub(in crate::decide) event: Event,
    /// Name of its text.
    pub(in crate::decide) text: &'static str,
    pub(in crate::decide) agent: &'a Agent,
    pub(in crate::decide) department: &'a Department,
    /// The arrival that it is noted with.
    pub(in crate::decide) arrival: i64,
    /// Message-ID of the mail that it answers.
    pub(in crate::decide) answers: Option<&'a str>,
    /// Whether an answer may hold commands on held mail.
    pub(in crate::decide) links: bool,
}

impl Slip<'_> {
    pub(in crate::decide) fn finish(self, words: Words<'_>, rules: Rules<'_>) -> Outgoing {
        let keys = &rules.desk.keys;
        let recipient = keys.recipient(&self.agent.address);
        let (day, arrival, event) = (rules.now.day(), self.arrival, self.event.code());
        let id = keys.write(&Token::Message { ticket: 0, recipient, day, arrival, event });
        let message_id = format!("{id}@{}", rules.desk.hostname);
        let reply = keys.write(&Token::Reply { purpose: Purpose::Held, ticket: 0, recipient, day });
        let bounce = keys.write(&Token::Bounce { arrival, recipient });
        let own = &self.department.address;
        let signed = |token: &str| signed_address(own, token).unwrap_or_else(|| own.clone());
        let from: Address = if self.links { signed(&reply) } else { own.clone() };
        let from = Mailbox { name: self.department.name.clone(), address: from };
        let language = voice(self.agent, self.department, rules).language;
        let (subject, page) = rules.texts.render(language, self.text, Frame::of(self.text, true), words);
        let mut header = Header::default();
        header.mailbox("From", &from);
        header.mailbox("To", &Mailbox { name: self.agent.name.clone(), address: self.agent.address.clone() });
        if self.links {
            header.mailbox("Reply-To", &from);
        }
        header.text("Subject", &subject);
        header.raw("Date", &rules.now.rfc5322());
        header.ids("Message-ID", &[&message_id]);
        if let Some(id) = self.answers {
            header.ids("In-Reply-To", &[id]);
            header.ids("References", &[id]);
        }
        header.raw("X-Loop", &rules.desk.hostname);
        header.raw("Auto-Submitted", "auto-generated");
        // Exchange does not look at Auto-Submitted, but at this (MS-OXCMAIL section 2.1.3.2.22).
        header.raw("X-Auto-Response-Suppress", "All");
        header.raw("MIME-Version", "1.0");
        let look = Look { language, to_agent: true };
        let Parts { head, parts, tail } = parts(header, &page, look, (&[], 0), &message_id);
        Outgoing {
            event: self.event,
            ticket: None,
            arrival,
            recipient: self.agent.address.clone(),
            sender: signed(&bounce),
            message_id,
            automatic: true,
            head,
            parts,
            tail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn foreign_text_is_one_short_line_that_shows_all_it_is(text in any::<String>(), wild in "[\u{202a}-\u{202e}\u{2066}-\u{2069}\u{200b}\r\n#> a]{0,300}") {
            for text in [text, wild] {
                let line = shown(&text);
                prop_assert!(line.chars().count() <= SHOWN + 1);
                let bad = |c: char| c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                prop_assert!(!line.chars().any(bad));
            }
        }
    }
}
