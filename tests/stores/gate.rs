//! What has left and what may: counted in the transaction that settles, over all gateways.

use std::time::Duration;

use postdesk::store::Store;
use postdesk::store::gate::{Count, Kept};
use postdesk::store::outbox::Settlement;
use postdesk::store::report::outbox::{Granted, Wish};

use crate::base::Base;
use crate::mails::{NOW, sealed, take};

on_both!(
    what_was_sent_is_counted_by_kind_and_address_within_the_hour_and_the_day,
    what_may_not_be_sent_waits_without_an_attempt_or_is_dropped_with_an_event,
    an_operator_drops_and_holds_what_nobody_is_sending,
);

const COLUMNS: &str = "INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, \
                       created_at) VALUES ";

/// Queues notices of these events, numbered from 1, to these recipients.
async fn queue(base: &Base, store: &Store, notices: &[(&str, &str)]) {
    take(store, &[sealed(b"one", &["support"])]).await.unwrap();
    let ticket = "INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, \
                  mailbox, created_at, updated_at) VALUES (7, 'support', 's', 'new', 'medium', 'email', 'external', '', 'mia@customer.example', \
                  'm', 0, 0)";
    base.run(ticket).await;
    let row = |(index, (event, to)): (usize, &(&str, &str))| {
        let id = index + 1;
        format!("({id}, 7, 1, '{event}', '{to}', '{to}', 'b@desk.example.org', '{id}', 'due', 0, 0)")
    };
    let rows: Vec<String> = notices.iter().enumerate().map(row).collect();
    base.run(&format!("{COLUMNS}{}", rows.join(", "))).await;
}

const MINUTE: Duration = Duration::from_secs(60);

async fn what_was_sent_is_counted_by_kind_and_address_within_the_hour_and_the_day(base: Base) {
    let [one, other] = base.two().await;
    let to = "mia@customer.example";
    queue(&base, &one, &[("acknowledgement", to), ("answer", to), ("acknowledgement", "noah@customer.example"), ("reply", to)])
        .await;
    let leased = one.lease(NOW, NOW.plus(MINUTE), 10).await.unwrap();
    assert_eq!(leased.len(), 4);
    let keys = [to.to_owned()];
    let under_way = other.counts_at_the_wire(&keys, NOW).await.unwrap();
    assert_eq!((under_way.all.under_way, under_way.acknowledgements.under_way, under_way.to[to].under_way), (4, 2, 1));
    let failed = || Settlement::Never { why: "550".to_owned() };
    one.settle(&[(1, 1, Settlement::Sent), (2, 1, Settlement::Sent)], NOW).await.unwrap();
    other.settle(&[(3, 1, Settlement::Sent), (4, 1, failed())], NOW.plus(MINUTE * 20)).await.unwrap();
    let counts = |hour, day| Count { hour, day, under_way: 0 };
    let at = |minutes| NOW.plus(MINUTE * minutes);
    let now = one.counts_at_the_wire(&keys, at(30)).await.unwrap();
    assert_eq!((now.all, now.acknowledgements, now.to[to]), (counts(3, 3), counts(2, 2), counts(1, 1)));
    assert_eq!(now.to.len(), 1, "nobody asked for the other address");
    let later = one.counts_at_the_wire(&keys, at(75)).await.unwrap();
    assert_eq!((later.all, later.acknowledgements, later.to[to]), (counts(1, 3), counts(1, 2), counts(0, 1)));
    let next_day = one.counts_at_the_wire(&keys, at(25 * 60)).await.unwrap();
    assert_eq!(next_day, postdesk::store::gate::Counts::default());
}

async fn what_may_not_be_sent_waits_without_an_attempt_or_is_dropped_with_an_event(base: Base) {
    let store = base.gateway().await;
    let to = "mia@customer.example";
    queue(&base, &store, &[("answer", to), ("acknowledgement", to), ("reply", to)]).await;
    store.lease(NOW, NOW.plus(MINUTE), 10).await.unwrap();
    let until = NOW.plus(MINUTE * 10);
    let waits = || Kept::Waits { until, why: "the cap".to_owned() };
    // The last one names a lease that is not the newest.
    store.keep_back(&[(1, 1, waits()), (2, 1, Kept::Dropped("too late".to_owned())), (3, 7, waits())], NOW).await.unwrap();
    let rows = "SELECT state || ' ' || attempts || ' ' || COALESCE(last_error, '') FROM outbox ORDER BY id";
    assert_eq!(base.texts(rows).await, ["due 0 the cap", "dropped 0 too late", "leased 1 "]);
    assert_eq!(base.number("SELECT next_attempt_at FROM outbox WHERE id = 1").await, until.0);
    assert_eq!(
        base.texts("SELECT kind || ' ' || actor || ' ' || new FROM event").await,
        ["dropped postdesk mia@customer.example"]
    );
    store.settle(&[(1, 1, Settlement::Sent)], NOW).await.unwrap();
    assert_eq!(base.texts("SELECT state FROM outbox WHERE id = 1").await, ["due"], "it is nobody's any more");
}

async fn an_operator_drops_and_holds_what_nobody_is_sending(base: Base) {
    let store = base.gateway().await;
    let to = "mia@customer.example";
    queue(&base, &store, &[("answer", to), ("reply", to), ("note", to)]).await;
    let wish = async |id, wish| store.change_notice(id, wish, "operator", NOW).await.unwrap();
    assert_eq!(wish(1, Wish::Hold).await, Granted::Done);
    assert_eq!(wish(2, Wish::Drop).await, Granted::Done);
    let leased = store.lease(NOW, NOW.plus(MINUTE), 10).await.unwrap();
    assert_eq!(leased.iter().map(|notice| notice.id).collect::<Vec<_>>(), [3]);
    for hindered in [Wish::Retry, Wish::Drop, Wish::Hold] {
        assert_eq!(wish(3, hindered).await, Granted::Leased(NOW.plus(MINUTE)));
        assert_eq!(wish(9, hindered).await, Granted::Unknown);
    }
    store.settle(&[(3, 1, Settlement::Sent)], NOW).await.unwrap();
    assert_eq!(wish(3, Wish::Drop).await, Granted::Sent);
    assert_eq!(wish(2, Wish::Hold).await, Granted::Needless("dropped".to_owned()));
    assert_eq!(wish(1, Wish::Hold).await, Granted::Needless("held".to_owned()));
    for id in [1, 2] {
        assert_eq!(wish(id, Wish::Retry).await, Granted::Done);
    }
    assert_eq!(store.lease(NOW, NOW.plus(MINUTE), 10).await.unwrap().len(), 2);
    assert_eq!(base.texts("SELECT kind || ' ' || actor FROM event").await, ["dropped operator"]);
}
