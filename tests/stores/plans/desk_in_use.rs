//! A desk that has been in use for years, and everything that is asked of it.

use std::time::{Duration, SystemTime};

use postdesk::decide::recall::Wanted;
use postdesk::decide::{Action, Operation};
use postdesk::inspect::report::Report;
use postdesk::model::ledger::{Place, Stage};
use postdesk::model::time::Time;
use postdesk::store::Store;
use postdesk::store::gate::Kept;
use postdesk::store::held::Operated;
use postdesk::store::ledger::{Folder, Line};
use postdesk::store::outbox::Settlement;
use postdesk::store::report::NEWEST;
use postdesk::store::report::arrival::ArrivalFilter;
use postdesk::store::report::outbox::Wish;
use postdesk::store::report::ticket::TicketFilter;

use crate::base::Base;
use crate::cluster::Cluster;
use crate::mails::{ALL, claim, decide_all, from, house, ids, reply_to, take};

/// So often is each asked: from the sixth time on PostgreSQL may take a plan that it keeps for any values.
const TIMES: usize = 6;

/// 20,000 tickets of three messages each, everything decided and sent but for the last few.
const ROWS: &str = "
    SET session_replication_role = replica; BEGIN;
    INSERT INTO raw (sha256, octets) SELECT sha256(CAST(CAST(i AS TEXT) AS BYTEA)), sha256(CAST(CAST(i AS TEXT) AS BYTEA)) FROM generate_series(1, 60000) i;
    INSERT INTO arrival (raw_id, department, recipients, source, peer_tls, size, received_at, attempts, outcome, ticket, content_key, message_id, subject, reasons)
        SELECT i, CASE i % 4 WHEN 0 THEN 'billing' ELSE 'support' END, 'support@desk.example.org', 'smtp', 0, 64, i, CASE WHEN i > 59900 THEN 0 ELSE 1 END,
        CASE WHEN i > 59900 THEN NULL WHEN i % 100 = 0 THEN 'held' WHEN i % 3 = 1 THEN 'request' ELSE 'reply' END, 1 + (i - 1) / 3,
        CASE WHEN i <= 59900 THEN sha256(CAST(CAST(i AS TEXT) AS BYTEA)) END, 'x' || i || '@customer.example', 'Subject ' || i, 'a reason' FROM generate_series(1, 60000) i;
    INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, assignee, mailbox, first_message_id, last_message_id, created_at, updated_at, due_at)
        SELECT i, CASE i % 4 WHEN 0 THEN 'billing' ELSE 'support' END, 'Subject ' || i, CASE WHEN i % 20 = 0 THEN 'open' WHEN i % 50 = 1 THEN 'new' ELSE 'closed' END,
        'medium', 'email', 'external', 'C ' || i, 'c' || i || '@customer.example', CASE i % 10 WHEN 0 THEN 'ana' WHEN 1 THEN 'boris' END, 'support@desk.example.org',
        'x' || (3 * i - 2) || '@customer.example', 'x' || (3 * i) || '@customer.example', i, i, CASE WHEN i % 20 = 0 OR i % 50 = 1 THEN CAST(i AS BIGINT) * 1000000000 END FROM generate_series(1, 20000) i;
    INSERT INTO message (arrival, ticket, kind, public, author_name, author_address, at, message_id, subject, text, quoted, authenticated)
        SELECT i, 1 + (i - 1) / 3, CASE i % 3 WHEN 1 THEN 'request' WHEN 2 THEN 'answer' ELSE 'reply' END, 1, '', 'c@customer.example', i, 'x' || i || '@customer.example',
        'Subject', repeat('text ', 40), '', 0 FROM generate_series(1, 59900) i;
    INSERT INTO attachment SELECT i, 1, 'a.txt', 'text/plain', 1, '', 0, NULL, '7bit', 0, 1 FROM generate_series(1, 59900, 3) i;
    INSERT INTO follower SELECT i, 'f' || i || '@customer.example', 'F', i FROM generate_series(1, 20000) i;
    INSERT INTO relation SELECT i, i - 1, 'follow-up' FROM generate_series(2, 20000) i;
    INSERT INTO event (ticket, at, actor, kind) SELECT 1 + (i - 1) / 3, i, 'postdesk', 'opened' FROM generate_series(1, 59900) i;
    INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, created_at, told_at)
        SELECT i, 1 + (i - 1) / 3, i, 'reply', 'ana@staff.example', 'ana@staff.example', 's@desk.example.org', 'n' || i || '@desk.example.org',
        CASE WHEN i > 59800 THEN 'due' WHEN i % 100 = 0 THEN 'failed' ELSE 'sent' END, i, i, CASE WHEN i % 10000 <> 0 THEN i END FROM generate_series(1, 59900) i;
    INSERT INTO letter SELECT i, 'head', '[]', 'tail' FROM generate_series(1, 59900) i;
    INSERT INTO acknowledged SELECT 'c' || i || '@customer.example', NOW_SLOT - i % 250, 1 FROM generate_series(1, 20000) i;
    INSERT INTO acknowledged SELECT '', NOW_SLOT - i, 0 FROM generate_series(1, 288) i;
    INSERT INTO fetched (account, folder, validity, uid, arrival, content, stage, at) SELECT 'box ' || i % 40, 'INBOX', 1, i, i, sha256(CAST(CAST(i AS TEXT) AS BYTEA)),
        CASE WHEN i > 59900 THEN 'taken' ELSE 'done' END, i FROM generate_series(1, 60000) i;
    UPDATE counter SET next = CASE name WHEN 'ticket' THEN 20001 ELSE 59901 END;
    COMMIT; ANALYZE";

