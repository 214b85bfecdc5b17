//! When a ticket is due after a mail: by the department's answer time, or as an agent says.

use std::sync::LazyLock;
use std::time::Duration;

use postdesk::decide::parse::parse;
use postdesk::decide::recall::Facts;
use postdesk::decide::write::texts::Texts;
use postdesk::decide::{Case, Decision, Rules, decide};
use postdesk::model::address::Address;
use postdesk::model::arrival::{Arrival, Authenticity, Findings, Peer, Source};
use postdesk::model::desk::Desk;
use postdesk::model::hours::{Hours, Window};
use postdesk::model::ticket::Ticket;
use postdesk::model::time::{Time, Zone};

use crate::desk::{NOW, desk, ticket};
use crate::world::expand;

/// A time that no rule comes to.
const BY_RULE: Time = Time(NOW.0 + 3_600_000_000);

static TEXTS: LazyLock<Texts> = LazyLock::new(|| Texts::new(Vec::new()).expect("the built-in texts are in order"));

fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3_600)
}

/// Billing answers within two hours.
fn two_departments() -> Desk {
    let mut desk = desk();
    desk.departments[1].answer_within = Some(hours(2));
    desk
}

/// What is decided of a trusted mail, about SUP-7 as it is given or about nothing.
fn decided(from: &str, text: &str, before: Option<&Ticket>, desk: &Desk) -> Decision {
    let to = match before {
        Some(_) => format!("support+%reply(7,{from})%@desk.example.org"),
        None => "support@desk.example.org".to_owned(),
    };
    let to = String::from_utf8(expand(to.as_bytes(), &mut Vec::new())).expect("an address");
    let raw = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Re: Broken kettle\r\nMessage-ID: <new@elsewhere.example>\r\n\r\n{text}\r\n"
    );
    let arrival = Arrival {
        id: 100,
        raw_id: 100,
        department: "support".to_owned(),
        sender: Address::parse(from),
        recipients: Address::parse(&to).into_iter().collect(),
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
    let case = Case::new(arrival, parse(raw.as_bytes(), &desk.limits), findings, desk);
    let mut facts = Facts { next_number: 8, ..Facts::default() };
    facts.tickets.extend(before.map(|ticket| (7, ticket.clone())));
    // Decided a while after it came: the customer has waited since then.
    decide(&case, &facts, Rules { desk, texts: &TEXTS, now: NOW.plus(hours(5)) })
}

fn after(from: &str, text: &str, before: Option<&Ticket>, desk: &Desk) -> (Option<Time>, bool) {
    let decision = decided(from, text, before, desk);
    let change = decision.change.unwrap_or_else(|| panic!("{text}: {:?}", decision.reasons));
    (change.ticket.due_at, change.ticket.due_by_hand)
}

const MIA: &str = "mia@customer.example";
const ANA: &str = "ana@staff.example";

