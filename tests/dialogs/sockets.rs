//! What only sockets show: caps, timeouts, memory over all connections, and the drain.

use std::time::Duration;

use postdesk::accept::smtp::{BareNewlines, Options, bind};
use tokio::io::AsyncWriteExt;

use crate::desk::{loopback, options};
use crate::door::{Answer, Client, DEADLINE, House};

async fn open(options: Options) -> House {
    House::open(options, loopback(), Answer::Take).await
}

/// Connects until a connection is greeted with this code: places are given back a moment after a client has gone.
async fn until_greeted_with(house: &House, code: &str) -> Client<tokio::net::TcpStream> {
    let search = async {
        loop {
            let mut client = house.client().await;
            if client.line().await.is_some_and(|line| line.starts_with(code)) {
                return client;
            }
        }
    };
    tokio::time::timeout(DEADLINE, search).await.expect("no such greeting")
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_a_place_given_back_is_used_again() {
    let house = open(Options { max_connections: 3, ..options() }).await;
    let clients = [house.greeted().await, house.greeted().await, house.greeted().await];
    let mut late = house.client().await;
    late.expect("421 4.7.0 Too many connections, ").await;
    late.expect_end().await;
    drop(clients);
    until_greeted_with(&house, "220").await;
    house.close().await;
}

#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    let house = House::open(Options { max_connections_per_address: 2, ..options() }, Vec::new(), Answer::Take).await;
    let clients = [house.greeted().await, house.greeted().await];
    let mut late = house.client().await;
    late.expect("421 4.7.0 Too many connections from your address").await;
    late.expect_end().await;
    // Another address of the loopback network is another client.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = Client::new(socket.connect(house.address).await.unwrap());
    other.expect("220 ").await;
    drop(clients);
    until_greeted_with(&house, "220").await;
    house.close().await;
}

#[tokio::test]
async fn a_trusted_host_may_take_more_connections_than_an_address_else() {
    let house = open(Options { max_connections_per_address: 2, ..options() }).await;
    let clients = [house.greeted().await, house.greeted().await, house.greeted().await];
    drop(clients);
    house.close().await;
}

#[tokio::test]
async fn the_memory_for_mail_is_bounded_over_all_connections() {
    // Two steps of 64 KiB: the first client's message takes both.
    let house = open(Options { max_data_in_flight: 128 * 1024, ..options() }).await;
    let mut first = house.greeted().await;
    first.begin_data().await;
    first.send(&b"0123456789012345678901234567890123456789012345678901234567890\r\n".repeat(1_200)).await;
    // The first one's bytes may still be on their way: try until they have arrived.
    let refused = async {
        loop {
            let mut second = house.greeted().await;
            second.begin_data().await;
            second.send(b"Hello.\r\n.\r\n").await;
            if second.expect("").await.starts_with("452 4.3.1 Too much mail is being received") {
                second.send(b"NOOP\r\n").await;
                second.expect("250 ").await;
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, refused).await.expect("the memory was never in use");
    first.send(b".\r\n").await;
    first.expect("250 2.0.0").await;
    let mut third = house.greeted().await;
    third.begin_data().await;
    third.send(b"Hello.\r\n.\r\n").await;
    third.expect("250 2.0.0").await;
    assert_eq!(house.close().await.last().unwrap().raw, b"Hello.\r\n");
}

#[tokio::test]
async fn a_silent_client_is_sent_away() {
    let house = open(Options { idle_timeout: Duration::from_millis(50), ..options() }).await;
    let mut client = house.client().await;
    client.expect("220 ").await;
    client.expect("421 4.4.2 No command").await;
    client.expect_end().await;
    house.close().await;
}

#[tokio::test]
async fn a_byte_now_and_then_is_not_a_command() {
    let house = open(Options { idle_timeout: Duration::from_millis(200), ..options() }).await;
    let mut client = house.client().await;
    client.expect("220 ").await;
    let (mut reader, mut writer) = client.stream.into_split();
    let dripping = tokio::spawn(async move {
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        while writer.write_all(b"x").await.is_ok() {
            pause.tick().await;
        }
    });
    let mut said = String::new();
    // A reset in the end is as good: the client was still sending.
    let _ = tokio::time::timeout(DEADLINE, tokio::io::AsyncReadExt::read_to_string(&mut reader, &mut said))
        .await
        .expect("the connection stayed open");
    dripping.await.unwrap();
    house.close().await;
}

#[tokio::test]
async fn a_crowd_shortens_patience() {
    let house = open(Options { max_connections: 1, crowded_idle_timeout: Duration::from_millis(50), ..options() }).await;
    let mut client = house.client().await;
    client.expect("220 ").await;
    client.expect("421 4.4.2").await;
    house.close().await;
}

#[tokio::test]
async fn data_as_a_whole_has_a_limit() {
    let house = open(Options { data_timeout: Duration::from_millis(50), ..options() }).await;
    let mut client = house.greeted().await;
    client.begin_data().await;
    client.send(b"Subject: slow\r\n").await;
    client.expect("421 4.4.2 The message took too long").await;
    client.expect_end().await;
    assert!(house.close().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_the_idle_and_lets_a_running_message_end() {
    let house = open(options()).await;
    let (mut idle, mut in_transaction) = (house.greeted().await, house.greeted().await);
    in_transaction.send(b"MAIL FROM:<ana@shop.example>\r\n").await;
    in_transaction.expect("250 ").await;
    let mut running = house.greeted().await;
    running.begin_data().await;
    running.send(b"Subject: running\r\n").await;
    house.begin_stop();
    idle.expect("421 4.3.2").await;
    idle.expect_end().await;
    in_transaction.expect("421 4.3.2").await;
    running.send(b"\r\nHello.\r\n.\r\n").await;
    running.expect("250 2.0.0 Ok: taken as 17").await;
    running.expect("421 4.3.2").await;
    running.expect_end().await;
    let (address, mails) = (house.address, house.mails.clone());
    house.stopped().await;
    assert_eq!(mails.lock().unwrap().len(), 1);
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "still accepting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_does_not_end_does_not_hold_up_the_stop() {
    let house = open(options()).await;
    let mut running = house.greeted().await;
    running.begin_data().await;
    house.begin_stop();
    running.expect("421 4.3.2").await;
    running.expect_end().await;
    assert!(house.close().await.is_empty());
}

#[tokio::test]
async fn a_refused_message_may_still_be_sent_to_its_end_and_the_reply_is_read() {
    let house = open(Options { max_message_size: 10_000_000, ..options() }).await;
    let mut client = house.greeted().await;
    client.begin_data().await;
    // More than the socket's buffers hold: without the drain the client would meet a reset instead of its reply.
    let message = [b"bare\nnewline\r\n".as_slice(), &b"0123456789\r\n".repeat(600_000)].concat();
    client.send(&message).await;
    client.expect("550 5.5.2").await;
    client.expect_end().await;
    house.close().await;
}

#[tokio::test]
async fn the_mail_carries_what_the_connection_told() {
    let house = open(Options { bare_newlines: BareNewlines::Refuse, ..options() }).await;
    let mut client = house.greeted().await;
    client.begin_data().await;
    client.send(b".\r\n").await;
    client.expect("250 ").await;
    let mail = house.close().await.remove(0);
    assert_eq!(mail.peer.ip, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(mail.peer.helo.as_deref(), Some("client.example"));
    assert!(!mail.peer.tls && mail.received_at.0 > 0);
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let house = open(options()).await;
    let error = bind(&Options { listen: vec![house.address], ..options() }).unwrap_err();
    assert!(error.to_string().contains(&house.address.to_string()), "{error}");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    house.close().await;
}