/// Fills the database of a store, without a look at each key.
pub(crate) async fn fill(cluster: &Cluster, base: &Base) {
    base.open().await.close().await;
    let slot = now().0 / 600_000_000;
    cluster.sql(base.name(), &ROWS.replace("NOW_SLOT", &slot.to_string()));
}

fn now() -> Time {
    Time::from(SystemTime::now())
}

/// Does everything that a gateway and its operator do.
pub(crate) async fn use_everything(base: &Base) {
    let store = base.gateway().await;
    for time in 0..TIMES {
        way_of_a_mail(&store, time).await;
        sending(&store).await;
        lists(&store).await;
        Report::of_store(&store, now()).await.unwrap();
        held(&store, time).await;
        fetching(&store, time as u32).await;
        // By then a few more tickets are due.
        let (house, then) = (house(), Time(100_000_000_000 * (time as i64 + 1)));
        assert!(store.tick(house.rules(then)).await.unwrap().tickets > 0);
    }
}

/// Held mail is looked for every few seconds; nobody is told here, so that there is always something to tell.
async fn held(store: &Store, time: usize) {
    let people = ["olga@staff.example".to_owned()];
    store.tell_of_held(now(), Duration::ZERO, &people, |_| Vec::new()).await.unwrap();
    let operation = Operation { arrival: 100 * (time as i64 + 1), action: Action::Retry, by: "operator".to_owned() };
    assert_eq!(store.operate(&operation, now()).await.unwrap(), Operated::Done);
}

async fn way_of_a_mail(store: &Store, time: usize) {
    let id = |what: &str| format!("{what}-{time}");
    let by_subject = format!("Subject: Re: [SUP-{}]\r\n", 700 + time);
    let closing = format!("{}References: <x4@customer.example>\r\n", reply_to("x42"));
    let mails = [
        from("c100", &id("request"), ""),
        from("c14", &id("reply"), &closing),
        from("c700", &id("subject"), &by_subject),
        from("c100", &id("request"), ""),
    ];
    take(store, &mails).await.unwrap();
    let batch = postdesk::store::work::Batch { mails: 64, ..ALL };
    let cases = claim(store, batch, &[]).await;
    assert!(!cases.is_empty());
    let more = claim(store, batch, &ids(&cases)).await;
    store.note_failure(cases[0].arrival.id, "a reason").await.unwrap();
    decide_all(store, cases.into_iter().chain(more).collect()).await;
    let mut wanted = Wanted::default();
    wanted.arrivals.extend([3, 5]);
    wanted.keys.insert([7; 32]);
    wanted.tickets.extend([1, 2]);
    wanted.quoted.extend([1, 2]);
    wanted.sent.extend([3, 5]);
    wanted.held.extend([3, 5]);
    wanted.people.insert("mia@customer.example".to_owned());
    store.recall(&wanted, now()).await.unwrap();
    store.hold_failed(1, now()).await.unwrap();
    assert!(store.has_duty("housekeeping").await.unwrap());
    store.give_sign().await.unwrap();
}

