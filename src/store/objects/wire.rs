//! HTTP to an object store: one connection a request, over TLS with ring and the certificates that this machine trusts.
//!
//! `object_store` brings reqwest for this, and reqwest the C of aws-lc; a large mail is rare enough to be worth a connection of its own.
//! Proxies are not used. The only user of `hyper`, `rustls_native_certs` and, as a client, of `rustls`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use hyper::Uri;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HOST, HeaderValue};
use hyper::rt::ReadBufCursor;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Time to connect, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// Time for sending a request and getting the head of its answer: a large mail over a slow line.
const ANSWER: Duration = Duration::from_secs(60);
/// Octets taken from the socket at a time.
const PIECE: usize = 32 * 1024;

/// Makes the client that every request goes through.
#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let broken = |error: rustls::Error| object_store::Error::Generic { store: "TLS", source: Box::new(error) };
        let mut roots = RootCertStore::empty();
        // One that cannot be read is of no use; what it would have signed is refused in words when it is met.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let tls = tls.with_safe_default_protocol_versions().map_err(broken)?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        Ok(HttpClient::new(Wire { tls: Arc::new(tls) }))
    }
}

#[derive(Debug)]
struct Wire {
    tls: Arc<ClientConfig>,
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let socket =
            timeout(CONNECT, self.connect(request.uri())).await.map_err(|_| late("it could not be connected to", CONNECT))?;
        let socket =
            Socket { inner: socket.map_err(|error| HttpError::new(HttpErrorKind::Connect, error))?, piece: vec![0; PIECE] };
        let opened = hyper::client::conn::http1::handshake(socket).await;
        let (mut sender, connection) = opened.map_err(|error| HttpError::new(HttpErrorKind::Connect, error))?;
        // It ends with the answer, or is ended with whoever waits for it.
        let line = Line(tokio::spawn(connection).abort_handle());
        let answer = timeout(ANSWER, sender.send_request(to_origin(request)?)).await;
        let answer = answer.map_err(|_| late("it did not answer", ANSWER))?.map_err(interrupted)?;
        Ok(answer.map(|body| HttpResponseBody::new(Answer { body, _line: line })))
    }
}

impl Wire {
    async fn connect(&self, uri: &Uri) -> io::Result<Box<dyn Duplex>> {
        let host = uri.host().ok_or_else(|| io::Error::other("the address names no host"))?.trim_matches(['[', ']']);
        let secure = uri.scheme_str() == Some("https");
        let tcp = TcpStream::connect((host, uri.port_u16().unwrap_or(if secure { 443 } else { 80 }))).await?;
        tcp.set_nodelay(true)?;
        if !secure {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Box::new(TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await?))
    }
}

/// The request line names the path alone, and Host the rest (RFC 9112, section 3.2.1).
fn to_origin(mut request: HttpRequest) -> Result<HttpRequest, HttpError> {
    let uri = request.uri().clone();
    if !request.headers().contains_key(HOST) {
        let authority = uri.authority().map(hyper::http::uri::Authority::as_str).unwrap_or_default();
        let host = HeaderValue::from_str(authority).map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        request.headers_mut().insert(HOST, host);
    }
    let path = uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
    *request.uri_mut() = path;
    Ok(request)
}

fn late(what: &str, limit: Duration) -> HttpError {
    let error = io::Error::new(io::ErrorKind::TimedOut, format!("{what} within {} s", limit.as_secs()));
    HttpError::new(HttpErrorKind::Timeout, error)
}

fn interrupted(error: hyper::Error) -> HttpError {
    HttpError::new(HttpErrorKind::Interrupted, error)
}

/// What can be read from and written to.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A socket of tokio's as hyper wants it.
struct Socket {
    inner: Box<dyn Duplex>,
    piece: Vec<u8>,
}

impl hyper::rt::Read for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, mut to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let Socket { inner, piece } = &mut *self;
        let room = to.remaining().min(piece.len());
        let mut read = ReadBuf::new(&mut piece[..room]);
        ready!(Pin::new(inner).poll_read(context, &mut read))?;
        to.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// The task of a connection; dropped, it is ended.
struct Line(AbortHandle);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The body of an answer, which holds its connection.
struct Answer {
    body: Incoming,
    _line: Line,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        Pin::new(&mut self.body).poll_frame(context).map_err(interrupted)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
