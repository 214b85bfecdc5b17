//! A name server on loopback that knows what a test tells it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, MX};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// What is known of a name.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// MX records: preference and host.
    Mail(Vec<(u16, &'static str)>),
    /// Addresses.
    Addresses(Vec<IpAddr>),
    /// The server fails at it.
    Broken,
}

/// The server; it ends with the process.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<HashMap<String, Known>>>,
}

impl Names {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let names = Self { address: socket.local_addr().expect("an address"), zone: Arc::default() };
        let zone = Arc::clone(&names.zone);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
                if let Some(answer) = answer(question, &zone.lock().expect("the zone")) {
                    let _ = socket.send_to(&answer.to_vec().expect("an answer"), client);
                }
            }
        });
        names
    }

    pub(crate) fn knows(&self, name: &str, known: Known) -> &Self {
        self.zone.lock().expect("the zone").insert(name.to_owned(), known);
        self
    }

    /// A domain with one server of its own.
    pub(crate) fn mail_at(&self, domain: &str, server: &'static str, address: [u8; 4]) -> &Self {
        self.knows(domain, Known::Mail(vec![(10, server)])).knows(server, Known::Addresses(vec![address.into()]))
    }
}

fn answer(question: Message, zone: &HashMap<String, Known>) -> Option<Message> {
    let query = question.queries.first()?.clone();
    let name = query.name().to_ascii().to_lowercase();
    let mut answer = question.into_response();
    answer.edns = None;
    let data: Vec<RData> = match (zone.get(name.trim_end_matches('.')), query.query_type()) {
        (Some(Known::Broken), _) => {
            answer.metadata.response_code = ResponseCode::ServFail;
            return Some(answer);
        }
        (Some(Known::Mail(servers)), RecordType::MX) => {
            let mx = |(preference, host): &(u16, &str)| {
                RData::MX(MX::new(*preference, Name::from_ascii(format!("{host}.")).expect("a name")))
            };
            servers.iter().map(mx).collect()
        }
        (Some(Known::Addresses(addresses)), RecordType::A) => addresses
            .iter()
            .filter_map(|address| if let IpAddr::V4(four) = address { Some(RData::A(A(*four))) } else { None })
            .collect(),
        (Some(Known::Addresses(addresses)), RecordType::AAAA) => addresses
            .iter()
            .filter_map(|address| if let IpAddr::V6(six) = address { Some(RData::AAAA(AAAA(*six))) } else { None })
            .collect(),
        (Some(_), _) => Vec::new(),
        (None, _) => {
            answer.metadata.response_code = ResponseCode::NXDomain;
            return Some(answer);
        }
    };
    for data in data {
        answer.add_answer(Record::from_rdata(query.name().clone(), 300, data));
    }
    Some(answer)
}
