//! The desk of the threads, and one ticket's life in memory: mails go in through `parse`, `Case` and `decide`, notices come out.

use std::collections::HashMap;

use mail_parser::MessageParser;
use postdesk::decide::parse::parse;
use postdesk::decide::recall::Facts;
use postdesk::decide::write::texts::Texts;
use postdesk::decide::{Case, Decision, Rules, decide};
use postdesk::model::address::Address;
use postdesk::model::arrival::{Arrival, Authenticity, Findings, Peer, Source};
use postdesk::model::desk::{Access, AcknowledgementCaps, Agent, Department, Desk, Limits};
use postdesk::model::notice::Event;
use postdesk::model::seal::Key;
use postdesk::model::time::Time;
use postdesk::model::token::{Keyring, Purpose, Token, signed_address};

use crate::octets::{compose, readings};

pub(crate) const AGENTS: [(&str, &str); 2] = [("ana", "Ana Kovač"), ("boris", "Boris Ilić")];
pub(crate) const MIA: &str = "mia@customer.example";
pub(crate) const NOAH: &str = "noah@customer.example";
pub(crate) const SUPPORT: &str = "support@desk.example.org";
const NOW: Time = Time(20_770 * 86_400_000_000);

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) threads: u64,
    pub(crate) mails: u64,
    pub(crate) notes: u64,
    pub(crate) to_customers: u64,
    /// Honest answers, all of which left.
    pub(crate) honest: u64,
    /// Mails with words of a note that the guard stopped.
    pub(crate) stopped: u64,
    /// Those that left without these words.
    pub(crate) cut: u64,
}

impl Counts {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            threads: self.threads + other.threads,
            mails: self.mails + other.mails,
            notes: self.notes + other.notes,
            to_customers: self.to_customers + other.to_customers,
            honest: self.honest + other.honest,
            stopped: self.stopped + other.stopped,
            cut: self.cut + other.cut,
        }
    }
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|| panic!("{text} is not an address"))
}

/// The desk and its texts.
pub(crate) struct House {
    pub(crate) desk: Desk,
    texts: Texts,
}

impl House {
    pub(crate) fn new() -> Self {
        let support = Department {
            mailboxes: vec![address("help@shop.example")],
            agents: AGENTS.iter().map(|(key, _)| (*key).to_owned()).collect(),
            ..Department::new("support", "Example Support", "SUP", address(SUPPORT))
        };
        let agent = |(key, name): &(&str, &str)| Agent {
            key: (*key).to_owned(),
            name: (*name).to_owned(),
            address: address(&format!("{key}@staff.example")),
            other_addresses: Vec::new(),
            access: Access::Agent,
            language: None,
        };
        let caps = AcknowledgementCaps { per_hour: 9, per_day: 9, total_per_day: 99 };
        let keys = Keyring::new(Key::new(1, &[7; 32]), Vec::new());
        let agents = AGENTS.iter().map(agent).collect();
        let desk = Desk::new("desk.example.org".to_owned(), vec![support], agents, keys, Limits::default(), caps);
        Self { desk, texts: Texts::new(Vec::new()).expect("the built-in texts are in order") }
    }

    /// The address that an agent's notes on a ticket go to.
    pub(crate) fn note_address(&self, agent: &str, ticket: i64) -> Address {
        let recipient = self.desk.keys.recipient(&address(&format!("{agent}@staff.example")));
        let token = Token::Reply { purpose: Purpose::Note, ticket, recipient, day: NOW.day() };
        signed_address(&address(SUPPORT), &self.desk.keys.write(&token)).expect("there is room for a token")
    }
}

/// A notice in somebody's mailbox.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) event: Event,
    message_id: String,
    octets: Vec<u8>,
}

/// A notice as it is read.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) octets: Vec<u8>,
    pub(crate) text: String,
    /// What stands in the body of its HTML.
    pub(crate) html: String,
    pub(crate) subject: String,
    pub(crate) from: String,
    pub(crate) reply_to: Address,
    pub(crate) message_id: String,
}

