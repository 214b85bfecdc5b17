//! The front door: SMTP, and LMTP for a mail server that hands mail over (RFC 2033).
//!
//! From the inside out: `path` and `command` read lines, `data` finds the end of a message, `reply` is the table of what we
//! say, `session` puts them together without I/O; `connection` plays a session over a stream, `tls` encrypts it, `crowd`
//! counts connections, `budget` counts octets, `unix` is a socket in the file system, `places` is where we listen, `listener` accepts.
//!
//! Promise: 250 after DATA only when custody has said so; everything a client can make us hold is bounded by [`Options`];
//! a fault of ours is a 4xx, so that the mail stays with the sender.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::custody::Custody;
use crate::model::address::Address;
use crate::model::desk::Desk;
use crate::model::network::Network;
use crate::observe::beat::Beats;

pub mod budget;
pub mod command;
mod connection;
mod crowd;
pub mod data;
mod listener;
pub mod path;
mod places;
pub mod reply;
mod seen;
pub mod session;
mod terms;
mod tls;
pub mod transaction;
mod unix;

pub use listener::{serve, serve_where};
pub use places::{Handed, Listeners, bind, bind_besides};
pub use tls::DoorError;
pub use unix::{LONGEST_NAME, Socket};

/// What to do with a CR or LF that is not part of a CRLF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareNewlines {
    /// Refuse the mail with 550 and close: what follows might be smuggled.
    Refuse,
    /// From trusted networks, make it a CRLF; from everywhere else, refuse.
    Normalise,
}

/// Where LMTP is listened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lmtp {
    /// An address with a port.
    Net(SocketAddr),
    /// A socket in the file system, of at most [`LONGEST_NAME`] octets.
    Socket(PathBuf),
}

impl fmt::Display for Lmtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lmtp::Net(address) => address.fmt(f),
            Lmtp::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// `[smtp]`: addresses and limits. The defaults stand in `config/postdesk.toml`, each with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where to listen for SMTP.
    pub listen: Vec<SocketAddr>,
    /// Where to listen for LMTP.
    pub lmtp: Vec<Lmtp>,
    /// Mode of a socket in the file system: who may connect has to be allowed to write.
    pub lmtp_socket_mode: u32,
    /// Certificate chain and private key (PEM), when STARTTLS is offered.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Octets of one mail.
    pub max_message_size: usize,
    /// Connections at a time.
    pub max_connections: usize,
    /// Connections at a time from one address.
    pub max_connections_per_address: usize,
    /// Octets of a command line, CRLF included.
    pub max_command_line: usize,
    /// Recipients of one mail.
    pub max_recipients: usize,
    /// Refused commands after which the connection is closed.
    pub max_session_errors: usize,
    /// Octets of mail being received over all connections: what bounds memory.
    pub max_data_in_flight: usize,
    /// Silence after which a connection is closed.
    pub idle_timeout: Duration,
    /// The same while more than nine tenths of the connections are taken.
    pub crowded_idle_timeout: Duration,
    /// Time for the whole of DATA.
    pub data_timeout: Duration,
    /// Connections that wait to be accepted.
    pub backlog: u32,
    /// What to do with bare CR and LF.
    pub bare_newlines: BareNewlines,
}

/// An envelope sender as commands carry it: `None` is the null sender.
pub type Sender = Option<Address>;

/// The front door: what its sessions go by, and where their mail goes.
pub struct Door {
    standing: watch::Sender<Arc<Standing>>,
    crowd: Arc<crowd::Crowd>,
    custody: Custody,
    /// Where each listener gives signs of progress, and how often at least.
    watched: (Beats, Duration),
}

/// What a door goes by at a time: whole, or not at all.
pub struct Standing {
    terms: Arc<session::Terms>,
    acceptor: Option<tls::Acceptor>,
}

/// Whether the certificate and key that the options name can be used.
pub fn look_over(options: &Options) -> Result<(), DoorError> {
    acceptor(options).map(|_| ())
}

fn acceptor(options: &Options) -> Result<Option<tls::Acceptor>, DoorError> {
    let load = |(certificate, private_key): &(PathBuf, PathBuf)| tls::Acceptor::load(certificate, private_key);
    options.tls.as_ref().map(load).transpose()
}

impl Door {
    /// Puts a door together. `trusted` are the networks for which [`BareNewlines::Normalise`] counts. Fails when the
    /// certificate or key that the options name cannot be used.
    pub fn new(options: Options, desk: Arc<Desk>, trusted: Vec<Network>, custody: Custody) -> Result<Self, DoorError> {
        let crowd = crowd::Crowd::new(&options, &trusted);
        let budget = budget::Budget::new(options.max_data_in_flight);
        let acceptor = acceptor(&options)?;
        let terms = Arc::new(session::Terms { options, desk, trusted, budget });
        Ok(Self {
            standing: watch::Sender::new(Arc::new(Standing { terms, acceptor })),
            crowd,
            custody,
            watched: (Beats::default(), Duration::MAX),
        })
    }

    /// Each listener gives signs of progress at least this often: as `smtp:ADDRESS` or `lmtp:ADDRESS`.
    pub fn watched(self, beats: Beats, limit: Duration) -> Self {
        Self { watched: (beats, limit), ..self }
    }

    /// Makes everything ready by which the door is to go, and changes nothing yet. Fails as [`Door::new`] does.
    pub fn prepare(&self, options: Options, desk: Arc<Desk>, trusted: Vec<Network>) -> Result<Standing, DoorError> {
        let acceptor = acceptor(&options)?;
        let budget = Arc::clone(&self.standing.borrow().terms.budget);
        Ok(Standing { terms: Arc::new(session::Terms { options, desk, trusted, budget }), acceptor })
    }

    /// Goes by this from now on: new connections at once, open ones from their next transaction on, handshakes to come with the new
    /// certificate. Whether that is another certificate than before.
    pub fn change(&self, standing: Standing) -> bool {
        let terms = &standing.terms;
        terms.budget.set_limit(terms.options.max_data_in_flight);
        self.crowd.set_limits(&terms.options, &terms.trusted);
        let before = self.standing.send_replace(Arc::new(standing));
        before.acceptor != self.standing.borrow().acceptor
    }

    fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing.borrow())
    }
}
