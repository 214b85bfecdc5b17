//! TLS of whoever it is where it is offered and works, else clear text (RFC 7435).

use std::sync::Arc;

use postdesk::deliver::Security;
use postdesk::deliver::classify::Verdict;
use postdesk::deliver::smtp::{Attempt, Door};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::script::{Relay, Step, good, say};
use crate::trust::Authority;
use crate::{Envelope, patience};

const MAIL: &[u8] = b"Subject: s\r\n\r\nText.\r\n";

fn door(port: u16) -> Door {
    Door::new("127.0.0.1".to_owned(), port, Security::Opportunistic, None, "desk.example.org".to_owned())
}

async fn sends(door: &Door) {
    let connection = door.open(patience()).await.expect("a connection");
    let ended = connection.send(&Envelope::usual().letter(MAIL), patience()).await;
    assert!(matches!(ended, Attempt::Answered(Verdict::Sent, _)));
}

/// A script that offers STARTTLS and hears it asked for.
fn up_to_starttls() -> Vec<Step> {
    vec![say("220 relay.example"), Step::Hear("EHLO"), say("250-relay.example"), say("250 STARTTLS"), Step::Hear("STARTTLS")]
}

#[tokio::test]
async fn mail_goes_over_tls_whatever_the_certificate_says() {
    let config = Authority::new("nobody knows").server("somebody.example", true);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.expect("a client");
        let mut plain = BufReader::new(tcp);
        let mut line = String::new();
        for reply in ["220 relay.example\r\n", "250-relay.example\r\n250 STARTTLS\r\n"] {
            plain.write_all(reply.as_bytes()).await.expect("a reply");
            line.clear();
            plain.read_line(&mut line).await.expect("a line");
        }
        assert_eq!(line, "STARTTLS\r\n");
        plain.write_all(b"220 go on\r\n").await.expect("a reply");
        let tls = tokio_rustls::TlsAcceptor::from(Arc::clone(&config)).accept(plain.into_inner()).await.expect("TLS");
        let mut stream = BufReader::new(tls);
        let mut heard = Vec::new();
        for reply in ["250 relay.example\r\n", "250 a\r\n", "250 b\r\n", "354 c\r\n"] {
            line.clear();
            stream.read_line(&mut line).await.expect("a line");
            heard.push(line.split([' ', '\r']).next().unwrap_or_default().to_owned());
            stream.write_all(reply.as_bytes()).await.expect("a reply");
        }
        while line != ".\r\n" {
            line.clear();
            stream.read_line(&mut line).await.expect("a line");
        }
        stream.write_all(b"250 taken\r\n").await.expect("a reply");
        heard
    });
    sends(&door(port)).await;
    assert_eq!(server.await.expect("the server"), ["EHLO", "MAIL", "RCPT", "DATA"]);
}

#[tokio::test]
async fn a_server_without_starttls_gets_its_mail_in_clear_text() {
    let relay = Relay::start(vec![good()]).await;
    sends(&door(relay.port)).await;
    assert_eq!(relay.mails().await, [MAIL]);
}

#[tokio::test]
async fn where_tls_fails_the_mail_goes_in_clear_text_over_a_new_connection() {
    let garbage = [up_to_starttls(), vec![say("220 go on"), say("this is no TLS"), Step::Hang]].concat();
    let unable = [up_to_starttls(), vec![say("454 4.7.0 not at present"), Step::Hang]].concat();
    let gone = [up_to_starttls(), vec![say("220 go on")]].concat();
    for broken in [garbage, unable, gone] {
        let relay = Relay::start(vec![broken, good()]).await;
        sends(&door(relay.port)).await;
        assert_eq!(relay.mails().await, [MAIL]);
    }
}
