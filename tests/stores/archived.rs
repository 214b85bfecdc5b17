//! Mail of archives: it waits for all other mail, nobody waits for it, and nobody is told of it.

use std::sync::Arc;
use std::time::Duration;

use postdesk::decide::Rules;
use postdesk::decide::digest::{Untold, admins, digest};
use postdesk::model::arrival::Source;
use postdesk::model::time::Time;
use postdesk::process::Worker;
use postdesk::store::Store;
use postdesk::store::custody::Sealed;

use crate::base::Base;
use crate::mails::{ALL, NOW, ONE, claim, decide_all, decide_once, from, house, ids, reply_to, take};

on_both!(
    live_mail_behind_a_thousand_of_an_archive_is_taken_up_first_and_never_together_with_them,
    a_worker_that_is_busy_with_an_archive_decides_live_mail_after_one_batch,
    live_mail_waits_for_nothing_out_of_an_archive_and_an_archive_keeps_its_order,
    a_conversation_out_of_an_archive_writes_to_nobody_and_goes_on_live,
    no_admin_is_told_of_mail_that_is_held_out_of_an_archive,
);

const DAY: Duration = Duration::from_secs(86_400);

/// Long before any clock that these tests may meet.
const THEN: Time = Time(1_500_000_000_000_000);

/// The same mail out of an archive, of so many days before [`THEN`].
fn archived(mut mail: Sealed, days: u32) -> Sealed {
    mail.incoming.source = Source::Import;
    mail.incoming.archived = true;
    mail.incoming.peer = postdesk::model::arrival::Peer::default();
    mail.incoming.received_at = THEN.minus(DAY * days);
    mail
}

/// An archive of so many conversations of two mails each.
async fn import(store: &Store, conversations: usize) {
    let mails = (0..conversations).flat_map(|number| {
        let (first, second) = (format!("a{number}"), format!("b{number}"));
        [archived(from("mia", &first, ""), 30), archived(from("mia", &second, &reply_to(&first)), 29)]
    });
    let mails: Vec<Sealed> = mails.collect();
    for batch in mails.chunks(100) {
        take(store, batch).await.unwrap();
    }
}

async fn live_mail_behind_a_thousand_of_an_archive_is_taken_up_first_and_never_together_with_them(base: Base) {
    let store = base.gateway().await;
    import(&store, 500).await;
    take(&store, &[from("noah", "m1", ""), from("noah", "m2", "")]).await.unwrap();
    let first = store.claim(ALL, &[]).await.unwrap();
    assert_eq!(first.iter().map(|arrival| arrival.id).collect::<Vec<_>>(), [1001, 1002]);
    let next = store.claim(ALL, &[1001, 1002]).await.unwrap();
    assert!(next.iter().all(|arrival| arrival.source == Source::Import));
    assert_eq!(next.iter().map(|arrival| arrival.id).collect::<Vec<_>>(), (1..=128).collect::<Vec<i64>>(), "the oldest, and few");
}

async fn a_worker_that_is_busy_with_an_archive_decides_live_mail_after_one_batch(base: Base) {
    let store = base.gateway().await;
    import(&store, 300).await;
    let mut worker = Worker::new(house(), store.clone(), Arc::default());
    assert!(worker.step().await.unwrap() > 0);
    take(&store, &[from("noah", "m1", ""), from("noah", "m2", &reply_to("m1"))]).await.unwrap();
    while base.number("SELECT COUNT(*) FROM arrival WHERE outcome IS NULL AND archived = 0").await > 0 {
        assert!(worker.step().await.unwrap() > 0, "it must not wait");
    }
    let before = base.number("SELECT COUNT(*) FROM arrival WHERE outcome IS NOT NULL AND archived = 1").await;
    assert!((1..=128).contains(&before), "{before} mails of the archive were decided before");
    while worker.step().await.unwrap() > 0 {}
    assert_eq!(base.pending().await, 0);
    let outcomes =
        base.texts("SELECT outcome || ' ' || COUNT(*) FROM arrival WHERE archived = 1 GROUP BY outcome ORDER BY outcome").await;
    assert_eq!(outcomes, ["reply 300", "request 300"]);
    assert_eq!(base.number("SELECT COUNT(*) FROM outbox WHERE arrival <= 600").await, 0);
}

