//! The clock against a store: what is due and what was given up, each told once, and noted with the mails that tell it.

use std::time::Duration;

use futures_util::future::join;
use postdesk::model::time::Time;
use postdesk::store::Store;
use postdesk::store::outbox::Settlement;
use postdesk::store::report::NEWEST;
use postdesk::store::report::outbox::{Granted, Wish};
use postdesk::store::report::ticket::TicketFilter;
use postdesk::store::tick::{MOST, Ticked};

use crate::base::Base;
use crate::mails::{ALL, NOW, claim, decide_all, from, house, reply_to, take};

on_both!(
    a_ticket_is_told_as_near_and_as_past_and_once_more_after_its_time_was_changed,
    a_gateway_that_was_off_tells_once_and_a_clock_that_goes_back_tells_nothing,
    gateways_that_look_at_once_tell_once,
    many_tickets_are_told_in_turns_and_each_once,
    what_could_not_be_delivered_is_told_once_and_again_after_another_attempt,
    several_mails_of_a_ticket_that_were_given_up_are_each_told,
    a_refused_address_is_dead_until_it_writes_and_nobody_is_told_of_notices_about_notices,
    what_is_overdue_is_listed_by_number_and_in_pages,
);

const HOUR: Duration = Duration::from_secs(3_600);

fn after(hours: u32) -> Time {
    NOW.plus(HOUR * hours)
}

/// Requests of these customers, decided. They are due eight hours after [`NOW`].
async fn requested(base: &Base, customers: &[&str]) -> Store {
    let store = base.gateway().await;
    for customer in customers {
        take(&store, &[from(customer, customer, "")]).await.unwrap();
    }
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    base.run("UPDATE outbox SET state = 'sent'").await;
    store
}

/// Arrivals that any notice could be noted with, so that one that is told twice is seen.
async fn spare(store: &Store) {
    take(store, &["s1", "s2", "s3", "s4"].map(|id| from("zoe", id, ""))).await.unwrap();
}

async fn tick(store: &Store, now: Time) -> Ticked {
    let house = house();
    store.tick(house.rules(now)).await.unwrap()
}

/// The notices of an event: whom they went to, and the arrivals they are noted with.
async fn notices(base: &Base, event: &str) -> Vec<String> {
    base.texts(&format!("SELECT recipient || ' ' || arrival FROM outbox WHERE event = '{event}' ORDER BY arrival, recipient"))
        .await
}

async fn history(base: &Base) -> Vec<String> {
    base.texts("SELECT ticket || ' ' || kind FROM event WHERE kind IN ('due-soon', 'overdue') ORDER BY id").await
}

