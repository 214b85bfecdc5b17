//! The desk of the fixtures and the decisions it makes: the same world as `fixtures/mail/README.md` describes.

use std::time::Duration;

use postdesk::decide::parse::parse;
use postdesk::decide::recall::{Acknowledged, Facts, Held, Sent, cap_key};
use postdesk::decide::write::texts::Texts;
use postdesk::decide::{Case, Decision, Rules, decide};
use postdesk::model::address::{Address, Mailbox};
use postdesk::model::arrival::{Arrival, Authenticity, Findings, Peer, Release, Source};
use postdesk::model::desk::{Access, AcknowledgementCaps, Agent, Department, Desk, Limits, SenderPattern, Stranger};
use postdesk::model::notice::{Event, Outgoing};
use postdesk::model::ticket::{Lately, Priority, Status, Ticket};
use postdesk::model::time::Time;
use postdesk::model::token::Token;
use serde_json::{Value, json};

use crate::world::{Family, expand, keys};

/// When every fixture is decided: the day after its tokens were issued.
pub(crate) const NOW: Time = Time(20_770 * 86_400_000_000);
/// The arrival that is decided. Those before it belong to SUP-7, when that exists.
const ARRIVAL: i64 = 100;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|| panic!("{text} is not an address"))
}

fn mailbox(name: &str, text: &str) -> Mailbox {
    Mailbox { name: name.to_owned(), address: address(text) }
}

fn agent(key: &str, name: &str, access: Access) -> Agent {
    let address = address(&format!("{key}@staff.example"));
    Agent { key: key.to_owned(), name: name.to_owned(), address, other_addresses: Vec::new(), access, language: None }
}

fn agents() -> Vec<Agent> {
    vec![
        agent("ana", "Ana Kovač", Access::Agent),
        agent("boris", "Boris Ilić", Access::Agent),
        agent("ivan", "Ivan Horvat", Access::Agent),
        agent("kata", "Katarina Horvat", Access::Agent),
        agent("vera", "Vera Đurić", Access::Viewer),
        agent("olga", "Olga Perić", Access::Admin),
    ]
}

/// The desk of the fixtures.
pub(crate) fn desk() -> Desk {
    let support = Department {
        mailboxes: vec![address("help@shop.example")],
        agents: vec!["ana".to_owned(), "boris".to_owned()],
        answer_within: Some(Duration::from_secs(8 * 3600)),
        ..Department::new("support", "Example Support", "SUP", address("support@desk.example.org"))
    };
    let caps = AcknowledgementCaps { per_hour: 1, per_day: 5, total_per_day: 40 };
    let billing = Department {
        key: "billing".to_owned(),
        name: "Example Billing".to_owned(),
        prefix: "BIL".to_owned(),
        address: address("billing@desk.example.org"),
        mailboxes: Vec::new(),
        agents: vec!["ivan".to_owned(), "kata".to_owned()],
        ..support.clone()
    };
    Desk::new("desk.example.org".to_owned(), vec![support, billing], agents(), keys(), Limits::default(), caps)
}

/// SUP-7 with this status.
pub(crate) fn ticket(status: &str) -> Ticket {
    let days = |count: u64| NOW.minus(Duration::from_secs(count * 86_400));
    let (status, closed_at) = match status {
        "closed" => (Status::Closed, Some(days(1))),
        "closed long ago" => (Status::Closed, Some(days(60))),
        other => (Status::from_name(other).unwrap_or_else(|| panic!("{other} is not a status")), None),
    };
    let id = Some("kettle-1@customer.example".to_owned());
    Ticket {
        number: 7,
        department: "support".to_owned(),
        subject: "Broken kettle".to_owned(),
        status,
        priority: Priority::Medium,
        due_at: None,
        due_by_hand: false,
        reminded_of: None,
        overdue_of: None,
        language: None,
        recent: Vec::new(),
        internal: false,
        requester: mailbox("Mia Berg", "mia@customer.example"),
        assignee: (status != Status::New).then(|| "ana".to_owned()),
        mailbox: address("help@shop.example"),
        first_message_id: id.clone(),
        last_message_id: id,
        created_at: days(90),
        updated_at: days(1),
        closed_at,
        followers: vec![mailbox("Noah", "noah@customer.example")],
        participants: Vec::new(),
        tags: Vec::new(),
        proven: Vec::new(),
        lately: Lately::default(),
    }
}

