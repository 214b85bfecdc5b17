//! Where mail is taken: the listeners of the moment, and those of the next one.
//!
//! Promise: a place that stays is the same socket, with whoever waits in its queue; a new one is bound before an old one is given up, so a
//! change that cannot be made changes nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};

use super::unix::Socket;
use super::{Lmtp, Options};

/// Every place where mail is taken, listened to. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Listeners(Vec<Arc<Listener>>);

/// One of them, with the address that was asked for: with port 0 the system chooses another.
#[derive(Debug)]
pub(super) enum Listener {
    Smtp(SocketAddr, TcpListener),
    Lmtp(SocketAddr, TcpListener),
    Socket(Lmtp, Socket),
}

/// A place, as the options name it.
#[derive(PartialEq)]
enum Wanted<'a> {
    Smtp(&'a SocketAddr),
    Lmtp(&'a Lmtp),
}

/// Binds every address of the options. The error names the address. To be called within a tokio runtime.
pub fn bind(options: &Options) -> io::Result<Listeners> {
    Listeners::default().next(options)
}

impl Listeners {
    /// The listeners that these options ask for: those that are open already, and new ones for the rest. The error names the address; then
    /// nothing has changed. To be called within a tokio runtime.
    pub fn next(&self, options: &Options) -> io::Result<Listeners> {
        let mut open = self.0.clone();
        let wanted = options.listen.iter().map(Wanted::Smtp).chain(options.lmtp.iter().map(Wanted::Lmtp));
        let listener = |wanted: Wanted<'_>| match open.iter().position(|listener| listener.is(&wanted)) {
            Some(at) => Ok(open.swap_remove(at)),
            None => wanted.bind(options).map(Arc::new).map_err(|error| self.explained(&wanted, &error)),
        };
        wanted.map(listener).collect::<io::Result<Vec<_>>>().map(Listeners)
    }

    /// An address that is in use by ourselves, under another name or for another purpose, is told as that.
    fn explained(&self, wanted: &Wanted<'_>, error: &io::Error) -> io::Error {
        let ours = self.0.iter().find(|listener| error.kind() == io::ErrorKind::AddrInUse && listener.port() == wanted.port());
        let why = match ours.filter(|_| wanted.port().is_some()) {
            Some(ours) => {
                format!("{error}; this gateway still listens on {}, and going from one to the other takes a restart", ours.name())
            }
            None => error.to_string(),
        };
        io::Error::new(error.kind(), format!("cannot listen on {}: {why}", wanted.name()))
    }

    /// Where SMTP is spoken.
    pub fn smtp(&self) -> io::Result<Vec<SocketAddr>> {
        let address = |listener: &Arc<Listener>| match &**listener {
            Listener::Smtp(_, listener) => Some(listener.local_addr()),
            _ => None,
        };
        self.0.iter().filter_map(address).collect()
    }

    /// Where LMTP is spoken over TCP.
    pub fn lmtp(&self) -> io::Result<Vec<SocketAddr>> {
        let address = |listener: &Arc<Listener>| match &**listener {
            Listener::Lmtp(_, listener) => Some(listener.local_addr()),
            _ => None,
        };
        self.0.iter().filter_map(address).collect()
    }

    /// Every place by its name, as it is listened to: `127.0.0.1:25`, `LMTP 127.0.0.1:24`, `LMTP unix:/run/postdesk/lmtp`.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|listener| listener.name()).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Listener>> {
        self.0.iter()
    }

    pub(super) fn holds(&self, listener: &Arc<Listener>) -> bool {
        self.0.iter().any(|other| Arc::ptr_eq(other, listener))
    }
}

impl Listener {
    fn is(&self, wanted: &Wanted<'_>) -> bool {
        match (self, wanted) {
            (Listener::Smtp(asked, _), Wanted::Smtp(address)) => asked == *address,
            (Listener::Lmtp(asked, _), Wanted::Lmtp(Lmtp::Net(address))) => asked == address,
            (Listener::Socket(asked, _), Wanted::Lmtp(place)) => asked == *place,
            _ => false,
        }
    }

    fn port(&self) -> Option<u16> {
        match self {
            Listener::Smtp(asked, _) | Listener::Lmtp(asked, _) => Some(asked.port()),
            Listener::Socket(..) => None,
        }
    }

    pub(super) fn name(&self) -> String {
        let bound = |asked: &SocketAddr, listener: &TcpListener| listener.local_addr().unwrap_or(*asked);
        match self {
            Listener::Smtp(asked, listener) => bound(asked, listener).to_string(),
            Listener::Lmtp(asked, listener) => format!("LMTP {}", bound(asked, listener)),
            Listener::Socket(asked, _) => format!("LMTP {asked}"),
        }
    }
}

impl Wanted<'_> {
    fn bind(&self, options: &Options) -> io::Result<Listener> {
        match self {
            Wanted::Smtp(address) => Ok(Listener::Smtp(**address, listen(**address, options.backlog)?)),
            Wanted::Lmtp(Lmtp::Net(address)) => Ok(Listener::Lmtp(*address, listen(*address, options.backlog)?)),
            Wanted::Lmtp(place @ Lmtp::Socket(path)) => {
                Ok(Listener::Socket((*place).clone(), Socket::bind(path, options.lmtp_socket_mode)?))
            }
        }
    }

    fn port(&self) -> Option<u16> {
        match self {
            Wanted::Smtp(address) => Some(address.port()),
            Wanted::Lmtp(Lmtp::Net(address)) => Some(address.port()),
            Wanted::Lmtp(Lmtp::Socket(_)) => None,
        }
    }

    fn name(&self) -> String {
        match self {
            Wanted::Smtp(address) => address.to_string(),
            Wanted::Lmtp(place) => place.to_string(),
        }
    }
}

fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait until the connections of the last run have timed out in the kernel.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}
