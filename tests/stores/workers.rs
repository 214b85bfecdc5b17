//! Decisions at several gateways at once: as exact as at one.

use futures_util::future::join;

use crate::base::Base;
use crate::mails::{ONE, claim, decide_all, from, ids, take};

on_both!(
    copies_that_are_decided_at_once_are_one_request_and_one_duplicate,
    two_requests_of_one_sender_that_are_decided_at_once_bring_one_acknowledgement,
);

async fn copies_that_are_decided_at_once_are_one_request_and_one_duplicate(base: Base) {
    let [one, other] = base.two().await;
    for round in 1..=8 {
        let copy = || [from("mia", &format!("m{round}"), "")];
        let (mail, again) = (copy(), copy());
        let (taken, again) = join(take(&one, &mail), take(&other, &again)).await;
        assert_ne!(taken.unwrap(), again.unwrap());
        let first = claim(&one, ONE, &[]).await;
        let second = claim(&other, ONE, &ids(&first)).await;
        join(decide_all(&other, second), decide_all(&one, first)).await;
        let outcomes = base.texts("SELECT outcome FROM arrival ORDER BY outcome").await;
        let (copies, requests) = outcomes.split_at(round);
        assert!(copies.iter().all(|outcome| outcome == "duplicate"), "{outcomes:?}");
        assert!(requests.len() == round && requests.iter().all(|outcome| outcome == "request"), "{outcomes:?}");
    }
    assert_eq!(base.number("SELECT COUNT(*) FROM message").await, 8);
    assert_eq!(base.number("SELECT COUNT(*) FROM ticket").await, 8);
}

/// The desk allows one an hour to an address.
async fn two_requests_of_one_sender_that_are_decided_at_once_bring_one_acknowledgement(base: Base) {
    let [one, other] = base.two().await;
    for sender in ["mia", "noah", "carla", "denis"] {
        let requests = [from(sender, &format!("{sender}-1"), ""), from(sender, &format!("{sender}-2"), "")];
        take(&one, &requests).await.unwrap();
        let first = claim(&one, ONE, &[]).await;
        let second = claim(&other, ONE, &ids(&first)).await;
        join(decide_all(&other, second), decide_all(&one, first)).await;
        let left =
            format!("SELECT COUNT(*) FROM outbox WHERE event = 'acknowledgement' AND recipient = '{sender}@customer.example'");
        assert_eq!(base.number(&left).await, 1, "{sender}");
    }
    assert_eq!(base.number("SELECT COUNT(*) FROM ticket").await, 8);
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread")]
async fn two_workers_number_tickets_and_notices_without_gaps_or_doubles() {
    use std::sync::Arc;
    use std::time::Instant;

    use postdesk::process::Worker;
    use tokio::sync::{Notify, watch};

    // More than one worker takes up at a time.
    const MAILS: i64 = 700;
    let base = Base::database();
    let two = base.two().await;
    let mails: Vec<_> = (0..MAILS).map(|number| from(&format!("c{number}"), &format!("m{number}"), "")).collect();
    for batch in mails.chunks(100) {
        take(&two[0], batch).await.unwrap();
    }
    let (stop, stopped) = watch::channel(false);
    let work = |store: &postdesk::store::Store| {
        let worker = Worker::new(crate::mails::house(), store.clone(), Arc::default());
        tokio::spawn(worker.run(Arc::new(Notify::new()), stopped.clone()))
    };
    let workers = [work(&two[0]), work(&two[1])];
    let begun = Instant::now();
    while base.pending().await > 0 {
        assert!(begun.elapsed() < crate::mails::PATIENCE, "{} mails are still pending", base.pending().await);
    }
    stop.send(true).unwrap();
    for worker in workers {
        worker.await.unwrap();
    }
    let numbers = "SELECT COUNT(*) || ' ' || MIN(number) || ' ' || MAX(number) FROM ticket";
    assert_eq!(base.texts(numbers).await, [format!("{MAILS} 1 {MAILS}")]);
    let next = "SELECT next FROM counter WHERE name = 'ticket'";
    assert_eq!(base.number(next).await, MAILS + 1);
    let notices = "SELECT (MAX(id) - COUNT(*)) || ' ' || MIN(id) FROM outbox";
    assert_eq!(base.texts(notices).await, ["0 1"]);
    assert_eq!(base.number("SELECT COUNT(*) FROM arrival WHERE outcome = 'request' AND attempts = 1").await, MAILS);
    let acknowledged = "SELECT COUNT(*) FROM outbox WHERE event = 'acknowledgement'";
    assert_eq!(base.number(acknowledged).await, 40, "the desk sends so many a day");
    assert_eq!(
        base.number("SELECT COUNT(DISTINCT claimed_by) FROM arrival").await,
        2,
        "one worker did it all: nothing was tried"
    );
}