/// The same as a ticket of Ana's own, which Boris has answered.
fn internal_ticket() -> Ticket {
    let requester = mailbox("Ana Kovač", "ana@staff.example");
    let assignee = Some("boris".to_owned());
    Ticket { internal: true, requester, assignee, followers: Vec::new(), ..ticket("awaiting-customer") }
}

fn pattern(text: &str) -> SenderPattern {
    match text.strip_prefix('@') {
        Some(domain) => SenderPattern::Domain(domain.to_owned()),
        None => SenderPattern::Address(address(text)),
    }
}

pub(crate) fn facts(family: &Family) -> Facts {
    let mut facts = facts_of_the_ticket(family);
    for (number, cause) in family.facts.get("held").and_then(|held| held.as_table()).into_iter().flatten() {
        let arrival = number.parse().expect("the number of an arrival");
        let held = Held {
            arrival,
            department: "support".to_owned(),
            sender: Some("ana@staff.example".to_owned()),
            subject: format!("Held {number}"),
            cause: cause.as_str().expect("a cause").to_owned(),
            ticket: None,
            received_at: NOW,
        };
        facts.held.insert(arrival, held);
    }
    for agent in family.facts.get("told").and_then(|told| told.as_array()).into_iter().flatten() {
        let key = cap_key(Event::Held, &address(agent.as_str().expect("an address"))).expect("it is counted");
        facts.acknowledged.insert(key, Acknowledged { hour: 1, day: 1 });
    }
    facts
}

fn facts_of_the_ticket(family: &Family) -> Facts {
    let Some(named) = family.facts.get("ticket").and_then(|value| value.as_str()) else {
        return Facts { next_number: 1, ..Facts::default() };
    };
    let status = named.strip_prefix("SUP-7 ").unwrap_or_else(|| panic!("{}: {named}", family.name));
    let mut facts = Facts { next_number: 8, ..Facts::default() };
    facts.tickets.insert(7, if status == "of ana" { internal_ticket() } else { ticket(status) });
    facts.by_message_id.insert("kettle-1@customer.example".to_owned(), vec![7]);
    facts.by_arrival.extend([(3, 7), (5, 7)]);
    let notes = family.facts.get("notes").and_then(|notes| notes.as_array()).into_iter().flatten();
    facts.notes.insert(7, notes.filter_map(|note| note.as_str()).map(str::to_owned).collect());
    facts.public.insert(7, vec!["My kettle does not boil any more. What can I do?".to_owned()]);
    facts.texts.insert(7, vec!["My kettle does not boil any more. What can I do?".to_owned()]);
    if family.facts.get("another").is_some() {
        let zoe = mailbox("Zoe", "zoe@customer.example");
        facts.tickets.insert(8, Ticket { number: 8, requester: zoe, followers: Vec::new(), ..ticket("open") });
        facts.next_number = 9;
    }
    for proven in family.facts.get("proven").and_then(|value| value.as_array()).into_iter().flatten() {
        let key = address(proven.as_str().expect("an address")).key();
        facts.tickets.get_mut(&7).expect("it exists").proven.push(key);
    }
    let proven = family.facts.get("lately").and_then(|value| value.as_integer()).unwrap_or_default();
    facts.tickets.get_mut(&7).expect("it exists").lately = Lately { since: NOW, proven, ..Lately::default() };
    facts.dead.extend(words(family, "dead"));
    facts.by_message_id.extend(words(family, "known").into_iter().map(|id| (id, vec![7])));
    for (id, words) in (1..).zip(words(family, "sent")) {
        let (arrival, sent) = notice(id, &words);
        facts.sent.entry(arrival).or_default().push(sent);
    }
    facts
}

/// The texts of a list in the facts, with their placeholders replaced.
fn words(family: &Family, key: &str) -> Vec<String> {
    let values = family.facts.get(key).and_then(|value| value.as_array()).into_iter().flatten();
    values
        .map(|value| String::from_utf8(expand(value.as_str().unwrap_or("").as_bytes(), &mut Vec::new())).expect("text"))
        .collect()
}

