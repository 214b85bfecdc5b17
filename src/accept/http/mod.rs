//! The HTTP listener: what a mail of ours links to. Today that is leaving a ticket by one click (RFC 8058).
//!
//! From the inside out: `form` reads what was posted, `page` is what a person sees, `answer` is the table of what we say, `unfollow` takes
//! a click into custody, `connection` plays one request over a stream, `listener` accepts. A web server of the operator's stands in front
//! and speaks TLS.
//!
//! Promise: 200 to a click only when custody has it (or its owner does not follow any more); a GET changes nothing, because link scanners
//! follow links; a link that is not ours is told nothing but that; a fault of ours is a 503. Everything a client can make us hold is bounded
//! by [`Options`]: one request a connection, and a time for it. The only user of `hyper` as a server, and of `hyper_util`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::custody::Custody;
use crate::decide::write::texts::Texts;
use crate::model::desk::Desk;
use crate::observe::beat::Beat;
use crate::store::Store;

pub mod answer;
mod connection;
pub mod form;
mod listener;
mod page;
mod unfollow;

pub use listener::{bind, handed, serve};

/// What the paths of all links for leaving begin with.
const UNFOLLOW: &str = "/unfollow/";

/// `[http]`: the address, and limits, which have no keys: they bound a few hundred octets of a mail provider's.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What our links begin with, seen from the internet; without a slash at the end.
    pub public_url: String,
    /// Octets of a request's head. The heads of browsers behind a web server have some 2 KiB.
    pub max_header: usize,
    /// Octets of what is posted. RFC 8058 has 26 of them.
    pub max_body: usize,
    /// Connections at a time; further ones are 503.
    pub max_connections: usize,
    /// Time for a whole request to come in, from the beginning of its connection.
    pub request_timeout: Duration,
}

impl Options {
    /// An address and a public URL, with the usual limits.
    pub fn new(listen: SocketAddr, public_url: String) -> Self {
        Self {
            listen,
            public_url,
            max_header: 16 * 1024,
            max_body: 4 * 1024,
            max_connections: 100,
            request_timeout: Duration::from_secs(10),
        }
    }

    /// The path that a link of ours has on its way from a web server that does not cut off the prefix of the public URL.
    fn prefix(&self) -> &str {
        let host_and_path = self.public_url.split_once("://").map_or("", |(_, rest)| rest);
        host_and_path.find('/').map_or("", |at| &host_and_path[at..])
    }
}

/// What every request is answered from.
#[derive(Debug)]
pub struct Door {
    options: Options,
    desk: Arc<Desk>,
    texts: Arc<Texts>,
    store: Store,
    custody: Custody,
    beat: Beat,
}

impl Door {
    /// Puts a door together. The store is asked about tickets; what changes something goes into custody.
    pub fn new(options: Options, desk: Arc<Desk>, texts: Arc<Texts>, store: Store, custody: Custody) -> Self {
        Self { options, desk, texts, store, custody, beat: Beat::default() }
    }

    /// Gives this sign of progress, by whoever accepts connections.
    pub fn with_beat(self, beat: Beat) -> Self {
        Self { beat, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_the_path_of_the_public_url() {
        for (url, prefix) in
            [("https://desk.example.org", ""), ("https://shop.example/desk", "/desk"), ("http://127.0.0.1:8080/a/b", "/a/b")]
        {
            assert_eq!(Options::new(([127, 0, 0, 1], 0).into(), url.to_owned()).prefix(), prefix);
        }
    }
}
