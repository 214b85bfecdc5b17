//! TLS with certificates made for the test: from the first octet, and by STARTTLS.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use postdesk::accept::imap::{Account, Kind, Patience, Security, Session, Trouble};
use postdesk::web::Trust;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::account::account;

/// An authority, and a certificate of it for `localhost`.
struct Identity {
    folder: tempfile::TempDir,
    acceptor: TlsAcceptor,
}

impl Identity {
    fn new() -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.distinguished_name.push(DnType::CommonName, "an authority of the tests");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.self_signed(&authority_key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        leaf.is_ca = IsCa::ExplicitNoCa;
        let chain: Vec<CertificateDer<'static>> = vec![leaf.signed_by(&key, &issuer).unwrap().der().clone()];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let config =
            config.with_safe_default_protocol_versions().unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self { folder, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    fn trust(&self) -> Trust {
        Trust::new(Some(&self.ca_file())).unwrap()
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn account(&self, host: &str, port: u16, security: Security) -> Account {
        Account { host: host.to_owned(), security, ..account(port, self.folder.path(), "secret") }
    }
}

/// A server that takes one login; the lines that it got.
async fn serve(identity: &Identity, listener: &TcpListener, security: Security) -> Vec<String> {
    let (tcp, _) = listener.accept().await.unwrap();
    let mut lines = Vec::new();
    let tcp = if security == Security::StartTls {
        // Before TLS it offers another login than after it.
        speak(tcp, "* OK ready\r\n", "AUTH=PLAIN SASL-IR STARTTLS", "STARTTLS", &mut lines).await
    } else {
        tcp
    };
    // The client may refuse to speak on.
    let Ok(tls) = identity.acceptor.accept(tcp).await else { return lines };
    let greeting = if security == Security::StartTls { "" } else { "* OK ready\r\n" };
    speak(tls, greeting, "IMAP4rev1", "LOGIN", &mut lines).await;
    lines
}

/// Answers CAPABILITY, and OK to everything, up to and with a command.
async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    greeting: &str,
    offers: &str,
    last: &str,
    lines: &mut Vec<String>,
) -> S {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(greeting.as_bytes()).await.unwrap();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap() == 0 {
            return stream.into_inner();
        }
        let (tag, command) = line.trim_end().split_once(' ').unwrap();
        lines.push(command.to_owned());
        let told = if command == "CAPABILITY" { format!("* CAPABILITY {offers}\r\n") } else { String::new() };
        let code = if command.starts_with("LOGIN") { "[CAPABILITY IMAP4rev1] " } else { "" };
        stream.get_mut().write_all(format!("{told}{tag} OK {code}done\r\n").as_bytes()).await.unwrap();
        stream.get_mut().flush().await.unwrap();
        if command.starts_with(last) {
            return stream.into_inner();
        }
    }
}

/// Connects to such a server as `host`; how it ended, and what the server got.
async fn meet(identity: &Identity, trust: &Trust, host: &str, security: Security) -> (Result<(), Trouble>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = identity.account(host, listener.local_addr().unwrap().port(), security);
    let client = async { Session::open(&account, trust).await.map(drop) };
    tokio::join!(client, serve(identity, &listener, security))
}

#[tokio::test]
async fn a_login_goes_over_tls_from_the_first_octet_and_by_starttls_and_old_offers_are_forgotten() {
    let identity = Identity::new();
    let (ended, lines) = meet(&identity, &identity.trust(), "localhost", Security::Tls).await;
    ended.unwrap();
    assert_eq!(lines, ["CAPABILITY", "LOGIN \"desk\" \"secret\""]);
    let (ended, lines) = meet(&identity, &identity.trust(), "localhost", Security::StartTls).await;
    ended.unwrap();
    assert_eq!(lines, ["CAPABILITY", "STARTTLS", "CAPABILITY", "LOGIN \"desk\" \"secret\""]);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_or_for_another_name_gets_no_login() {
    let identity = Identity::new();
    for security in [Security::Tls, Security::StartTls] {
        for (trust, host, why) in
            [(Trust::new(None).unwrap(), "localhost", "ca_file"), (identity.trust(), "127.0.0.1", "certificate")]
        {
            let (ended, lines) = meet(&identity, &trust, host, security).await;
            let trouble = ended.unwrap_err();
            assert!(trouble.kind() == Kind::Tls && trouble.words().contains(why), "{trouble}");
            assert!(lines.iter().all(|line| !line.contains("LOGIN")), "{lines:?}");
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_or_without_a_word_is_told_of_as_such() {
    let identity = Identity::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = identity.account("localhost", listener.local_addr().unwrap().port(), Security::Tls);
    let patience = Patience { tls: Duration::from_millis(200), ..Patience::default() };
    for greeting in ["* OK this is plain text\r\n", ""] {
        let trust = identity.trust();
        let server = async {
            let (mut tcp, _): (TcpStream, _) = listener.accept().await.unwrap();
            tcp.write_all(greeting.as_bytes()).await.unwrap();
            tcp
        };
        let (opened, _tcp) = tokio::join!(Session::open_with(&account, &trust, patience), server);
        assert_eq!(opened.err().unwrap().kind(), Kind::Tls, "{greeting}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let identity = Identity::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let account = identity.account("localhost", port, Security::Tls);
    let trouble = Session::open(&account, &identity.trust()).await.err().unwrap();
    assert_eq!(trouble.kind(), Kind::Unreachable, "{trouble}");
}
