//! TLS and logins. The roots that are trusted come from the environment (`SSL_CERT_FILE`), which a process reads once: these tests run
//! their body in a child process that has a certificate authority of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mailin_embedded::{AuthMechanism, SslConfig};
use postdesk::deliver::Security;
use postdesk::deliver::classify::Verdict;
use postdesk::deliver::smtp::{Attempt, Door};
use postdesk::login::{Login, Secret};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::script::{Relay, Step, greeting, say};
use crate::{Envelope, patience, peer};

const FOLDER: &str = "POSTDESK_TEST_CERTIFICATES";
const MAIL: &[u8] = b"Subject: s\r\n\r\nText.\r\n";

/// The folder with `certificate.pem` and `key.pem` in the child; in the parent, runs the named test again as the child and gives none.
fn certificates(test: &str) -> Option<PathBuf> {
    if let Some(folder) = env::var_os(FOLDER) {
        // The independent server asks for the process's own cryptography, and two are compiled in.
        let _ = rustls::crypto::ring::default_provider().install_default();
        return Some(folder.into());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(folder.path().join("certificate.pem"), made.cert.pem()).expect("the certificate");
    fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).expect("the key");
    fs::write(folder.path().join("password"), "correct horse\n").expect("the password");
    fs::write(folder.path().join("wrong"), "battery staple\n").expect("the password");
    let child = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", test])
        .env(FOLDER, folder.path())
        .env("SSL_CERT_FILE", folder.path().join("certificate.pem"))
        .output()
        .expect("the child");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&child.stderr));
    None
}

fn door(port: u16, security: Security, password: Option<&Path>) -> Door {
    let login = password.map(|file| Login { user: "desk".to_owned(), secret: Secret::Password(file.to_owned()) });
    Door::new("localhost".to_owned(), port, security, login, "desk.example.org".to_owned())
}

async fn sends(door: &Door) {
    let connection = door.open(patience()).await.expect("a connection");
    let ended = connection.send(&Envelope::usual().letter(MAIL), patience()).await;
    assert!(matches!(ended, Attempt::Answered(Verdict::Sent, _)));
}

/// The independent server with STARTTLS and one way to log in.
fn serve(folder: &Path, mechanism: AuthMechanism) -> (u16, peer::Inbox) {
    let path = |name: &str| folder.join(name).display().to_string();
    peer::serve(|server| {
        let ssl = SslConfig::SelfSigned { cert_path: path("certificate.pem"), key_path: path("key.pem") };
        server.with_ssl(ssl).expect("TLS").with_auth(mechanism);
    })
}

#[tokio::test]
async fn starttls_protects_a_login_by_either_way() {
    let Some(folder) = certificates("tls::starttls_protects_a_login_by_either_way") else { return };
    for mechanism in [AuthMechanism::Plain, AuthMechanism::Login] {
        let (port, inbox) = serve(&folder, mechanism);
        sends(&door(port, Security::StartTls, Some(&folder.join("password")))).await;
        assert_eq!(inbox.mails()[0].octets, MAIL);
        assert_eq!(inbox.logins(), [("desk".to_owned(), "correct horse".to_owned())]);

        let why = door(port, Security::StartTls, Some(&folder.join("wrong"))).open(patience()).await.err().expect("no login");
        assert!(why.contains("login as desk: 535") && !why.contains("battery"), "{why}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_or_from_nowhere_is_refused() {
    let Some(folder) = certificates("tls::a_certificate_for_another_name_or_from_nowhere_is_refused") else { return };
    let (port, inbox) = serve(&folder, AuthMechanism::Plain);
    let other = Door::new("127.0.0.1".to_owned(), port, Security::StartTls, None, "desk.example.org".to_owned());
    let why = other.open(patience()).await.err().expect("no connection");
    assert!(why.contains("certificate"), "{why}");
    assert!(inbox.mails().is_empty());
}

#[tokio::test]
async fn tls_from_the_first_octet_waits_for_the_greeting_and_sends() {
    let Some(folder) = certificates("tls::tls_from_the_first_octet_waits_for_the_greeting_and_sends") else { return };
    let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).expect("the certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).expect("the key");
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).expect("TLS");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.expect("a client");
        let tls = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(tcp).await.expect("TLS");
        let mut stream = BufReader::new(tls);
        let mut heard = Vec::new();
        let replies = ["220 relay\r\n", "250-relay\r\n250 AUTH PLAIN\r\n", "235 in\r\n", "250 a\r\n", "250 b\r\n", "354 c\r\n"];
        for reply in replies {
            stream.write_all(reply.as_bytes()).await.expect("a reply");
            let mut line = String::new();
            stream.read_line(&mut line).await.expect("a line");
            heard.push(line.split([' ', '\r']).next().unwrap_or_default().to_owned());
        }
        let mut line = String::new();
        while line != ".\r\n" {
            line.clear();
            stream.read_line(&mut line).await.expect("a line");
        }
        stream.write_all(b"250 taken\r\n").await.expect("a reply");
        heard
    });
    sends(&door(port, Security::Tls, Some(&folder.join("password")))).await;
    assert_eq!(server.await.expect("the server"), ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "Subject:"]);
}

#[tokio::test]
async fn a_relay_without_starttls_gets_nothing_when_it_is_asked_for() {
    let relay = Relay::start(vec![[greeting(), vec![Step::Hang]].concat()]).await;
    let why = door(relay.port, Security::StartTls, None).open(patience()).await.err().expect("no connection");
    assert!(why.contains("does not offer STARTTLS"), "{why}");
}

#[tokio::test]
async fn a_reply_smuggled_in_before_tls_is_not_taken_for_a_protected_one() {
    let smuggled = "220 go on\r\n250-relay.example\r\n250 AUTH PLAIN\r\n";
    let offers = vec![say("220 relay.example"), Step::Hear("EHLO"), say("250-relay.example"), say("250 STARTTLS")];
    let script = [offers, vec![Step::Hear("STARTTLS"), Step::Say(smuggled.to_owned()), Step::Hang]].concat();
    let relay = Relay::start(vec![script]).await;
    let why = door(relay.port, Security::StartTls, None).open(patience()).await.err().expect("no connection");
    assert!(!why.ends_with("no answer in time"), "the handshake meets the smuggled octets: {why}");
    relay.mails().await;
}

#[tokio::test]
async fn on_this_machine_a_password_may_go_without_tls_and_its_file_is_named_when_it_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    let offers = vec![say("220 relay.example"), Step::Hear("EHLO"), say("250-relay.example"), say("250 AUTH LOGIN PLAIN")];
    let script = [offers.clone(), vec![Step::Hear("AUTH PLAIN AGRlc2sAY29ycmVjdCBob3JzZQ==\r\n"), say("235 in")]].concat();
    let relay = Relay::start(vec![offers, script]).await;
    let door = door(relay.port, Security::Plain, Some(&file));
    let why = door.open(patience()).await.err().expect("no connection");
    assert!(why.contains(&file.display().to_string()), "{why}");

    fs::write(&file, "correct horse\n").expect("the password");
    assert!(door.open(patience()).await.is_ok());
    relay.mails().await;
}
