//! Several relays: who takes the mail while one of them cannot be used, and when nobody else may be asked.

use std::net::TcpListener;
use std::sync::Arc;

use postdesk::deliver::{Options, Sender};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::outbox::{Outbox, mail, now, options, server};
use crate::script::{Relay, Step, good, say, up_to};
use crate::{patience, peer};

/// A port on which nobody listens, until somebody does.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn sender(outbox: &Outbox, first: u16, second: u16) -> Sender {
    outbox.sender_with(Options { fallbacks: vec![server(second)], max_connections: 2, ..options(server(first)) })
}

#[tokio::test]
async fn the_second_relay_takes_at_once_what_the_first_does_not_and_the_first_is_taken_back() {
    let mut outbox = Outbox::open().await;
    let first = closed();
    let (second, spare) = peer::serve(|_| {});
    for id in 1..=50 {
        outbox.queue(id, "c@customer.example", 1).await;
    }
    let wake = Arc::new(Notify::new());
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(sender(&outbox, first, second).run(Arc::clone(&wake), stopped));
    outbox.until("sent", 50).await;
    assert_eq!(spare.mails().len(), 50);
    assert_eq!(outbox.state(1).await.attempts, 1);

    let (_, preferred) = peer::serve_on(TcpListener::bind(("127.0.0.1", first)).expect("the same port"), |_| {});
    let deadline = patience();
    let mut id = 50;
    while preferred.mails().is_empty() {
        assert!(Instant::now() < deadline, "the first relay is not taken back");
        id += 1;
        outbox.queue(id, "c@customer.example", 1).await;
        wake.notify_one();
        outbox.until("sent", id).await;
    }
    running.abort();
    let mut received = spare.mails().len() + preferred.mails().len();
    received -= usize::try_from(id).expect("a number");
    assert_eq!(received, 0, "each once");
}

#[tokio::test]
async fn a_relay_that_wants_none_of_our_mail_is_passed_over_whatever_it_says_and_when() {
    let wrong_hello = vec![say("220 relay.example"), Step::Hear("EHLO"), say("550 5.7.1 your name is not known here")];
    let refused = |reply: &str| [up_to("MAIL"), vec![say(reply), Step::Hear("QUIT"), say("221 bye")]].concat();
    for script in [
        vec![say("421 4.3.2 too busy")],
        vec![say("554 5.3.2 no service")],
        wrong_hello,
        refused("451 4.3.0 try later"),
        refused("530 5.7.0 log in first"),
        [up_to("MAIL"), vec![say("421 4.3.2 closing")]].concat(),
    ] {
        let mut outbox = Outbox::open().await;
        outbox.queue(1, "c@customer.example", 1).await;
        let first = Relay::start(vec![script]).await;
        let (second, inbox) = peer::serve(|_| {});
        assert_eq!(sender(&outbox, first.port, second).step(now()).await.expect("a turn"), 1);
        let sent = outbox.state(1).await;
        assert_eq!((sent.state.as_str(), sent.attempts), ("sent", 1));
        assert_eq!(inbox.mails().len(), 1);
        first.mails().await;
    }
}

#[tokio::test]
async fn a_relay_that_refuses_three_mails_in_a_row_is_left_alone_and_the_fourth_keeps_its_first_attempt() {
    let mut outbox = Outbox::open().await;
    for id in 1..=9 {
        outbox.queue(id, "c@customer.example", 1).await;
    }
    let refusing = || [up_to("MAIL"), vec![say("451 4.3.0 try later"), Step::Hear("QUIT"), say("221 bye")]].concat();
    let mut willing = good();
    willing.extend((0..5).flat_map(|_| good().split_off(4)));
    willing.push(Step::Hang);
    let relay = Relay::start(vec![refusing(), refusing(), refusing(), willing]).await;
    let (_stop, stopped) = watch::channel(false);
    let sender = outbox.sender(relay.port, 1, std::time::Duration::from_secs(60));
    let running = tokio::spawn(sender.run(Arc::new(Notify::new()), stopped));
    outbox.until("sent", 6).await;
    running.abort();
    for id in 1..=9 {
        let row = outbox.state(id).await;
        assert_eq!((row.state.as_str(), row.attempts), (if id <= 3 { "due" } else { "sent" }, 1), "{id}");
    }
    assert_eq!(relay.mails().await, (4..=9).map(mail).collect::<Vec<_>>(), "the oldest first");
}

#[tokio::test]
async fn a_mail_that_the_first_relay_may_have_is_not_given_to_the_second() {
    let mut outbox = Outbox::open().await;
    outbox.queue(1, "c@customer.example", 1).await;
    let first = Relay::start(vec![up_to("content"), good()]).await;
    let (second, inbox) = peer::serve(|_| {});
    let sender = sender(&outbox, first.port, second);
    assert_eq!(sender.step(now()).await.expect("a turn"), 1);
    let waiting = outbox.state(1).await;
    assert_eq!((waiting.state.as_str(), waiting.attempts), ("due", 1));
    assert!(waiting.next_attempt_at > now().0 && waiting.last_error.is_some_and(|why| why.contains("not known")));
    let later = now().plus(std::time::Duration::from_secs(3_600));
    assert_eq!(sender.step(later).await.expect("a turn"), 1);
    assert_eq!(outbox.state(1).await.state, "sent");
    assert_eq!(first.mails().await, [mail(1), mail(1)], "the same octets");
    assert!(inbox.mails().is_empty());
}