async fn live_mail_waits_for_nothing_out_of_an_archive_and_an_archive_keeps_its_order(base: Base) {
    let [one, other] = base.two().await;
    let of_archive = [archived(from("mia", "a1", ""), 9), archived(from("mia", "a2", &reply_to("a1")), 8)];
    take(&one, &of_archive).await.unwrap();
    let mut first = claim(&one, ONE, &[]).await;
    let mut second = claim(&other, ALL, &ids(&first)).await;
    take(&one, &[from("mia", "m1", &reply_to("m0"))]).await.unwrap();
    let mut live = claim(&other, ALL, &[1, 2]).await;
    assert_eq!((ids(&first), ids(&second), ids(&live)), (vec![1], vec![2], vec![3]));
    assert_eq!(decide_once(&other, &mut live).await.postponed, [0; 0], "nobody waits for an archive");
    assert_eq!(decide_once(&other, &mut second).await.postponed, [2], "what it answers to is in other hands");
    assert_eq!(decide_once(&one, &mut first).await.decisions.len(), 1);
    assert_eq!(decide_once(&other, &mut second).await.decisions.len(), 1);
    let outcomes = base.texts("SELECT outcome || ' ' || ticket FROM arrival ORDER BY id").await;
    assert_eq!(outcomes, ["request 2", "reply 2", "request 1"]);
}

async fn a_conversation_out_of_an_archive_writes_to_nobody_and_goes_on_live(base: Base) {
    let store = base.gateway().await;
    let answer = "From: Ana <ana@staff.example>\r\nTo: mia@customer.example\r\nCc: noah@customer.example\r\nSubject: Re: Kettle\r\n\
                  Message-ID: <answer@staff.example>\r\nIn-Reply-To: <a1@customer.example>\r\n\r\n#close\r\nDescale it.\r\n";
    let mut answer = archived(crate::mails::sealed(answer.as_bytes(), &["support"]), 8);
    answer.incoming.departments = vec![("support".to_owned(), Vec::new())];
    let with_cc = from("mia", "a1", "Cc: noah@customer.example\r\n");
    take(&store, &[archived(with_cc, 9), answer]).await.unwrap();
    let cases = claim(&store, ALL, &[]).await;
    decide_all(&store, cases).await;
    for table in ["outbox", "letter", "acknowledged", "follower", "participant"] {
        assert_eq!(base.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    let ticket = "SELECT status || ' ' || assignee || ' ' || COALESCE(CAST(due_at AS TEXT), '-') || ' ' || created_at || ' ' || updated_at FROM ticket";
    let expected = format!("awaiting-customer ana - {} {}", THEN.minus(DAY * 9).0, THEN.minus(DAY * 8).0);
    assert_eq!(base.texts(ticket).await, [expected]);
    assert_eq!(base.texts("SELECT source || ' ' || authenticity FROM arrival ORDER BY id").await, ["import unproven"; 2]);
    let live = from("mia", "m1", "In-Reply-To: <answer@staff.example>\r\n");
    take(&store, &[live]).await.unwrap();
    let cases = claim(&store, ALL, &[]).await;
    decide_all(&store, cases).await;
    assert_eq!(base.texts("SELECT outcome || ' ' || ticket FROM arrival WHERE id = 3").await, ["reply 1"]);
    assert_eq!(base.texts("SELECT event || ' ' || recipient FROM outbox").await, ["reply ana@staff.example"]);
    assert_eq!(base.number("SELECT COUNT(*) FROM ticket WHERE status = 'open' AND due_at IS NOT NULL").await, 1);
}

async fn no_admin_is_told_of_mail_that_is_held_out_of_an_archive(base: Base) {
    let store = base.gateway().await;
    let mut gone = archived(from("mia", "a1", ""), 9);
    gone.incoming.departments = vec![("gone".to_owned(), Vec::new())];
    take(&store, &[gone, archived(from("mia", "a2", ""), 9)]).await.unwrap();
    let cases = claim(&store, ONE, &[]).await;
    decide_all(&store, cases).await;
    // The second one is our own fault.
    store.hold_failed(2, NOW).await.unwrap().unwrap();
    let held = base.texts("SELECT outcome || ' ' || cause FROM arrival ORDER BY id").await;
    assert_eq!(held, ["held no-such-department", "held failed-repeatedly"]);
    assert_eq!(tell(&store, NOW).await, 0);
    // What is held of live mail is told of, alone.
    take(&store, &[from("mia", "m1", "")]).await.unwrap();
    store.hold_failed(3, NOW).await.unwrap().unwrap();
    assert_eq!(tell(&store, NOW).await, 1);
    let head = base.texts("SELECT head FROM letter").await.remove(0);
    assert!(head.contains("Number 3") && !head.contains("Number 1") && !head.contains("Number 2"), "{head}");
}

async fn tell(store: &Store, now: Time) -> usize {
    let house = house();
    let people: Vec<String> = admins(&house.desk).map(|admin| admin.address.key()).collect();
    let write = |untold: &Untold| digest(untold, Rules { desk: &house.desk, texts: &house.texts, now });
    store.tell_of_held(now, Duration::from_secs(3_600), &people, write).await.unwrap()
}
