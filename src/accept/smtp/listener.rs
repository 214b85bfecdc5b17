//! Binds, accepts, and drains. Where is listened can change: what stays is not touched, what goes accepts nothing more, and the
//! connections that came over it go on.

use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Door;
use super::connection::{attend, attend_within};
use super::places::{Listener, Listeners};
use super::reply::Reply;
use super::seen;
use super::session::Client;

/// How long accepting rests when the system has no descriptors or memory left for it.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How long [`serve`] waits for its connections after stop; then they are left to end with the process.
const DRAIN_LIMIT: Duration = Duration::from_millis(9_500);

/// Somebody who has just connected.
enum Caller {
    Net(TcpStream, Client),
    Local(UnixStream),
}

impl Listener {
    async fn accept(&self) -> io::Result<Caller> {
        match self {
            Listener::Smtp(_, listener) => {
                let (stream, ip) = accepted(listener).await?;
                Ok(Caller::Net(stream, Client::Smtp(ip)))
            }
            Listener::Lmtp(_, listener) => {
                let (stream, ip) = accepted(listener).await?;
                Ok(Caller::Net(stream, Client::Lmtp(Some(ip))))
            }
            Listener::Socket(_, socket) => socket.accept().await.map(Caller::Local),
        }
    }
}

async fn accepted(listener: &TcpListener) -> io::Result<(TcpStream, IpAddr)> {
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer.ip().to_canonical()))
}

/// Serves until `stop` becomes true (or its sender is gone), then drains: accepts nothing more, ends idle sessions with 421,
/// lets a running DATA end with its 250 for at most 8 s, and returns after 9.5 s at the latest.
pub async fn serve(listeners: Listeners, door: Arc<Door>, stop: watch::Receiver<bool>) {
    serve_where(watch::channel(listeners).1, door, stop).await;
}

/// The same, at the listeners of the moment.
pub async fn serve_where(mut listeners: watch::Receiver<Listeners>, door: Arc<Door>, mut stop: watch::Receiver<bool>) {
    let mut accepting = JoinSet::new();
    let mut open = Vec::new();
    while !*stop.borrow() {
        let wanted = listeners.borrow_and_update().clone();
        // What is dropped here ends its task, and is closed with it.
        open.retain(|(listener, _)| wanted.holds(listener));
        for listener in
            wanted.iter().filter(|listener| !open.iter().any(|(other, _)| Arc::ptr_eq(listener, other))).collect::<Vec<_>>()
        {
            let (until, dropped) = watch::channel(false);
            accepting.spawn(accept(Arc::clone(listener), Arc::clone(&door), dropped, stop.clone()));
            open.push((Arc::clone(listener), until));
        }
        drop(wanted);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Ok(()) = listeners.changed() => {}
            // One that was dropped, or one at fault, which the others must not be.
            Some(ended) = accepting.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a listener failed");
                    return;
                }
            }
        }
    }
    drop(open);
    drop(listeners);
    while accepting.join_next().await.is_some() {}
    if timeout(DRAIN_LIMIT, door.crowd.gone()).await.is_err() {
        tracing::warn!("connections were still open when the time to stop was over");
    }
}

async fn accept(listener: Arc<Listener>, door: Arc<Door>, mut dropped: watch::Receiver<bool>, mut stop: watch::Receiver<bool>) {
    let (beats, limit) = &door.watched;
    let beat = beats.part(listener.sign(), *limit);
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            // Never said: whoever drops the listener drops the other end. Who waits in its queue has connected, and is welcome.
            _ = dropped.changed() => break,
            accepted = beat.through(listener.accept()) => accepted,
        };
        match accepted {
            Ok(caller) => {
                failing = false;
                welcome(caller, &door, &stop);
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
    while let Some(Ok(caller)) = listener.accept().now_or_never() {
        welcome(caller, &door, &stop);
    }
}

fn welcome(caller: Caller, door: &Arc<Door>, stop: &watch::Receiver<bool>) {
    let ip = match &caller {
        Caller::Net(_, Client::Smtp(ip) | Client::Lmtp(Some(ip))) => Some(*ip),
        Caller::Net(_, Client::Lmtp(None)) | Caller::Local(_) => None,
    };
    let (place, standing) = (door.crowd.admit(ip), door.standing());
    let hostname = &standing.terms.desk.hostname;
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
