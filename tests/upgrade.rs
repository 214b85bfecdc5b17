//! Gateways of two versions on one store: what a newer one has added does not disturb an older one, and what it has taken away
//! keeps the older one out, in words. The newer version is played by its migrations.
#![cfg(test)]

#[path = "postgres/cluster.rs"]
#[expect(dead_code, reason = "what other tests do with a cluster")]
mod cluster;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "what other tests do with a gateway")]
mod gateway;
#[path = "postgres/proxy.rs"]
#[expect(dead_code, reason = "what other tests do with a proxy")]
mod proxy;

use cluster::Cluster;
use gateway::{DEADLINE, Gateway, wait_for};

/// What a newer version adds, and the row that its migration leaves.
const EXPAND: &str = "ALTER TABLE arrival ADD COLUMN language TEXT; \
     ALTER TABLE ticket ADD COLUMN weight BIGINT NOT NULL DEFAULT 1; \
     CREATE TABLE label (ticket BIGINT NOT NULL REFERENCES ticket (number), word TEXT NOT NULL, PRIMARY KEY (ticket, word)); \
     CREATE INDEX ticket_weight ON ticket (weight, number); \
     INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9001, 'newer', true, '\\x00', 1)";
/// What a later one does when it takes away what versions before it need.
const CONTRACT: &str = "UPDATE setting SET value = '9001' WHERE name = 'needs'";

#[test]
fn an_older_gateway_works_beside_a_newer_one_until_its_tables_are_taken_away() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let cluster = Cluster::shared();
    let url = cluster.database();
    let database = url.rsplit('/').next().unwrap().to_owned();
    let keys = folder.path().join("keys");
    let mut gateways: Vec<Gateway> = ["one", "two"]
        .iter()
        .map(|name| {
            let own = folder.path().join(name);
            let mut gateway = Gateway::on(&own, &format!("file:{}/outgoing", own.display()), &url, &keys);
            gateway.start();
            gateway
        })
        .collect();
    let mut mails = 0;
    each_takes_a_mail(&gateways, &mut mails);

    cluster.sql(&database, EXPAND);
    each_takes_a_mail(&gateways, &mut mails);
    for restarted in 0..gateways.len() {
        assert!(gateways[restarted].stop().success());
        gateways[restarted].start();
        each_takes_a_mail(&gateways, &mut mails);
    }

    cluster.sql(&database, CONTRACT);
    assert!(gateways[0].stop().success());
    let refused = gateways[0].command(&["serve"]).output().unwrap();
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(78), "{words}");
    assert!(words.contains("a newer version of postdesk") && words.contains("please upgrade"), "{words}");
}

/// Each gateway is given a mail, and each mail becomes a ticket that both know.
fn each_takes_a_mail(gateways: &[Gateway], mails: &mut usize) {
    for gateway in gateways {
        *mails += 1;
        let text = format!(
            "From: Mia <mia@customer.example>\r\nTo: help@shop.example\r\nSubject: mail {mails}\r\nMessage-ID: <{mails}@customer.example>\r\n\r\nhello\r\n"
        );
        take(gateway, &text);
    }
    for gateway in gateways {
        wait_for("a ticket for each mail", DEADLINE, || {
            let tickets = gateway.json(&["ticket", "list", "--json"]);
            (tickets.len() == *mails).then_some(())
        });
    }
}

fn take(gateway: &Gateway, text: &str) {
    use std::io::{BufRead, BufReader, Write};
    let mut stream = BufReader::new(std::net::TcpStream::connect(("127.0.0.1", gateway.port())).unwrap());
    let mut ask = |octets: &str, expected: &str| {
        stream.get_mut().write_all(octets.as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            assert!(line.starts_with(expected), "{octets:?} was answered {line:?}");
            if line.as_bytes().get(3) == Some(&b' ') {
                return;
            }
        }
    };
    ask("", "220");
    ask("EHLO client.example\r\n", "250");
    ask("MAIL FROM:<mia@customer.example>\r\n", "250");
    ask("RCPT TO:<help@shop.example>\r\n", "250");
    ask("DATA\r\n", "354");
    ask(&format!("{text}.\r\n"), "250");
}
