//! Due times in lists and in a ticket.

use postdesk::model::time::Time;
use postdesk::operate::ticket::{self, Filter};

use crate::fixture::{Filled, objects, text};
use crate::{by, said};

#[tokio::test]
async fn a_ticket_is_overdue_when_it_was_due_and_it_is_our_turn() {
    let mut desk = Filled::with_conversation().await;
    let overdue = by(|filter| filter.overdue = true);
    let cases = [
        ("SELECT 1", 9, false),
        ("UPDATE ticket SET due_at = 1700028800000000 WHERE number IN (17, 1042)", 7, false),
        ("SELECT 1", 8, true),
        ("UPDATE ticket SET status = 'awaiting-customer' WHERE number = 1042", 9, false),
        ("UPDATE ticket SET status = 'new' WHERE number = 1042", 9, true),
        ("UPDATE ticket SET status = 'closed' WHERE number = 1042", 9, false),
    ];
    for (change, at, expected) in cases {
        desk.run(change).await;
        let view = postdesk::operate::View { now: hours(at), ..desk.json() };
        let found = said!(objects, ticket::list, &desk.store, &overdue, false, &view);
        assert_eq!(!found.is_empty(), expected, "{change} at {at} h");
    }
}

/// So long after the conversation began.
fn hours(hours: i64) -> Time {
    Time(1_700_000_000_000_000 + hours * 3_600_000_000)
}

#[tokio::test]
async fn what_is_overdue_is_red_what_is_due_today_light_blue_and_what_is_answered_green() {
    let mut desk = Filled::with_conversation().await;
    // 22:13 in UTC, an hour and three quarters before midnight.
    let cases = [
        ("SELECT 1", "open", "33"),
        ("UPDATE ticket SET due_at = 1700003600000000 WHERE number = 1042", "open", "94"),
        ("UPDATE ticket SET due_at = 1700010800000000 WHERE number = 1042", "open", "33"),
        ("UPDATE ticket SET due_at = 1700000000000000 WHERE number = 1042", "open", "31"),
        ("UPDATE ticket SET status = 'awaiting-customer' WHERE number = 1042", "awaiting-customer", "32"),
    ];
    for (change, status, colour) in cases {
        desk.run(change).await;
        let look = postdesk::operate::table::Look { colour: true, width: None };
        let view = postdesk::operate::View { now: hours(0), format: postdesk::operate::Format::People(look), ..desk.people() };
        let page = said!(text, ticket::list, &desk.store, &Filter::default(), false, &view);
        let line = page.lines().find(|line| line.contains("SUP-1042")).unwrap();
        let (before, _) = line.split_once(status).unwrap();
        let sequences = before.rsplit("\u{1b}[").next().unwrap();
        assert!(
            sequences.contains(&format!("{colour}m")) || sequences.contains(&format!("5;{}m", ansi(colour))),
            "{change}: {line:?}"
        );
    }
}

/// The number among 256 colours of one of the sixteen.
fn ansi(colour: &str) -> u32 {
    let number: u32 = colour.parse().unwrap();
    if number >= 90 { number - 90 + 8 } else { number - 30 }
}

#[tokio::test]
async fn a_ticket_says_when_it_is_due_and_who_says_so() {
    let mut desk = Filled::with_conversation().await;
    desk.run("UPDATE ticket SET due_at = 1700028800000000 WHERE number = 1042").await;
    let page = said!(text, ticket::show, &desk.store, "SUP-1042", &desk.people());
    assert!(page.contains("2023-11-15 06:13") && page.contains("by the answer time of support"), "{page}");
    desk.run("UPDATE ticket SET due_by_hand = 1 WHERE number = 1042").await;
    desk.run("INSERT INTO event (ticket, at, actor, kind, new) VALUES (1042, 1700000000000000, 'ana', 'due', '2023-11-15')")
        .await;
    let page = said!(text, ticket::show, &desk.store, "SUP-1042", &desk.people());
    assert!(page.contains("set by ana"), "{page}");
}
