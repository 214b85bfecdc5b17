//! How the store is, in numbers: what waits, since when, what was done lately, and which room there is.

use std::time::Duration;

use postdesk::inspect::report::{PENDING_LIMIT, Report};
use postdesk::model::account::{AccountReport, State};
use postdesk::model::time::Time;
use postdesk::store::report::health::{NEWEST_ROWS, Waiting};

use crate::base::Base;
use crate::mails::{ALL, NOW, claim, decide_all, from, take};

on_both!(
    an_empty_store_has_nothing_that_waits_and_nothing_to_complain_of,
    what_waits_is_counted_hop_by_hop_with_the_time_of_the_oldest,
    what_was_done_is_counted_by_the_hour_and_the_day,
    more_rows_than_are_looked_at_are_told_of,
    what_is_stuck_short_or_in_alarm_is_a_hindrance,
);

fn minutes_ago(minutes: u64) -> Time {
    NOW.minus(Duration::from_secs(60 * minutes))
}

async fn an_empty_store_has_nothing_that_waits_and_nothing_to_complain_of(base: Base) {
    let store = base.gateway().await;
    let report = Report::of_store(&store, NOW).await.unwrap();
    assert_eq!(report.queues, postdesk::store::report::health::Queues::default());
    assert!(report.hour.is_whole && report.day.is_whole && report.day.outcomes.is_empty());
    assert_eq!(report.tickets.by_status.len(), 0);
    assert_eq!(report.gateways.len(), 1);
    assert_eq!(report.gateways[0].name, "a gateway of the tests");
    assert!(report.room.size.is_some_and(|size| size > 10_000), "{:?}", report.room);
    assert_eq!(report.hindrances(), Vec::new());
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
}

