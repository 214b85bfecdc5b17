//! Mail of an archive: whatever it says, and whatever the store knows, nothing of it leaves, nothing is obeyed, and nobody follows.

use std::sync::LazyLock;
use std::time::Duration;

use postdesk::decide::parse::parse;
use postdesk::decide::recall::Facts;
use postdesk::decide::write::texts::Texts;
use postdesk::decide::{Case, Decision, Rules, decide};
use postdesk::model::address::Address;
use postdesk::model::arrival::{Arrival, Authenticity, Findings, Outcome, Source};
use postdesk::model::desk::Limits;
use postdesk::model::mail::Mail;
use postdesk::model::message::Kind;
use postdesk::model::ticket::{Status, Ticket};
use postdesk::model::time::Time;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::desk::{NOW, arrival, desk, facts, ticket};
use crate::world::{Family, expand, families};

const DAY: Duration = Duration::from_secs(86_400);

fn read(raw: &[u8]) -> Mail {
    parse(raw, &Limits::default())
}

/// What is decided of a mail, out of an archive or live; the facts go on.
fn decided(arrival: Arrival, mail: &Mail, authenticity: Authenticity, facts: &mut Facts) -> Decision {
    static TEXTS: LazyLock<Texts> = LazyLock::new(|| Texts::new(Vec::new()).expect("the built-in texts are in order"));
    let desk = desk();
    let case = Case::new(arrival, mail.clone(), Findings { authenticity, verdicts: Vec::new() }, &desk);
    let decision = decide(&case, facts, Rules { desk: &desk, texts: &TEXTS, now: NOW });
    facts.absorb(&case, &decision);
    decision
}

/// Nothing that an archived mail may not do has been done by it.
fn check(mail: &Mail, before: &Facts, decision: &Decision) {
    assert!(decision.notices.is_empty(), "a notice leaves: {:?}", decision.reasons);
    assert!(decision.failed.is_empty() && decision.operations.is_empty() && decision.alive.is_none());
    assert!(decision.proves.is_none(), "an archive proves nobody");
    let made =
        matches!(decision.outcome, Outcome::Held | Outcome::Command | Outcome::Duplicate | Outcome::Automatic | Outcome::Bounce);
    assert!(made || decision.message.is_some(), "{:?} without a message", decision.outcome);
    assert!(decision.events.iter().all(|event| event.at <= NOW));
    if let Some(message) = decision.message.as_ref().filter(|message| message.forwarded.is_none()) {
        assert_eq!(message.text, mail.text, "commands are text");
    }
    let Some(change) = &decision.change else { return };
    let now = &change.ticket;
    match before.tickets.get(&now.number) {
        Some(was) => {
            let same = (&was.followers, &was.participants, &was.tags, was.priority, &was.department, &was.requester);
            assert_eq!((&now.followers, &now.participants, &now.tags, now.priority, &now.department, &now.requester), same);
            assert_eq!((&now.proven, now.lately, now.closed_at.or(was.closed_at)), (&was.proven, was.lately, was.closed_at));
            assert!(now.due_at.is_none() || now.due_at == was.due_at, "it became due");
            assert!(now.updated_at >= was.updated_at && now.status != Status::Closed || now.status == was.status);
        }
        None => {
            assert!(now.followers.is_empty() && now.participants.is_empty() && now.tags.is_empty() && now.proven.is_empty());
            assert!(now.due_at.is_none() && now.lately.is_of_archive(), "it is due or counted");
            assert!(desk().agents.iter().all(|agent| agent.address != now.requester.address) || now.internal);
            assert!(!desk().is_ours(&now.requester.address), "{} would answer itself", now.requester.address);
        }
    }
}

/// A world of the fixtures, in which nothing that live mail may have brought about is missing.
fn world(family: &Family, status: usize) -> Facts {
    let mut facts = facts(family);
    let status = ["new", "open", "awaiting-customer", "closed", "closed long ago"][status];
    if let Some(known) = facts.tickets.get_mut(&7) {
        let due_at = (status == "new" || status == "open").then(|| NOW.plus(DAY));
        let (followers, internal, requester) = (known.followers.clone(), known.internal, known.requester.clone());
        *known = Ticket { due_at, followers, internal, requester, ..ticket(status) };
    }
    facts
}

