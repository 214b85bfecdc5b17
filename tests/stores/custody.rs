//! Custody and recall: what is inserted together, and what a new store knows.

use postdesk::decide::recall::Wanted;
use postdesk::store::Fault;
use postdesk::store::work::Batch;

use crate::base::Base;
use crate::mails::{ALL, NOW, sealed, take};

on_both!(
    a_mail_for_several_departments_is_one_arrival_for_each_and_stored_once,
    a_batch_is_taken_as_a_whole_or_not_at_all,
    an_attempt_counts_before_the_work_and_what_was_tried_is_taken_up_alone,
    a_batch_holds_so_many_octets_and_always_one_mail,
    an_empty_store_knows_nothing_and_counts_from_one,
);

async fn a_mail_for_several_departments_is_one_arrival_for_each_and_stored_once(base: Base) {
    let store = base.gateway().await;
    let batch = [sealed(b"one", &["support", "billing"]), sealed(b"two", &["support"]), sealed(b"one", &["billing"])];
    assert_eq!(take(&store, &batch).await.unwrap(), [vec![1, 2], vec![3], vec![4]]);
    assert_eq!(base.number("SELECT COUNT(*) FROM raw").await, 3);
    let taken = store.claim(ALL, &[]).await.unwrap();
    let seen: Vec<_> = taken.iter().map(|arrival| (arrival.department.as_str(), arrival.raw.as_slice())).collect();
    let expected: [(&str, &[u8]); 4] = [("support", b"one"), ("billing", b"one"), ("support", b"two"), ("billing", b"one")];
    assert_eq!(seen, expected);
}

async fn a_batch_is_taken_as_a_whole_or_not_at_all(base: Base) {
    let store = base.gateway().await;
    base.run("CREATE UNIQUE INDEX refuse ON arrival (department)").await;
    let refused = take(&store, &[sealed(b"one", &["support"]), sealed(b"two", &["support", "billing"])]).await;
    assert!(matches!(refused, Err(Fault::Refused(_))), "{refused:?}");
    assert_eq!(base.number("SELECT (SELECT COUNT(*) FROM raw) + (SELECT COUNT(*) FROM arrival)").await, 0);
    assert_eq!(take(&store, &[sealed(b"one", &["support"])]).await.unwrap().len(), 1);
}

async fn an_attempt_counts_before_the_work_and_what_was_tried_is_taken_up_alone(base: Base) {
    let store = base.gateway().await;
    take(&store, &[sealed(b"one", &["support"]), sealed(b"two", &["support"])]).await.unwrap();
    assert_eq!(store.claim(ALL, &[]).await.unwrap().len(), 2);
    assert_eq!(base.number("SELECT SUM(attempts) FROM arrival").await, 2);
    store.leave().await.unwrap();
    store.close().await;
    let again = base.gateway().await.claim(ALL, &[]).await.unwrap();
    assert_eq!(again.iter().map(|arrival| (arrival.id, arrival.attempts)).collect::<Vec<_>>(), [(1, 2)]);
}

async fn a_batch_holds_so_many_octets_and_always_one_mail(base: Base) {
    let store = base.gateway().await;
    take(&store, &[sealed(&[b'x'; 1_000], &["support"]), sealed(b"two", &["support"])]).await.unwrap();
    assert_eq!(store.claim(Batch { mails: 100, octets: 10 }, &[]).await.unwrap().len(), 1);
}

async fn an_empty_store_knows_nothing_and_counts_from_one(base: Base) {
    let store = base.gateway().await;
    let mut wanted = Wanted::default();
    wanted.tickets.extend([1, 2]);
    wanted.message_ids.insert("kettle-1@customer.example".to_owned());
    wanted.arrivals.insert(3);
    wanted.keys.insert([0; 32]);
    wanted.requesters.insert("mia@customer.example".to_owned());
    let facts = store.recall(&wanted, NOW).await.unwrap();
    assert_eq!(facts.next_number, 1);
    assert!(facts.tickets.is_empty() && facts.known.is_empty() && facts.by_message_id.is_empty());
}

/// Of a file only: a server looks after its own.
#[tokio::test]
async fn what_is_promised_on_the_disk_is_promised_with_every_pragma_and_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let base = Base::file();
    let store = base.gateway().await;
    take(&store, &[sealed(b"one", &["support"])]).await.unwrap();
    assert_eq!(base.texts("PRAGMA journal_mode").await, ["wal"]);
    for entry in std::fs::read_dir(base.folder()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?} can be read by others", entry.path());
    }
}
