//! The client of the control socket, for the operator's verbs.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Octets of an answer: all numbers of a gateway with a thousand accounts are some 2 MiB.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// What the gateway said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// By RFC 9110 section 15.
    pub status: u16,
    /// The words, JSON or numbers that were asked for.
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Nobody listens: the gateway does not run, or not on this machine, or has another folder for its data.
    #[error("no gateway is running here: nobody listens at {0}")]
    Nobody(String),
    /// There is somebody, but not for us.
    #[error("the gateway at {0} may be asked by its own user and by root only; try it with sudo")]
    Forbidden(String),
    /// It took longer than the caller wanted to wait.
    #[error("the gateway at {socket} did not answer within {seconds} s")]
    Late {
        /// Where it was asked.
        socket: String,
        /// The patience, in seconds.
        seconds: u64,
    },
    /// The connection broke off, or what came over it was no answer.
    #[error("the gateway at {socket} did not answer: {why}")]
    Broken {
        /// Where it was asked.
        socket: String,
        /// What went wrong.
        why: String,
    },
}

/// Asks the gateway that listens at this socket, by `GET` or `POST`. Changes nothing by itself; whoever gives up cannot know what a POST has
/// done.
///
/// # Errors
/// When nobody is there, when we may not ask, or when no whole answer came within `patience`.
pub async fn ask(socket: &Path, method: &str, path: &str, patience: Duration) -> Result<Reply, Unanswered> {
    let name = socket.display().to_string();
    match timeout(patience, exchange(socket, method, path)).await {
        Err(_) => Err(Unanswered::Late { socket: name, seconds: patience.as_secs() }),
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(Failure::Unreached(error))) => Err(match error.kind() {
            // What is left of a process that was killed refuses. A name that is too long is nobody's: the gateway has gone without.
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput => Unanswered::Nobody(name),
            ErrorKind::PermissionDenied => Unanswered::Forbidden(name),
            _ => Unanswered::Broken { socket: name, why: error.to_string() },
        }),
        Ok(Err(Failure::Broken(why))) => Err(Unanswered::Broken { socket: name, why }),
    }
}

enum Failure {
    Unreached(io::Error),
    Broken(String),
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        Failure::Broken(error.to_string())
    }
}

async fn exchange(socket: &Path, method: &str, path: &str) -> Result<Reply, Failure> {
    let request = Request::builder().method(method).uri(path).header(HOST, HeaderValue::from_static("postdesk"));
    let request = request.body(String::new()).map_err(|error| Failure::Broken(error.to_string()))?;
    let stream = UnixStream::connect(socket).await.map_err(Failure::Unreached)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Both in one task: when this future is dropped, so is the connection.
    let exchange = async {
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        Ok(Reply { status: head.status.as_u16(), body: whole(body).await? })
    };
    tokio::pin!(exchange, connection);
    tokio::select! {
        biased;
        reply = &mut exchange => reply,
        ended = &mut connection => {
            ended?;
            exchange.await
        }
    }
}

async fn whole(mut body: Incoming) -> Result<String, Failure> {
    let mut octets = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(piece) = frame?.into_data() else { continue };
        if octets.len() + piece.len() > LONGEST_ANSWER {
            return Err(Failure::Broken(format!("its answer is longer than {LONGEST_ANSWER} octets")));
        }
        octets.extend_from_slice(&piece);
    }
    String::from_utf8(octets).map_err(|_| Failure::Broken("its answer is not text".to_owned()))
}