/// A notice that was sent the day before: `answer 5 mia@customer.example sent` (event, arrival, recipient, state).
fn notice(id: i64, words: &str) -> (i64, Sent) {
    let [event, arrival, recipient, state] = words.split(' ').collect::<Vec<_>>()[..] else { panic!("{words} is no notice") };
    let message_id = expand(format!("%message(7,{recipient},{arrival},{event})%@desk.example.org").as_bytes(), &mut Vec::new());
    let sent = Sent {
        id,
        event: event.to_owned(),
        recipient: address(recipient),
        ticket: Some(7),
        message_id: String::from_utf8(message_id).expect("text"),
        state: state.to_owned(),
        created_at: NOW.minus(Duration::from_secs(86_400)),
    };
    (arrival.parse().expect("a number"), sent)
}

/// A family's mail in custody.
pub(crate) fn arrival(family: &Family) -> Arrival {
    let word =
        |value: &toml::Value| String::from_utf8(expand(value.as_str().unwrap_or("").as_bytes(), &mut Vec::new())).expect("text");
    let release = family.facts.get("released").and_then(|value| value.as_integer());
    let source = family.facts.get("source").and_then(|value| value.as_str()).unwrap_or("smtp");
    let days = family.facts.get("days_ago").and_then(|value| value.as_integer()).unwrap_or_default();
    Arrival {
        id: ARRIVAL,
        raw_id: ARRIVAL,
        department: "support".to_owned(),
        sender: family.facts.get("from").map(|from| address(&word(from))),
        recipients: family.facts["to"].as_array().expect("a list").iter().map(|to| address(&word(to))).collect(),
        source: Source::from_name(source).unwrap_or_else(|| panic!("{}: {source} is no source", family.name)),
        peer: Peer::default(),
        received_at: NOW.minus(Duration::from_secs(86_400 * days.unsigned_abs())),
        archived: source == "import",
        attempts: 1,
        raw: Vec::new(),
        missing: None,
        findings: None,
        release: release.map(|onto| Release { by: "operator".to_owned(), onto: Some(onto).filter(|onto| *onto != 0) }),
    }
}

/// What is decided of a family's mail.
pub(crate) fn decided(family: &Family) -> Decision {
    let (mut desk, texts) = (desk(), Texts::new(Vec::new()).expect("the built-in texts are in order"));
    if let Some(policy) = family.facts.get("stranger").and_then(|value| value.as_str()) {
        assert_eq!(policy, "new-ticket");
        desk.departments[0].stranger = Stranger::NewTicket;
    }
    if family.facts.contains_key("tell") {
        let tell = words(family, "tell");
        desk.departments[0].tell_begun = tell.iter().any(|event| event == "begun");
        desk.departments[0].tell_closed = tell.iter().any(|event| event == "closed");
    }
    let trusted = family.facts["trusted"].as_bool() == Some(true);
    let arrival = arrival(family);
    desk.automatic_mail.human_senders = words(family, "human_senders").iter().map(|text| pattern(text)).collect();
    let authenticity = if trusted { Authenticity::TrustedNetwork } else { Authenticity::Unproven };
    let authenticity = if arrival.release.is_some() { Authenticity::Operator } else { authenticity };
    let findings = Findings { authenticity, verdicts: Vec::new() };
    let case = Case::new(arrival, parse(&family.raw, &desk.limits), findings, &desk);
    decide(&case, &facts(family), Rules { desk: &desk, texts: &texts, now: NOW })
}

