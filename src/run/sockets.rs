//! Sockets that the service manager listens on for us (sd_listen_fds(3)).
//!
//! Why: a port below 1024 needs no capability of ours, and while we are stopped or started anew whoever connects waits and is not refused.
//!
//! Promise: what is handed over is used for what its name says (`FileDescriptorName=`: smtp, lmtp, http), or without a name for what its kind
//! tells (TCP: SMTP; a socket in the file system: LMTP), and otherwise is a fault that says which one and why: mail must not be spoken to in
//! the wrong protocol. The only user of `listenfd`.

use std::net::TcpStream;
use std::os::fd::OwnedFd;

use listenfd::ListenFd;

use super::RunError;
use crate::accept::{http, smtp};

/// The variable with the names, `:` between them.
const NAMES: &str = "LISTEN_FDNAMES";
/// RFC 2033 section 5 forbids LMTP there.
const PORT_OF_SMTP: u16 = 25;

/// What was handed over.
#[derive(Debug, Default)]
pub struct Sockets {
    mail: smtp::Handed,
    pages: Option<std::net::TcpListener>,
}

/// Why it cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the sockets that the service manager handed over cannot be used: {0}")]
pub struct Unfit(String);

/// What a socket is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Smtp,
    Lmtp,
    Pages,
}

/// Where a socket listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Net,
    FileSystem,
}

impl Sockets {
    /// Takes over what the environment names, and removes it there. To be called once, before there are threads.
    ///
    /// # Errors
    /// When one of them has an unknown name, or is not of the kind that its name asks for.
    pub fn inherited() -> Result<Self, Unfit> {
        // Before the variables are gone.
        let names = std::env::var(NAMES).unwrap_or_default();
        let mut handed = ListenFd::from_env();
        let mut sockets = Self::default();
        for index in 0..handed.len() {
            let name = names.split(':').nth(index).unwrap_or_default();
            let nth = |what: String| Unfit(format!("number {} (`{name}`) {what}", index + 1));
            sockets.take(&mut handed, index, name).map_err(nth)?;
        }
        Ok(sockets)
    }

    fn take(&mut self, handed: &mut ListenFd, index: usize, name: &str) -> Result<(), String> {
        if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
            let listener = require_listening(listener)?;
            match use_of(name, Kind::Net)? {
                Use::Smtp => self.mail.smtp.push(listener),
                Use::Lmtp => self.mail.lmtp.push(off_port_25(listener)?),
                Use::Pages if self.pages.is_some() => return Err("is the second of that name, and one is used".to_owned()),
                Use::Pages => self.pages = Some(listener),
            }
            return Ok(());
        }
        match handed.take_unix_listener(index) {
            Ok(Some(listener)) => {
                use_of(name, Kind::FileSystem)?;
                self.mail.lmtp_sockets.push(listener);
                Ok(())
            }
            _ => Err("is neither a TCP socket nor a stream socket in the file system".to_owned()),
        }
    }

    /// Whether SMTP is listened for by the manager, so that `[smtp] listen` is not.
    pub fn listen_for_smtp(&self) -> bool {
        !self.mail.smtp.is_empty()
    }

    /// Those for mail, and the one for what mails link to.
    pub(super) fn parts(self) -> (smtp::Handed, Option<std::net::TcpListener>) {
        (self.mail, self.pages)
    }
}

/// By its name; one that systemd made up, because nobody gave one, says nothing.
fn use_of(name: &str, kind: Kind) -> Result<Use, String> {
    match (name, kind) {
        ("smtp", Kind::Net) => Ok(Use::Smtp),
        ("lmtp", _) => Ok(Use::Lmtp),
        ("http", Kind::Net) => Ok(Use::Pages),
        ("smtp" | "http", Kind::FileSystem) => {
            Err("is in the file system, where only lmtp is spoken; name an address and a port in ListenStream=".to_owned())
        }
        ("" | "unknown", Kind::Net) => Ok(Use::Smtp),
        ("" | "unknown", Kind::FileSystem) => Ok(Use::Lmtp),
        (unit, _) if unit.ends_with(".socket") => use_of("", kind),
        _ => Err("has a name that says nothing; FileDescriptorName= takes smtp, lmtp or http".to_owned()),
    }
}

/// With `Accept=yes` there is a connection instead, and a process for each.
fn require_listening(listener: std::net::TcpListener) -> Result<std::net::TcpListener, String> {
    let stream = TcpStream::from(OwnedFd::from(listener));
    if stream.peer_addr().is_ok() {
        return Err("is a connection and not a socket that listens; write Accept=no".to_owned());
    }
    Ok(OwnedFd::from(stream).into())
}

fn off_port_25(listener: std::net::TcpListener) -> Result<std::net::TcpListener, String> {
    match listener.local_addr() {
        Ok(address) if address.port() == PORT_OF_SMTP => {
            Err("is for LMTP on port 25, where it must not be spoken (RFC 2033 section 5)".to_owned())
        }
        _ => Ok(listener),
    }
}

/// The listener for what mails link to: the one that was handed over, or else bound.
pub(super) fn or_bound(
    handed: Option<std::net::TcpListener>,
    options: Option<&http::Options>,
) -> Result<Option<tokio::net::TcpListener>, RunError> {
    match (handed, options) {
        (Some(_), None) => Err(Unfit("one is named `http`, and no mail links to us; set `[http] public_url`".to_owned()).into()),
        (Some(listener), Some(_)) => http::handed(listener).map(Some).map_err(RunError::System),
        (None, options) => options.map(http::bind).transpose().map_err(RunError::Listen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_used_for_what_its_name_says_and_else_for_what_its_kind_tells() {
        for (name, kind, used) in [
            ("smtp", Kind::Net, Some(Use::Smtp)),
            ("lmtp", Kind::Net, Some(Use::Lmtp)),
            ("lmtp", Kind::FileSystem, Some(Use::Lmtp)),
            ("http", Kind::Net, Some(Use::Pages)),
            ("postdesk.socket", Kind::Net, Some(Use::Smtp)),
            ("unknown", Kind::FileSystem, Some(Use::Lmtp)),
            ("", Kind::Net, Some(Use::Smtp)),
            ("smtp", Kind::FileSystem, None),
            ("http", Kind::FileSystem, None),
            ("smpt", Kind::Net, None),
            ("connection", Kind::Net, None),
        ] {
            assert_eq!(use_of(name, kind).ok(), used, "{name} {kind:?}");
        }
    }

    #[test]
    fn a_connection_is_no_listener() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(require_listening(OwnedFd::from(stream).into()).unwrap_err().contains("Accept=no"));
        assert!(require_listening(listener).is_ok());
    }
}
