//! Binds, accepts, and drains.

use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::connection::{attend, attend_within};
use super::crowd::Crowd;
use super::reply::Reply;
use super::seen;
use super::session::Client;
use super::unix::Socket;
use super::{Door, Lmtp, Options};
use crate::observe::beat::{Beat, Beats};

/// How long accepting rests when the system has no descriptors or memory left for it.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How long [`serve`] waits for its connections after stop; then they are left to end with the process.
const DRAIN_LIMIT: Duration = Duration::from_millis(9_500);

/// Every place where mail is taken, listened to, each with the sign that its loop gives.
#[derive(Debug)]
pub struct Listeners(Vec<(Listener, Beat)>);

/// Sockets that somebody else has bound and listens on for us. They stay when we end, and what waits in them is not refused.
#[derive(Debug, Default)]
pub struct Handed {
    /// For SMTP.
    pub smtp: Vec<std::net::TcpListener>,
    /// For LMTP over TCP.
    pub lmtp: Vec<std::net::TcpListener>,
    /// For LMTP in the file system.
    pub lmtp_sockets: Vec<std::os::unix::net::UnixListener>,
}

#[derive(Debug)]
enum Listener {
    Smtp(TcpListener),
    Lmtp(TcpListener),
    Socket(Socket),
}

/// Somebody who has just connected.
enum Caller {
    Net(TcpStream, Client),
    Local(UnixStream),
}

/// Binds every address of the options. The error names the address. To be called within a tokio runtime.
pub fn bind(options: &Options) -> io::Result<Listeners> {
    bind_besides(options, Handed::default())
}

/// The same, but where sockets were handed over for SMTP, those are listened to and not `options.listen`; so it is for LMTP.
pub fn bind_besides(options: &Options, handed: Handed) -> io::Result<Listeners> {
    let named = |what: String| move |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {what}: {error}"));
    let bind_one = |address: &SocketAddr| listen(*address, options.backlog).map_err(named(address.to_string()));
    let (own_smtp, own_lmtp) = (handed.smtp.is_empty(), handed.lmtp.is_empty() && handed.lmtp_sockets.is_empty());
    let handed = handed.listeners();
    let smtp = options.listen.iter().filter(|_| own_smtp).map(|address| bind_one(address).map(Listener::Smtp));
    let lmtp = options.lmtp.iter().filter(|_| own_lmtp).map(|place| match place {
        Lmtp::Net(address) => bind_one(address).map(Listener::Lmtp),
        Lmtp::Socket(path) => {
            Socket::bind(path, options.lmtp_socket_mode).map(Listener::Socket).map_err(named(place.to_string()))
        }
    });
    let all = handed.chain(smtp).chain(lmtp).map(|listener| Ok((listener?, Beat::default())));
    all.collect::<io::Result<Vec<_>>>().map(Listeners)
}

impl Handed {
    fn listeners(self) -> impl Iterator<Item = io::Result<Listener>> {
        let net = |listener: std::net::TcpListener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        let smtp = self.smtp.into_iter().map(move |listener| net(listener).map(Listener::Smtp));
        let lmtp = self.lmtp.into_iter().map(move |listener| net(listener).map(Listener::Lmtp));
        smtp.chain(lmtp).chain(self.lmtp_sockets.into_iter().map(|listener| Socket::handed(listener).map(Listener::Socket)))
    }
}

fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait until the connections of the last run have timed out in the kernel.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

impl Listeners {
    /// Watches the loop of each: `smtp:ADDRESS` or `lmtp:ADDRESS`, a sign at least as often as this.
    pub fn watched(self, beats: &Beats, limit: Duration) -> Self {
        let watched = |(listener, _): (Listener, Beat)| {
            let beat = beats.part(listener.name(), limit);
            (listener, beat)
        };
        Self(self.0.into_iter().map(watched).collect())
    }

    /// Where SMTP is spoken.
    pub fn smtp(&self) -> io::Result<Vec<SocketAddr>> {
        let address = |listener: &Listener| match listener {
            Listener::Smtp(listener) => Some(listener.local_addr()),
            _ => None,
        };
        self.0.iter().filter_map(|(listener, _)| address(listener)).collect()
    }

