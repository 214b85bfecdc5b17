//! The sender with a real store: turns, the loop, and who waits for whom.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use postdesk::deliver::Relay as To;
use tokio::sync::{Notify, watch};

use crate::outbox::{Outbox, mail, now};
use crate::peer;
use crate::script::{Relay, Step, good, greeting, say, up_to};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn everything_due_is_sent_once_as_it_was_written_over_kept_connections() {
    let mut outbox = Outbox::open().await;
    for id in 1..=300 {
        outbox.queue(id, &format!("c{id}@customer.example"), 1).await;
    }
    let (port, inbox) = peer::serve(|_| {});
    let sender = outbox.sender(port, 3, LONG);
    let mut turns = Vec::new();
    while turns.last() != Some(&0) {
        turns.push(sender.step(now()).await.expect("a turn"));
    }
    assert_eq!(turns, [256, 44, 0]);
    assert_eq!(outbox.count("sent").await, 300);
    let received: BTreeSet<Vec<u8>> = inbox.mails().into_iter().map(|mail| mail.octets).collect();
    assert_eq!(received, (1..=300).map(mail).collect());
    assert_eq!(inbox.mails().len(), 300);
}

#[tokio::test]
async fn a_refused_recipient_is_recorded_on_the_ticket_and_holds_up_nobody() {
    let mut outbox = Outbox::open().await;
    for id in 1..=9 {
        let recipient = if id % 3 == 0 { format!("nobody@{id}.example") } else { format!("c{id}@customer.example") };
        outbox.queue(id, &recipient, 1).await;
    }
    let (port, inbox) = peer::serve(|_| {});
    assert_eq!(outbox.sender(port, 1, LONG).step(now()).await.expect("a turn"), 9);
    assert_eq!((outbox.count("sent").await, outbox.count("failed").await), (6, 3));
    assert_eq!(outbox.state(3).await.last_error.as_deref(), Some("550 Mailbox unavailable"));
    let undelivered = ["nobody@3.example", "nobody@6.example", "nobody@9.example"];
    assert_eq!(outbox.events().await, undelivered.map(|who| ("undelivered".to_owned(), who.to_owned())));
    assert_eq!(inbox.mails().len(), 6);
}

#[tokio::test]
async fn a_file_that_the_store_does_not_have_makes_only_its_own_notice_wait() {
    let mut outbox = Outbox::open().await;
    outbox.queue(1, "a@customer.example", 99).await;
    outbox.queue(2, "b@customer.example", 1).await;
    let (port, _) = peer::serve(|_| {});
    assert_eq!(outbox.sender(port, 1, LONG).step(now()).await.expect("a turn"), 2);
    let broken = outbox.state(1).await;
    assert_eq!(broken.state, "due");
    assert!(broken.last_error.is_some_and(|why| why.contains("raw mail 99")));
    assert_eq!(outbox.state(2).await.state, "sent");
}

