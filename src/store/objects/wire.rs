//! HTTP to an object store, by the house's own client ([`crate::web`]).
//!
//! `object_store` brings reqwest for this, and reqwest the C of aws-lc; a large mail is rare enough to be worth a connection of its own.

use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};

use crate::web::{self, Body, Bytes, Frame, SizeHint, Unanswered};

/// Makes the client that every request goes through.
#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let broken = |why: String| object_store::Error::Generic { store: "TLS", source: why.into() };
        Ok(HttpClient::new(Wire(web::Client::new(None).map_err(broken)?)))
    }
}

#[derive(Debug)]
struct Wire(web::Client);

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.call(request).await.map_err(failed)?;
        Ok(answer.map(|body| HttpResponseBody::new(Answer(body))))
    }
}

/// The crate tries again by what kind of failure it was.
fn failed(unanswered: Unanswered) -> HttpError {
    let kind = match &unanswered {
        Unanswered::Unreached(_) => HttpErrorKind::Connect,
        Unanswered::Late { .. } => HttpErrorKind::Timeout,
        Unanswered::Broken(_) => HttpErrorKind::Interrupted,
        Unanswered::TooLong(_) => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, unanswered)
}

/// The body of an answer with the errors that the crate knows.
struct Answer(web::Answer);

impl Body for Answer {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        Pin::new(&mut self.0).poll_frame(context).map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