/// A look into a mailbox.
async fn fetching(store: &Store, time: u32) {
    let place = Place { account: "box 7".to_owned(), folder: "INBOX".to_owned(), validity: 1 };
    let folder = Folder { validity: 1, first_uid: 1, since: now(), old_mail: false, reconciled_at: None };
    store.note_folder(&place.account, &place.folder, &folder).await.unwrap();
    store.folder(&place.account, &place.folder).await.unwrap();
    let line = Line { uid: 70_000 + time, arrival: None, content: Some([7; 32]), stage: Stage::Taken, left: None };
    store.note_fetched(&place, &[line], now()).await.unwrap();
    assert_eq!(store.noted(&place, 60_000).await.unwrap().len() as u32, time + 1);
    assert!(!store.taken(&place).await.unwrap().is_empty());
    store.settle_fetched(&place, &[70_000 + time]).await.unwrap();
    store.note_reconciled(&place, &[7, 47], &[87], now()).await.unwrap();
    store.reconsider(&place, &[87]).await.unwrap();
    store.forget_fetched(&place, &[1]).await.unwrap();
    let renumbered = Place { validity: 1_000 + time, ..place };
    store.known(&renumbered, &[[7; 32]]).await.unwrap();
    store.renumber_folder(&Place { account: format!("box {}", 10 + time), ..renumbered }, now()).await.unwrap();
}

async fn sending(store: &Store) {
    store.name_destinations().await.unwrap();
    let destinations = store.due_destinations("", now(), 9).await.unwrap();
    let until = now().plus(Duration::from_secs(60));
    store.lease_of(Some(&destinations[0]), now(), until, 1).await.unwrap();
    store.letters(&[7, 8]).await.unwrap();
    let leased = store.lease(now(), now().plus(Duration::from_secs(60)), 9).await.unwrap();
    assert_eq!(leased.len(), 9);
    for notice in &leased {
        store.letter(notice.id).await.unwrap();
    }
    store.raw_range(7, 2, 9).await.unwrap();
    store.counts_at_the_wire(&["c1@customer.example".to_owned()], now()).await.unwrap();
    let waits = Kept::Waits { until: now().plus(Duration::from_secs(600)), why: "the cap".to_owned() };
    let (first, leased) = leased.split_first().unwrap();
    let (second, leased) = leased.split_first().unwrap();
    let kept = [(first.id, first.lease, waits), (second.id, second.lease, Kept::Dropped("late".to_owned()))];
    store.keep_back(&kept, now()).await.unwrap();
    let settled: Vec<_> = leased
        .iter()
        .map(|notice| {
            let how = match notice.id % 3 {
                0 => Settlement::Sent,
                1 => Settlement::Later { when: now().plus(Duration::from_secs(600)), why: "busy".to_owned() },
                _ => Settlement::Never { why: "refused".to_owned() },
            };
            (notice.id, notice.lease, how)
        })
        .collect();
    store.settle(&settled, now()).await.unwrap();
}

async fn lists(store: &Store) {
    let some = |text: &str| Some(text.to_owned());
    let none = TicketFilter::default;
    let filters = [
        none(),
        TicketFilter { overdue_at: Some(now()), ..none() },
        TicketFilter { status: some("open"), ..none() },
        TicketFilter { status: some("open"), overdue_at: Some(now()), ..none() },
        TicketFilter { status: some("new"), department: some("billing"), ..none() },
        TicketFilter { assignee: some("ana"), ..none() },
        TicketFilter { department: some("billing"), ..none() },
    ];
    for before in [NEWEST, 12_000] {
        for filter in &filters {
            store.tickets(filter, before, 50).await.unwrap();
        }
        for filter in [ArrivalFilter::Any, ArrivalFilter::Pending, ArrivalFilter::Outcome("held".to_owned())] {
            store.arrivals(&filter, before, 50).await.unwrap();
        }
        for state in [None, Some("due"), Some("failed"), Some("held")] {
            store.outbox(state, before, 50).await.unwrap();
        }
    }
    store.ticket_by_reference(14).await.unwrap().unwrap();
    store.arrival(7).await.unwrap().unwrap();
    store.raw(7).await.unwrap().unwrap();
    store.notice(100).await.unwrap().unwrap();
    for wish in [Wish::Retry, Wish::Hold, Wish::Drop] {
        store.change_notice(100, wish, "operator", now()).await.unwrap();
    }
}
