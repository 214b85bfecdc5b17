//! HTTP at `[http] listen`: health and numbers for monitors. GET and HEAD, one request a connection, without TLS.
//!
//! Promise: whatever a client does, it holds up no mail, and what it can make us hold is bounded; nothing can be changed here. Whoever can
//! connect can read, so it is this machine unless the operator lists another address.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::{Answer, Inspector, Options};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 64;
/// Connections at a time: a few monitors and a person. One more waits until one of them has ended, which is soon.
const MOST_CLIENTS: usize = 32;
/// Octets of a request's head.
const LONGEST_HEAD: usize = 8 * 1024;
/// Time for a request to come in.
const REQUEST: Duration = Duration::from_secs(5);
/// Time from a whole request to the end of its answer: the looks have limits of their own, a reader may be slow.
const ANSWER: Duration = Duration::from_secs(10);
/// How long accepting rests when the system has no descriptors or memory left for it.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Binds every address of the options. The error names it, and its key. To be called within a tokio runtime.
pub fn bind(options: &Options) -> io::Result<Vec<TcpListener>> {
    let listen = |address: &SocketAddr| {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait until the connections of the last run have timed out in the kernel.
        socket.set_reuseaddr(true)?;
        socket.bind(*address)?;
        socket.listen(BACKLOG)
    };
    let named = |address: &SocketAddr| {
        let why =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {address} (`[http] listen`): {error}"));
        listen(address).map_err(why)
    };
    options.listen.iter().map(named).collect()
}

/// Answers until `stop` becomes true (or its sender is gone). Nobody is waited for then: a monitor asks again.
pub async fn serve(listeners: Vec<TcpListener>, inspector: Inspector, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MOST_CLIENTS));
    let accepting = join_all(listeners.iter().map(|listener| accept(listener, &places, &inspector)));
    tokio::select! {
        biased;
        // An error means that whoever could stop us is gone.
        _ = stop.wait_for(|stop| *stop) => {}
        _ = accepting, if !listeners.is_empty() => {}
    }
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>, inspector: &Inspector) {
    let mut failing = false;
    loop {
        // Nobody closes it.
        let Ok(place) = Arc::clone(places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                failing = false;
                tokio::spawn(attend(stream, inspector.clone(), place));
            }
            // The client was gone before we came to it.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::error!(%error, "cannot accept connections of monitors; trying on");
                }
                sleep(BACK_OFF).await;
            }
        }
    }
}

/// Answers one request, unless it takes too long.
async fn attend(stream: TcpStream, inspector: Inspector, _place: OwnedSemaphorePermit) {
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let inspector = &inspector;
        async move { Ok::<_, Infallible>(response(answer(&request, inspector).await)) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(REQUEST).max_buf_size(LONGEST_HEAD).keep_alive(false);
    match timeout(REQUEST + ANSWER, builder.serve_connection(TokioIo::new(stream), service)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a monitor was lost"),
        Err(_) => tracing::debug!("a monitor was given up: it is too slow"),
    }
}

/// A body is not read: nothing that is asked here has one.
async fn answer(request: &Request<hyper::body::Incoming>, inspector: &Inspector) -> Answer {
    match *request.method() {
        Method::GET | Method::HEAD => inspector.answer(request.uri().path()).await,
        _ => Answer::text(405, "GET or HEAD\n"),
    }
}

fn response(answer: Answer) -> Response<String> {
    let mut response = Response::new(answer.body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if answer.status == 405 {
        fields.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