#[test]
fn whatever_is_imported_nothing_leaves_nothing_is_obeyed_and_nobody_follows() {
    let families = families();
    let index = any::<prop::sample::Index>;
    let strategy = (index(), index(), index(), 0..5_usize, 0..800_u64, any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() });
    let result = runner.run(&strategy, |(mail, world_of, end, status, days, whole)| {
        let (family, other) = (mail.get(&families), world_of.get(&families));
        let end = if whole { family.raw.len() } else { end.index(family.raw.len() + 1) };
        let mail = read(&family.raw[..end]);
        let mut facts = world(if whole { family } else { other }, status);
        let before = facts.clone();
        let received_at = NOW.minus(DAY * u32::try_from(days).unwrap_or_default());
        let arrival = Arrival { source: Source::Import, archived: true, received_at, release: None, ..arrival(family) };
        let decision = decided(arrival, &mail, Authenticity::Unproven, &mut facts);
        check(&mail, &before, &decision);
        prop_assert_eq!(facts.acknowledged, before.acknowledged);
        prop_assert_eq!(facts.acknowledged_in_all, before.acknowledged_in_all);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn every_family_as_it_stands_is_imported_in_every_world() {
    let mut kinds = std::collections::BTreeSet::new();
    for family in families() {
        let mail = read(&family.raw);
        for status in 0..5 {
            let released = arrival(&family).release.map(Some);
            for release in std::iter::once(None).chain(released) {
                let mut facts = world(&family, status);
                let before = facts.clone();
                let authenticity = if release.is_some() { Authenticity::Operator } else { Authenticity::Unproven };
                let arrival = Arrival { source: Source::Import, archived: true, release, ..arrival(&family) };
                let decision = decided(arrival, &mail, authenticity, &mut facts);
                check(&mail, &before, &decision);
                kinds.insert(decision.outcome.name());
            }
        }
    }
    let expected = ["answer", "automatic", "bounce", "command", "held", "note", "reply", "request"];
    assert!(expected.iter().filter(|kind| **kind != "held").all(|kind| kinds.contains(kind)), "{kinds:?}");
}

/// A mail of so many days ago: who wrote it, to whom, its id, and what it answers to.
fn octets(from: &str, to: &str, id: &str, answers: &str, text: &str) -> Vec<u8> {
    let answers = if answers.is_empty() { String::new() } else { format!("In-Reply-To: <{answers}@x.example>\r\n") };
    format!("From: <{from}>\r\nTo: <{to}>\r\nSubject: Kettle\r\nMessage-ID: <{id}@x.example>\r\n{answers}\r\n{text}\r\n")
        .into_bytes()
}

const MIA: &str = "mia@customer.example";
const ANA: &str = "ana@staff.example";
const HELP: &str = "help@shop.example";

fn taken(id: i64, source: Source, days: u32, from: &str, to: &str) -> Arrival {
    let family = &families()[0];
    let address = |text: &str| Address::parse(text).expect("an address");
    let recipients = if desk().is_ours(&address(to)) { vec![address(to)] } else { Vec::new() };
    let received_at = NOW.minus(DAY * days);
    Arrival {
        id,
        raw_id: id,
        archived: source == Source::Import,
        source,
        received_at,
        sender: Some(address(from)),
        recipients,
        release: None,
        ..arrival(family)
    }
}

fn imported(facts: &mut Facts, id: i64, days: u32, (from, to): (&str, &str), answers: &str) -> Decision {
    let mail = read(&octets(from, to, &format!("m{id}"), answers, &format!("Text {id}.")));
    let before = facts.clone();
    let decision = decided(taken(id, Source::Import, days, from, to), &mail, Authenticity::Unproven, facts);
    check(&mail, &before, &decision);
    decision
}

fn live(facts: &mut Facts, id: i64, (from, to): (&str, &str), answers: &str) -> Decision {
    let mail = read(&octets(from, to, &format!("m{id}"), answers, &format!("Text {id}.")));
    decided(taken(id, Source::Smtp, 0, from, to), &mail, Authenticity::TrustedNetwork, facts)
}

fn told(decision: &Decision) -> Vec<String> {
    decision.notices.iter().map(|notice| format!("{} to {}", notice.event.name(), notice.recipient)).collect()
}

fn days_ago(time: Time) -> i64 {
    (NOW.0 - time.0) / 86_400_000_000
}

/// Request, answer, reply of long ago.
fn conversation() -> Facts {
    let mut facts = Facts { next_number: 1, ..Facts::default() };
    let mut stands = Vec::new();
    for (id, days, between, answers) in [(1, 400, (MIA, HELP), ""), (2, 399, (ANA, MIA), "m1"), (3, 390, (MIA, HELP), "m2")] {
        let decision = imported(&mut facts, id, days, between, answers);
        let change = decision.change.expect("the ticket changes");
        assert_eq!((change.ticket.number, days_ago(change.ticket.created_at)), (1, 400));
        assert_eq!(days_ago(change.ticket.updated_at), i64::from(days), "a ticket lives by the dates of its mails");
        stands.push((decision.outcome, change.ticket.status, change.ticket.assignee));
    }
    let ana = || Some("ana".to_owned());
    let expected = [
        (Outcome::Request, Status::New, None),
        (Outcome::Answer, Status::AwaitingCustomer, ana()),
        (Outcome::Reply, Status::Open, ana()),
    ];
    assert_eq!(stands, expected);
    facts
}

#[test]
fn live_mail_goes_on_with_a_conversation_out_of_an_archive_as_with_any_other() {
    let mut facts = conversation();
    let reply = live(&mut facts, 4, (MIA, HELP), "m3");
    assert_eq!((reply.outcome, reply.ticket, told(&reply)), (Outcome::Reply, Some(1), vec![format!("reply to {ANA}")]));
    let ticket = reply.change.expect("the ticket changes").ticket;
    assert!(ticket.due_at.is_some_and(|due| due > NOW), "somebody waits for an answer from now on");
    let to = String::from_utf8(expand(b"support+%reply(1,ana@staff.example)%@desk.example.org", &mut Vec::new())).expect("text");
    let answer = live(&mut facts, 5, (ANA, &to), "");
    assert_eq!((answer.outcome, told(&answer)), (Outcome::Answer, vec![format!("answer to {MIA}")]));
    let status = answer.change.expect("the ticket changes").ticket.status;
    assert_eq!(status, Status::AwaitingCustomer);
}

#[test]
fn a_mail_that_is_older_than_the_last_change_of_its_ticket_is_an_entry_only() {
    let mut facts = conversation();
    let (before, late) = (facts.tickets[&1].clone(), imported(&mut facts, 4, 395, (ANA, MIA), "m1"));
    assert_eq!((late.outcome, late.message.map(|message| message.kind)), (Outcome::Answer, Some(Kind::Answer)));
    assert_eq!(late.change.expect("it is written").ticket, before, "as the later mails left it");
    // What came live is later than every archive.
    live(&mut facts, 5, (MIA, HELP), "m3");
    let before = facts.tickets[&1].clone();
    imported(&mut facts, 6, 1, (ANA, MIA), "m3");
    assert_eq!(facts.tickets[&1], before);
}

#[test]
fn the_same_mail_out_of_an_archive_and_live_is_one() {
    for archive_first in [true, false] {
        let mut facts = Facts { next_number: 1, ..Facts::default() };
        let first =
            if archive_first { imported(&mut facts, 1, 30, (MIA, HELP), "") } else { live(&mut facts, 1, (MIA, HELP), "") };
        assert_eq!((first.outcome, first.notices.is_empty()), (Outcome::Request, archive_first));
        let mail = read(&octets(MIA, HELP, "m1", "", "Text 1."));
        let (source, proven) =
            if archive_first { (Source::Smtp, Authenticity::TrustedNetwork) } else { (Source::Import, Authenticity::Unproven) };
        let copy = decided(taken(2, source, 0, MIA, HELP), &mail, proven, &mut facts);
        assert_eq!((copy.outcome, copy.ticket, told(&copy)), (Outcome::Duplicate, Some(1), Vec::new()));
    }
}

#[test]
fn a_mail_whose_parent_is_missing_threads_by_what_else_it_refers_to() {
    let mut facts = conversation();
    let mail = read(
        b"From: <zoe@customer.example>\r\nTo: <help@shop.example>\r\nMessage-ID: <z@x.example>\r\n\
                References: <m1@x.example> <lost-1@x.example>\r\nIn-Reply-To: <lost-2@x.example>\r\n\r\nMe too.\r\n",
    );
    let before = facts.clone();
    let arrival = taken(9, Source::Import, 380, "zoe@customer.example", HELP);
    let decision = decided(arrival, &mail, Authenticity::Unproven, &mut facts);
    check(&mail, &before, &decision);
    assert_eq!((decision.outcome, decision.ticket), (Outcome::Reply, Some(1)));
}
