//! A person who is forgotten: what is found, what goes, what stays, and that nobody else loses a word.

use postdesk::model::address::Address;
use postdesk::model::time::Time;
use postdesk::store::forget::{Forgotten, NOBODY, Person, Traces, Wish};
use postdesk::store::{Fault, Store};

use crate::base::Base;
use crate::mails::{ALL, claim, decide_all, from, reply_to, take};

on_both!(
    who_was_alone_on_tickets_is_forgotten_ticket_by_ticket_and_nobody_else,
    who_shared_a_ticket_leaves_it_to_the_others,
    what_is_open_or_pending_is_not_touched_unless_told_to,
);

fn wish(even_open: bool) -> Wish {
    let agents = crate::desk::desk().agents.iter().map(|agent| agent.address.key()).collect();
    let person = Person::of(&Address::parse("Mia@Customer.example").unwrap());
    Wish { person, agents, even_open, now: Time(1_900_000_000_000_000) }
}

async fn decide(store: &Store) {
    decide_all(store, claim(store, ALL, &[]).await).await;
}

/// As if everything had been dealt with.
async fn settle(base: &Base) {
    base.run("UPDATE outbox SET state = 'sent'; UPDATE ticket SET status = 'closed', closed_at = 1").await;
}

/// Every column that may name a person, wherever it still does.
async fn named(base: &Base, word: &str) -> Vec<String> {
    const COLUMNS: [(&str, &[&str]); 10] = [
        (
            "ticket",
            &["subject", "requester_name", "requester_address", "first_message_id", "last_message_id", "proven", "recent"],
        ),
        ("follower", &["address", "name"]),
        ("message", &["author_name", "author_address", "message_id", "subject", "text", "quoted", "html"]),
        ("arrival", &["sender", "recipients", "peer_helo", "message_id", "subject", "reasons", "evidence", "history"]),
        ("outbox", &["recipient", "recipient_key", "sender", "last_error"]),
        ("letter", &["head", "tail"]),
        ("event", &["actor", "old", "new"]),
        ("acknowledged", &["recipient_key"]),
        ("sent", &["kind"]),
        ("dead_address", &["address_key"]),
    ];
    let mut found = Vec::new();
    for (table, columns) in COLUMNS {
        let all: Vec<String> = columns.iter().map(|column| format!("COALESCE({column}, '')")).collect();
        let texts = base.texts(&format!("SELECT {} FROM {table}", all.join(" || ' | ' || "))).await;
        found.extend(texts.into_iter().filter(|text| text.to_lowercase().contains(word)).map(|text| format!("{table}: {text}")));
    }
    found
}

async fn who_was_alone_on_tickets_is_forgotten_ticket_by_ticket_and_nobody_else(base: Base) {
    let store = base.gateway().await;
    take(&store, &[from("mia", "m0", ""), from("noah", "n0", ""), from("mia", "m1", &reply_to("m0")), from("mia", "m2", "")])
        .await
        .unwrap();
    decide(&store).await;
    settle(&base).await;
    base.run("INSERT INTO dead_address (address_key, since, why) VALUES ('mia@customer.example', 1, 'x')").await;
    let noah = named(&base, "noah").await;
    let wish = wish(false);
    let traces = store.traces(&wish).await.unwrap();
    let seen: Vec<_> = traces.tickets.iter().map(|trace| (trace.number, trace.whole, trace.requester, trace.messages)).collect();
    assert_eq!(seen, [(1, true, true, 2), (3, true, true, 1)]);
    // Broken off behind the first: the rest is found again.
    let Forgotten::Done(removed) = store.forget_ticket(1, &wish).await.unwrap() else { panic!("it is closed") };
    assert_eq!((removed.messages, removed.originals, removed.masked), (2, 2, 0));
    let rest = store.traces(&wish).await.unwrap();
    assert_eq!(rest.tickets.iter().map(|trace| trace.number).collect::<Vec<_>>(), [3]);
    assert!(matches!(store.forget_ticket(3, &wish).await.unwrap(), Forgotten::Done(_)));
    store.forget_rest(&rest, &wish).await.unwrap();
    assert_eq!(named(&base, "mia").await, [""; 0]);
    assert_eq!(store.traces(&wish).await.unwrap(), Traces::default());
    assert_eq!(named(&base, "noah").await, noah, "nobody else has lost a word");
    assert_eq!(base.texts("SELECT CAST(OCTET_LENGTH(octets) AS TEXT) FROM raw WHERE OCTET_LENGTH(octets) > 0").await.len(), 1);
    let stays = base.texts("SELECT subject || ' ' || status || ' ' || requester_address FROM ticket ORDER BY number").await;
    assert_eq!(stays[0], format!("forgotten closed {NOBODY}"));
    assert_eq!(stays[1], "Kettle n0 closed noah@customer.example");
    // The same mail once more is a copy, and opens nothing.
    take(&store, &[from("mia", "m0", "")]).await.unwrap();
    decide(&store).await;
    assert_eq!(base.texts("SELECT outcome FROM arrival ORDER BY id DESC LIMIT 1").await, ["duplicate"]);
    store.scrub().await.unwrap();
}

