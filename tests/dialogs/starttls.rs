//! STARTTLS with a certificate made for the test.

use std::path::PathBuf;
use std::sync::Arc;

use postdesk::accept::custody::Custody;
use postdesk::accept::smtp::{Door, Options};
use rcgen::{CertificateParams, IsCa, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::desk::{HOSTNAME, desk, loopback, options};
use crate::door::{Answer, Client, House};

pub(crate) struct Identity {
    folder: tempfile::TempDir,
    roots: RootCertStore,
}

impl Identity {
    pub(crate) fn new() -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![HOSTNAME.to_owned()]).unwrap();
        // rustls refuses a CA's certificate as that of a server.
        params.is_ca = IsCa::ExplicitNoCa;
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("certificate.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        Identity { folder, roots }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn options(&self) -> Options {
        Options { tls: Some((self.file("certificate.pem"), self.file("key.pem"))), ..options() }
    }

    pub(crate) async fn encrypt(&self, client: Client<TcpStream>) -> Client<TlsStream<TcpStream>> {
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let name = ServerName::try_from(HOSTNAME).unwrap();
        Client::new(TlsConnector::from(Arc::new(config)).connect(name, client.stream).await.unwrap())
    }
}

async fn ehlo<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(client: &mut Client<S>) -> Vec<String> {
    client.send(b"EHLO client.example\r\n").await;
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.starts_with("250 ")) {
        lines.push(client.expect("250").await);
    }
    lines
}

#[tokio::test]
async fn a_mail_comes_over_tls_and_says_so() {
    let identity = Identity::new();
    let house = House::open(identity.options(), loopback(), Answer::Take).await;
    let mut client = house.client().await;
    client.expect("220 ").await;
    assert!(ehlo(&mut client).await.contains(&"250-STARTTLS".to_owned()));
    client.send(b"STARTTLS now\r\n").await;
    client.expect("501 ").await;
    client.send(b"STARTTLS\r\n").await;
    client.expect("220 2.0.0").await;
    let mut client = identity.encrypt(client).await;
    client.send(b"MAIL FROM:<ana@shop.example>\r\n").await;
    client.expect("503 5.5.1 Say HELO").await;
    assert!(!ehlo(&mut client).await.contains(&"250-STARTTLS".to_owned()));
    client.send(b"STARTTLS\r\n").await;
    client.expect("503 5.5.1").await;
    client.begin_data().await;
    client.send(&[b"Subject: secret\r\n\r\n".to_vec(), b"0123456789\r\n".repeat(5_000), b".\r\n".to_vec()].concat()).await;
    client.expect("250 2.0.0").await;
    client.send(b"QUIT\r\n").await;
    client.expect("221 ").await;
    let mail = house.close().await.remove(0);
    assert!(mail.peer.tls);
    assert_eq!(mail.raw.len(), 19 + 60_000);
}

#[tokio::test]
async fn what_was_sent_in_the_clear_after_starttls_is_discarded() {
    let identity = Identity::new();
    let house = House::open(identity.options(), loopback(), Answer::Take).await;
    let mut client = house.client().await;
    client.expect("220 ").await;
    client.send(b"HELO client.example\r\n").await;
    client.expect("250 ").await;
    // One segment: a man in the middle adds commands that would be carried out under the client's encryption.
    client.send(b"STARTTLS\r\nMAIL FROM:<mallory@evil.example>\r\nRCPT TO:<support@desk.example.org>\r\n").await;
    client.expect("220 2.0.0").await;
    let mut client = identity.encrypt(client).await;
    client.send(b"RCPT TO:<support@desk.example.org>\r\n").await;
    client.expect("503 5.5.1 Say MAIL first").await;
    ehlo(&mut client).await;
    client.begin_data().await;
    client.send(b".\r\n").await;
    client.expect("250 ").await;
    assert_eq!(house.close().await[0].sender.as_ref().unwrap().as_str(), "ana@shop.example");
}

#[tokio::test]
async fn a_stop_reaches_encrypted_sessions_and_unfinished_handshakes() {
    let identity = Identity::new();
    let house = House::open(identity.options(), loopback(), Answer::Take).await;
    let mut shaking = house.client().await;
    shaking.expect("220 ").await;
    shaking.send(b"STARTTLS\r\n").await;
    shaking.expect("220 2.0.0").await;
    let mut client = house.client().await;
    client.expect("220 ").await;
    client.send(b"STARTTLS\r\n").await;
    client.expect("220 2.0.0").await;
    let mut client = identity.encrypt(client).await;
    ehlo(&mut client).await;
    house.begin_stop();
    client.expect("421 4.3.2").await;
    client.expect_end().await;
    shaking.expect_end().await;
    house.stopped().await;
}

#[test]
fn files_that_are_no_certificate_or_key_are_named() {
    let (identity, other) = (Identity::new(), Identity::new());
    let fault = |certificate: PathBuf, key: PathBuf| {
        let (queue, _) = tokio::sync::mpsc::channel(1);
        let options = Options { tls: Some((certificate, key)), ..options() };
        Door::new(options, desk(), Vec::new(), Custody::new(queue)).err().expect("a fault").to_string()
    };
    let (certificate, key) = (identity.file("certificate.pem"), identity.file("key.pem"));
    let missing = fault(identity.file("missing.pem"), key.clone());
    assert!(missing.contains("missing.pem") && missing.contains("No such file"), "{missing}");
    let swapped = fault(key.clone(), key.clone());
    assert!(swapped.contains("certificate file") && swapped.contains("none in PEM form"), "{swapped}");
    let no_key = fault(certificate.clone(), certificate.clone());
    assert!(no_key.contains("private key file"), "{no_key}");
    let strangers = fault(certificate, other.file("key.pem"));
    assert!(strangers.contains("cannot be used together"), "{strangers}");
}
