//! Binds, accepts, and drains.

use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::connection::attend;
use super::crowd::Crowd;
use super::reply::Reply;
use super::{Door, Options};

/// How long accepting rests when the system has no descriptors or memory left for it.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How long [`serve`] waits for its connections after stop; then they are left to end with the process.
const DRAIN_LIMIT: Duration = Duration::from_millis(9_500);

/// Binds every address of the options. The error names the address. To be called within a tokio runtime.
pub fn bind(options: &Options) -> io::Result<Vec<TcpListener>> {
    let bind_one = |address: &SocketAddr| {
        listen(*address, options.backlog)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
    };
    options.listen.iter().map(bind_one).collect()
}

fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait until the connections of the last run have timed out in the kernel.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Serves until `stop` becomes true (or its sender is gone), then drains: accepts nothing more, ends idle sessions with 421,
/// lets a running DATA end with its 250 for at most 8 s, and returns after 9.5 s at the latest.
pub async fn serve(listeners: Vec<TcpListener>, door: Arc<Door>, stop: watch::Receiver<bool>) {
    let crowd = Crowd::new(&door.terms.options, &door.terms.trusted);
    join_all(listeners.into_iter().map(|listener| accept(listener, &door, &crowd, stop.clone()))).await;
    if timeout(DRAIN_LIMIT, crowd.gone()).await.is_err() {
        tracing::warn!("connections were still open when the time to stop was over");
    }
}

async fn accept(listener: TcpListener, door: &Arc<Door>, crowd: &Arc<Crowd>, mut stop: watch::Receiver<bool>) {
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                failing = false;
                welcome(stream, peer, door, crowd, &stop);
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

fn welcome(stream: TcpStream, peer: SocketAddr, door: &Arc<Door>, crowd: &Arc<Crowd>, stop: &watch::Receiver<bool>) {
    let ip = peer.ip().to_canonical();
    match crowd.admit(ip) {
        Ok(place) => {
            // Replies are written whole, so holding them back to fill a segment only costs time. Failing costs no more.
            let _ = stream.set_nodelay(true);
            let (door, stop) = (Arc::clone(door), stop.clone());
            tokio::spawn(async move { attend(stream, ip, &door, &place, stop).await });
        }
        Err(reply) => {
            tracing::debug!(peer = %ip, ?reply, "connection refused");
            turn_away(stream, &reply, &door.terms.desk.hostname);
        }
    }
}

/// Says why without a task: the buffer of a new socket has room for a line, and a client that is gone is no loss.
fn turn_away(stream: TcpStream, reply: &Reply, hostname: &str) {
    let mut line = Vec::new();
    reply.write(hostname, &mut line);
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(&line);
    }
}
