//! Decisions at several gateways at once: as exact as at one.

use std::sync::Arc;

use futures_util::future::join;
use postdesk::model::address::Address;
use postdesk::model::seal::Key;
use postdesk::model::token::{Keyring, Purpose, Token, signed_address};
use postdesk::process::{House, Worker};
use tokio::sync::watch;

use crate::base::Base;
use crate::mails::{NOW, ONE, claim, decide_all, from, house, ids, take};

on_both!(
    copies_that_are_decided_at_once_are_one_request_and_one_duplicate,
    two_requests_of_one_sender_that_are_decided_at_once_bring_one_acknowledgement,
    a_mail_that_was_read_before_the_rules_changed_is_decided_by_the_new_ones,
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

/// The worker has read it when a key comes that seals the address it was written to: by the old keys that address says nothing.
async fn a_mail_that_was_read_before_the_rules_changed_is_decided_by_the_new_ones(base: Base) {
    let (old, new) = (|| Key::new(1, &[1; 32]), || Key::new(2, &[2; 32]));
    let with = |keys: Keyring| {
        let mut desk = crate::desk::desk();
        desk.keys = keys;
        House { desk: Arc::new(desk), ..house() }
    };
    let keys = Keyring::new(new(), vec![old()]);
    let mia = keys.recipient(&Address::parse("mia@customer.example").unwrap());
    let token = keys.write(&Token::Reply { purpose: Purpose::Reply, ticket: 1, recipient: mia, day: NOW.day() });
    let department = Address::parse("support@desk.example.org").unwrap();
    let mut reply = from("mia", "reply", "");
    reply.incoming.departments = vec![("support".to_owned(), vec![signed_address(&department, &token).unwrap()])];
    // More than are decided at a time, so that the last is read while those before it are decided.
    let mut mails = vec![from("mia", "first", "")];
    mails.extend((0..63).map(|number| from(&format!("c{number}"), &format!("m{number}"), "")));
    mails.push(reply);
    let store = base.gateway().await;
    take(&store, &mails).await.unwrap();
    let rules = watch::Sender::new(with(Keyring::new(old(), Vec::new())));
    let mut worker = Worker::new(rules.borrow().clone(), store.clone(), Arc::default()).following(rules.subscribe());
    assert!(worker.step().await.unwrap() > 0);
    assert_eq!(base.pending().await, 1, "the last one is in hand");
    rules.send_replace(with(keys));
    while base.pending().await > 0 {
        worker.step().await.unwrap();
    }
    assert_eq!(base.number("SELECT COUNT(*) FROM ticket").await, 64);
    assert_eq!(base.number("SELECT COUNT(*) FROM message WHERE ticket = 1").await, 2);
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread")]
async fn two_workers_number_tickets_and_notices_without_gaps_or_doubles() {
    use std::time::Instant;

    use tokio::sync::Notify;

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
