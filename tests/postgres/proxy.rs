//! A TCP proxy before a server on loopback that does to connections what a network does: goes dead, comes back, breaks off,
//! or loses one message or the answer to it.
//!
//! Messages are recognised by octets of theirs, so this is for connections without TLS, and an answer ends where PostgreSQL
//! says that it is ready again: a client that sends the next request before it has the answer to the last is cut too early.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::cluster::free_port;

/// How long a test may wait for a message.
const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of the message that is waited for. Its client's connection is closed in each case.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It does not reach the server.
    Lost,
    /// It reaches the server, and the answer is lost.
    Unanswered,
    /// It reaches the server only later, when it is let go.
    Held,
}

/// A proxy on a port of its own. Its connections and its threads end when it goes out of scope.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    server: u16,
    ends: bool,
    cut: bool,
    trap: Option<(Vec<u8>, Fate)>,
    sprung: bool,
    holding: bool,
    next: u64,
    connections: HashMap<u64, Connection>,
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    /// The answer to what was sent last is not to be passed on.
    answer_is_lost: bool,
}

impl Proxy {
    /// A proxy before the server on this port of 127.0.0.1, which need not run yet.
    pub(crate) fn to(server: u16) -> Self {
        let shared = Arc::new(Shared::default());
        shared.lock().server = server;
        let (port, listener) = loop {
            let port = free_port();
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                break (port, listener);
            }
        };
        let of_thread = Arc::clone(&shared);
        Self { port, shared, listener: Some(thread::spawn(move || accept(&listener, &of_thread))) }
    }

    /// The port for clients.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections clients have made so far.
    pub(crate) fn connections_made(&self) -> u64 {
        self.shared.lock().next
    }

    /// Leads new connections to another server.
    pub(crate) fn lead_to(&self, server: u16) {
        self.shared.lock().server = server;
    }

    /// The network is dead: connections stay open and can still be made, but nothing passes, not even their end.
    pub(crate) fn cut(&self) {
        self.shared.change(|state| state.cut = true);
    }

    /// The network is back; what was sent meanwhile arrives.
    pub(crate) fn resume(&self) {
        self.shared.change(|state| state.cut = false);
    }

    /// Closes every connection, on both sides.
    pub(crate) fn drop_all(&self) {
        self.shared.change(State::drop_all);
    }

    /// The next message of a client that contains `needle` is not passed on, and the client's connection closed.
    pub(crate) fn lose(&self, needle: &[u8]) {
        self.set_trap(needle, Fate::Lost);
    }

    /// The next message of a client that contains `needle` is passed on, and when the server has answered, the client's
    /// connection is closed without the answer.
    pub(crate) fn lose_the_answer_to(&self, needle: &[u8]) {
        self.set_trap(needle, Fate::Unanswered);
    }

    /// At the next message of a client that contains `needle` the client's connection is closed, but the server hears
    /// nothing of that, and gets the message after `let_go`: a request that was still on its way.
    pub(crate) fn hold(&self, needle: &[u8]) {
        self.set_trap(needle, Fate::Held);
    }

    /// Lets the message go on that `hold` has held. The server's side is closed when it has been answered.
    pub(crate) fn let_go(&self) {
        self.shared.change(|state| state.holding = false);
    }

    /// Waits until the message has come and what was asked for it has happened: with `lose_the_answer_to`, until the server
    /// has answered or gone away.
    pub(crate) fn wait_until_it_came(&self) {
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), PATIENCE, |state| !state.sprung);
        assert!(waited.unwrap().0.sprung, "no client sent what the proxy waits for");
    }

    fn set_trap(&self, needle: &[u8], fate: Fate) {
        assert!(!needle.is_empty(), "every message has nothing in it");
        self.shared.change(|state| {
            state.sprung = false;
            state.trap = Some((needle.to_vec(), fate));
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.ends = true;
            state.drop_all();
        });
        // Wakes the one who accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.listener.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits while something about an open connection is so; false when the connection has been closed.
    fn wait_while(&self, number: u64, is_so: impl Fn(&State) -> bool) -> bool {
        let open = |state: &State| state.connections.contains_key(&number);
        let state = self.changed.wait_while(self.lock(), |state| open(state) && is_so(state));
        open(&state.unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn drop_all(&mut self) {
        let numbers: Vec<u64> = self.connections.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.close(number));
    }

    fn close(&mut self, number: u64) {
        if let Some(connection) = self.connections.remove(&number) {
            for side in [connection.client, connection.server] {
                let _ = side.shutdown(Shutdown::Both);
            }
        }
    }

    /// What is to become of the message in `seen`, and no later message of the kind.
    fn spring(&mut self, number: u64, seen: &[u8]) -> Option<Fate> {
        let (needle, _) = self.trap.as_ref()?;
        if !contains(seen, needle) {
            return None;
        }
        let (_, fate) = self.trap.take()?;
        self.sprung = fate != Fate::Unanswered;
        self.holding = fate == Fate::Held;
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.answer_is_lost = true;
            if fate == Fate::Held {
                let _ = connection.client.shutdown(Shutdown::Both);
            }
        }
        Some(fate)
    }

    /// How much of what was seen may be the beginning of what is waited for.
    fn longest_beginning(&self) -> usize {
        self.trap.as_ref().map_or(0, |(needle, _)| needle.len() - 1)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.lock().ends {
            return;
        }
        // A server that is down: the client's connection is closed at once.
        let _ = client.and_then(|client| connect(client, shared));
    }
}

