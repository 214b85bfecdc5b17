//! Delivery without a relay: to whom, and who waits for whom. Each server has an address of its own in 127.0.0.0/8, and all the same port.

use std::net::{IpAddr, Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use postdesk::deliver::{Options, Relay, Sender};
use tokio::sync::{Notify, watch};

use crate::dns::{Known, Names};
use crate::outbox::{Outbox, mail, now, options};
use crate::peer;

/// A sender that asks a name server of the test's and uses this port.
fn sender(outbox: &Outbox, names: &Names, port: u16) -> Sender {
    let direct = options(Relay::Direct { port });
    outbox.sender_with(Options { max_connections: 20, name_servers: vec![names.address], ..direct })
}

fn listen(address: impl Into<IpAddr>, port: u16) -> TcpListener {
    TcpListener::bind((address.into(), port)).expect("a port")
}

/// A port that is free on the addresses that tests use.
fn server(last: u8) -> (u16, peer::Inbox) {
    peer::serve_on(listen([127, 0, 0, last], 0), |_| {})
}

async fn work(sender: &Sender) {
    while sender.step(now()).await.expect("a turn") > 0 {}
}

#[tokio::test]
async fn the_preferred_server_gets_the_mail_and_the_next_one_when_it_is_away() {
    let mut outbox = Outbox::open().await;
    let names = Names::start();
    let (port, second) = server(22);
    names
        .knows("customer.example", Known::Mail(vec![(20, "b.example"), (10, "a.example")]))
        .knows("a.example", Known::Addresses(vec![[127, 0, 0, 21].into()]))
        .knows("b.example", Known::Addresses(vec![[127, 0, 0, 22].into()]));
    let sender = sender(&outbox, &names, port);
    outbox.queue(1, "c@customer.example", 1).await;
    assert_eq!(sender.step(now()).await.expect("a turn"), 1);
    let sent = outbox.state(1).await;
    assert_eq!((sent.state.as_str(), sent.attempts), ("sent", 1));
    assert_eq!(second.mails().len(), 1);

    // Idle connections to the second one go first; a sender that has none begins with the first.
    let (_, first) = peer::serve_on(listen([127, 0, 0, 21], port), |_| {});
    outbox.queue(2, "c@customer.example", 1).await;
    let sender = self::sender(&outbox, &names, port);
    assert_eq!(sender.step(now()).await.expect("a turn"), 1);
    assert_eq!((first.mails().len(), second.mails().len()), (1, 1));
}

#[tokio::test]
async fn a_domain_without_mx_takes_mail_at_its_own_address_of_either_family() {
    let mut outbox = Outbox::open().await;
    let names = Names::start();
    let (port, four) = server(23);
    names.knows("four.example", Known::Addresses(vec![[127, 0, 0, 23].into()]));
    // Nobody listens at the first address.
    names.knows("both.example", Known::Addresses(vec![IpAddr::V6(Ipv6Addr::LOCALHOST), [127, 0, 0, 23].into()]));
    outbox.queue(1, "c@four.example", 1).await;
    outbox.queue(2, "c@both.example", 1).await;
    work(&sender(&outbox, &names, port)).await;
    assert_eq!(outbox.count("sent").await, 2);
    assert_eq!(four.mails().len(), 2);
    let (_, six) = peer::serve_on(listen(Ipv6Addr::LOCALHOST, port), |_| {});
    outbox.queue(3, "c@both.example", 1).await;
    work(&sender(&outbox, &names, port)).await;
    assert_eq!((four.mails().len(), six.mails().len()), (2, 1));
}

#[tokio::test]
async fn what_the_names_say_is_final_when_it_is_sure_and_else_is_asked_again() {
    let mut outbox = Outbox::open().await;
    let names = Names::start();
    names
        .knows("null.example", Known::Mail(vec![(0, "")]))
        .knows("broken.example", Known::Broken)
        .knows("nowhere.example", Known::Mail(vec![(10, "gone.example")]))
        .knows("half.example", Known::Mail(vec![(10, "gone.example"), (20, "broken.example")]))
        .knows("circle.example", Known::Mail(vec![(10, "Desk.example.org"), (20, "b.example")]))
        .knows("b.example", Known::Addresses(vec![[127, 0, 0, 1].into()]));
    let expected = [
        ("null.example", "failed", "takes no mail"),
        ("unknown.example", "failed", "there is no domain unknown.example"),
        ("nowhere.example", "failed", "has no mail server with an address"),
        ("circle.example", "failed", "in circles"),
        ("broken.example", "due", "could not be found out"),
        ("half.example", "due", "could not be found out"),
    ];
    for (id, (domain, ..)) in (1..).zip(expected) {
        outbox.queue(id, &format!("c@{domain}"), 1).await;
    }
    work(&sender(&outbox, &names, 9)).await;
    for (id, (domain, state, why)) in (1..).zip(expected) {
        let row = outbox.state(id).await;
        assert_eq!((row.state.as_str(), row.attempts), (state, 1), "{domain}");
        assert!(row.last_error.as_ref().is_some_and(|said| said.contains(why)), "{domain}: {row:?}");
    }
    let undelivered = outbox.events().await;
    assert_eq!(undelivered.len(), 4, "{undelivered:?}");
}

#[tokio::test]
async fn one_notice_stands_for_a_destination_that_is_away_and_the_others_keep_their_first_attempt() {
    let mut outbox = Outbox::open().await;
    let names = Names::start();
    let (port, _inbox) = server(25);
    names.mail_at("away.example", "a.away.example", [127, 0, 0, 24]);
    for id in 1..=4 {
        outbox.queue(id, "c@away.example", 1).await;
    }
    assert_eq!(sender(&outbox, &names, port).step(now()).await.expect("a turn"), 4);
    let first = outbox.state(1).await;
    assert_eq!((first.state.as_str(), first.attempts), ("due", 1));
    assert!(first.next_attempt_at > now().0 && first.last_error.is_some_and(|why| why.to_lowercase().contains("refused")));
    for id in 2..=4 {
        let other = outbox.state(id).await;
        assert_eq!((other.state.as_str(), other.attempts), ("due", 0));
        assert!(other.next_attempt_at <= now().0);
    }
}

#[tokio::test]
async fn what_earlier_versions_queued_without_a_destination_is_sent() {
    let mut outbox = Outbox::open().await;
    let names = Names::start();
    let (port, inbox) = server(26);
    names.mail_at("customer.example", "mx.customer.example", [127, 0, 0, 26]);
    outbox.queue(1, "c@customer.example", 1).await;
    outbox.forget_destinations().await;
    work(&sender(&outbox, &names, port)).await;
    assert_eq!(inbox.mails().into_iter().map(|received| received.octets).collect::<Vec<_>>(), [mail(1)]);
}

/// A server that takes connections and says nothing on any; how many there were.
fn mute(listener: TcpListener) -> Arc<AtomicUsize> {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept() {
            count.fetch_add(1, Ordering::SeqCst);
            held.push(connection);
        }
    });
    taken
}

