//! A conversation whose notices are looked at: each kind that looks different, made by the code that makes every other.

use std::collections::HashMap;
use std::time::Duration;

use mail_parser::{MessageParser, MimeHeaders, PartType};
use postdesk::decide::digest::{Untold, digest};
use postdesk::decide::parse::parse;
use postdesk::decide::recall::{Facts, Held};
use postdesk::decide::watchers::Watcher;
use postdesk::decide::write::texts::Texts;
use postdesk::decide::write::{Notice, write};
use postdesk::decide::{Case, Decision, Rules, decide};
use postdesk::model::address::Address;
use postdesk::model::arrival::{Arrival, Authenticity, Findings, Peer, Source};
use postdesk::model::desk::{Access, AcknowledgementCaps, Agent, Department, Desk, Limits};
use postdesk::model::notice::{Event, Outgoing};
use postdesk::model::seal::Key;
use postdesk::model::ticket::Priority;
use postdesk::model::time::Time;
use postdesk::model::token::{Keyring, Purpose, Token, signed_address};

use crate::mails::{ANSWER, MIA, NOTE, answer, reply, request};
use crate::octets::{base64, compose};

/// Kinds of notices that are shown.
pub(crate) const KINDS: usize = 9;

/// Thursday, 12 November 2026, in the morning.
const NOW: Time = Time(20_769 * 86_400_000_000 + 9 * 3_600_000_000);
const ANA: &str = "ana@staff.example";
const BORIS: &str = "boris@staff.example";
const SUPPORT: &str = "support@desk.example.org";

/// A notice as a mail program shows it.
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    /// The sheet that it is shown on.
    pub(crate) sheet: &'static str,
    pub(crate) html: String,
    pub(crate) octets: Vec<u8>,
    /// Pictures that stand in it.
    pub(crate) pictures: u64,
}

struct Scene {
    desk: Desk,
    texts: Texts,
    facts: Facts,
    raws: HashMap<i64, Vec<u8>>,
    shown: Vec<Shown>,
}

/// Every kind of notice.
pub(crate) fn shown() -> Vec<Shown> {
    let mut scene = Scene::new();
    let asked = scene.accept(MIA, "help@shop.example", request());
    let ticket = scene.facts.tickets.get_mut(&1).expect("a request opens a ticket");
    (ticket.due_at, ticket.priority) = (Some(Time(NOW.0 + 28_800_000_000)), Priority::High);
    ticket.tags = vec!["kitchen".to_owned(), "warranty".to_owned()];
    ticket.participants = vec!["boris".to_owned()];
    scene.show("acknowledgement", &asked, MIA, Event::Acknowledgement);
    let to_ana = scene.show("request", &asked, ANA, Event::Request);
    let answered = scene.accept(ANA, &to_ana, answer(ANA, &to_ana, ANSWER));
    let to_mia = scene.show("answer", &answered, MIA, Event::Answer);
    let replied = scene.accept(MIA, &to_mia, reply(&to_mia));
    scene.show("reply", &replied, ANA, Event::Reply);
    let refused = scene.accept(ANA, &to_ana, answer(ANA, &to_ana, "#clsoe\n\nA new base is on its way."));
    scene.show("receipt", &refused, ANA, Event::Receipt);
    let to_note = scene.note_address();
    let noted = scene.accept(BORIS, &to_note, answer(BORIS, &to_note, NOTE));
    scene.show("note", &noted, ANA, Event::Note);
    let forged = scene.accept_from(ANA, SUPPORT, answer(ANA, SUPPORT, "#close"), Authenticity::Unproven);
    scene.show("held", &forged, ANA, Event::Held);
    scene.overdue(&replied);
    scene.digest();
    scene.shown
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|| panic!("{text} is not an address"))
}

impl Scene {
    fn new() -> Self {
        let support = Department {
            mailboxes: vec![address("help@shop.example")],
            agents: vec!["ana".to_owned(), "boris".to_owned()],
            assignee: Some("ana".to_owned()),
            answer_within: Some(Duration::from_secs(8 * 3_600)),
            acknowledge: true,
            ..Department::new("support", "Example Support", "SUP", address(SUPPORT))
        };
        let agent = |key: &str, name: &str, access| Agent {
            key: key.to_owned(),
            name: name.to_owned(),
            address: address(&format!("{key}@staff.example")),
            other_addresses: Vec::new(),
            access,
            language: None,
        };
        let agents = vec![agent("ana", "Ana Kovač", Access::Admin), agent("boris", "Boris Ilić", Access::Agent)];
        let keys = Keyring::new(Key::new(1, &[7; 32]), Vec::new());
        let caps = AcknowledgementCaps { per_hour: 9, per_day: 9, total_per_day: 99 };
        // Small, so that one of the files is too large.
        let limits = Limits { attached: 900_000, ..Limits::default() };
        let desk = Desk::new("desk.example.org".to_owned(), vec![support], agents, keys, limits, caps);
        let texts = Texts::new(Vec::new()).expect("the built-in texts are in order");
        let facts = Facts { next_number: 1, ..Facts::default() };
        Self { desk, texts, facts, raws: HashMap::new(), shown: Vec::new() }
    }

