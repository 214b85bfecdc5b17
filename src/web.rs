//! HTTP/1.1 as a client: one connection a request, over TLS with ring, and the authorities that this machine trusts.
//!
//! Shared by the object store and by whoever asks for a token; both ask seldom enough for a connection of their own. Proxies are not used and
//! redirections not followed. [`Trust`] is TLS as a client for those who speak another protocol. The only user of `hyper` and of
//! `rustls_native_certs`, and of `rustls` as a client.

use std::error::Error;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

pub use hyper::body::{Body, Bytes, Frame, SizeHint};
pub use hyper::{Error as Interrupted, Request, Response, Uri};

use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use hyper::rt::ReadBufCursor;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
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

/// Why there is no answer. The words name neither the request nor anything in it.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The other side could not be connected to, or is not who it should be.
    #[error("{0}")]
    Unreached(io::Error),
    /// It took longer than it may.
    #[error("{what} within {seconds} s")]
    Late {
        /// What did not happen.
        what: &'static str,
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The connection broke off, or what came over it was no HTTP.
    #[error("{0}")]
    Broken(Interrupted),
    /// The answer is longer than anybody would read.
    #[error("its answer is longer than {0} octets")]
    TooLong(usize),
}

/// Whom we believe to be the server that the configuration names.
#[derive(Debug, Clone)]
pub struct Trust {
    tls: Arc<ClientConfig>,
}

impl Trust {
    /// The authorities of this machine and those in a file of PEM. The error is for the operator.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        // One that cannot be read is of no use; what it would have signed is refused in words when it is met.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = ca_file {
            let unusable = |why: &dyn std::fmt::Display| format!("ca_file {}: {why}", file.display());
            let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
            let (added, _) = roots.add_parsable_certificates(found.map_err(|error| unusable(&error))?);
            if added == 0 {
                return Err(unusable(&"it holds no certificate"));
            }
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let tls = tls.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        Ok(Self { tls: Arc::new(tls.with_root_certificates(roots).with_no_client_auth()) })
    }

    /// Begins TLS on a stream. It has no limit in time.
    ///
    /// # Errors
    /// When the other side does not speak TLS, or its certificate is not for `host`, not in force, or leads to no authority that is trusted.
    pub async fn protect(&self, stream: impl Duplex + 'static, host: &str) -> io::Result<Box<dyn Duplex>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Box::new(TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await?))
    }
}

/// Makes requests.
#[derive(Debug, Clone)]
pub struct Client {
    trust: Trust,
}

impl Client {
    /// A client that trusts the authorities of this machine and those in a file of PEM. The error is for the operator.
    ///
    /// # Errors
    /// As [`Trust::new`].
    pub fn new(ca_file: Option<&Path>) -> Result<Self, String> {
        Trust::new(ca_file).map(|trust| Self { trust })
    }

    /// Makes a request; returns when the head of the answer is there. Dropping the answer closes the connection.
    ///
    /// # Errors
    /// See [`Unanswered`]; whether the request was heard is not known then.
    pub async fn call<B>(&self, request: Request<B>) -> Result<Response<Answer>, Unanswered>
    where
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let socket = timeout(CONNECT, self.connect(request.uri(), false));
        let socket = socket.await.map_err(|_| late("it could not be connected to", CONNECT))?;
        self.speak(socket.map_err(Unanswered::Unreached)?, request).await
    }

    /// Posts a form, and reads the answer up to `longest` octets: its status and body. What is in a form is secret: without TLS it goes to
    /// this machine alone.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn post_form(&self, url: &Uri, form: String, longest: usize) -> Result<(u16, Vec<u8>), Unanswered> {
        let mut request = Request::new(Form(Some(Bytes::from(form))));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = url.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let socket = timeout(CONNECT, self.connect(url, true));
        let socket = socket.await.map_err(|_| late("it could not be connected to", CONNECT))?;
        let (head, mut answer) = self.speak(socket.map_err(Unanswered::Unreached)?, request).await?.into_parts();
        let mut octets = Vec::new();
        while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut answer).poll_frame(context)).await {
            let piece = frame.map_err(Unanswered::Broken)?.into_data().unwrap_or_default();
            if octets.len() + piece.len() > longest {
                return Err(Unanswered::TooLong(longest));
            }
            octets.extend_from_slice(&piece);
        }
        Ok((head.status.as_u16(), octets))
    }

    async fn speak<B>(&self, socket: Socket, request: Request<B>) -> Result<Response<Answer>, Unanswered>
    where
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(socket).await.map_err(Unanswered::Broken)?;
        // It ends with the answer, or is ended with whoever waits for it.
        let line = Line(tokio::spawn(connection).abort_handle());
        let answer = timeout(ANSWER, sender.send_request(to_origin(request)?)).await;
        let answer = answer.map_err(|_| late("it did not answer", ANSWER))?.map_err(Unanswered::Broken)?;
        Ok(answer.map(|body| Answer { body, _line: line }))
    }

    async fn connect(&self, uri: &Uri, secret: bool) -> io::Result<Socket> {
        let host = uri.host().ok_or_else(|| io::Error::other("the address names no host"))?.trim_matches(['[', ']']);
        let secure = uri.scheme_str() == Some("https");
        let tcp = TcpStream::connect((host, uri.port_u16().unwrap_or(if secure { 443 } else { 80 }))).await?;
        tcp.set_nodelay(true)?;
        if !secure {
            if secret && !tcp.peer_addr()?.ip().to_canonical().is_loopback() {
                return Err(io::Error::other("a secret is not sent without TLS: use https://"));
            }
            return Ok(Socket::new(tcp));
        }
        Ok(Socket::new(self.trust.protect(tcp, host).await?))
    }
}

/// The request line names the path alone, and Host the rest (RFC 9112, section 3.2.1).
fn to_origin<B>(mut request: Request<B>) -> Result<Request<B>, Unanswered> {
    let uri = request.uri().clone();
    if !request.headers().contains_key(HOST) {
        let authority = uri.authority().map(hyper::http::uri::Authority::as_str).unwrap_or_default();
        let host = HeaderValue::from_str(authority).map_err(|error| Unanswered::Unreached(io::Error::other(error)))?;
        request.headers_mut().insert(HOST, host);
    }
    let path = uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
    *request.uri_mut() = path;
    Ok(request)
}

fn late(what: &'static str, limit: Duration) -> Unanswered {
    Unanswered::Late { what, seconds: limit.as_secs() }
}

/// A body that is there as a whole.
struct Form(Option<Bytes>);

impl Body for Form {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|octets| Ok(Frame::data(octets))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |octets| octets.len() as u64))
    }
}

/// What can be read from and written to.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A socket of tokio's as hyper wants it.
struct Socket {
    inner: Box<dyn Duplex>,
    piece: Vec<u8>,
}

impl Socket {
    fn new(inner: impl Duplex + 'static) -> Self {
        Self { inner: Box::new(inner), piece: vec![0; PIECE] }
    }
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
pub struct Answer {
    body: Incoming,
    _line: Line,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
