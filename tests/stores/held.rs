//! Held mail: what operators decide of it, and what admins are told, each once.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join;
use postdesk::decide::digest::{Untold, admins, digest};
use postdesk::decide::{Action, Operation, Rules};
use postdesk::model::address::Address;
use postdesk::model::time::Time;
use postdesk::store::Store;
use postdesk::store::custody::Sealed;
use postdesk::store::held::Operated;

use crate::base::Base;
use crate::mails::{ALL, NOW, claim, decide_all, house, sealed, take};

on_both!(
    a_mail_that_is_decided_again_is_not_told_to_the_same_agent_twice,
    a_held_mail_can_be_released_retried_and_discarded_and_nothing_else_can,
    each_held_mail_is_told_to_admins_once_and_a_mail_that_is_held_again_once_more,
    digests_wait_for_their_time_and_for_somebody_who_can_be_told,
    gateways_that_tell_at_once_tell_once,
    an_admins_reply_decides_on_held_mail,
);

const HOUR: Duration = Duration::from_secs(3_600);

/// A mail in Ana's name that nothing proves.
fn forged(id: &str) -> Sealed {
    let raw = format!("From: <ana@staff.example>\r\nSubject: {id}\r\nMessage-ID: <{id}@elsewhere.test>\r\n\r\n#close\r\n");
    sealed(raw.as_bytes(), &["support"])
}

async fn hold(store: &Store, ids: &[&str]) {
    let mails: Vec<Sealed> = ids.iter().map(|id| forged(id)).collect();
    take(store, &mails).await.unwrap();
    let cases = claim(store, ALL, &[]).await;
    decide_all(store, cases).await;
}

fn operation(arrival: i64, action: Action) -> Operation {
    Operation { arrival, action, by: "operator".to_owned() }
}

async fn tell(store: &Store, now: Time, every: Duration) -> usize {
    let house = house();
    let people: Vec<String> = admins(&house.desk).map(|admin| admin.address.key()).collect();
    let write = |untold: &Untold| digest(untold, Rules { desk: &house.desk, texts: &house.texts, now });
    store.tell_of_held(now, every, &people, write).await.unwrap()
}

const TOLD: &str = "SELECT event || ' ' || recipient || ' ' || arrival FROM outbox ORDER BY id";

async fn a_mail_that_is_decided_again_is_not_told_to_the_same_agent_twice(base: Base) {
    let store = base.gateway().await;
    hold(&store, &["one"]).await;
    assert_eq!(base.texts("SELECT outcome || ' ' || cause FROM arrival").await, ["held agent-unproven"]);
    assert_eq!(base.texts(TOLD).await, ["held ana@staff.example 1"]);
    // The cap would do it as well, for an hour.
    base.run("DELETE FROM acknowledged").await;
    assert_eq!(store.operate(&operation(1, Action::Retry), NOW).await.unwrap(), Operated::Done);
    let cases = claim(&store, ALL, &[]).await;
    assert_eq!(cases.len(), 1);
    decide_all(&store, cases).await;
    assert_eq!(base.texts("SELECT outcome || ' ' || cause FROM arrival").await, ["held agent-unproven"]);
    assert_eq!(base.texts(TOLD).await, ["held ana@staff.example 1"]);
    assert_eq!(base.number("SELECT COUNT(*) FROM letter").await, 1);
}

async fn a_held_mail_can_be_released_retried_and_discarded_and_nothing_else_can(base: Base) {
    let store = base.gateway().await;
    hold(&store, &["one", "two", "three"]).await;
    let release = Action::Release { onto: None };
    assert_eq!(store.operate(&operation(1, release), NOW).await.unwrap(), Operated::Done);
    assert_eq!(store.operate(&operation(1, release), NOW).await.unwrap(), Operated::NotHeld(None));
    assert_eq!(store.operate(&operation(2, Action::Release { onto: Some(9) }), NOW).await.unwrap(), Operated::NoSuchTicket);
    assert_eq!(store.operate(&operation(2, Action::Discard), NOW).await.unwrap(), Operated::Done);
    let discarded = Operated::NotHeld(Some("discarded".to_owned()));
    assert_eq!(store.operate(&operation(2, Action::Retry), NOW).await.unwrap(), discarded);
    assert_eq!(store.operate(&operation(4, Action::Discard), NOW).await.unwrap(), Operated::Unknown);
    base.run("UPDATE arrival SET cause = 'no-sender' WHERE id = 3").await;
    assert_eq!(store.operate(&operation(3, release), NOW).await.unwrap(), Operated::NoSender);
    assert_eq!(store.operate(&operation(3, Action::Retry), NOW).await.unwrap(), Operated::Done);
    let rows = base.texts("SELECT COALESCE(outcome, 'pending') || ' ' || COALESCE(released_by, '-') || ' ' || (content_key IS NOT NULL) FROM arrival ORDER BY id").await;
    let plain: Vec<String> = rows.iter().map(|row| row.replace(" true", " 1")).collect();
    assert_eq!(plain, ["pending operator 1", "discarded - 1", "pending - 1"]);
    let history = base.texts("SELECT history FROM arrival WHERE id = 1").await.remove(0);
    let lines: Vec<&str> = history.lines().collect();
    assert!(lines.len() > 2 && lines[lines.len() - 2] == "held: agent-unproven", "{history}");
    assert!(lines[lines.len() - 1].starts_with("released by operator on "), "{history}");
}