async fn what_waits_is_counted_hop_by_hop_with_the_time_of_the_oldest(base: Base) {
    let store = base.gateway().await;
    let mut mails: Vec<_> = (0..5_u64).map(|i| from(&format!("c{i}"), &format!("m{i}"), "")).collect();
    for (i, mail) in mails.iter_mut().enumerate() {
        mail.incoming.received_at = minutes_ago(5 - i as u64);
    }
    take(&store, &mails[..2]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    take(&store, &mails[2..4]).await.unwrap();
    mails[4].incoming.archived = true;
    mails[4].incoming.received_at = Time(1);
    take(&store, &mails[4..]).await.unwrap();
    let mut waits = store.queues(NOW).await.unwrap();
    assert_eq!(waits.pending, Waiting { count: 2, since: Some(minutes_ago(3)) });
    assert_eq!(waits.archived, 1);
    // Notices are due when they are written, by the clock of this machine: they are put where the test wants them.
    let all = base.number("SELECT COUNT(*) FROM outbox").await;
    assert!(all >= 4, "{all}");
    base.run(&format!(
        "UPDATE outbox SET next_attempt_at = {due}, created_at = {due};
         UPDATE outbox SET next_attempt_at = {later}, attempts = 2, created_at = {old} WHERE id = 1;
         UPDATE outbox SET next_attempt_at = {later}, attempts = 0 WHERE id = 2;
         UPDATE outbox SET state = 'held' WHERE id = 3;
         UPDATE arrival SET outcome = 'held', received_at = {old} WHERE id = 1;",
        due = minutes_ago(2).0,
        later = NOW.plus(Duration::from_secs(60)).0,
        old = minutes_ago(90).0,
    ))
    .await;
    waits = store.queues(NOW).await.unwrap();
    assert_eq!(waits.due, Waiting { count: all - 3, since: Some(minutes_ago(2)) });
    assert_eq!(waits.deferred, Waiting { count: 1, since: Some(minutes_ago(90)) });
    assert_eq!((waits.leased, waits.kept_back), (0, 1));
    assert_eq!(waits.held, Waiting { count: 1, since: Some(minutes_ago(90)) });
    base.run(&format!("UPDATE outbox SET state = 'leased', next_attempt_at = {} WHERE state = 'due'", NOW.0 + 1)).await;
    let waits = store.queues(NOW).await.unwrap();
    assert_eq!((waits.due, waits.leased), (Waiting::default(), all - 1));
    let tickets = store.open_tickets(NOW).await.unwrap();
    assert_eq!(tickets.by_status.get("new"), Some(&2), "{tickets:?}");
    base.run("UPDATE ticket SET due_at = 7 WHERE number = 1").await;
    assert_eq!(store.open_tickets(NOW).await.unwrap().overdue, 1);
}

async fn what_was_done_is_counted_by_the_hour_and_the_day(base: Base) {
    let store = base.gateway().await;
    let mails: Vec<_> = (0..4).map(|i| from(&format!("c{i}"), &format!("m{i}"), "")).collect();
    take(&store, &mails).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    base.run(&format!(
        "UPDATE arrival SET decided_at = {lately} WHERE id < 3; UPDATE arrival SET decided_at = {today}, outcome = 'reply' WHERE id = 3;
         UPDATE arrival SET decided_at = 1 WHERE id = 4;
         UPDATE outbox SET state = 'sent', settled_at = {lately}; UPDATE outbox SET state = 'failed', settled_at = {today} WHERE id = 2;
         UPDATE outbox SET state = 'due', settled_at = NULL WHERE id = 3;",
        lately = minutes_ago(59).0,
        today = minutes_ago(61).0,
    ))
    .await;
    let sent = base.number("SELECT COUNT(*) FROM outbox WHERE state = 'sent'").await;
    let report = Report::of_store(&store, NOW).await.unwrap();
    let counted = |counts: &[(&str, i64)]| counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(report.hour.outcomes, counted(&[("request", 2)]));
    assert_eq!(report.day.outcomes, counted(&[("reply", 1), ("request", 2)]));
    assert_eq!(report.hour.notices, counted(&[("sent", sent)]));
    assert_eq!(report.day.notices, counted(&[("failed", 1), ("sent", sent)]));
    assert!(report.day.is_whole);
}

async fn more_rows_than_are_looked_at_are_told_of(base: Base) {
    let store = base.gateway().await;
    take(&store, &[from("mia", "a", ""), from("mia", "b", "")]).await.unwrap();
    let recent = minutes_ago(120).0;
    base.run(&format!("UPDATE arrival SET outcome = 'request', decided_at = {recent}")).await;
    // The second has a number so high that the first is not among those that are looked at.
    base.run(&format!("UPDATE arrival SET id = {} WHERE id = 2", NEWEST_ROWS + 1)).await;
    let report = Report::of_store(&store, NOW).await.unwrap();
    assert_eq!(report.day.outcomes.get("request"), Some(&1));
    assert!(report.hour.is_whole && !report.day.is_whole);
}

async fn what_is_stuck_short_or_in_alarm_is_a_hindrance(base: Base) {
    let store = base.gateway().await;
    let mut mail = from("mia", "a", "");
    mail.incoming.received_at = NOW.minus(PENDING_LIMIT);
    take(&store, &[mail]).await.unwrap();
    assert_eq!(Report::of_store(&store, NOW).await.unwrap().hindrances(), Vec::new());
    let then = NOW.plus(Duration::from_secs(1));
    store.report_account(&AccountReport::new("shop", State::Waiting, minutes_ago(16))).await.unwrap();
    store.report_account(&AccountReport::new("shop", State::Waiting, then)).await.unwrap();
    let mut report = Report::of_store(&store, then).await.unwrap();
    (report.room.free, report.room.needed) = (Some(9), Some(10));
    let found: Vec<_> = report.hindrances().into_iter().map(|found| (found.about, found.stops)).collect();
    let wanted = [("room", true), ("pending", true), ("account", false)].map(|(about, stops)| (about.to_owned(), stops));
    assert_eq!(found, wanted);
}
