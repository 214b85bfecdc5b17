//! What the clock brings about: who is told that a ticket is due, and of mail that was given up, each once.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use postdesk::decide::Rules;
use postdesk::decide::parse::parse;
use postdesk::decide::tick::{GivenUp, Late, Told, due_event, given_up, horizons, tell};
use postdesk::decide::write::texts::Texts;
use postdesk::model::address::Address;
use postdesk::model::desk::{Desk, Limits};
use postdesk::model::hours::{Hours, Window};
use postdesk::model::notice::{Event, Outgoing};
use postdesk::model::ticket::{Recent, Ticket};
use postdesk::model::time::{Time, Zone};
use proptest::prelude::*;

use crate::desk::{NOW, desk, ticket};

static TEXTS: LazyLock<Texts> = LazyLock::new(|| Texts::new(Vec::new()).expect("the built-in texts are in order"));

fn minutes(count: i64) -> Time {
    Time(NOW.0 + count * 60_000_000)
}

fn told(ticket: &Ticket, event: Event, desk: &Desk, dead: &[&str]) -> Told {
    let dead: HashSet<String> = dead.iter().map(|key| (*key).to_owned()).collect();
    tell(&Late { ticket, event, arrival: 42, dead: &dead }, Rules { desk, texts: &TEXTS, now: NOW })
}

fn recipients(notices: &[Outgoing]) -> Vec<&str> {
    notices.iter().map(|notice| notice.recipient.as_str()).collect()
}

/// All that the reader sees.
fn words(notice: &Outgoing) -> String {
    let mail = parse(notice.head.as_bytes(), &Limits::default());
    format!("{}\n{}\n{}", mail.subject, mail.text, mail.quoted)
}

#[test]
fn a_ticket_is_told_as_near_for_an_hour_and_then_as_past() {
    let (desk, due) = (desk(), Some(minutes(600)));
    let before = Some(minutes(500));
    // Status, told as near and as past; the time; what is told.
    let cases = [
        ("open", None, None, 539, None),
        ("open", None, None, 540, Some(Event::DueSoon)),
        ("new", None, None, 540, Some(Event::DueSoon)),
        ("open", due, None, 599, None),
        ("open", before, before, 599, Some(Event::DueSoon)),
        ("open", None, None, 600, Some(Event::Overdue)),
        ("open", due, None, 600, Some(Event::Overdue)),
        ("open", None, None, 600_000, Some(Event::Overdue)),
        ("open", due, due, 600_000, None),
        ("open", due, due, 550, None),
        ("open", None, due, 550, None),
        ("awaiting-customer", None, None, 600, None),
        ("closed", None, None, 600, None),
    ];
    for (status, reminded_of, overdue_of, now, expected) in cases {
        let ticket = Ticket { due_at: due, reminded_of, overdue_of, ..ticket(status) };
        assert_eq!(due_event(&ticket, &desk, minutes(now)), expected, "{status} {reminded_of:?} {overdue_of:?} at {now}");
    }
    assert_eq!(due_event(&ticket("open"), &desk, minutes(0)), None);
}

#[test]
fn the_reminder_counts_working_time_and_takes_half_the_answer_time_at_most() {
    let mut desk = desk();
    let window = Window { opens: 9 * 3_600, closes: 17 * 3_600 };
    let week = std::array::from_fn(|day| if day < 5 { vec![window] } else { Vec::new() });
    desk.departments[0].hours = Hours::new(Zone::default(), week, Vec::new()).expect("they open");
    // NOW is a Friday at midnight; the ticket is due on Monday at half past nine, that is half an hour of work after Friday's.
    let monday = minutes(3 * 24 * 60 + 9 * 60 + 30);
    let late = Ticket { due_at: Some(monday), ..ticket("open") };
    assert_eq!(due_event(&late, &desk, minutes(16 * 60 + 29)), None);
    assert_eq!(due_event(&late, &desk, minutes(16 * 60 + 30)), Some(Event::DueSoon));
    desk.departments[0].answer_within = Some(Duration::from_secs(1_200));
    assert_eq!(due_event(&late, &desk, minutes(3 * 24 * 60 + 9 * 60 + 19)), None);
    assert_eq!(due_event(&late, &desk, minutes(3 * 24 * 60 + 9 * 60 + 20)), Some(Event::DueSoon));
    desk.departments[0].remind_before = Duration::ZERO;
    assert_eq!(due_event(&late, &desk, Time(monday.0 - 1)), None);
    assert_eq!(due_event(&late, &desk, monday), Some(Event::Overdue));
    let elsewhere = Ticket { department: "former".to_owned(), ..late };
    assert_eq!(due_event(&elsewhere, &desk, Time(monday.0 - 1)), None);
    assert_eq!(due_event(&elsewhere, &desk, monday), Some(Event::Overdue));
}

