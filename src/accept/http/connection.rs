//! Plays one request over one stream, and answers it.
//!
//! One request a connection: the web server in front opens another, and nobody can hold one by being silent.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::Door;
use super::answer::{Answer, Whole};
use super::form::asks_to_leave;
use super::unfollow::now;
use crate::decide::write::phrases::Voice;
use crate::model::hours::Hours;

/// Time from a whole request to the end of its answer: twice what the store is given, and a slow reader.
const ANSWER: Duration = Duration::from_secs(25);
/// How long a running request may go on after we were told to stop: the service has 10 s in all.
const GRACE: Duration = Duration::from_secs(8);

/// Answers one request, unless it takes too long or we have to stop before it has begun.
pub(super) async fn attend(stream: TcpStream, door: Arc<Door>, mut stop: watch::Receiver<bool>) {
    let limit = door.options.request_timeout;
    let until = Instant::now() + limit;
    let begun = AtomicBool::new(false);
    let service = service_fn(|request| {
        begun.store(true, Ordering::Relaxed);
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.respond(request, until).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limit).max_buf_size(door.options.max_header).keep_alive(false);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = timeout(limit + ANSWER, connection.as_mut()) => Some(ended),
        _ = stop.wait_for(|stop| *stop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None if begun.load(Ordering::Relaxed) => timeout(GRACE, connection).await,
        None => return,
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "connection lost"),
        Err(_) => tracing::debug!("connection given up: its client is too slow"),
    }
}

impl Door {
    async fn respond(&self, request: Request<Incoming>, until: Instant) -> Response<Whole> {
        let (answer, language) = self.answer(request, until).await;
        // No page names a time, so the zone does not matter.
        let hours = Hours::default();
        answer.response(Voice { phrases: &self.texts.phrases, language: &language, zone: &hours.zone })
    }

    /// What to say, and in which language.
    async fn answer(&self, request: Request<Incoming>, until: Instant) -> (Answer, String) {
        let usual = || self.language(None).to_owned();
        let now = now();
        let Some(link) = self.link(request.uri().path(), now) else { return (Answer::Unknown, usual()) };
        let clicked = match *request.method() {
            Method::GET | Method::HEAD => Ok(false),
            Method::POST => self.posted(request, until).await,
            _ => Err(Answer::Method),
        };
        // A wrong request costs no question to the store.
        let clicked = match clicked {
            Err(answer) if answer != Answer::NotAClick => return (answer, usual()),
            clicked => clicked,
        };
        let ticket = match self.ticket(&link, now).await {
            Ok(ticket) => ticket,
            Err(answer) => return (answer, usual()),
        };
        let answer = match clicked {
            Ok(true) => self.leave(&link, &ticket, now).await,
            Ok(false) => Answer::Question,
            Err(answer) => answer,
        };
        (answer, self.language(Some(&ticket)).to_owned())
    }

    /// Whether what was posted is the click.
    async fn posted(&self, request: Request<Incoming>, until: Instant) -> Result<bool, Answer> {
        let (head, body) = request.into_parts();
        let body = timeout_at(until, whole(body, self.options.max_body)).await.map_err(|_| Answer::TooSlow)??;
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if asks_to_leave(content_type, &body) { Ok(true) } else { Err(Answer::NotAClick) }
    }
}

/// Reads a body up to a limit. One that is announced as larger is not begun with.
async fn whole(mut body: Incoming, limit: usize) -> Result<Vec<u8>, Answer> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Answer::TooLarge);
    }
    let mut octets = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| Answer::NotAClick)?.into_data() else { continue };
        if octets.len() + data.len() > limit {
            return Err(Answer::TooLarge);
        }
        octets.extend_from_slice(&data);
    }
    Ok(octets)
}
