//! The desk that the dialogs speak to: two departments, one fixed key.

use std::sync::Arc;
use std::time::Duration;

use postdesk::accept::smtp::{BareNewlines, Options};
use postdesk::model::address::Address;
use postdesk::model::desk::{AcknowledgementCaps, Department, Desk, Limits};
use postdesk::model::network::Network;
use postdesk::model::seal::Key;
use postdesk::model::token::{Keyring, Purpose, Recipient, Token, signed_address};

pub(crate) const HOSTNAME: &str = "desk.example.org";

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn department(key: &str, mailboxes: &[&str]) -> Department {
    let own = Department::new(key, key, &key[..3].to_uppercase(), address(&format!("{key}@{HOSTNAME}")));
    Department { mailboxes: mailboxes.iter().map(|text| address(text)).collect(), ..own }
}

fn keys() -> Keyring {
    Keyring::new(Key::new(1, &[7; 32]), Vec::new())
}

pub(crate) fn desk() -> Arc<Desk> {
    let departments = vec![
        department("support", &["help@shop.example", "jörg@shop.example", "\"odd one\"@shop.example"]),
        department("sales", &["buy@[192.0.2.1]"]),
    ];
    let caps = AcknowledgementCaps { per_hour: 1, per_day: 5, total_per_day: 40 };
    Arc::new(Desk::new(HOSTNAME.to_owned(), departments, Vec::new(), keys(), Limits::default(), caps))
}

/// The signed address that a script names as `{reply}`, `{bounce}` or `{message}` (a token that no address may carry).
pub(crate) fn signed(kind: &str) -> Address {
    let recipient = Recipient([1, 2, 3, 4]);
    let token = match kind {
        "reply" => Token::Reply { purpose: Purpose::Reply, ticket: 1042, recipient, day: 20_000 },
        "bounce" => Token::Bounce { arrival: 17, recipient },
        _ => Token::Message { ticket: 1042, recipient, day: 20_000, arrival: 17, event: 1 },
    };
    signed_address(&address(&format!("support@{HOSTNAME}")), &keys().write(&token)).unwrap()
}

/// Limits small enough for a script to reach, times long enough never to be.
pub(crate) fn options() -> Options {
    Options {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        lmtp: Vec::new(),
        lmtp_socket_mode: 0o600,
        tls: None,
        max_message_size: 100_000,
        max_connections: 100,
        max_connections_per_address: 100,
        max_command_line: 512,
        max_recipients: 3,
        max_session_errors: 20,
        max_data_in_flight: 1024 * 1024,
        idle_timeout: Duration::from_secs(60),
        crowded_idle_timeout: Duration::from_secs(60),
        data_timeout: Duration::from_secs(60),
        backlog: 128,
        bare_newlines: BareNewlines::Refuse,
    }
}

pub(crate) fn loopback() -> Vec<Network> {
    vec![Network::parse("127.0.0.0/8").unwrap(), Network::parse("::1").unwrap()]
}