const DOMAINS: [(&str, &str); 10] = [
    ("d0.example", "mx.d0.example"),
    ("d1.example", "mx.d1.example"),
    ("d2.example", "mx.d2.example"),
    ("d3.example", "mx.d3.example"),
    ("d4.example", "mx.d4.example"),
    ("d5.example", "mx.d5.example"),
    ("d6.example", "mx.d6.example"),
    ("d7.example", "mx.d7.example"),
    ("d8.example", "mx.d8.example"),
    ("d9.example", "mx.d9.example"),
];

#[tokio::test]
async fn a_destination_that_hangs_with_the_oldest_notices_holds_up_none_of_nine_others() {
    let mut outbox = Outbox::open().await;
    let names = Names::start();
    let listener = listen([127, 0, 0, 30], 0);
    let port = listener.local_addr().expect("an address").port();
    let connections = mute(listener);
    let mut id = 0;
    let mut inboxes = Vec::new();
    for (last, (domain, host)) in (30..).zip(DOMAINS) {
        names.mail_at(domain, host, [127, 0, 0, last]);
        if last > 30 {
            inboxes.push(peer::serve_on(listen([127, 0, 0, last], port), |_| {}).1);
        }
        // The one that hangs has most of the queue, and its head.
        for _ in 0..(if last == 30 { 400 } else { 20 }) {
            id += 1;
            outbox.queue(id, &format!("c{id}@{domain}"), 1).await;
        }
    }
    let sender = sender(&outbox, &names, port);
    let (_stop, stopped) = watch::channel(false);
    // Far longer than `until` waits: whoever waited for the silent one would be late.
    let running = tokio::spawn(sender.run(Arc::new(Notify::new()), stopped));
    outbox.until("sent", 9 * 20).await;
    assert_eq!(connections.load(Ordering::SeqCst), 4, "as many as one destination may have");
    assert_eq!((outbox.count("leased").await, outbox.count("due").await), (4, 396), "no more than can be begun");
    for inbox in inboxes {
        assert_eq!(inbox.mails().len(), 20);
    }
    running.abort();
}

#[tokio::test]
async fn a_destination_takes_no_more_connections_than_it_may_have_and_keeps_them() {
    let mut outbox = Outbox::open().await;
    let names = Names::start();
    let (port, inbox) = server(41);
    names.mail_at("customer.example", "mx.customer.example", [127, 0, 0, 41]);
    for id in 1..=120 {
        outbox.queue(id, "c@customer.example", 1).await;
    }
    let options = Options { max_connections: 20, max_connections_per_destination: 1, ..options(Relay::Direct { port }) };
    let sender = outbox.sender_with(Options { name_servers: vec![names.address], ..options });
    let turns = [sender.step(now()).await.expect("a turn"), sender.step(now()).await.expect("a turn")];
    assert_eq!(turns, [1, 119], "one to see whether it takes mail, then a whole turn");
    let received: Vec<Vec<u8>> = inbox.mails().into_iter().map(|mail| mail.octets).collect();
    assert!(received == (1..=120).map(mail).collect::<Vec<_>>(), "the oldest first");
}