fn connect(client: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let port = shared.lock().server;
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    for side in [&client, &server] {
        side.set_nodelay(true)?;
    }
    let connection = Connection { client: client.try_clone()?, server: server.try_clone()?, answer_is_lost: false };
    let mut state = shared.lock();
    state.next += 1;
    let number = state.next;
    state.connections.insert(number, connection);
    drop(state);
    let (from, to, of_thread) = (client.try_clone()?, server.try_clone()?, Arc::clone(shared));
    thread::spawn(move || carry(number, &of_thread, |shared| pass_requests(number, shared, from, to)));
    let of_thread = Arc::clone(shared);
    thread::spawn(move || carry(number, &of_thread, |shared| pass_answers(number, shared, server, client)));
    Ok(())
}

/// Runs one direction of a connection; where it ends the connection ends, but not while the network is cut.
fn carry(number: u64, shared: &Shared, direction: impl FnOnce(&Shared) -> io::Result<()>) {
    let _ = direction(shared);
    shared.wait_while(number, |state| state.cut);
    shared.change(|state| state.close(number));
}

fn pass_requests(number: u64, shared: &Shared, mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 65_536];
    let mut seen = Vec::new();
    loop {
        let length = from.read(&mut buffer)?;
        let open = shared.wait_while(number, |state| state.cut);
        if length == 0 || !open {
            return Ok(());
        }
        // The end of what came before, so that a needle is found that lies over two reads.
        seen.extend_from_slice(&buffer[..length]);
        let fate = shared.lock().spring(number, &seen);
        let rest = seen.len().saturating_sub(shared.lock().longest_beginning());
        seen.drain(..rest);
        shared.changed.notify_all();
        match fate {
            Some(Fate::Lost) => return Ok(()),
            Some(Fate::Held) if !shared.wait_while(number, |state| state.holding || state.cut) => return Ok(()),
            _ => to.write_all(&buffer[..length])?,
        }
        if fate.is_some() {
            // The other direction closes the connection, when the answer is there.
            shared.wait_while(number, |_| true);
        }
    }
}

fn pass_answers(number: u64, shared: &Shared, mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 65_536];
    let mut last = Vec::new();
    loop {
        // A server that dies closes in its own way; here each is the end.
        let length = from.read(&mut buffer).unwrap_or(0);
        if !shared.wait_while(number, |state| state.cut) {
            return Ok(());
        }
        last.extend_from_slice(&buffer[..length]);
        last.drain(..last.len().saturating_sub(6));
        let is_lost = shared.lock().connections.get(&number).is_some_and(|connection| connection.answer_is_lost);
        if is_lost && (length == 0 || is_ready(&last)) {
            shared.change(|state| state.sprung = true);
        }
        if length == 0 || (is_lost && is_ready(&last)) {
            return Ok(());
        }
        if !is_lost {
            to.write_all(&buffer[..length])?;
        }
    }
}

/// Whether an answer ends here: ReadyForQuery, five octets long, and the status of the transaction.
fn is_ready(last: &[u8]) -> bool {
    last.len() == 6 && last.starts_with(b"Z\0\0\0\x05")
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}