#[test]
fn a_ticket_is_due_within_the_answer_time_from_the_mail_that_makes_it_our_turn() {
    let desk = two_departments();
    let soon = Some(NOW.plus(hours(8)));
    let by_hand = Some(NOW.plus(hours(100)));
    let christmas = Time::end_of_date("2026-12-24", &Zone::default());
    // Status, due before and by hand; who writes what; due after and by hand.
    let cases = [
        ("open", Some(BY_RULE), false, MIA, "Any news?", Some(BY_RULE), false),
        ("open", None, false, MIA, "Any news?", None, false),
        ("awaiting-customer", None, false, MIA, "It does not help.", soon, false),
        ("awaiting-customer", by_hand, true, MIA, "It does not help.", by_hand, true),
        ("closed", None, false, MIA, "It is broken again.", soon, false),
        ("open", Some(BY_RULE), false, ANA, "Try the switch.", None, false),
        ("open", by_hand, true, ANA, "Try the switch.", by_hand, true),
        ("open", Some(BY_RULE), false, ANA, "#open\r\n\r\nWe are looking into it.", Some(BY_RULE), false),
        ("open", Some(BY_RULE), false, ANA, "#note\r\nShe is cross.", Some(BY_RULE), false),
        ("open", Some(BY_RULE), false, ANA, "#due 2026-12-24", christmas, true),
        ("open", Some(BY_RULE), false, ANA, "#due 2026-12-24\r\n\r\nBy Christmas.", christmas, true),
        ("open", by_hand, true, ANA, "#due none", None, false),
        ("open", Some(BY_RULE), false, ANA, "#due none", None, false),
        ("open", by_hand, true, ANA, "#close", None, false),
        ("open", Some(BY_RULE), false, ANA, "#due 2026-12-24\r\n#close", None, false),
        ("closed", None, false, ANA, "#open", soon, false),
        ("awaiting-customer", None, false, ANA, "#open\r\n#due none", None, false),
        ("open", Some(BY_RULE), false, ANA, "#department billing", Some(NOW.plus(hours(2))), false),
        ("open", by_hand, true, ANA, "#department billing", by_hand, true),
        ("awaiting-customer", None, false, ANA, "#department billing", None, false),
        ("open", Some(BY_RULE), false, ANA, "#status awaiting-customer", None, false),
    ];
    for (status, due_at, due_by_hand, from, text, due_after, by_hand_after) in cases {
        let before = Ticket { due_at, due_by_hand, ..ticket(status) };
        let found = after(from, text, Some(&before), &desk);
        assert_eq!(found, (due_after, by_hand_after), "{status}, {due_at:?}: {from} writes {text:?}");
    }
}

#[test]
fn every_new_ticket_is_due_in_working_time_of_its_department() {
    let mut desk = two_departments();
    let window = Window { opens: 9 * 3_600, closes: 17 * 3_600 };
    let zone = Zone::named("Europe/Zagreb").expect("a zone");
    // A Friday, an hour after midnight there.
    desk.departments[0].hours = Hours::new(zone, std::array::from_fn(|_| vec![window]), Vec::new()).expect("they open");
    let passed_on = "Please look.\r\n\r\n---------- Forwarded message ---------\r\nFrom: Petra <petra@customer.example>\r\nDate: Thu, 12 Nov 2026 \
                     10:00:00 +0000\r\nSubject: Keys\r\nTo: <boris@staff.example>\r\n\r\nTwo keys are missing.";
    for (from, text) in [(MIA, "My kettle leaks."), (ANA, "My own kettle leaks."), (ANA, passed_on)] {
        let (due_at, by_hand) = after(from, text, None, &desk);
        assert_eq!((due_at.map(Time::rfc3339).as_deref(), by_hand), (Some("2026-11-13T16:00:00Z"), false), "{text}");
    }
    desk.departments[0].answer_within = None;
    assert_eq!(after(MIA, "My kettle leaks.", None, &desk), (None, false));
}

#[test]
fn a_day_is_that_of_the_department_and_the_receipt_says_so() {
    let mut desk = two_departments();
    desk.departments[0].hours = Hours::round_the_clock(Zone::named("Pacific/Kiritimati").expect("a zone"));
    let decision = decided(ANA, "#due tomorrow", Some(&ticket("open")), &desk);
    let due = decision.change.as_ref().and_then(|change| change.ticket.due_at);
    // Decided at 05:00 in UTC, which is 19:00 there.
    assert_eq!(due.map(Time::rfc3339).as_deref(), Some("2026-11-14T09:59:59Z"));
    let head = &decision.notices[0].head;
    assert!(head.contains("It is due at the end of 14 November 2026."), "{head}");
    let late = decided(ANA, "#due 2026-11-12", Some(&ticket("open")), &desk);
    let closed = decided(ANA, "#due tomorrow\r\n#close", Some(&ticket("open")), &desk);
    let receipt = closed.notices.iter().find(|notice| notice.event.name() == "receipt").map(|notice| notice.head.as_str());
    assert!(receipt.is_some_and(|head| head.contains("A closed ticket is not due")), "{receipt:?}");
    assert!(late.change.is_none() && late.notices[0].head.contains("today is 13 November 2026"), "{}", late.notices[0].head);
}