    fn rules(&self) -> Rules<'_> {
        Rules { desk: &self.desk, texts: &self.texts, now: NOW }
    }

    fn accept(&mut self, from: &str, to: &str, raw: String) -> Decision {
        self.accept_from(from, to, raw, Authenticity::TrustedNetwork)
    }

    fn accept_from(&mut self, from: &str, to: &str, raw: String, authenticity: Authenticity) -> Decision {
        let id = self.raws.len() as i64 + 1;
        let raw = raw.into_bytes();
        let arrival = Arrival {
            id,
            raw_id: id,
            department: "support".to_owned(),
            sender: Some(address(from)),
            recipients: vec![address(to)],
            source: Source::Smtp,
            peer: Peer::default(),
            archived: false,
            received_at: Time(NOW.0 + id * 540_000_000),
            attempts: 1,
            raw: Vec::new(),
            missing: None,
            findings: None,
            release: None,
        };
        let findings = Findings { authenticity, verdicts: Vec::new() };
        let case = Case::new(arrival, parse(&raw, &self.desk.limits), findings, &self.desk);
        let decision = decide(&case, &self.facts, self.rules());
        self.facts.absorb(&case, &decision);
        self.raws.insert(id, raw);
        decision
    }

    fn note_address(&self) -> String {
        let recipient = self.desk.keys.recipient(&address(BORIS));
        let token = Token::Reply { purpose: Purpose::Note, ticket: 1, recipient, day: NOW.day() };
        signed_address(&address(SUPPORT), &self.desk.keys.write(&token)).expect("there is room for a token").to_string()
    }

    /// Shows the notice to somebody, and says where an answer to it goes.
    fn show(&mut self, name: &'static str, decision: &Decision, to: &str, event: Event) -> String {
        let wanted = |notice: &&Outgoing| notice.event == event && notice.recipient.as_str() == to;
        let notice = decision.notices.iter().find(wanted);
        let notice = notice.unwrap_or_else(|| panic!("no {name} to {to}: {:#?}", decision.reasons));
        self.picture(name, notice)
    }

    fn picture(&mut self, name: &'static str, notice: &Outgoing) -> String {
        let octets = compose(notice, &self.raws);
        let (html, pictures) = as_shown(&octets);
        let sheet = match name {
            "acknowledgement" | "answer" => "customer",
            "request" | "reply" => "agent",
            "note" | "receipt" => "internal",
            "overdue" => "clock",
            _ => "held",
        };
        let mail = parse(&octets, &Limits::default());
        self.shown.push(Shown { name, sheet, html, octets, pictures });
        mail.reply_to.first().map(|reply_to| reply_to.address.to_string()).unwrap_or_default()
    }

    fn overdue(&mut self, decision: &Decision) {
        let message = decision.message.as_ref().expect("a reply is a message");
        let notice = Notice {
            watcher: &Watcher::agent(&self.desk.agents[0], Event::Overdue),
            ticket: &self.facts.tickets[&1],
            department: &self.desk.departments[0],
            message,
            raw_id: message.arrival,
            related: None,
            suggested: &[],
        };
        let notice = write(&notice, self.rules());
        self.picture("overdue", &notice);
    }

    fn digest(&mut self) {
        let held = |arrival, sender: Option<&str>, subject: &str, cause: &str, ticket| Held {
            arrival,
            department: "support".to_owned(),
            sender: sender.map(str::to_owned),
            subject: subject.to_owned(),
            cause: cause.to_owned(),
            ticket,
            received_at: NOW,
        };
        let held = vec![
            held(
                41,
                Some("somebody-with-a-very-long-address@mail.of-another-company.example"),
                "Re: Broken kettle",
                "not-on-ticket",
                Some(1),
            ),
            held(40, None, "Urgent: your mailbox is full 🚨", "no-sender", None),
        ];
        let untold = Untold { held, count: 3, noted_with: 42, dead: Default::default() };
        let notices = digest(&untold, self.rules());
        self.picture("digest", &notices[0]);
    }
}

/// The HTML of a mail with the pictures that it brings in place of their addresses, and how many these are.
fn as_shown(octets: &[u8]) -> (String, u64) {
    let mail = MessageParser::new().parse(octets).expect("a mail of ours is a mail");
    let page = mail.html_body.first().and_then(|id| mail.part(*id)).expect("an HTML part");
    let PartType::Html(html) = &page.body else { panic!("the HTML of a mail is no HTML") };
    let mut html = html.to_string();
    let mut pictures = 0;
    for part in mail.parts.iter().filter(|part| part.content_id().is_some()) {
        let media_type =
            part.content_type().map(|media_type| format!("{}/{}", media_type.ctype(), media_type.subtype().unwrap_or_default()));
        let data = format!("data:{};base64,{}", media_type.unwrap_or_default(), base64(part.contents()).replace("\r\n", ""));
        let named = format!("cid:{}", part.content_id().unwrap_or_default());
        assert!(html.contains(&named), "{named} is not named in {html}");
        pictures += html.matches(&named).count() as u64;
        html = html.replace(&named, &data);
    }
    (html, pictures)
}
