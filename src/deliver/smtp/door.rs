//! Opening a connection to the relay: TCP, TLS, EHLO, login.
//!
//! Whatever goes wrong in here is the relay's trouble or the configuration's, never a recipient's: it is a text for the operator, and
//! the notices wait.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Auth, Ehlo};
use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout, timeout_at};

use super::Connection;
use super::wire::{Prelude, Wire};
use crate::deliver::Security;
use crate::deliver::classify::one_line;

/// Time for a TCP connection.
const CONNECT: Duration = Duration::from_secs(30);
/// How many challenges a login may have: LOGIN has two.
const MOST_CHALLENGES: usize = 3;

/// What is needed to open connections to the relay.
pub struct Door {
    host: String,
    port: u16,
    security: Security,
    login: Option<(String, PathBuf)>,
    hello: ClientId,
    /// Made at the first use of TLS: reading the machine's root certificates takes milliseconds.
    tls: OnceCell<TlsParameters>,
}

impl Door {
    /// A door that nobody has gone through yet. `login` is a user and the file that holds the password, read at each login.
    pub fn new(host: String, port: u16, security: Security, login: Option<(String, PathBuf)>, hostname: String) -> Self {
        Self { host, port, security, login, hello: ClientId::Domain(hostname), tls: OnceCell::new() }
    }

    /// Opens a connection and logs in, before `deadline`. The error says why the relay cannot be used at present.
    pub async fn open(&self, deadline: Instant) -> Result<Connection, String> {
        // The crate panics on some greetings (a line of EHLO's reply that holds nothing but a space).
        let opened = match timeout_at(deadline, AssertUnwindSafe(self.dial()).catch_unwind()).await {
            Err(_) => Err("no answer in time".to_owned()),
            Ok(Err(_)) => Err("a greeting that cannot be read".to_owned()),
            Ok(Ok(opened)) => opened,
        };
        opened.map_err(|why| one_line(&format!("{}:{}: {why}", self.host, self.port)))
    }

    async fn dial(&self) -> Result<Connection, String> {
        let connecting = timeout(CONNECT, TcpStream::connect((self.host.as_str(), self.port))).await;
        let tcp = connecting.map_err(|_| "no connection in time".to_owned())?.map_err(|error| error.to_string())?;
        // The crate writes the final dot by itself: without this it would wait for the acknowledgement of the mail, 40 ms each.
        tcp.set_nodelay(true).map_err(|error| error.to_string())?;
        let peer = tcp.peer_addr().map_err(|error| error.to_string())?;
        let (mut smtp, offers) = match self.security {
            Security::Plain | Security::Opportunistic => self.greet(Wire::new(tcp, false)).await.map_err(said)?,
            Security::StartTls => self.start_tls(Wire::new(tcp, true)).await?,
            Security::Tls => self.tls_from_the_start(Wire::new(tcp, false), Prelude::new(peer)).await?,
        };
        if let Some((user, file)) = &self.login {
            if self.security == Security::Plain && !peer.ip().to_canonical().is_loopback() {
                return Err("a password is not sent without TLS: use smtps:// or smtp+starttls://".to_owned());
            }
            log_in(&mut smtp, &offers, user, file).await?;
        }
        Ok(Connection::new(smtp, offers))
    }

    async fn greet(&self, wire: Wire) -> Result<(AsyncSmtpConnection, ServerInfo), Error> {
        let smtp = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &self.hello).await?;
        let offers = smtp.server_info().clone();
        Ok((smtp, offers))
    }

    async fn start_tls(&self, wire: Wire) -> Result<(AsyncSmtpConnection, ServerInfo), String> {
        let (mut smtp, offers) = self.greet(wire).await.map_err(said)?;
        if !offers.supports_feature(Extension::StartTls) {
            return Err("it does not offer STARTTLS, which the configuration asks for".to_owned());
        }
        smtp.starttls(self.tls_parameters().await?, &self.hello).await.map_err(said)?;
        let offers = smtp.server_info().clone();
        Ok((smtp, offers))
    }

    #[expect(
        deprecated,
        reason = "the crate's own way to TLS from the first octet makes a TCP connection with Nagle's delay and no limit"
    )]
    async fn tls_from_the_start(&self, wire: Wire, prelude: Prelude) -> Result<(AsyncSmtpConnection, ServerInfo), String> {
        let parameters = self.tls_parameters().await?;
        let mut stream = lettre::transport::smtp::client::AsyncNetworkStream::use_existing_tokio1(Box::new(wire));
        stream.upgrade_tls(parameters).await.map_err(said)?;
        let mut smtp = AsyncSmtpConnection::connect_with_transport(Box::new(prelude), &self.hello).await.map_err(said)?;
        smtp.set_stream(stream);
        smtp.read_response().await.map_err(said)?;
        let reply = smtp.command(Ehlo::new(self.hello.clone())).await.map_err(said)?;
        let offers = ServerInfo::from_response(&reply).map_err(said)?;
        Ok((smtp, offers))
    }

    async fn tls_parameters(&self) -> Result<TlsParameters, String> {
        let made = self.tls.get_or_try_init(async || TlsParameters::new(self.host.clone()).map_err(said)).await?;
        Ok(made.clone())
    }
}

/// Logs in with PLAIN (RFC 4616) or, for those who know nothing else, LOGIN.
async fn log_in(smtp: &mut AsyncSmtpConnection, offers: &ServerInfo, user: &str, file: &Path) -> Result<(), String> {
    let password = tokio::fs::read_to_string(file).await.map_err(|error| format!("password file {}: {error}", file.display()))?;
    let credentials = Credentials::new(user.to_owned(), password.trim_end_matches(['\r', '\n']).to_owned());
    let Some(mechanism) = offers.get_auth_mechanism(&[Mechanism::Plain, Mechanism::Login]) else {
        return Err("it offers neither AUTH PLAIN nor AUTH LOGIN".to_owned());
    };
    let first = Auth::new(mechanism, credentials.clone(), None).map_err(said)?;
    let mut reply = smtp.command(first).await.map_err(|error| format!("login as {user}: {}", said(error)))?;
    for _ in 0..MOST_CHALLENGES {
        if !reply.has_code(334) {
            break;
        }
        let answer = Auth::new_from_response(mechanism, credentials.clone(), &reply).map_err(said)?;
        reply = smtp.command(answer).await.map_err(|error| format!("login as {user}: {}", said(error)))?;
    }
    if reply.has_code(235) { Ok(()) } else { Err(format!("login as {user}: {} instead of 235", reply.code())) }
}

/// An error in words.
fn said(error: Error) -> String {
    match super::reply_of(&error) {
        Some(reply) => format!("{} {}", reply.code, reply.text),
        None => error.to_string(),
    }
}
