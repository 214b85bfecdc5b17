//! A new certificate is shown to those who shake hands from then on, and nobody else notices.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertificateParams, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::desk::{Desk, Wire};
use crate::gateway::DEADLINE;

/// Writes a new certificate with its key over the old one.
fn renew(desk: &Desk) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["desk.example.org".to_owned()]).unwrap();
    // rustls refuses a CA's certificate as that of a server.
    params.is_ca = IsCa::ExplicitNoCa;
    let certificate = params.self_signed(&key).unwrap();
    fs::write(desk.folder.path().join("certificate.pem"), certificate.pem()).unwrap();
    fs::write(desk.folder.path().join("private.pem"), key.serialize_pem()).unwrap();
    certificate.der().clone()
}

/// An encrypted connection, past its EHLO.
struct Encrypted(BufReader<StreamOwned<ClientConnection, TcpStream>>);

impl Encrypted {
    fn connect(port: u16, trusted: &CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("desk.example.org").unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut plain = BufReader::new(stream.try_clone().unwrap());
        for (command, code) in [("", "220 "), ("EHLO client.example\r\n", "250 "), ("STARTTLS\r\n", "220 ")] {
            stream.write_all(command.as_bytes()).unwrap();
            let mut line = String::new();
            while !line.starts_with(code) {
                line.clear();
                assert!(plain.read_line(&mut line).unwrap() > 0, "no {code}");
            }
        }
        let mut tls = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream);
        // Fails here when another certificate is shown.
        tls.conn.complete_io(&mut tls.sock).unwrap();
        assert_eq!(tls.conn.peer_certificates().unwrap()[0], *trusted);
        let mut encrypted = Self(BufReader::new(tls));
        assert!(encrypted.ask("EHLO client.example").starts_with("250"));
        encrypted
    }

    fn ask(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        let mut reply = String::new();
        while reply.as_bytes().get(3) != Some(&b' ') {
            reply.clear();
            assert!(self.0.read_line(&mut reply).unwrap() > 0, "the connection ended");
        }
        reply
    }
}

#[test]
fn new_handshakes_see_a_new_certificate_and_open_connections_stay() {
    let (mut desk, mut text) = Desk::new();
    let at = |desk: &Desk, name: &str| desk.folder.path().join(name).display().to_string();
    let plain = text.clone();
    text.smtp.push_str(&format!(
        "\ncertificate = \"{}\"\nprivate_key = \"{}\"",
        at(&desk, "certificate.pem"),
        at(&desk, "private.pem")
    ));
    let first = renew(&desk);
    text.write(desk.folder.path());
    desk.start();
    let mut before = Encrypted::connect(desk.port, &first);
    // This one was promised TLS, and has not begun with it when TLS goes out of the configuration.
    let mut promised = Wire::connect(desk.port);
    let second = renew(&desk);
    let told = desk.reload(&text);
    assert!(told.contains("the certificate"), "{told}");
    Encrypted::connect(desk.port, &second);
    assert!(before.ask("MAIL FROM:<mia@customer.example>").starts_with("250"));
    desk.reload(&plain);
    assert!(before.ask("RCPT TO:<support@shop.example>").starts_with("250"));
    assert!(!Wire::connect(desk.port).ask("EHLO client.example").1.contains("STARTTLS"));
    assert_eq!(promised.ask("STARTTLS").0, 220);
    let told = desk.reload(&plain);
    assert_eq!(told.lines().count(), 1, "{told}");
}