async fn who_shared_a_ticket_leaves_it_to_the_others(base: Base) {
    let store = base.gateway().await;
    take(&store, &[from("mia", "m0", "Cc: noah@customer.example\r\n")]).await.unwrap();
    decide(&store).await;
    let answer = format!("{}Cc: MIA@customer.example\r\n", reply_to("m0"));
    take(&store, &[from("noah", "n0", &answer)]).await.unwrap();
    decide(&store).await;
    settle(&base).await;
    let wish = wish(false);
    let traces = store.traces(&wish).await.unwrap();
    assert_eq!((traces.tickets.len(), traces.tickets[0].whole), (1, false), "{traces:?}");
    let Forgotten::Done(removed) = store.forget_ticket(1, &wish).await.unwrap() else { panic!("it is closed") };
    assert_eq!((removed.messages, removed.originals, removed.masked), (1, 1, 1));
    store.forget_rest(&traces, &wish).await.unwrap();
    assert_eq!(named(&base, "mia").await, [""; 0]);
    assert_eq!(base.texts("SELECT text FROM message ORDER BY arrival").await, ["", "Text of n0."]);
    assert_eq!(base.texts("SELECT address FROM follower").await, ["noah@customer.example"]);
    let masked = store.raw(2).await.unwrap().unwrap();
    assert!(String::from_utf8(masked).unwrap().contains("Cc: xxxxxxxxxxxxxxxxxxxx\r\n"));
    assert_eq!(store.traces(&wish).await.unwrap(), Traces::default());
    // Noah writes on.
    base.run("UPDATE ticket SET status = 'open', closed_at = NULL").await;
    take(&store, &[from("noah", "n1", &reply_to("n0"))]).await.unwrap();
    decide(&store).await;
    assert_eq!(base.number("SELECT COUNT(*) FROM message WHERE ticket = 1").await, 3);
}

async fn what_is_open_or_pending_is_not_touched_unless_told_to(base: Base) {
    let store = base.gateway().await;
    take(&store, &[from("mia", "m0", "")]).await.unwrap();
    assert_eq!(store.traces(&wish(false)).await.unwrap().pending, [1]);
    decide(&store).await;
    assert_eq!(store.forget_ticket(1, &wish(false)).await.unwrap(), Forgotten::Open);
    assert!(!named(&base, "mia").await.is_empty());
    assert!(matches!(store.forget_ticket(1, &wish(true)).await, Ok::<_, Fault>(Forgotten::Done(_))));
    assert_eq!(base.texts("SELECT DISTINCT state FROM outbox").await, ["dropped"], "nothing of it is sent");
    assert_eq!(base.number("SELECT COUNT(*) FROM letter").await, 0);
    assert_eq!(store.forget_ticket(9, &wish(true)).await.unwrap(), Forgotten::Gone);
}
