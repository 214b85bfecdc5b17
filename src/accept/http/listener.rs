//! Binds, accepts, and drains.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::answer::CROWDED;
use super::connection::attend;
use super::{Door, Options};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 128;
/// How long accepting rests when the system has no descriptors or memory left for it.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How long [`serve`] waits for its connections after stop; then they are dropped.
const DRAIN_LIMIT: Duration = Duration::from_millis(9_500);

/// Binds the address of the options. The error names it, and its key. To be called within a tokio runtime.
pub fn bind(options: &Options) -> io::Result<TcpListener> {
    let address = options.listen;
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait until the connections of the last run have timed out in the kernel.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address} (`[http] public_listen`): {error}")))
}

/// Serves until `stop` becomes true (or its sender is gone), then drains: accepts nothing more, drops what has not sent a request, and
/// lets the others end for at most 8 s. Without a door it only waits.
pub async fn serve(open: Option<(TcpListener, Arc<Door>)>, mut stop: watch::Receiver<bool>) {
    let Some((listener, door)) = open else {
        // An error means that whoever could stop us is gone.
        let _ = stop.wait_for(|stop| *stop).await;
        return;
    };
    let mut connections = JoinSet::new();
    accept(&listener, &door, &mut connections, stop).await;
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(DRAIN_LIMIT, ended).await.is_err() {
        tracing::warn!("HTTP connections were still open when the time to stop was over");
    }
}

async fn accept(listener: &TcpListener, door: &Arc<Door>, connections: &mut JoinSet<()>, mut stop: watch::Receiver<bool>) {
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            // One that has ended gives its place back before the next is looked at.
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "an HTTP connection failed");
                }
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                failing = false;
                if connections.len() < door.options.max_connections {
                    connections.spawn(attend(stream, Arc::clone(door), stop.clone()));
                } else {
                    turn_away(stream);
                }
            }
            // The client was gone before we came to it.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::error!(%error, "cannot accept HTTP connections; trying on");
                }
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = sleep(BACK_OFF) => {}
                }
            }
        }
    }
}

/// Says why without a task: the buffer of a new socket has room for it, and a client that is gone is no loss.
fn turn_away(stream: TcpStream) {
    tracing::debug!("HTTP connection refused: too many");
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(CROWDED.as_bytes());
    }
}