#[tokio::test]
async fn a_relay_that_is_down_is_tried_with_one_notice_at_a_time_and_no_notice_answers_for_it() {
    let mut outbox = Outbox::open().await;
    for id in 1..=300 {
        outbox.queue(id, &format!("c{id}@customer.example"), 1).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let sender = outbox.sender(port, 1, LONG);
    assert_eq!(sender.step(now()).await.expect("a turn"), 256);
    assert_eq!(sender.step(now()).await.expect("a turn"), 1);
    let waiting = outbox.state(1).await;
    assert_eq!((waiting.state.as_str(), waiting.attempts), ("due", 0));
    assert!(waiting.last_error.is_some_and(|why| why.to_lowercase().contains("refused")));
    assert_eq!(outbox.count("due").await, 300);

    let (_, inbox) = peer::serve_on(TcpListener::bind(("127.0.0.1", port)).expect("the same port"), |_| {});
    assert_eq!(sender.step(now()).await.expect("a turn"), 1, "one to see whether it is back");
    assert_eq!(sender.step(now()).await.expect("a turn"), 256, "the rest, since it is");
    assert_eq!(sender.step(now()).await.expect("a turn"), 43);
    let received: Vec<Vec<u8>> = inbox.mails().into_iter().map(|mail| mail.octets).collect();
    assert!(received == (1..=300).map(mail).collect::<Vec<_>>(), "each once, the oldest first");
}

#[tokio::test]
async fn a_relay_that_takes_fewer_connections_than_are_allowed_still_gets_everything() {
    let mut outbox = Outbox::open().await;
    for id in 1..=2 {
        outbox.queue(id, &format!("c{id}@customer.example"), 1).await;
    }
    let busy = Arc::new(Notify::new());
    let refusing = vec![say("421 4.7.0 too many connections"), Step::Tell(Arc::clone(&busy))];
    let willing = [vec![Step::Await(busy)], good(), good().split_off(4), vec![Step::Hang]].concat();
    let relay = Relay::start(vec![willing, refusing]).await;
    let sender = outbox.sender(relay.port, 2, LONG);
    while sender.step(now()).await.expect("a turn") > 0 {}
    assert_eq!(outbox.count("sent").await, 2);
    drop(sender);
    assert_eq!(relay.mails().await.len(), 2);
}

#[tokio::test]
async fn a_connection_that_the_relay_closed_between_two_turns_costs_no_attempt() {
    let mut outbox = Outbox::open().await;
    let relay = Relay::start(vec![good(), good()]).await;
    let sender = outbox.sender(relay.port, 1, LONG);
    for id in 1..=2 {
        outbox.queue(id, "c@customer.example", 1).await;
        assert_eq!(sender.step(now()).await.expect("a turn"), 1);
        let sent = outbox.state(id).await;
        assert_eq!((sent.state.as_str(), sent.attempts, sent.last_error), ("sent", 1, None));
    }
    assert_eq!(relay.mails().await, [mail(1), mail(2)]);
}

#[tokio::test]
async fn a_slow_recipient_keeps_one_connection_and_the_loop_goes_on_with_the_others() {
    let mut outbox = Outbox::open().await;
    outbox.queue(1, "slow@customer.example", 1).await;
    let (slow, wake) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let tarpit = [up_to("RCPT"), vec![Step::Tell(Arc::clone(&slow)), Step::Hang]].concat();
    let mut willing = greeting();
    willing.extend((0..30).flat_map(|_| good().split_off(4)));
    let relay = Relay::start(vec![tarpit, [willing, vec![Step::Hang]].concat()]).await;
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(outbox.sender(relay.port, 2, LONG).run(Arc::clone(&wake), stopped));
    slow.notified().await;
    for id in 2..=31 {
        outbox.queue(id, &format!("c{id}@customer.example"), 1).await;
        wake.notify_one();
    }
    outbox.until("sent", 30).await;
    assert_eq!(outbox.state(1).await.state, "leased");
    running.abort();
    assert_eq!(relay.mails().await.len(), 30);
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_gives_back_the_rest_and_says_goodbye() {
    let mut outbox = Outbox::open().await;
    for id in 1..=3 {
        outbox.queue(id, &format!("c{id}@customer.example"), 1).await;
    }
    let (in_flight, stopping) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let within = vec![Step::Tell(Arc::clone(&in_flight)), Step::Await(Arc::clone(&stopping)), say("250 taken")];
    let script = [up_to("content"), within, vec![Step::Hear("QUIT"), say("221 bye")]].concat();
    let relay = Relay::start(vec![script]).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(outbox.sender(relay.port, 1, LONG).run(Arc::new(Notify::new()), stopped));
    in_flight.notified().await;
    stop.send(true).expect("the loop listens");
    // The loop has to see the stop before the mail ends; nothing tells a test that it has, but it runs on this very thread.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    stopping.notify_one();
    running.await.expect("the loop ends");
    assert_eq!(outbox.state(1).await.state, "sent");
    for id in 2..=3 {
        let given_back = outbox.state(id).await;
        assert_eq!(given_back.state, "due");
        assert!(given_back.next_attempt_at <= now().0, "it may be taken up at once");
    }
    assert_eq!(relay.mails().await, [mail(1)]);
}

#[tokio::test]
async fn files_are_written_with_their_envelope_and_a_folder_in_the_way_makes_them_wait() {
    let mut outbox = Outbox::open().await;
    outbox.queue(1, "c@customer.example", 1).await;
    outbox.queue(2, "d@customer.example", 1).await;
    let outgoing = outbox.folder.path().join("outgoing");
    std::fs::write(&outgoing, "in the way").expect("a file");
    let sender = outbox.sender_to(To::File(outgoing.clone()), 4, LONG);
    assert_eq!(sender.step(now()).await.expect("a turn"), 2);
    assert_eq!(outbox.count("due").await, 2);

    std::fs::remove_file(&outgoing).expect("the file");
    let tomorrow = now().plus(Duration::from_secs(86_400));
    while sender.step(tomorrow).await.expect("a turn") > 0 {}
    assert_eq!(outbox.count("sent").await, 2);
    let octets = std::fs::read(outgoing.join("00000002-reply-d@customer.example.eml")).expect("the file");
    let envelope = b"Return-Path: <b@desk.example.org>\r\nDelivered-To: d@customer.example\r\n";
    assert_eq!(octets, [envelope.as_slice(), &mail(2)].concat());
}

#[tokio::test]
async fn what_is_discarded_counts_as_sent_turn_by_turn() {
    let mut outbox = Outbox::open().await;
    for id in 1..=100 {
        outbox.queue(id, &format!("c{id}@customer.example"), 99).await;
    }
    let sender = outbox.sender_to(To::Discard, 4, LONG);
    assert_eq!(sender.step(now()).await.expect("a turn"), 100);
    assert_eq!(outbox.count("sent").await, 100);
}