async fn a_ticket_is_told_as_near_and_as_past_and_once_more_after_its_time_was_changed(base: Base) {
    let store = requested(&base, &["mia"]).await;
    assert_eq!(base.number("SELECT due_at FROM ticket").await, after(8).0);
    base.run("UPDATE ticket SET assignee = 'ana', status = 'open'").await;
    assert_eq!(tick(&store, after(6)).await, Ticked::default());
    assert_eq!(tick(&store, after(7)).await, Ticked { tickets: 1, given_up: 0, queued: 1 });
    assert_eq!(tick(&store, after(7)).await, Ticked::default());
    assert_eq!(tick(&store, after(8)).await.queued, 1);
    assert_eq!(tick(&store, after(9)).await, Ticked::default());
    assert_eq!(notices(&base, "due-soon").await, ["ana@staff.example 1"]);
    assert_eq!(notices(&base, "overdue").await, ["ana@staff.example 1"]);
    assert_eq!(
        base.texts("SELECT due_at || ' ' || reminded_of || ' ' || overdue_of FROM ticket").await[0]
            .split(' ')
            .collect::<std::collections::HashSet<_>>()
            .len(),
        1
    );
    let head = base.texts("SELECT head FROM letter JOIN outbox ON outbox.id = outbox WHERE event = 'overdue'").await.remove(0);
    assert!(head.contains("SUP-1 is overdue") && head.contains("Text of mia."), "{head}");
    // The customer writes, which changes nothing, and an agent sets another time: there is another entry to note it with.
    take(&store, &[from("mia", "m2", &reply_to("mia"))]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    assert_eq!(base.number("SELECT due_at FROM ticket").await, after(8).0);
    base.run(&format!("UPDATE ticket SET due_at = {}, due_by_hand = 1", after(20).0)).await;
    assert_eq!(tick(&store, after(20)).await.queued, 1);
    assert_eq!(notices(&base, "overdue").await, ["ana@staff.example 1", "ana@staff.example 2"]);
    // Nor is there a third entry: it is noted with another arrival.
    take(&store, &[from("zoe", "zoe", "")]).await.unwrap();
    base.run(&format!("UPDATE ticket SET due_at = {}", after(30).0)).await;
    assert_eq!(tick(&store, after(30)).await.queued, 1);
    assert_eq!(notices(&base, "overdue").await[2], "ana@staff.example 3");
    assert_eq!(history(&base).await, ["1 due-soon", "1 overdue", "1 overdue", "1 overdue"]);
}

async fn a_gateway_that_was_off_tells_once_and_a_clock_that_goes_back_tells_nothing(base: Base) {
    let store = requested(&base, &["mia"]).await;
    spare(&store).await;
    // Nobody is responsible, so all of the department hear of it.
    assert_eq!(tick(&store, after(24 * 365)).await, Ticked { tickets: 1, given_up: 0, queued: 2 });
    for hours in [7, 8, 0, 24 * 366] {
        assert_eq!(tick(&store, after(hours)).await, Ticked::default(), "{hours} h");
    }
    store.close().await;
    let again = base.gateway().await;
    assert_eq!(tick(&again, after(24 * 365)).await, Ticked::default());
    assert_eq!(notices(&base, "overdue").await, ["ana@staff.example 1", "boris@staff.example 1"]);
    assert_eq!(notices(&base, "due-soon").await, [""; 0]);
}

async fn gateways_that_look_at_once_tell_once(base: Base) {
    let first = requested(&base, &["mia", "zoe"]).await;
    spare(&first).await;
    let [one, other] = base.two().await;
    let (here, there) = join(tick(&one, after(9)), tick(&other, after(9))).await;
    assert_eq!(here.tickets + there.tickets, 2, "{here:?} {there:?}");
    assert_eq!(tick(&first, after(9)).await, Ticked::default());
    assert_eq!(notices(&base, "overdue").await.len(), 4);
    assert_eq!(history(&base).await.len(), 2);
}

/// Copies of ticket 1 and of its request, with numbers up to this one.
async fn copy_ticket(base: &Base, last: usize) {
    let numbers = format!(
        "(WITH RECURSIVE n (i) AS (SELECT CAST(2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n) AS numbers"
    );
    base.run(&format!(
        "INSERT INTO arrival (raw_id, department, recipients, source, peer_tls, size, received_at, attempts, outcome, ticket) \
         SELECT raw_id, department, recipients, source, peer_tls, size, received_at, 1, 'request', i FROM arrival, {numbers} WHERE arrival.id = 1 ORDER BY i; \
         INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, mailbox, created_at, updated_at, due_at) \
         SELECT i, department, subject, status, priority, origin, visibility, requester_name, requester_address, mailbox, created_at, updated_at, due_at + i FROM ticket, {numbers} WHERE number = 1; \
         INSERT INTO message (arrival, ticket, kind, public, author_name, at, subject, text, quoted, authenticated) \
         SELECT i, i, kind, public, author_name, at, subject, text, quoted, authenticated FROM message, {numbers} WHERE arrival = 1"
    ))
    .await;
}

async fn many_tickets_are_told_in_turns_and_each_once(base: Base) {
    let store = requested(&base, &["mia"]).await;
    copy_ticket(&base, MOST + 20).await;
    spare(&store).await;
    let first = tick(&store, after(24)).await;
    assert_eq!((first.tickets, first.is_full()), (MOST, true));
    assert_eq!(
        base.number("SELECT MAX(ticket) FROM event WHERE kind = 'overdue'").await,
        MOST as i64,
        "the longest overdue first"
    );
    let second = tick(&store, after(24)).await;
    assert_eq!((second.tickets, second.is_full()), (20, false));
    assert_eq!(tick(&store, after(24)).await, Ticked::default());
    assert_eq!(base.number("SELECT COUNT(*) FROM outbox WHERE event = 'overdue'").await, 2 * (MOST as i64 + 20));
    assert_eq!(
        base.number("SELECT COUNT(*) FROM letter JOIN outbox ON outbox.id = outbox WHERE event = 'overdue'").await,
        2 * (MOST as i64 + 20)
    );
}

/// Has the sender give a notice up.
async fn give_up(store: &Store, base: &Base, notice: i64, why: &str) {
    base.run(&format!("UPDATE outbox SET state = 'due', next_attempt_at = 0 WHERE id = {notice}")).await;
    let leased = store.lease(NOW, NOW.plus(HOUR), 1).await.unwrap();
    assert_eq!(leased[0].id, notice);
    store.settle(&[(notice, leased[0].lease, Settlement::Never { why: why.to_owned() })], NOW).await.unwrap();
}

async fn acknowledgement(base: &Base) -> i64 {
    base.number("SELECT id FROM outbox WHERE event = 'acknowledgement'").await
}

async fn what_could_not_be_delivered_is_told_once_and_again_after_another_attempt(base: Base) {
    let store = requested(&base, &["mia"]).await;
    let notice = acknowledgement(&base).await;
    spare(&store).await;
    give_up(&store, &base, notice, "given up after 40 attempts: 450 4.2.2 full").await;
    assert_eq!(tick(&store, NOW).await, Ticked { tickets: 0, given_up: 1, queued: 2 });
    assert_eq!(tick(&store, NOW).await, Ticked::default());
    assert_eq!(notices(&base, "undelivered").await, ["ana@staff.example 1", "boris@staff.example 1"]);
    let head =
        base.texts("SELECT head FROM letter JOIN outbox ON outbox.id = outbox WHERE event = 'undelivered'").await.remove(0);
    assert!(
        head.contains("mia@customer.example") && head.contains("not tried any more") && head.contains("450 4.2.2 full"),
        "{head}"
    );
    base.run("UPDATE outbox SET state = 'sent' WHERE event = 'undelivered'").await;
    assert_eq!(store.change_notice(notice, Wish::Retry, "operator", NOW).await.unwrap(), Granted::Done);
    take(&store, &[from("mia", "m2", &reply_to("mia"))]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    base.run("UPDATE outbox SET state = 'sent' WHERE event = 'reply'").await;
    give_up(&store, &base, notice, "550 5.7.1 refused").await;
    assert_eq!(tick(&store, NOW).await.queued, 2);
    assert_eq!(notices(&base, "undelivered").await[2], "ana@staff.example 6");
    assert_eq!(base.number("SELECT COUNT(*) FROM dead_address").await, 0);
}

async fn several_mails_of_a_ticket_that_were_given_up_are_each_told(base: Base) {
    let store = requested(&base, &["mia"]).await;
    take(&store, &[from("mia", "m2", &reply_to("mia"))]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    // The same mail to two people, and another one of the ticket.
    base.run("UPDATE outbox SET state = 'failed', last_error = '550 no', ticket = 1; UPDATE outbox SET recipient = 'noah@customer.example' WHERE recipient = 'boris@staff.example'").await;
    base.run("UPDATE outbox SET recipient = 'mia@customer.example' WHERE recipient = 'ana@staff.example'").await;
    assert_eq!(base.number("SELECT COUNT(*) FROM outbox").await, 5);
    // The third mail has no entry of the ticket left to be noted with.
    take(&store, &[from("zoe", "zoe", "")]).await.unwrap();
    let told = [tick(&store, NOW).await, tick(&store, NOW).await, tick(&store, NOW).await, tick(&store, NOW).await];
    assert_eq!(told.map(|told| (told.given_up, told.queued)), [(1, 2), (2, 2), (2, 2), (0, 0)]);
    let heads =
        base.texts("SELECT head FROM letter JOIN outbox ON outbox.id = outbox WHERE event = 'undelivered' ORDER BY id").await;
    let both = heads.iter().filter(|head| head.contains("did not reach mia@customer.example, noah@customer.example"));
    assert_eq!((heads.len(), both.count()), (6, 4));
}

async fn a_refused_address_is_dead_until_it_writes_and_nobody_is_told_of_notices_about_notices(base: Base) {
    let store = requested(&base, &["mia"]).await;
    give_up(&store, &base, acknowledgement(&base).await, "550 5.1.1 no such user").await;
    assert_eq!(tick(&store, NOW).await, Ticked { tickets: 0, given_up: 1, queued: 2 });
    assert_eq!(
        base.texts("SELECT address_key || ' ' || why FROM dead_address").await,
        ["mia@customer.example 550 5.1.1 no such user"]
    );
    base.run("UPDATE outbox SET state = 'failed', last_error = '550 no' WHERE event = 'undelivered'").await;
    base.run("UPDATE outbox SET recipient = 'no address' WHERE event = 'undelivered' AND recipient LIKE 'boris%'").await;
    assert_eq!(tick(&store, NOW).await, Ticked { tickets: 0, given_up: 2, queued: 0 });
    assert_eq!(tick(&store, NOW).await, Ticked::default());
    take(&store, &[from("mia", "m2", &reply_to("mia"))]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    assert_eq!(base.number("SELECT COUNT(*) FROM dead_address").await, 0);
}

async fn what_is_overdue_is_listed_by_number_and_in_pages(base: Base) {
    let store = requested(&base, &["mia"]).await;
    copy_ticket(&base, 90).await;
    base.run("UPDATE ticket SET status = CASE number % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'new' ELSE 'awaiting-customer' END")
        .await;
    // From ticket 61 on, nothing is due yet.
    let filter = TicketFilter { overdue_at: Some(Time(after(8).0 + 60)), ..TicketFilter::default() };
    let mut found = Vec::new();
    let mut next = Some(NEWEST);
    while let Some(before) = next {
        let page = store.tickets(&filter, before, 7).await.unwrap();
        found.extend(page.rows.iter().map(|row| row.number));
        next = page.next;
    }
    let expected: Vec<i64> = (1..=60).rev().filter(|number| number % 3 != 2).collect();
    assert_eq!(found, expected);
    let open = TicketFilter { status: Some("open".to_owned()), ..filter.clone() };
    assert_eq!(store.tickets(&open, NEWEST, 100).await.unwrap().rows.len(), 20);
}
