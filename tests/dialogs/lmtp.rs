//! LMTP where scripts do not reach: sockets in the file system, TLS, the drain, and any order of recipients.

use std::os::unix::fs::PermissionsExt;

use postdesk::accept::custody::Refusal;
use postdesk::accept::smtp::session;
use postdesk::accept::smtp::{BareNewlines, Lmtp, Options, bind};
use postdesk::model::arrival::{Peer, Source};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::desk::{loopback, options};
use crate::door::{Answer, Client, House};
use crate::script::Stage;
use crate::starttls::Identity;

async fn lhlo<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) -> Vec<String> {
    client.send(b"LHLO mx.example.org\r\n").await;
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.starts_with("250 ")) {
        lines.push(client.expect("250").await);
    }
    lines
}

async fn begin<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) {
    client.expect("220 ").await;
    lhlo(client).await;
    client.send(b"MAIL FROM:<mia@customer.example>\r\nRCPT TO:<support@desk.example.org>\r\n").await;
    client.send(b"RCPT TO:<sales@desk.example.org>\r\nDATA\r\n").await;
    for reply in ["250 2.1.0", "250 2.1.5", "250 2.1.5", "354 "] {
        client.expect(reply).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_the_idle_lets_a_running_mail_end_and_takes_the_socket_away() {
    let house = House::open(options(), loopback(), Answer::Take).await;
    let (mut idle, mut running, mut over_net) =
        (house.local_client().await, house.local_client().await, house.lmtp_client().await);
    idle.expect("220 ").await;
    begin(&mut running).await;
    begin(&mut over_net).await;
    house.begin_stop();
    idle.expect("421 4.3.2").await;
    idle.expect_end().await;
    running.send(b"Subject: running\r\n\r\nHello.\r\n.\r\n").await;
    running.expect("250 2.0.0 Ok: taken as 17").await;
    running.expect("250 2.0.0 Ok: taken as 18").await;
    running.expect("421 4.3.2").await;
    running.expect_end().await;
    // One that does not end is refused for each of its recipients.
    over_net.expect("421 4.3.2").await;
    over_net.expect("421 4.3.2").await;
    over_net.expect_end().await;
    let (socket, mails) = (house.socket(), house.mails.clone());
    house.stopped().await;
    assert!(!socket.exists());
    assert_eq!(mails.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_socket_has_its_mode_and_one_that_is_alive_is_named_and_left_alone() {
    let house = House::open(options(), loopback(), Answer::Take).await;
    let mode = std::fs::symlink_metadata(house.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = Options { listen: Vec::new(), lmtp: vec![Lmtp::Socket(house.socket())], ..options() };
    let error = bind(&again).unwrap_err().to_string();
    assert!(error.contains(&format!("unix:{}: somebody listens there", house.socket().display())), "{error}");
    begin(&mut house.local_client().await).await;
    house.close().await;
}

#[tokio::test]
async fn tls_is_offered_over_tcp_and_not_on_a_socket() {
    let identity = Identity::new();
    let house = House::open(identity.options(), loopback(), Answer::Take).await;
    let mut local = house.local_client().await;
    local.expect("220 ").await;
    assert!(!lhlo(&mut local).await.contains(&"250-STARTTLS".to_owned()));
    local.send(b"STARTTLS\r\n").await;
    local.expect("502 5.5.1").await;
    let mut client = house.lmtp_client().await;
    client.expect("220 ").await;
    assert!(lhlo(&mut client).await.contains(&"250-STARTTLS".to_owned()));
    client.send(b"STARTTLS\r\n").await;
    client.expect("220 2.0.0").await;
    let mut client = identity.encrypt(client).await;
    client.send(b"MAIL FROM:<mia@customer.example>\r\n").await;
    client.expect("503 5.5.1 Say LHLO first").await;
    lhlo(&mut client).await;
    client.begin_data().await;
    client.send(b".\r\n").await;
    client.expect("250 ").await;
    let mail = house.close().await.remove(0);
    assert_eq!((mail.source, mail.peer), (Source::Lmtp, Peer { tls: true, ..Peer::default() }));
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_on_a_socket_too() {
    let house = House::open(Options { max_connections: 1, ..options() }, loopback(), Answer::Take).await;
    let mut first = house.local_client().await;
    first.expect("220 ").await;
    let mut late = house.local_client().await;
    late.expect("421 4.7.0 Too many connections, ").await;
    late.expect_end().await;
    house.close().await;
}

#[test]
fn bare_newlines_of_this_machine_and_of_trusted_hosts_are_made_whole_where_that_is_asked_for() {
    let normalise = || Options { bare_newlines: BareNewlines::Normalise, ..options() };
    let mail = b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<support@desk.example.org>\r\nDATA\r\na\nb\r\n.\r\n";
    for (ip, taken) in [(None, 1), (Some("127.0.0.1".parse().unwrap()), 1), (Some("192.0.2.1".parse().unwrap()), 0)] {
        let mut stage = Stage::with(normalise(), Answer::Take, session::Client::Lmtp(ip));
        stage.hear(mail);
        assert_eq!(stage.mails.len(), taken, "{ip:?}");
    }
}

/// Recipients, and whether each is taken at RCPT.
const RECIPIENTS: [(&str, bool); 5] = [
    ("support@desk.example.org", true),
    ("sales@desk.example.org", true),
    ("Support@desk.example.org", true),
    ("nobody@desk.example.org", false),
    ("mia@elsewhere.example", false),
];

proptest! {
    #[test]
    fn whoever_was_taken_at_rcpt_and_nobody_else_gets_one_reply_after_data(
        chosen in vec(0..RECIPIENTS.len(), 0..12),
        chunk in 1_usize..40,
        answer in prop_oneof![Just(Answer::Take), Just(Answer::Refuse(Refusal::Busy)), Just(Answer::Refuse(Refusal::Full))],
    ) {
        let client = session::Client::Lmtp(None);
        let mut stage = Stage::with(Options { max_recipients: 100, ..options() }, answer, client);
        let rcpt: String = chosen.iter().map(|at| format!("RCPT TO:<{}>\r\n", RECIPIENTS[*at].0)).collect();
        let said = format!("LHLO x\r\nMAIL FROM:<>\r\n{rcpt}DATA\r\n");
        said.as_bytes().chunks(chunk).for_each(|piece| stage.hear(piece));
        let replies = |stage: &Stage| String::from_utf8(stage.out.clone()).unwrap();
        let taken = chosen.iter().filter(|at| RECIPIENTS[**at].1).count();
        let begun = replies(&stage).lines().last().unwrap().starts_with("354 ");
        prop_assert_eq!(begun, taken > 0);
        if begun {
            let before = replies(&stage).lines().count();
            b"x\r\n.\r\nNOOP\r\n".chunks(chunk).for_each(|piece| stage.hear(piece));
            let all = replies(&stage);
            let after: Vec<&str> = all.lines().skip(before).collect();
            prop_assert_eq!(after.len(), taken + 1);
            let code = if answer == Answer::Take { "250 2.0.0 Ok: taken as" } else { "45" };
            prop_assert!(after[..taken].iter().all(|reply| reply.starts_with(code)), "{:?}", after);
            prop_assert!(after[taken].starts_with("250 2.0.0 Ok"));
        }
    }
}