    /// Where LMTP is spoken over TCP.
    pub fn lmtp(&self) -> io::Result<Vec<SocketAddr>> {
        let address = |listener: &Listener| match listener {
            Listener::Lmtp(listener) => Some(listener.local_addr()),
            _ => None,
        };
        self.0.iter().filter_map(|(listener, _)| address(listener)).collect()
    }
}

impl Listener {
    fn name(&self) -> String {
        let at = |listener: &TcpListener| listener.local_addr().map_or("?".to_owned(), |address| address.to_string());
        match self {
            Listener::Smtp(listener) => format!("smtp:{}", at(listener)),
            Listener::Lmtp(listener) => format!("lmtp:{}", at(listener)),
            Listener::Socket(socket) => format!("lmtp:{}", socket.path().display()),
        }
    }

    async fn accept(&self) -> io::Result<Caller> {
        match self {
            Listener::Smtp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok(Caller::Net(stream, Client::Smtp(peer.ip().to_canonical())))
            }
            Listener::Lmtp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok(Caller::Net(stream, Client::Lmtp(Some(peer.ip().to_canonical()))))
            }
            Listener::Socket(socket) => socket.accept().await.map(Caller::Local),
        }
    }
}

/// Serves until `stop` becomes true (or its sender is gone), then drains: accepts nothing more, ends idle sessions with 421,
/// lets a running DATA end with its 250 for at most 8 s, and returns after 9.5 s at the latest.
pub async fn serve(listeners: Listeners, door: Arc<Door>, stop: watch::Receiver<bool>) {
    let crowd = Crowd::new(&door.terms.options, &door.terms.trusted);
    join_all(listeners.0.into_iter().map(|listener| accept(listener, &door, &crowd, stop.clone()))).await;
    if timeout(DRAIN_LIMIT, crowd.gone()).await.is_err() {
        tracing::warn!("connections were still open when the time to stop was over");
    }
}

async fn accept((listener, beat): (Listener, Beat), door: &Arc<Door>, crowd: &Arc<Crowd>, mut stop: watch::Receiver<bool>) {
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = beat.through(listener.accept()) => accepted,
        };
        match accepted {
            Ok(caller) => {
                failing = false;
                welcome(caller, door, crowd, &stop);
            }
            // The client was gone before we came to it.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                if !failing {
                    tracing::error!(%error, "cannot accept connections; trying on");
                }
                failing = true;
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = sleep(BACK_OFF) => {}
                }
            }
        }
    }
}

fn welcome(caller: Caller, door: &Arc<Door>, crowd: &Arc<Crowd>, stop: &watch::Receiver<bool>) {
    let ip = match &caller {
        Caller::Net(_, Client::Smtp(ip) | Client::Lmtp(Some(ip))) => Some(*ip),
        Caller::Net(_, Client::Lmtp(None)) | Caller::Local(_) => None,
    };
    let (place, hostname) = (crowd.admit(ip), &door.terms.desk.hostname);
    let (host, stop) = (Arc::clone(door), stop.clone());
    if let Err(reply) = &place {
        seen::turned_away(reply, ip);
    }
    match (caller, place) {
        (Caller::Net(stream, client), Ok(place)) => {
            // Replies are written whole, so holding them back to fill a segment only costs time. Failing costs no more.
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move { attend(stream, client, &host, &place, stop).await });
        }
        (Caller::Local(stream), Ok(place)) => {
            tokio::spawn(async move { attend_within(stream, &host, &place, stop).await });
        }
        (Caller::Net(stream, _), Err(reply)) => turn_away(stream.into_std(), &reply, hostname),
        (Caller::Local(stream), Err(reply)) => turn_away(stream.into_std(), &reply, hostname),
    }
}

/// Says why without a task: the buffer of a new socket has room for a line, and a client that is gone is no loss.
fn turn_away(stream: io::Result<impl Write>, reply: &Reply, hostname: &str) {
    let mut line = Vec::new();
    reply.write(hostname, &mut line);
    if let Ok(mut stream) = stream {
        let _ = stream.write_all(&line);
    }
}
