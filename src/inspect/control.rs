//! The control socket: how the operator's verbs speak with the gateway that runs on this machine. HTTP/1.1 over a socket in the file system,
//! `control.sock` in the folder `[gateway] data`, one request a connection. A GET is answered by the [`Inspector`]; `POST /reload` by whoever
//! reads the configuration anew.
//!
//! Promise: only the user that the gateway runs as may connect (mode 0600); whatever a client does, it holds up no mail, and what it can make
//! us hold is bounded. A gateway that cannot have its socket runs without one and says so: mail does not depend on it.

mod ask;

use std::convert::Infallible;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use ask::{Reply, Unanswered, ask};

use super::{Answer, Inspector};
use crate::accept::smtp::Socket;

/// Its name below the folder of the gateway's data.
const NAME: &str = "control.sock";
/// Octets of its whole name: `sun_path` of unix(7) holds 107, and it is bound under a name of four more.
const LONGEST_NAME: usize = 103;
/// The mode: who may open it can stop the gateway anyway.
const MODE: u32 = 0o600;
/// Connections at a time. A person, a script and a monitor have one each.
const MOST_CLIENTS: usize = 16;
/// Octets of a request's head.
const LONGEST_HEAD: usize = 8 * 1024;
/// Time for a request to come in.
const REQUEST: Duration = Duration::from_secs(10);
/// Time from a whole request to the end of its answer: a reload looks at every file that the configuration names.
const ANSWER: Duration = Duration::from_secs(120);
/// How long accepting rests when the system has no descriptors or memory left for it.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How long running answers may take after we were told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Somebody who wants the configuration to be read anew, and waits for what came of it. Without an answer: the gateway stops.
pub type Wish = oneshot::Sender<Answer>;

/// Where the socket of a gateway with this folder is.
pub fn socket_in(data: &Path) -> PathBuf {
    data.join(NAME)
}

/// Listens at the control socket below this folder; `None`, and a word in the log, when that is not possible. What a process left behind
/// that was killed is replaced; where another gateway listens, that one keeps it. To be called within a tokio runtime.
pub fn bind(data: &Path) -> Option<Socket> {
    let path = socket_in(data);
    let octets = path.as_os_str().as_bytes().len();
    let bound = if octets > LONGEST_NAME {
        Err(format!("its name has {octets} octets, and the system takes {LONGEST_NAME}; a shorter `[gateway] data` helps"))
    } else {
        Socket::bind(&path, MODE).map_err(|error| error.to_string())
    };
    match bound {
        Ok(socket) => Some(socket),
        Err(why) => {
            let path = path.display();
            tracing::warn!(%path, why, "there is no control socket: `postdesk reload` and `postdesk status` cannot ask this gateway");
            None
        }
    }
}

/// Answers until `stop` becomes true (or its sender is gone); then running answers have a moment to end. Without a socket it only waits.
pub async fn serve(socket: Option<Socket>, inspector: Inspector, wishes: mpsc::Sender<Wish>, mut stop: watch::Receiver<bool>) {
    let Some(socket) = socket else {
        // An error means that whoever could stop us is gone.
        let _ = stop.wait_for(|stop| *stop).await;
        return;
    };
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            // One that has ended gives its place back before the next is looked at; one that failed has lost its client only.
            Some(_) = clients.join_next() => continue,
            accepted = socket.accept(), if clients.len() < MOST_CLIENTS => accepted,
        };
        match accepted {
            Ok(stream) => {
                clients.spawn(attend(stream, inspector.clone(), wishes.clone()));
            }
            Err(error) => {
                tracing::debug!(%error, "cannot accept at the control socket; trying on");
                sleep(BACK_OFF).await;
            }
        }
    }
    drop(socket);
    let _ = timeout(GRACE, async { while clients.join_next().await.is_some() {} }).await;
}

/// Answers one request, unless it takes too long.
async fn attend(stream: UnixStream, inspector: Inspector, wishes: mpsc::Sender<Wish>) {
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let (inspector, wishes) = (&inspector, &wishes);
        async move { Ok::<_, Infallible>(response(answer(request.method(), request.uri().path(), inspector, wishes).await)) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(REQUEST).max_buf_size(LONGEST_HEAD).keep_alive(false);
    match timeout(REQUEST + ANSWER, builder.serve_connection(TokioIo::new(stream), service)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a client of the control socket was lost"),
        Err(_) => tracing::debug!("a client of the control socket was given up: it is too slow"),
    }
}

async fn answer(method: &Method, path: &str, inspector: &Inspector, wishes: &mpsc::Sender<Wish>) -> Answer {
    match (method, path) {
        (&Method::POST, "/reload") => {
            let (wish, told) = oneshot::channel();
            // A full queue waits: those before are answered together.
            if wishes.send(wish).await.is_err() {
                return Answer::text(503, "the gateway is stopping\n");
            }
            told.await.unwrap_or_else(|_| Answer::text(503, "the gateway is stopping\n"))
        }
        (&Method::GET, path) => inspector.answer(path).await,
        _ => Answer::text(405, "GET, or POST /reload\n"),
    }
}

fn response(answer: Answer) -> Response<String> {
    let mut response = Response::new(answer.body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}
