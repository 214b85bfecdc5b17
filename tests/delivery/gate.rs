//! The gate before the wire, with a sender and a relay: the daily cap, and acknowledgements after an outage.

use std::time::Duration;

use postdesk::deliver::gate::Caps;
use postdesk::deliver::{Options, Sender};
use postdesk::model::desk::AcknowledgementCaps;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::outbox::{Outbox, now, options, server};
use crate::peer;

/// A sender to a relay on this machine that holds these caps.
fn sender(outbox: &Outbox, port: u16, per_day: Option<i64>) -> Sender {
    let acknowledgements = AcknowledgementCaps { per_hour: 1, per_day: 2, total_per_day: 3 };
    let options = Options {
        gate: Caps { per_day, acknowledgements },
        max_connections: 2,
        attempt_timeout: Duration::from_secs(30),
        ..options(server(port))
    };
    Sender::new(options, outbox.store.clone())
}

async fn run(outbox: &Outbox, sql: String) {
    let options = SqliteConnectOptions::new().filename(outbox.folder.path().join("postdesk.db"));
    let mut connection = options.connect().await.expect("the database");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("a statement");
}

/// Sends until nothing is due.
async fn send_all(sender: &Sender) {
    while sender.step(now()).await.expect("the store") > 0 {}
}

#[tokio::test]
async fn what_is_beyond_the_daily_cap_waits_and_leaves_when_there_is_room() {
    let mut outbox = Outbox::open().await;
    let (port, inbox) = peer::serve(|_| {});
    for id in 1..=5 {
        outbox.queue(id, "carla@customer.example", 1).await;
    }
    send_all(&sender(&outbox, port, Some(3))).await;
    assert_eq!((outbox.count("sent").await, outbox.count("due").await, inbox.mails().len()), (3, 2, 3));
    let waits = outbox.state(5).await;
    assert!(waits.attempts == 0 && waits.next_attempt_at > now().0, "{waits:?}");
    assert!(waits.last_error.is_some_and(|why| why.contains("the daily cap of 3 mails")));
    // Another gateway, later: what has left is counted in the store.
    run(&outbox, "UPDATE outbox SET next_attempt_at = 0 WHERE state = 'due'".to_owned()).await;
    send_all(&sender(&outbox, port, Some(4))).await;
    assert_eq!((outbox.count("sent").await, inbox.mails().len()), (4, 4));
    run(&outbox, "UPDATE outbox SET next_attempt_at = 0 WHERE state = 'due'".to_owned()).await;
    send_all(&sender(&outbox, port, None)).await;
    assert_eq!((outbox.count("sent").await, inbox.mails().len()), (5, 5));
}

#[tokio::test]
async fn acknowledgements_of_an_outage_leave_within_their_caps_or_not_at_all() {
    let mut outbox = Outbox::open().await;
    let (port, inbox) = peer::serve(|_| {});
    for (id, to) in [(1, "carla"), (2, "carla"), (3, "dana"), (4, "emil")] {
        outbox.queue(id, &format!("{to}@customer.example"), 1).await;
    }
    let hours_ago = |hours: i64| now().0 - hours * 3_600_000_000;
    // One mail has one acknowledgement: the second one is of another.
    let other = "INSERT INTO arrival (id, raw_id, department, recipients, source, peer_tls, size, received_at) \
                 VALUES (2, 1, 'd', 'r', 'smtp', 0, 0, 0); UPDATE outbox SET arrival = 2 WHERE id = 2; ";
    let old = format!("UPDATE outbox SET event = 'acknowledgement', recipient_key = recipient, created_at = {}; ", hours_ago(2));
    run(&outbox, format!("{other}{old}UPDATE outbox SET created_at = {} WHERE id = 4", hours_ago(25))).await;
    send_all(&sender(&outbox, port, None)).await;
    let to: Vec<String> = inbox.mails().into_iter().flat_map(|mail| mail.recipients).collect();
    assert_eq!((to.len(), outbox.count("sent").await), (2, 2), "{to:?}");
    assert_eq!((outbox.state(4).await.state.as_str(), outbox.state(2).await.state.as_str()), ("dropped", "due"));
    // What became of the first one is known now.
    run(&outbox, "UPDATE outbox SET next_attempt_at = 0 WHERE state = 'due'".to_owned()).await;
    send_all(&sender(&outbox, port, None)).await;
    let dropped = outbox.state(2).await;
    assert_eq!(dropped.state, "dropped");
    assert!(dropped.last_error.is_some_and(|why| why.contains("`[acknowledgements] per_hour`")));
    let events = outbox.events().await;
    let dropped = |to: &str| ("dropped".to_owned(), format!("{to}@customer.example"));
    assert_eq!(events, [dropped("emil"), dropped("carla")]);
    assert_eq!(inbox.mails().len(), 2);
}
