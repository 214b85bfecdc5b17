//! Leases of notices: each is one sender's at a time, and only its newest lease settles.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join;
use postdesk::store::Store;
use postdesk::store::outbox::Settlement;

use crate::base::Base;
use crate::mails::{NOW, sealed, take};

on_both!(
    only_the_newest_lease_settles_and_a_row_that_cannot_be_read_fails_alone,
    senders_that_lease_at_once_get_each_notice_once,
);

const COLUMNS: &str = "INSERT INTO outbox (id, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, created_at) \
                       VALUES ";

async fn only_the_newest_lease_settles_and_a_row_that_cannot_be_read_fails_alone(base: Base) {
    let store = base.gateway().await;
    take(&store, &[sealed(b"one", &["support"])]).await.unwrap();
    let rows = "(1, 1, 'reply', 'mia@customer.example', 'a', 'b@desk.example.org', 'x', 'due', 0, 0), \
                (2, 1, 'reply', 'no address', 'b', 'b@desk.example.org', 'y', 'due', 0, 0)";
    base.run(&format!("{COLUMNS}{rows}")).await;
    let second = Duration::from_secs(1);
    let first = store.lease(NOW, NOW.plus(second), 10).await.unwrap();
    assert_eq!(first.iter().map(|notice| (notice.id, notice.lease)).collect::<Vec<_>>(), [(1, 1)]);
    assert!(store.lease(NOW, NOW.plus(second), 10).await.unwrap().is_empty(), "leased already");
    let later = NOW.plus(second * 2);
    let taken_over = store.lease(later, later.plus(second), 10).await.unwrap();
    assert_eq!(taken_over[0].lease, 2);
    store.settle(&[(1, 1, Settlement::Never { why: "too late".to_owned() })], later).await.unwrap();
    assert_eq!(base.texts("SELECT state FROM outbox ORDER BY id").await, ["leased", "failed"]);
    store.settle(&[(1, 2, Settlement::Sent)], later).await.unwrap();
    assert_eq!(base.texts("SELECT state FROM outbox ORDER BY id").await, ["sent", "failed"]);
}

/// Leases until nothing is free, as another does at the same time.
async fn lease_all(store: &Store) -> Vec<i64> {
    let mut leased = Vec::new();
    loop {
        let notices = store.lease(NOW, NOW.plus(Duration::from_secs(60)), 7).await.unwrap();
        if notices.is_empty() {
            return leased;
        }
        assert!(notices.iter().all(|notice| notice.lease == 1 && notice.attempts == 1), "{notices:?}");
        leased.extend(notices.iter().map(|notice| notice.id));
    }
}

async fn senders_that_lease_at_once_get_each_notice_once(base: Base) {
    const NOTICES: usize = 300;
    let [one, other] = base.two().await;
    take(&one, &[sealed(b"one", &["support"])]).await.unwrap();
    let row = |id| format!("({id}, 1, 'reply', 'mia@customer.example', '{id}', 'b@desk.example.org', '{id}', 'due', {id}, 0)");
    let rows: Vec<String> = (1..=NOTICES).map(row).collect();
    base.run(&format!("{COLUMNS}{}", rows.join(", "))).await;
    let (first, second) = join(lease_all(&one), lease_all(&other)).await;
    assert!(!first.is_empty() && !second.is_empty(), "one sender took all: nothing was tried");
    // Rows that were locked by the one were passed over by the other, which looks again at the next turn.
    let mut leased = lease_all(&one).await;
    leased.extend(first.into_iter().chain(second));
    let once: HashSet<i64> = leased.iter().copied().collect();
    assert_eq!((leased.len(), once.len()), (NOTICES, NOTICES));
}
