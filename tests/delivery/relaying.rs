//! What an independent SMTP server receives is what was handed over, octet for octet.

use postdesk::deliver::classify::Verdict;
use postdesk::deliver::compose::Composer;
use postdesk::deliver::smtp::{Attempt, Connection};
use postdesk::model::notice::Part;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use crate::{Envelope, connect, patience, peer};

/// A part whose header is only as much as the test needs.
pub(crate) fn part(encode: bool) -> Part {
    let header = "\r\n--limit\r\nContent-Type: application/octet-stream\r\n\r\n".to_owned();
    Part { header, raw_id: 1, start: 0, end: 0, encode, inner: None }
}

async fn send(connection: Connection, octets: &[u8]) -> Connection {
    match connection.send(&Envelope::usual().letter(octets), patience()).await {
        Attempt::Answered(Verdict::Sent, connection) => connection,
        Attempt::Answered(verdict, _) | Attempt::Lost(verdict) | Attempt::Doubtful(verdict) | Attempt::Unwilling(verdict) => {
            panic!("{verdict:?}")
        }
        Attempt::Stale => panic!("stale"),
    }
}

#[tokio::test]
async fn dots_long_lines_and_eight_bit_parts_arrive_as_they_were() {
    let (port, inbox) = peer::serve(|_| {});
    let long_line = "x".repeat(5_000);
    let head = format!("Subject: dots\r\n\r\n.\r\n..\r\n.leading\r\n{long_line}\r\n");
    let mut composer = Composer::new(&head);
    composer.part(&part(false), "Grüße\r\n.\r\nnoch ein Teil".as_bytes());
    composer.part(&part(true), &[0, 255, 13, 10, 46, 13, 10]);
    let octets = composer.finish("\r\n--limit--\r\n");

    let expected = format!("{head}{0}Grüße\r\n.\r\nnoch ein Teil{0}AP8NCi4NCg==\r\n\r\n--limit--\r\n", part(false).header);
    assert_eq!(octets, expected.as_bytes());
    send(connect(port).await, &octets).await.quit().await;

    let [mail] = inbox.mails().try_into().expect("one mail");
    assert_eq!(mail.octets, octets);
    assert_eq!(mail.hello, "desk.example.org");
    assert_eq!(mail.sender, "support+b2c4@desk.example.org");
    assert_eq!(mail.recipients, ["carla@customer.example"]);
    assert!(mail.eight_bit);
}

#[tokio::test]
async fn one_connection_carries_many_mails_and_a_refused_one_between_them() {
    let (port, inbox) = peer::serve(|_| {});
    let mut connection = connect(port).await;
    for number in 0..20 {
        connection = send(connection, format!("Subject: {number}\r\n\r\nText.\r\n").as_bytes()).await;
        let refused = Envelope::new("support@desk.example.org", "nobody@customer.example");
        let Attempt::Answered(Verdict::Never(why), usable) = connection.send(&refused.letter(b"\r\n"), patience()).await else {
            panic!("not refused");
        };
        assert_eq!(why, "550 Mailbox unavailable");
        connection = usable;
    }
    assert_eq!(inbox.mails().len(), 20);
    assert!(inbox.mails().iter().all(|mail| !mail.eight_bit));
}

#[tokio::test]
async fn a_large_mail_arrives_whole_whatever_lies_at_the_borders_of_its_pieces() {
    let (port, inbox) = peer::serve(|_| {});
    // Lines of 3, 5 and 7 octets put CR, LF and the dot on every place around the 64 KiB borders.
    let body: String = (0..120_000).map(|line| ["x\r\n", ".yz\r\n", "..abc\r\n"][line % 3]).collect();
    let octets = format!("Subject: large\r\n\r\n{body}").into_bytes();
    send(connect(port).await, &octets).await;
    assert!(inbox.mails()[0].octets == octets);
}

/// Octets as mails have them, with everything that is special on the wire in plenty.
pub(crate) fn octets() -> impl Strategy<Value = Vec<u8>> {
    let special = prop_oneof![
        3 => any::<u8>().prop_map(|octet| vec![octet]),
        2 => proptest::sample::select(vec!["\r\n", ".", "\r\n.\r\n", "\r\n.", "\n", "\r", "\n.\n", "\r\r\n", "ä"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    vec(special, 0..60).prop_map(|pieces| pieces.concat())
}

#[test]
fn any_composed_mail_arrives_as_it_was_composed() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (port, inbox) = peer::serve(|_| {});
    let mut connection = Some(runtime.block_on(connect(port)));
    let cases = (octets(), any::<bool>());
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(96) });
    let outcome = std::cell::RefCell::new(&mut connection);
    runner
        .run(&cases, |(range, encode)| {
            let mut composer = Composer::new("Subject: any\r\n\r\n");
            composer.part(&part(encode), &range);
            let octets = composer.finish("\r\n--limit--\r\n");
            let mut kept = outcome.borrow_mut();
            let used = kept.take().expect("the connection");
            **kept = Some(runtime.block_on(send(used, &octets)));
            assert_eq!(inbox.mails().pop().map(|mail| mail.octets), Some(octets));
            Ok(())
        })
        .expect("every case");
}
