//! Certificates against an authority of one's own (`ca_file`): what passes, and the words for what does not.

use std::path::PathBuf;
use std::sync::Arc;

use postdesk::deliver::Security;
use postdesk::deliver::smtp::Door;
use postdesk::login::oauth2::{Options, Source};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::patience;

/// An authority of the tests, with a file of its certificate.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("an authority");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("authority.pem"), issuer.pem()).expect("its certificate");
        Self { issuer, folder }
    }

    pub(crate) fn file(&self) -> Option<PathBuf> {
        Some(self.folder.path().join("authority.pem"))
    }

    /// What a server of this name needs; `expired` for one that was in force once.
    pub(crate) fn server(&self, name: &str, expired: bool) -> Arc<rustls::ServerConfig> {
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        if expired {
            (parameters.not_before, parameters.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("TLS").with_no_client_auth();
        Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).expect("TLS"))
    }
}

/// A server that speaks TLS from the first octet, hears a line, and says these words, to one client after another.
async fn serve(config: Arc<rustls::ServerConfig>, greets: &'static str, says: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.expect("a client");
            // Whoever does not trust us goes away.
            let Ok(tls) = tokio_rustls::TlsAcceptor::from(Arc::clone(&config)).accept(tcp).await else { continue };
            let mut stream = BufReader::new(tls);
            let _ = stream.write_all(greets.as_bytes()).await;
            let _ = stream.read_line(&mut String::new()).await;
            let _ = stream.write_all(says.as_bytes()).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    port
}

async fn relay(config: Arc<rustls::ServerConfig>) -> u16 {
    serve(config, "220 relay.example\r\n", "250 relay.example\r\n").await
}

fn door(port: u16, ca_file: Option<PathBuf>) -> Door {
    Door::new("localhost".to_owned(), port, Security::Tls, None, "desk.example.org".to_owned()).trusting(ca_file)
}

#[tokio::test]
async fn a_certificate_of_ones_own_authority_passes() {
    let authority = Authority::new("ours");
    let port = relay(authority.server("localhost", false)).await;
    let opened = door(port, authority.file()).open(patience()).await;
    assert!(opened.is_ok(), "{:?}", opened.err());
}

#[tokio::test]
async fn a_wrong_name_an_expired_one_and_an_unknown_authority_are_told_apart() {
    let (authority, other) = (Authority::new("ours"), Authority::new("another"));
    for (config, words) in [
        (authority.server("relay.example", false), "not valid for name \"localhost\""),
        (authority.server("localhost", true), "expired"),
        (other.server("localhost", false), "name its authority as `[delivery] ca_file`"),
    ] {
        let port = relay(config).await;
        let why = door(port, authority.file()).open(patience()).await.err().expect("no connection");
        assert!(why.contains("certificate") && why.contains(words), "{words}: {why}");
    }
}

#[tokio::test]
async fn a_file_without_an_authority_is_named() {
    let authority = Authority::new("ours");
    let port = relay(authority.server("localhost", false)).await;
    let missing = authority.folder.path().join("missing.pem");
    let why = door(port, Some(missing.clone())).open(patience()).await.err().expect("no connection");
    assert!(why.contains(&missing.display().to_string()), "{why}");
}

#[tokio::test]
async fn a_token_endpoint_is_checked_against_the_same_authorities() {
    let authority = Authority::new("ours");
    let says = "HTTP/1.1 200 x\r\ncontent-length: 22\r\n\r\n{\"access_token\":\"one\"}";
    let port = serve(authority.server("localhost", false), "", says).await;
    let secret = authority.folder.path().join("secret");
    std::fs::write(&secret, "hush\n").expect("a secret");
    let source = |ca_file| {
        Source::new(Options {
            token_endpoint: format!("https://localhost:{port}/"),
            client_id: "postdesk".to_owned(),
            client_secret_file: Some(secret.clone()),
            refresh_token_file: None,
            scope: None,
            ca_file,
        })
    };
    let why = source(None).token().await.err().expect("no token");
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(source(authority.file()).token().await.expect("a token").reveal(), "one");
}
