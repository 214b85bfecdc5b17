//! The stream to a server: whole replies in, octets out, each within a time.
//!
//! Both directions may be given up at any moment without losing an octet: what was read waits for the next call, what was not yet written too.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::guard::{Guard, Limits};
use super::reply::{self, Reply};
use super::trouble::{Kind, Trouble};
use crate::web::Duplex;

/// Octets taken from the socket at a time.
const PIECE: usize = 32 * 1024;
/// Room that is given back when nothing is in it.
const KEPT: usize = 1024 * 1024;
/// Octets that may come in answer to one command: the sizes and dates of all messages that one asks for, many times over.
const MOST_HEARD: usize = 64 * 1024 * 1024;

/// A connection, in whole replies.
pub(super) struct Wire {
    stream: Box<dyn Duplex>,
    arrived: Vec<u8>,
    leaving: Vec<u8>,
    guard: Guard,
    /// Octets heard since the last command.
    heard: usize,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Duplex>, limits: Limits) -> Self {
        Self { stream, arrived: Vec::new(), leaving: Vec::new(), guard: Guard::new(limits), heard: 0 }
    }

    /// Takes octets for writing.
    pub(super) fn queue(&mut self, octets: &[u8]) {
        self.leaving.extend_from_slice(octets);
        self.heard = 0;
    }

    /// Writes what is queued, each piece of it within `limit`.
    pub(super) async fn flush(&mut self, limit: Duration) -> Result<(), Trouble> {
        while !self.leaving.is_empty() {
            let written = timeout(limit, self.stream.write(&self.leaving)).await;
            let count = written.map_err(|_| Trouble::late("it takes nothing from us", limit))?.map_err(broken)?;
            if count == 0 {
                return Err(broken(io::ErrorKind::WriteZero.into()));
            }
            self.leaving.drain(..count);
        }
        let flushed = timeout(limit, self.stream.flush()).await;
        flushed.map_err(|_| Trouble::late("it takes nothing from us", limit))?.map_err(broken)
    }

    /// The next reply: after `silence` without an octet, or at `end`, it is late.
    pub(super) async fn hear(&mut self, silence: Duration, end: Instant) -> Result<Reply, Trouble> {
        loop {
            if let Some(reply) = self.heard_whole()? {
                return Ok(reply);
            }
            let begun = Instant::now();
            let limit = end.min(begun + silence);
            self.arrived.reserve(PIECE);
            let read = timeout_at(limit, self.stream.read_buf(&mut self.arrived)).await;
            match read.map_err(|_| Trouble::late("it does not answer", limit - begun))?.map_err(broken)? {
                0 if self.arrived.is_empty() => return Err(Trouble::new(Kind::Unreachable, "it closed the connection")),
                0 => return Err(Trouble::new(Kind::Unreachable, "it closed the connection in the middle of a reply")),
                count => self.heard += count,
            }
        }
    }

    /// A reply that is there as a whole.
    fn heard_whole(&mut self) -> Result<Option<Reply>, Trouble> {
        if self.heard > MOST_HEARD {
            return Err(Trouble::nonsense(format!(
                "it talks without an end: more than {MOST_HEARD} octets in answer to one command"
            )));
        }
        let whole = self.guard.whole(&self.arrived);
        let Some(length) = whole.map_err(|excess| Trouble::nonsense(format!("it sends {excess}")))? else {
            return Ok(None);
        };
        let reply = reply::read(&self.arrived[..length]);
        self.arrived.drain(..length);
        if self.arrived.is_empty() && self.arrived.capacity() > KEPT {
            self.arrived = Vec::new();
        }
        Ok(Some(reply))
    }

    /// The stream below, for TLS; `None` when something has arrived that would be taken for protected later.
    pub(super) fn into_stream(self) -> Option<Box<dyn Duplex>> {
        self.arrived.is_empty().then_some(self.stream)
    }

    /// Ends the connection.
    pub(super) async fn close(&mut self) {
        // It is over either way.
        let _ = self.stream.shutdown().await;
    }
}

fn broken(error: io::Error) -> Trouble {
    Trouble::new(Kind::Unreachable, format!("the connection broke off: {error}"))
}
