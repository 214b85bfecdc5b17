//! A mail, the connection that it came over, and what is found out about it.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use postdesk::authenticate::{Authenticator, FirstLook, Options, Relay};
use postdesk::decide::parse::parse;
use postdesk::model::address::Address;
use postdesk::model::arrival::{Arrival, Authenticity, Findings, Peer, Source};
use postdesk::model::desk::Limits;
use postdesk::model::network::Network;
use postdesk::model::time::Time;

use super::names::{Names, client};

/// Time for one mail: enough for any answer on loopback, on a machine that is busy.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// The name server of a test, and who asks it.
pub(crate) struct World {
    pub(crate) names: Names,
    pub(crate) authenticator: Authenticator,
}

pub(crate) fn world() -> World {
    World::with(|_| {})
}

impl World {
    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let names = Names::start();
        let relay = Relay { network: Network::parse("10.0.0.5/32").unwrap(), authserv_id: "mx.desk.example".to_owned() };
        let mut options = Options {
            name_servers: vec![names.address],
            timeout: TIMEOUT,
            relays: vec![relay],
            trusted_networks: vec![Network::parse("127.0.0.0/8").unwrap()],
            arc_sealers: vec!["lists.example".to_owned()],
            hostname: "desk.example.org".to_owned(),
            ..Options::default()
        };
        change(&mut options);
        Self { names, authenticator: Authenticator::new(options) }
    }

    /// What is found out.
    pub(crate) async fn find(&self, arrival: &Arrival) -> Findings {
        match self.authenticator.look(arrival, &parse(&arrival.raw, &Limits::default())) {
            FirstLook::Settled(findings) => findings,
            FirstLook::Ask(question) => self.authenticator.ask(*question).await.findings,
        }
    }

    /// What is proven, and that a verdict says so in these words.
    pub(crate) async fn expect(&self, arrival: &Arrival, authenticity: Authenticity, words: &str) {
        let findings = self.find(arrival).await;
        assert_eq!(findings.authenticity, authenticity, "{findings:#?}");
        assert!(findings.verdicts.iter().any(|verdict| verdict.contains(words)), "{words}: {findings:#?}");
    }
}

/// A mail of Mia's.
pub(crate) fn mail() -> Vec<u8> {
    mail_from("Mia Berg <mia@shop.example>")
}

pub(crate) fn mail_from(author: &str) -> Vec<u8> {
    let header = format!("From: {author}\r\nTo: support@desk.example.org\r\nSubject: Kettle\r\n");
    let rest = "Date: Thu, 12 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\nIt does not boil.\r\n";
    (header + rest).into_bytes()
}

/// A mail that came from a client that no domain names, in the name of the null sender.
pub(crate) fn arrival(raw: Vec<u8>) -> Arrival {
    Arrival {
        id: 1,
        raw_id: 1,
        department: "support".to_owned(),
        sender: None,
        recipients: vec![Address::parse("support@desk.example.org").unwrap()],
        source: Source::Smtp,
        peer: Peer { ip: Some(client()), helo: Some("mail.shop.example".to_owned()), tls: false },
        archived: false,
        received_at: Time::from(SystemTime::now()),
        attempts: 1,
        raw,
        missing: None,
        findings: None,
        release: None,
    }
}

/// The same, in the name of an envelope sender.
pub(crate) fn sent_by(sender: &str, raw: Vec<u8>) -> Arrival {
    Arrival { sender: Address::parse(sender), ..arrival(raw) }
}

/// The same, over a connection from somewhere else.
pub(crate) fn over(ip: &str, arrival: Arrival) -> Arrival {
    let ip: Option<IpAddr> = ip.parse().ok();
    Arrival { peer: Peer { ip, ..arrival.peer.clone() }, ..arrival }
}

/// The same, received so much later.
pub(crate) fn later(span: Duration, arrival: Arrival) -> Arrival {
    Arrival { received_at: arrival.received_at.plus(span), ..arrival }
}
