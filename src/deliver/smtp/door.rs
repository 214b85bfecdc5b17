//! Opening a connection to a mail server: TCP, TLS, EHLO, login.
//!
//! Whatever goes wrong in here is the server's trouble or the configuration's, never a recipient's: it is a text for the operator, and
//! the notices wait.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout, timeout_at};

use super::wire::{Prelude, Wire};
use super::{Connection, auth, trust};
use crate::deliver::Security;
use crate::deliver::classify::one_line;
use crate::login::Login;

/// Time for a TCP connection.
const CONNECT: Duration = Duration::from_secs(30);
/// How long TLS that is not required may take to begin. A server that offers it and then says nothing would else get no mail at all.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// What is needed to open connections to a mail server.
pub struct Door {
    host: String,
    port: u16,
    security: Security,
    login: Option<Box<Login>>,
    hello: ClientId,
    ca_file: Option<PathBuf>,
    /// Made at the first use of TLS: reading the machine's root certificates takes milliseconds.
    tls: OnceCell<TlsParameters>,
}

/// A connection that greeted us, and what it offers.
type Greeted = (AsyncSmtpConnection, ServerInfo);

impl Door {
    /// A door that nobody has gone through yet. The secret of `login` is asked for at each login.
    pub fn new(host: String, port: u16, security: Security, login: Option<Login>, hostname: String) -> Self {
        let (login, hello) = (login.map(Box::new), ClientId::Domain(hostname));
        Self { host, port, security, login, hello, ca_file: None, tls: OnceCell::new() }
    }

    /// The same, trusting the authorities in this file (PEM) besides those of this machine. It is read at the first use of TLS.
    #[must_use]
    pub fn trusting(self, ca_file: Option<PathBuf>) -> Self {
        Self { ca_file, ..self }
    }

    /// Opens a connection and logs in, before `deadline`. The error says why the server cannot be used at present.
    pub async fn open(&self, deadline: Instant) -> Result<Connection, String> {
        // The crate panics on some greetings (a line of EHLO's reply that holds nothing but a space).
        let opened = match timeout_at(deadline, AssertUnwindSafe(self.dial(deadline)).catch_unwind()).await {
            Err(_) => Err("no answer in time".to_owned()),
            Ok(Err(_)) => Err("a greeting that cannot be read".to_owned()),
            Ok(Ok(opened)) => opened,
        };
        opened.map_err(|why| one_line(&format!("{}:{}: {why}", self.host, self.port)))
    }

    async fn dial(&self, deadline: Instant) -> Result<Connection, String> {
        let (tcp, peer) = self.connect().await?;
        if self.login.is_some() && !takes_logins(self.security, peer.ip()) {
            return Err("a login is not sent without TLS that is checked: use smtps:// or smtp+starttls://".to_owned());
        }
        let (mut smtp, offers) = match self.security {
            Security::Plain => self.greet(Wire::new(tcp, false)).await.map_err(said)?,
            Security::Opportunistic => self.tls_if_it_works(Wire::new(tcp, true), deadline).await?,
            Security::StartTls => self.start_tls(Wire::new(tcp, true)).await?,
            Security::Tls => self.tls_from_the_start(Wire::new(tcp, false), Prelude::new(peer)).await?,
        };
        if let Some(login) = &self.login {
            auth::log_in(&mut smtp, &offers, login).await?;
        }
        Ok(Connection::new(smtp, offers))
    }

    async fn connect(&self) -> Result<(TcpStream, SocketAddr), String> {
        let connecting = timeout(CONNECT, TcpStream::connect((self.host.as_str(), self.port))).await;
        let tcp = connecting.map_err(|_| "no connection in time".to_owned())?.map_err(|error| error.to_string())?;
        // The crate writes the final dot by itself: without this it would wait for the acknowledgement of the mail, 40 ms each.
        tcp.set_nodelay(true).map_err(|error| error.to_string())?;
        let peer = tcp.peer_addr().map_err(|error| error.to_string())?;
        Ok((tcp, peer))
    }

    async fn greet(&self, wire: Wire) -> Result<Greeted, Error> {
        let smtp = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &self.hello).await?;
        let offers = smtp.server_info().clone();
        Ok((smtp, offers))
    }

    async fn start_tls(&self, wire: Wire) -> Result<Greeted, String> {
        let (smtp, offers) = self.greet(wire).await.map_err(said)?;
        if !offers.supports_feature(Extension::StartTls) {
            return Err("it does not offer STARTTLS, which the configuration asks for".to_owned());
        }
        self.protected(smtp).await
    }

    /// Changes a connection to TLS.
    async fn protected(&self, mut smtp: AsyncSmtpConnection) -> Result<Greeted, String> {
        smtp.starttls(self.tls_parameters().await?, &self.hello).await.map_err(said)?;
        let offers = smtp.server_info().clone();
        Ok((smtp, offers))
    }

    /// TLS where it is offered and works, else clear text: whoever could read that could have taken the offer away too (RFC 7435). What
    /// failed half way is not spoken on any more.
    async fn tls_if_it_works(&self, wire: Wire, deadline: Instant) -> Result<Greeted, String> {
        let (smtp, offers) = self.greet(wire).await.map_err(said)?;
        if !offers.supports_feature(Extension::StartTls) {
            return Ok((smtp, offers));
        }
        // Half of what is left at most: clear text takes its time too.
        let left = deadline.saturating_duration_since(Instant::now());
        let limit = Instant::now() + HANDSHAKE.min(left / 2);
        let why = match timeout_at(limit, self.protected(smtp)).await {
            Ok(Ok(greeted)) => return Ok(greeted),
            Ok(Err(why)) => why,
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::info!(host = self.host, port = self.port, why = one_line(&why), "TLS failed; its mail goes in clear text");
        let (tcp, _) = self.connect().await?;
        self.greet(Wire::new(tcp, false)).await.map_err(said)
    }

    #[expect(
        deprecated,
        reason = "the crate's own way to TLS from the first octet makes a TCP connection with Nagle's delay and no limit"
    )]
    async fn tls_from_the_start(&self, wire: Wire, prelude: Prelude) -> Result<Greeted, String> {
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
        let checked = self.security != Security::Opportunistic;
        let made = self.tls.get_or_try_init(|| trust::parameters(&self.host, checked, self.ca_file.as_deref())).await?;
        Ok(made.clone())
    }
}

/// Whether a login may be sent: where TLS is checked, and within this machine.
fn takes_logins(security: Security, peer: IpAddr) -> bool {
    matches!(security, Security::StartTls | Security::Tls) || peer.to_canonical().is_loopback()
}

/// An error in words, with advice where there is any.
pub(super) fn said(error: Error) -> String {
    match super::reply_of(&error) {
        Some(reply) => format!("{} {}", reply.code, reply.text),
        None => trust::advised(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_machine_a_login_is_sent_over_checked_tls_only() {
        let takes = |security, peer: &str| takes_logins(security, peer.parse().unwrap());
        for security in [Security::Plain, Security::Opportunistic] {
            assert!(!takes(security, "192.0.2.1") && !takes(security, "2001:db8::1") && !takes(security, "::ffff:192.0.2.1"));
            assert!(takes(security, "127.0.0.1") && takes(security, "::1") && takes(security, "::ffff:127.0.0.1"));
        }
        assert!(takes(Security::StartTls, "192.0.2.1") && takes(Security::Tls, "2001:db8::1"));
    }
}
