//! Every mail of `fixtures/mail`, and some that hold what a database may not take, over the whole way: each is decided, none fails, and
//! both databases say the same of it.

use std::sync::Arc;

use postdesk::model::address::Address;
use postdesk::model::arrival::{Incoming, Peer, Source};
use postdesk::model::seal::sha256;
use postdesk::process::Worker;
use postdesk::store::custody::Sealed;

use crate::base::Base;
use crate::mails::{NOW, house, sealed, take};
use crate::world::{Family, expand, families};

on_both!(every_mail_is_decided_and_none_fails);

/// SUP-7, which many of the mails speak of, with the arrivals 3 and 5 that their tokens name.
const SUP_7: &str = "
    INSERT INTO raw (id, sha256, octets) SELECT id, CAST('' AS BYTES), CAST('raw' AS BYTES) FROM (SELECT 3 AS id UNION SELECT 5) AS ids;
    INSERT INTO arrival (id, raw_id, department, recipients, source, peer_tls, size, received_at, outcome, ticket)
        SELECT id, id, 'support', 'help@shop.example', 'smtp', 0, 3, 0, 'request', 7 FROM raw;
    INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, assignee,
        mailbox, first_message_id, last_message_id, created_at, updated_at)
        VALUES (7, 'support', 'Broken kettle', 'open', 'medium', 'email', 'external', 'Mia Berg', 'mia@customer.example', 'ana',
        'help@shop.example', 'kettle-1@customer.example', 'kettle-1@customer.example', 0, 0);
    INSERT INTO message (arrival, ticket, kind, public, author_name, at, message_id, subject, text, quoted, authenticated)
        VALUES (3, 7, 'request', 1, 'Mia Berg', 0, 'kettle-1@customer.example', 'Broken kettle', 'My kettle does not boil.', '', 0);
    INSERT INTO follower (ticket, address, name, since) VALUES (7, 'noah@customer.example', 'Noah', 0);
    UPDATE counter SET next = 8 WHERE name = 'ticket'";

/// Where a NUL may stand in a mail, or an octet that is no text.
const HOSTILE: [&[u8]; 7] = [
    b"From: <mia@customer.example>\r\nSubject: nul\0nul \xff\xfe\r\nMessage-ID: <nul\0@customer.example>\r\n\r\nA\0B \xed\xa0\x80\r\n",
    b"From: \"Mia\0\" <mia@customer.example>\r\nIn-Reply-To: <nul\0@customer.example>\r\nReferences: <\0> <a\0b@c>\r\n\r\ntext\r\n",
    b"From: =?utf-8?q?Mia=00Berg?= <mia@customer.example>\r\nSubject: =?utf-8?q?=00=ED=A0=80=00?=\r\nCc: =?utf-8?q?N=00?= <noah@customer.example>\r\n\r\n\r\n",
    b"From: <mi\0a@customer.example>\r\nSubject: [SUP-7] \0\r\n\r\ntext\r\n",
    b"From: <mia@customer.example>\r\nSubject: file\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
      Content-Type: text/plain; charset=\"x\0y\"\r\n\r\nhe\0llo\r\n--b\r\nContent-Type: application/x\0y; name=\"a\0b.txt\"\r\n\
      Content-ID: <\0@x>\r\nContent-Disposition: attachment; filename*=utf-8''a%00b%ED%A0%80.txt\r\n\r\n\0\0\0\r\n--b--\r\n",
    b"From: <mia@customer.example>\r\nSubject: base64\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-16\r\n\
      Content-Transfer-Encoding: base64\r\n\r\nAAA8AGIAPgAAANgA3AA=\r\n",
    b"\0\0\0",
];

fn of_family(family: &Family) -> Sealed {
    let word = |value: &toml::Value| String::from_utf8(expand(value.as_str().unwrap().as_bytes(), &mut Vec::new())).unwrap();
    let recipients = family.facts["to"].as_array().unwrap().iter().map(|to| Address::parse(&word(to)).unwrap()).collect();
    let trusted = family.facts["trusted"].as_bool() == Some(true);
    let incoming = Incoming {
        raw: family.raw.clone(),
        sender: family.facts.get("from").and_then(|from| Address::parse(&word(from))),
        departments: vec![("support".to_owned(), recipients)],
        source: family.facts.get("source").and_then(|name| Source::from_name(name.as_str()?)).unwrap_or(Source::Smtp),
        peer: Peer { ip: trusted.then(|| "127.0.0.1".parse().unwrap()), ..Peer::default() },
        received_at: NOW,
        archived: false,
        entry: None,
    };
    let digest = sha256(&incoming.raw);
    Sealed::whole(incoming, digest)
}

/// Takes all of them and lets a worker decide them; what became of each.
async fn decide_every_mail(base: &Base) -> Vec<String> {
    let store = base.gateway().await;
    let (octets, counters) = match base {
        Base::File(_) => ("BLOB", ""),
        // Rows that bring their number do not move the sequence on.
        #[cfg(feature = "peers")]
        Base::Database(_) => ("BYTEA", "; SELECT setval('arrival_id_seq', 5), setval('raw_id_seq', 5)"),
    };
    base.run(&(SUP_7.replace("BYTES", octets) + counters)).await;
    let mut mails: Vec<Sealed> = families().iter().map(of_family).collect();
    mails.extend(HOSTILE.map(|raw| sealed(raw, &["support"])));
    let taken = take(&store, &mails).await.unwrap();
    assert_eq!(taken.len(), mails.len());
    let mut worker = Worker::new(house(), store, Arc::default());
    while worker.step().await.unwrap() > 0 {}
    let columns = ["outcome", "cause", "ticket", "attempts", "last_error", "subject", "message_id", "reasons", "defects"];
    let said = columns.map(|column| format!("COALESCE(CAST({column} AS TEXT), '-')")).join(" || ' | ' || ");
    base.texts(&format!("SELECT {said} FROM arrival WHERE received_at > 0 ORDER BY id")).await
}

async fn every_mail_is_decided_and_none_fails(base: Base) {
    decide_every_mail(&base).await;
    let failed = "SELECT id || ': ' || COALESCE(outcome, 'pending') || ' ' || COALESCE(last_error, '') FROM arrival \
                  WHERE received_at > 0 AND (outcome IS NULL OR last_error IS NOT NULL OR attempts <> 1 OR cause = 'failed-repeatedly')";
    assert_eq!(base.texts(failed).await, [""; 0]);
    let kinds = base.number("SELECT COUNT(DISTINCT outcome) FROM arrival").await;
    assert!(kinds >= 7, "the fixtures end in {kinds} ways only");
}

#[cfg(feature = "peers")]
#[tokio::test]
async fn both_databases_say_the_same_of_every_mail() {
    let (file, database) = (Base::file(), Base::database());
    let (one, other) = (decide_every_mail(&file).await, decide_every_mail(&database).await);
    for (line, other) in one.iter().zip(&other) {
        assert_eq!(line, other);
    }
    assert_eq!(one.len(), other.len());
    let messages = "SELECT ticket || ' | ' || kind || ' | ' || author_name || ' | ' || COALESCE(message_id, '') || ' | ' || subject || ' | ' || text || ' | ' || \
                    quoted FROM message WHERE arrival > 5 ORDER BY ticket, subject, text";
    let (mut one, mut other) = (file.texts(messages).await, database.texts(messages).await);
    one.sort();
    other.sort();
    assert_eq!(one, other);
}
