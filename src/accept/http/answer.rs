//! The table of what we say over HTTP: a status, and a page in the reader's language. No answer tells of a ticket or an address.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::page::{Frame as Around, page};
use crate::decide::write::phrases::Voice;

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A link that is ours was looked at: the button that leaves.
    Question,
    /// The click is in custody, or its owner does not follow any more.
    Done,
    /// Something else was posted to a link that is ours: the button that posts what counts.
    NotAClick,
    /// Not a link of ours, or not any more, or nothing that we have.
    Unknown,
    /// A method that nothing here takes.
    Method,
    /// The request took too long.
    TooSlow,
    /// More was posted than anybody has to.
    TooLarge,
    /// The store is away, full or too slow, or we are about to stop.
    Later,
}

impl Answer {
    /// The status, by RFC 9110 section 15.
    pub fn status(self) -> StatusCode {
        match self {
            Answer::Question | Answer::Done => StatusCode::OK,
            Answer::NotAClick => StatusCode::BAD_REQUEST,
            Answer::Unknown => StatusCode::NOT_FOUND,
            Answer::Method => StatusCode::METHOD_NOT_ALLOWED,
            Answer::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Answer::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Answer::Later => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the page says, and what stands around it.
    fn words(self) -> (&'static str, Around) {
        match self {
            Answer::Question | Answer::NotAClick => ("unfollow.question", Around::Button),
            Answer::Done => ("unfollow.done", Around::Title),
            Answer::Unknown | Answer::Method | Answer::TooLarge => ("unfollow.unknown", Around::None),
            Answer::TooSlow | Answer::Later => ("unfollow.later", Around::None),
        }
    }

    /// The whole response.
    pub(super) fn response(self, voice: Voice<'_>) -> Response<Whole> {
        let (words, around) = self.words();
        let mut response = Response::new(Whole(Some(Bytes::from(page(voice, words, around)))));
        *response.status_mut() = self.status();
        let fields = response.headers_mut();
        for (name, value) in FIELDS {
            fields.insert(name, HeaderValue::from_static(value));
        }
        match self {
            Answer::Method => drop(fields.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"))),
            Answer::Later => drop(fields.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER))),
            _ => {}
        }
        response
    }
}

/// Seconds after which a client may try again.
const RETRY_AFTER: &str = "120";

/// What every answer carries. The link is a secret of its reader's: no page that is linked to may learn it, and no cache or search machine
/// keep it. Nothing is run, fetched or framed.
const FIELDS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// What a client that is one too many is told at once, without a task of its own.
pub(super) const CROWDED: &str =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A body in one piece.
#[derive(Debug)]
pub(super) struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|octets| Ok(Frame::data(octets))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |octets| octets.len() as u64))
    }
}
