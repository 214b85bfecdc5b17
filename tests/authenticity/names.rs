//! A name server on loopback: it knows what a test tells it, counts what it is asked, and can be silent.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, NS, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// What is known of a name.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    Text(String),
    Address(Ipv4Addr),
    /// The server fails at it.
    Broken,
    /// Nothing comes back.
    Silent,
}

#[derive(Debug, Default)]
struct State {
    zone: HashMap<String, Known>,
    asked: Vec<String>,
    /// Nothing comes back for anything.
    dead: bool,
}

/// The server; it ends with the process.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Names {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let names = Self { address: socket.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&names.state);
        std::thread::spawn(move || serve(&socket, &state));
        names
    }

    /// An address at which nobody is.
    pub(crate) fn nobody() -> SocketAddr {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
    }

    pub(crate) fn knows(&self, name: &str, known: Known) -> &Self {
        self.state.lock().unwrap().zone.insert(name.to_owned(), known);
        self
    }

    pub(crate) fn says(&self, name: &str, text: &str) -> &Self {
        self.knows(name, Known::Text(text.to_owned()))
    }

    /// The flag that a domain sets while it tries out signing.
    pub(crate) fn mark_as_test(&self, name: &str) {
        if let Some(Known::Text(text)) = self.state.lock().unwrap().zone.get_mut(name) {
            text.push_str("; t=y");
        }
    }

    pub(crate) fn is_dead(&self, dead: bool) {
        self.state.lock().unwrap().dead = dead;
    }

    /// What was asked, in its order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

fn serve(socket: &UdpSocket, state: &Mutex<State>) {
    let mut buffer = [0; 4096];
    while let Ok((length, client)) = socket.recv_from(&mut buffer) {
        let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
        if let Some(answer) = answer(question, &mut state.lock().unwrap()) {
            let _ = socket.send_to(&answer.to_vec().unwrap(), client);
        }
    }
}

fn answer(question: Message, state: &mut State) -> Option<Message> {
    let query = question.queries.first()?.clone();
    let name = query.name().to_ascii().to_lowercase();
    let name = name.trim_end_matches('.').to_owned();
    state.asked.push(name.clone());
    if state.dead {
        return None;
    }
    let mut answer = question.into_response();
    answer.edns = None;
    let data = match (state.zone.get(&name), query.query_type()) {
        (Some(Known::Silent), _) => return None,
        (Some(Known::Broken), _) => {
            answer.metadata.response_code = ResponseCode::ServFail;
            return Some(answer);
        }
        (Some(Known::Text(text)), RecordType::TXT) => {
            // Strings of 255 octets at most.
            let pieces = text.as_bytes().chunks(255).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
            RData::TXT(TXT::new(pieces))
        }
        (Some(Known::Address(address)), RecordType::A) => RData::A(A(*address)),
        (None, RecordType::NS) if name.is_empty() => RData::NS(NS(Name::from_ascii("ns.root.example.").unwrap())),
        (Some(_), _) => return Some(answer),
        (None, _) => {
            answer.metadata.response_code = ResponseCode::NXDomain;
            return Some(answer);
        }
    };
    answer.add_answer(Record::from_rdata(query.name().clone(), 300, data));
    Some(answer)
}

/// An address of the networks for documentation.
pub(crate) fn client() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}