impl Waiting {
    pub(crate) fn read(&self) -> Seen {
        let mail = parse(&self.octets, &Limits::default());
        Seen {
            octets: self.octets.clone(),
            text: format!("{}\n\n{}", mail.text, mail.quoted),
            html: page(&self.octets),
            subject: mail.subject,
            from: mail.from[0].to_string(),
            reply_to: mail.reply_to[0].address.clone(),
            message_id: self.message_id.clone(),
        }
    }
}

/// The body of the HTML of a mail, which mail programs take out of its page when they quote it.
fn page(octets: &[u8]) -> String {
    let mail = MessageParser::new().parse(octets).expect("a notice is a mail");
    let html = mail.body_html(0).expect("a notice has HTML").into_owned();
    let (_, inner) = html.split_once("<body").and_then(|(_, rest)| rest.split_once('>')).expect("a page has a body");
    inner.split_once("</body>").map_or(inner, |(inner, _)| inner).to_owned()
}

/// One ticket, from its first mail on.
pub(crate) struct World<'a> {
    pub(crate) house: &'a House,
    pub(crate) facts: Facts,
    pub(crate) canaries: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) inbox: HashMap<String, Vec<Waiting>>,
    pub(crate) ticket: i64,
    raws: HashMap<i64, Vec<u8>>,
    arrivals: i64,
    name: &'a str,
}

impl<'a> World<'a> {
    pub(crate) fn new(house: &'a House, name: &'a str) -> Self {
        let facts = Facts { next_number: 1, ..Facts::default() };
        let (canaries, notes, inbox, raws) = Default::default();
        Self { house, facts, canaries, notes, inbox, ticket: 1, raws, arrivals: 0, name }
    }

    /// A mail comes in, is decided, and what it causes is delivered.
    pub(crate) fn accept(&mut self, from: &str, to: &Address, raw: String, counts: &mut Counts) -> Decision {
        self.arrivals += 1;
        counts.mails += 1;
        let raw = raw.into_bytes();
        let desk = &self.house.desk;
        let arrival = Arrival {
            id: self.arrivals,
            raw_id: self.arrivals,
            department: "support".to_owned(),
            sender: Some(address(from)),
            recipients: vec![to.clone()],
            source: Source::Smtp,
            peer: Peer::default(),
            archived: false,
            received_at: NOW,
            attempts: 1,
            raw: Vec::new(),
            missing: None,
            findings: None,
            release: None,
        };
        let findings = Findings { authenticity: Authenticity::TrustedNetwork, verdicts: Vec::new() };
        let case = Case::new(arrival, parse(&raw, &desk.limits), findings, desk);
        let decision = decide(&case, &self.facts, Rules { desk, texts: &self.house.texts, now: NOW });
        self.facts.absorb(&case, &decision);
        self.raws.insert(self.arrivals, raw);
        for notice in &decision.notices {
            let octets = compose(notice, &self.raws);
            let recipient = notice.recipient.to_string();
            if !recipient.ends_with("@staff.example") {
                counts.to_customers += 1;
                self.look_for_canaries(&recipient, &octets, &decision);
            }
            let waiting = Waiting { event: notice.event, message_id: notice.message_id.clone(), octets };
            self.inbox.entry(recipient).or_default().push(waiting);
        }
        decision
    }

    fn look_for_canaries(&self, recipient: &str, octets: &[u8], decision: &Decision) {
        let readings = readings(octets);
        for canary in &self.canaries {
            let canary = canary.to_lowercase();
            let leaked = readings.iter().any(|reading| reading.contains(&canary));
            assert!(
                !leaked,
                "{}: {canary} of a note went to {recipient}\n{:#?}\n{}\n--- caused by\n{}\n--- notes\n{:#?}",
                self.name,
                decision.reasons,
                String::from_utf8_lossy(octets),
                String::from_utf8_lossy(&self.raws[&self.arrivals]),
                self.notes,
            );
        }
    }

    /// Says which thread it was, and what was decided of which mail.
    pub(crate) fn complain(&self, what: &str, decision: &Decision) -> ! {
        let raw = String::from_utf8_lossy(&self.raws[&self.arrivals]);
        panic!("{}: {what}: {:?} {:#?}\n{raw}\n--- notes\n{:#?}", self.name, decision.outcome, decision.reasons, self.notes)
    }
}