/// A decision for people to read: what is said in `mail` already is left out.
pub(crate) fn decision_section(family: &Family) -> Value {
    let decision = decided(family);
    let ticket = decision.change.as_ref().map(|change| &change.ticket);
    let message = decision.message.as_ref();
    let events = decision.events.iter().map(|event| {
        let words = [Some(event.kind), event.from.as_deref(), event.from.as_ref().map(|_| "→"), event.to.as_deref()];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        format!("SUP-{}: {} (by {})", event.ticket, words.join(" "), event.actor)
    });
    let mut section = json!({
        "outcome": decision.outcome.name(),
        "cause": decision.cause.map(|cause| cause.name()),
        "ticket": decision.ticket,
        "follows": decision.change.as_ref().and_then(|change| change.related).map(|(number, _)| number),
        "status": ticket.map(|ticket| ticket.status.name()),
        "assignee": ticket.and_then(|ticket| ticket.assignee.clone()),
        "message": message.map(|message| message.kind.name()),
        "text": message.map(|message| message.text.split('\n').collect::<Vec<_>>()),
        "remark": message.and_then(|message| message.remark.as_ref()).map(|remark| remark.text.split('\n').collect::<Vec<_>>()),
        "events": events.collect::<Vec<_>>(),
        "notices": decision.notices.iter().map(|notice| format!("{} to {}", notice.event.name(), notice.recipient)).collect::<Vec<_>>(),
        "reasons": decision.reasons,
    });
    if let Some(section) = section.as_object_mut() {
        section.retain(|name, value| name != "remark" || !value.is_null());
    }
    if !decision.operations.is_empty() {
        let operations = decision
            .operations
            .iter()
            .map(|operation| format!("{}: {:?} (by {})", operation.arrival, operation.action, operation.by));
        section["operations"] = operations.collect();
    }
    if let Some(receipt) = decision.notices.iter().find(|notice| notice.event.name() == "receipt") {
        section["receipt"] = receipt_section(receipt);
    }
    // Rare things, which most families do not speak of.
    if family.facts.contains_key("source") {
        section["of"] = people_and_times(&decision);
    }
    let failed: Vec<String> = decision
        .failed
        .iter()
        .map(|failed| {
            format!("notice {}{}: {}", failed.notice, failed.dead.as_ref().map(|_| ", dead").unwrap_or_default(), failed.why)
        })
        .collect();
    if !failed.is_empty() {
        section["failed"] = json!(failed);
    }
    if family.facts.get("language").is_some() {
        section["language"] = json!(ticket.and_then(|ticket| ticket.language.as_deref()));
        section["acknowledgement"] = json!(acknowledgement(&decision));
    }
    if let Some(alive) = &decision.alive {
        section["alive"] = json!(alive);
    }
    section
}

/// The lines of the acknowledgement, as its reader sees it.
fn acknowledgement(decision: &Decision) -> Option<Vec<String>> {
    let told = decision.notices.iter().find(|notice| notice.event == Event::Acknowledgement)?;
    let mail = parse(told.head.as_bytes(), &Limits::default());
    Some(format!("{}\n\n{}", mail.subject, mail.text).split('\n').map(str::to_owned).collect())
}

/// What matters where a mail came late.
fn people_and_times(decision: &Decision) -> Value {
    let ticket = decision.change.as_ref().map(|change| &change.ticket);
    let author = decision.message.as_ref().map(|message| &message.author);
    json!({
        "requester": ticket.map(|ticket| ticket.requester.to_string()),
        "followers": ticket.map(|ticket| ticket.followers.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "due": ticket.is_some_and(|ticket| ticket.due_at.is_some()),
        "days_ago": ticket.map(|ticket| (NOW.0 - ticket.updated_at.0) / 86_400_000_000),
        "author": author.map(|author| (author.name.clone(), author.agent.clone())),
    })
}

/// A receipt as its reader sees it, and what an answer to it would be.
fn receipt_section(receipt: &Outgoing) -> Value {
    let mail = parse(receipt.head.as_bytes(), &Limits::default());
    let text = format!("{}\n{}", mail.text, mail.quoted);
    let desk = desk();
    let purpose = |token| match token {
        Some(Token::Reply { purpose, .. }) => format!("{purpose:?}"),
        Some(Token::Message { event, .. }) => format!("{:?}", Event::from_code(event)),
        _ => "none".to_owned(),
    };
    let by_address = purpose(mail.reply_to.first().and_then(|mailbox| desk.token_in(&mailbox.address)));
    let by_id = purpose(desk.token_in_message_id(&receipt.message_id));
    json!({ "subject": mail.subject, "links": [by_address, by_id], "text": text.trim_end().split('\n').collect::<Vec<_>>() })
}