#[test]
fn agents_are_told_with_what_they_need_and_customers_never() {
    let desk = desk();
    let recent = Recent { arrival: 3, author: "Mia Berg".to_owned(), at: NOW.0, text: "It leaks.".to_owned() };
    let open =
        Ticket { due_at: Some(minutes(30)), participants: vec!["kata".to_owned()], recent: vec![recent], ..ticket("open") };
    let new = Ticket { participants: Vec::new(), ..Ticket { status: ticket("new").status, assignee: None, ..open.clone() } };
    for (ticket, event, dead, expected) in [
        (&open, Event::DueSoon, &[][..], &["ana@staff.example", "kata@staff.example"][..]),
        (&open, Event::Overdue, &[], &["ana@staff.example", "kata@staff.example"]),
        (&open, Event::Overdue, &["ana@staff.example"], &["kata@staff.example"]),
        (&new, Event::DueSoon, &[], &[]),
        (&new, Event::Overdue, &[], &["ana@staff.example", "boris@staff.example"]),
    ] {
        let told = told(ticket, event, &desk, dead);
        assert_eq!(recipients(&told.notices), expected, "{event:?}");
        let due = ticket.due_at;
        assert_eq!((told.ticket.reminded_of, told.ticket.overdue_of), (due, due.filter(|_| event == Event::Overdue)));
        assert_eq!((told.event.kind, told.event.to.as_deref()), (event.name(), Some("2026-11-13 00:30")));
        for notice in &told.notices {
            let words = words(notice);
            for part in ["SUP-7", "13 November 2026, 00:30", "mia@customer.example", "It leaks."] {
                assert!(words.contains(part), "{part} in {words}");
            }
            assert_eq!((notice.arrival, notice.ticket, notice.automatic), (42, Some(7), true));
        }
    }
}

fn failed(event: &str, recipient: &str, why: &str) -> GivenUp {
    GivenUp {
        notice: 1,
        ticket: Some(7),
        arrival: 3,
        event: event.to_owned(),
        recipient: Address::parse(recipient).expect("an address"),
        sent_at: NOW,
        why: why.to_owned(),
    }
}

fn told_of(failed: &[&GivenUp], ticket: &Ticket) -> Vec<Outgoing> {
    given_up(failed, ticket, 42, &HashSet::new(), Rules { desk: &desk(), texts: &TEXTS, now: NOW })
}

#[test]
fn agents_are_told_of_a_mail_that_was_given_up_by_one_mail_for_all_who_did_not_get_it() {
    let why = "given up after 40 attempts: 450 4.2.2 the mailbox is over its quota";
    let (mia, noah) = (failed("answer", "mia@customer.example", why), failed("answer", "noah@customer.example", why));
    assert!(mia.goes_with(&noah) && !mia.goes_with(&GivenUp { arrival: 4, ..noah.clone() }));
    let notices = told_of(&[&mia, &noah], &ticket("open"));
    assert_eq!(recipients(&notices), ["ana@staff.example"]);
    let words = words(&notices[0]);
    let parts = [
        "did not reach mia@customer.example, noah@customer.example.",
        "an answer",
        "is not tried any more",
        "ended with: 450 4.2.2 the mailbox is over its quota",
        "the mailbox is full",
        "Later mails of this ticket are still sent",
    ];
    for part in parts {
        assert!(words.contains(part), "{part} in {words}");
    }
    let dead = failed("answer", "mia@customer.example", "550 5.1.1 no such user");
    assert!(self::words(&told_of(&[&dead], &ticket("open"))[0]).contains("Nothing more is sent to mia@customer.example"));
}

