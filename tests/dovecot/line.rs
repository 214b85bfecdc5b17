//! A line to a server on loopback that goes dead, comes back, breaks off, or stops after so many octets of the answer.
//!
//! It knows nothing of what passes, so it does for TLS as well.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::gateway::{DEADLINE, free_port};

/// The line, on a port of its own. Its connections and its threads end when it goes out of scope.
pub(crate) struct Line {
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
    ends: bool,
    cut: bool,
    /// Octets of answers that may still pass; `None` for all.
    allowed: Option<usize>,
    made: u64,
    connections: HashMap<u64, [TcpStream; 2]>,
}

impl Line {
    /// A line to the server on this port, which need not run yet.
    pub(crate) fn to(server: u16) -> Self {
        let shared = Arc::new(Shared::default());
        let port = free_port();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let of_thread = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            for client in listener.incoming() {
                if of_thread.lock().ends {
                    return;
                }
                // A server that is down: the client's connection is closed at once.
                let _ = client.and_then(|client| connect(client, server, &of_thread));
            }
        });
        Self { port, shared, listener: Some(thread) }
    }

    /// The port for clients.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections clients have made so far.
    pub(crate) fn made(&self) -> u64 {
        self.shared.lock().made
    }

    /// The network is dead: connections stay open and can still be made, but nothing passes, not even their end.
    pub(crate) fn cut(&self) {
        self.shared.change(|state| state.cut = true);
    }

    /// The network is back; what was sent meanwhile arrives.
    pub(crate) fn resume(&self) {
        self.shared.change(|state| (state.cut, state.allowed) = (false, None));
    }

    /// Closes every connection, on both sides.
    pub(crate) fn drop_all(&self) {
        self.shared.change(State::drop_all);
    }

    /// Lets so many further octets of answers pass, and then nothing of them until `resume`.
    pub(crate) fn allow(&self, octets: usize) {
        self.shared.change(|state| state.allowed = Some(octets));
    }

    /// Waits until that many have passed.
    pub(crate) fn wait_until_it_stopped(&self) {
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), DEADLINE, |state| state.allowed != Some(0));
        assert_eq!(waited.unwrap().0.allowed, Some(0), "so much was not answered");
    }
}

impl Drop for Line {
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

    /// Waits until octets may pass, and tells how many of these; 0 when the connection has been closed.
    fn leave(&self, number: u64, answers: bool, wanted: usize) -> usize {
        let open = |state: &State| state.connections.contains_key(&number);
        let stopped = |state: &State| state.cut || (answers && state.allowed == Some(0));
        let state = self.changed.wait_while(self.lock(), |state| open(state) && stopped(state));
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if !open(&state) {
            return 0;
        }
        let Some(allowed) = state.allowed.filter(|_| answers) else { return wanted };
        let passed = allowed.min(wanted);
        state.allowed = Some(allowed - passed);
        drop(state);
        self.changed.notify_all();
        passed
    }
}

impl State {
    fn drop_all(&mut self) {
        let numbers: Vec<u64> = self.connections.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.close(number));
    }

    fn close(&mut self, number: u64) {
        for side in self.connections.remove(&number).into_iter().flatten() {
            let _ = side.shutdown(Shutdown::Both);
        }
    }
}

fn connect(client: TcpStream, server: u16, shared: &Arc<Shared>) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    for side in [&client, &server] {
        side.set_nodelay(true)?;
    }
    let sides = [client.try_clone()?, server.try_clone()?];
    let mut state = shared.lock();
    state.made += 1;
    let number = state.made;
    state.connections.insert(number, sides);
    drop(state);
    for (from, to, answers) in [(client.try_clone()?, server.try_clone()?, false), (server, client, true)] {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let _ = pass(number, &shared, from, to, answers);
            // The end of a connection is not seen over a dead line either.
            shared.leave(number, answers, 0);
            shared.change(|state| state.close(number));
        });
    }
    Ok(())
}

fn pass(number: u64, shared: &Shared, mut from: TcpStream, mut to: TcpStream, answers: bool) -> io::Result<()> {
    let mut buffer = vec![0; 65_536];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            let passed = shared.leave(number, answers, rest.len());
            if passed == 0 {
                return Ok(());
            }
            to.write_all(&rest[..passed])?;
            rest = &rest[passed..];
        }
    }
}