async fn each_held_mail_is_told_to_admins_once_and_a_mail_that_is_held_again_once_more(base: Base) {
    let store = base.gateway().await;
    assert_eq!(tell(&store, NOW, HOUR).await, 0, "nothing is held");
    hold(&store, &["one", "two"]).await;
    assert_eq!(tell(&store, NOW, HOUR).await, 1);
    let later = NOW.plus(HOUR);
    assert_eq!(tell(&store, later, HOUR).await, 0, "nothing new");
    hold(&store, &["three"]).await;
    assert_eq!(tell(&store, later, HOUR).await, 1);
    let digests = "SELECT recipient || ' ' || arrival FROM outbox WHERE event = 'digest' ORDER BY id";
    assert_eq!(base.texts(digests).await, ["olga@staff.example 2", "olga@staff.example 3"]);
    let heads =
        base.texts("SELECT head FROM letter JOIN outbox ON outbox.id = outbox WHERE event = 'digest' ORDER BY outbox.id").await;
    assert!(heads[0].contains("Number 1") && heads[0].contains("Number 2") && !heads[0].contains("Number 3"), "{}", heads[0]);
    assert!(heads[1].contains("Number 3") && !heads[1].contains("Number 2"), "{}", heads[1]);
    // Decided again, and held again: the digest cannot be noted with the same arrival, and is sent all the same.
    store.operate(&operation(3, Action::Retry), later).await.unwrap();
    let cases = claim(&store, ALL, &[]).await;
    decide_all(&store, cases).await;
    let latest = later.plus(HOUR);
    assert_eq!(tell(&store, latest, HOUR).await, 1);
    assert_eq!(base.texts(digests).await[2], "olga@staff.example 1");
    assert_eq!(tell(&store, latest.plus(HOUR), HOUR).await, 0);
}

async fn digests_wait_for_their_time_and_for_somebody_who_can_be_told(base: Base) {
    let store = base.gateway().await;
    hold(&store, &["one"]).await;
    assert_eq!(store.tell_of_held(NOW, HOUR, &[], |_| panic!("nobody to tell")).await.unwrap(), 0);
    base.run("INSERT INTO dead_address (address_key, since, why) VALUES ('olga@staff.example', 0, 'gone')").await;
    assert_eq!(tell(&store, NOW, HOUR).await, 0);
    base.run("DELETE FROM dead_address").await;
    assert_eq!(tell(&store, NOW, HOUR).await, 1, "what nobody could be told is not forgotten");
    hold(&store, &["two"]).await;
    let nearly = Time(NOW.plus(HOUR).0 - 1);
    assert_eq!(tell(&store, nearly, HOUR).await, 0);
    // Another gateway, after a restart.
    let other = base.open().await;
    assert_eq!(tell(&other, nearly, HOUR).await, 0);
    assert_eq!(tell(&other, NOW.plus(HOUR), HOUR).await, 1);
    hold(&store, &["three"]).await;
    assert_eq!(tell(&store, Time(NOW.0 - 1), HOUR).await, 1, "a clock that was set back silences nobody");
}

async fn gateways_that_tell_at_once_tell_once(base: Base) {
    let [one, other] = base.two().await;
    for round in 0..5_u64 {
        hold(&one, &[format!("m{round}").as_str()]).await;
        let now = NOW.plus(HOUR * u32::try_from(round).unwrap());
        let (first, second) = join(tell(&one, now, HOUR), tell(&other, now, HOUR)).await;
        assert_eq!(first + second, 1);
    }
    assert_eq!(base.number("SELECT COUNT(*) FROM outbox WHERE event = 'digest'").await, 5);
    assert_eq!(base.number("SELECT COUNT(*) FROM arrival WHERE told_at IS NULL").await, 0);
}

/// The address that a digest is replied to.
async fn reply_to(base: &Base) -> Address {
    let heads = base.texts("SELECT head FROM letter JOIN outbox ON outbox.id = outbox WHERE event = 'digest'").await;
    let line = heads[0].replace("\r\n ", " ");
    let line = line.lines().find(|line| line.starts_with("Reply-To: ")).unwrap();
    Address::parse(line.split(['<', '>']).nth(1).unwrap()).unwrap()
}

async fn an_admins_reply_decides_on_held_mail(base: Base) {
    let store = base.gateway().await;
    hold(&store, &["one", "two", "three"]).await;
    tell(&store, NOW, HOUR).await;
    let to = reply_to(&base).await;
    let raw =
        format!("From: <olga@staff.example>\r\nTo: <{to}>\r\nMessage-ID: <o@staff.example>\r\n\r\n#discard 1 9\r\n#retry 2\r\n");
    let mut mail = sealed(raw.as_bytes(), &["support"]);
    mail.incoming.sender = Address::parse("olga@staff.example");
    mail.incoming.departments = vec![("support".to_owned(), vec![to])];
    mail.incoming.peer.ip = Some("127.0.0.1".parse().unwrap());
    take(&store, &[mail]).await.unwrap();
    let cases = claim(&store, ALL, &[]).await;
    decide_all(&store, cases).await;
    let outcomes = base.texts("SELECT COALESCE(outcome, 'pending') FROM arrival ORDER BY id").await;
    assert_eq!(outcomes, ["discarded", "pending", "held", "command"]);
    let reasons = base.texts("SELECT reasons FROM arrival WHERE id = 1").await.remove(0);
    assert!(reasons.lines().last().unwrap().starts_with("discarded by olga on "), "{reasons}");
    let receipts: HashSet<String> =
        base.texts("SELECT recipient FROM outbox WHERE event = 'receipt'").await.into_iter().collect();
    assert_eq!(receipts, HashSet::from(["olga@staff.example".to_owned()]));
}