#[test]
fn who_did_not_get_a_mail_is_not_told_so_at_the_same_address() {
    let ana = failed("reply", "ana@staff.example", "550 5.1.1 no such user");
    assert_eq!(recipients(&told_of(&[&ana], &ticket("open"))), ["boris@staff.example"], "the department, as nobody else is");
    let boris = GivenUp { recipient: Address::parse("boris@staff.example").expect("an address"), ..ana.clone() };
    assert_eq!(recipients(&told_of(&[&boris], &ticket("open"))), ["ana@staff.example"]);
    assert!(told_of(&[&ana, &boris], &ticket("new")).is_empty());
}

#[test]
fn notices_about_notices_end_there() {
    for event in Event::ALL {
        let told = failed(event.name(), "ana@staff.example", "").is_told();
        let about_the_desk = ["undelivered", "receipt", "held", "digest", "due-soon", "overdue", "alarm"].contains(&event.name());
        assert_eq!(told, !about_the_desk, "{event:?}");
    }
    assert!(!GivenUp { ticket: None, ..failed("acknowledgement", "mia@customer.example", "") }.is_told());
}

#[test]
fn an_address_is_dead_only_where_a_reply_to_this_mail_says_that_it_will_never_take_any() {
    for (why, dead) in [
        ("550 5.1.1 <mia@customer.example>: no such user", true),
        ("553 5.1.3 bad address syntax", true),
        ("550 5.2.1 mailbox disabled", true),
        ("550 5.1.10 null MX", true),
        ("550 no such user", false),
        ("550 5.1.2 no such domain", false),
        ("552 5.2.2 over quota", false),
        ("550 5.7.1 refused", false),
        ("450 5.1.1 of two minds", false),
        ("given up after 40 attempts: 450 4.1.1 greylisted", false),
        ("relay.example:25: 550 5.1.1 not at this stage", false),
        ("came back: failed with 5.1.1", false),
        ("", false),
    ] {
        assert_eq!(failed("answer", "mia@customer.example", why).dead().is_some(), dead, "{why}");
    }
}

proptest! {
    /// The clock goes where it likes; agents set another time now and then.
    #[test]
    fn a_due_time_is_told_once_as_near_and_once_as_past_whatever_the_clock_does(steps in prop::collection::vec((-2_000_i64..500_000, prop::option::weighted(0.2, 0_i64..3_000)), 1..60)) {
        let desk = desk();
        let mut now = ticket("open");
        now.due_at = Some(minutes(600));
        let (mut near, mut past) = (HashSet::new(), HashSet::new());
        for ((clock, due), number) in steps.into_iter().zip(1..) {
            if let Some(due) = due {
                // Never the same time twice, so that each may be told once.
                now.due_at = Some(Time(minutes(due).0 + number));
            }
            let Some(due) = now.due_at else { continue };
            let event = due_event(&now, &desk, minutes(clock));
            prop_assert!(horizons(&desk, minutes(clock)).iter().all(|horizon| horizon.until >= minutes(clock)));
            match event {
                Some(Event::DueSoon) => prop_assert!(near.insert(due) && !past.contains(&due) && minutes(clock) < due),
                Some(_) => prop_assert!(past.insert(due) && minutes(clock) >= due),
                None => prop_assert!(minutes(clock) < due || past.contains(&due)),
            }
            if let Some(event) = event {
                now = told(&now, event, &desk, &[]).ticket;
            }
        }
    }
}
