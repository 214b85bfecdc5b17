//! A relay that does what a script says, one script for each connection in turn.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// One step of a script.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Writes this, as it is.
    Say(String),
    /// Reads a line, which must begin so.
    Hear(&'static str),
    /// Reads a mail up to its final dot.
    Content,
    /// Tells the test that the script has come this far.
    Tell(Arc<Notify>),
    /// Waits for the test.
    Await(Arc<Notify>),
    /// Says nothing more and waits until the client has gone.
    Hang,
}

/// Writes a line.
pub(crate) fn say(line: &str) -> Step {
    Step::Say(format!("{line}\r\n"))
}

/// Greeting and EHLO with what the relay offers.
pub(crate) fn greeting() -> Vec<Step> {
    vec![say("220 relay.example"), Step::Hear("EHLO desk.example.org"), say("250-relay.example"), say("250 8BITMIME")]
}

/// A script that goes well up to and including this command, whose reply is left to the test.
pub(crate) fn up_to(command: &'static str) -> Vec<Step> {
    let mut steps = greeting();
    for (said, reply) in [("MAIL", "250 2.1.0 ok"), ("RCPT", "250 2.1.5 ok"), ("DATA", "354 go on")] {
        steps.push(Step::Hear(said));
        if said == command {
            return steps;
        }
        steps.push(say(reply));
    }
    steps.push(Step::Content);
    steps
}

/// A script in which one mail goes well.
pub(crate) fn good() -> Vec<Step> {
    [up_to("content"), vec![say("250 2.0.0 taken")]].concat()
}

/// The relay at work; ends with what it received, when every script was played.
pub(crate) struct Relay {
    pub(crate) port: u16,
    played: JoinHandle<Vec<Vec<u8>>>,
}

impl Relay {
    /// Starts a relay with a script for each connection that it will get.
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let played = tokio::spawn(async move {
            let mut mails = Vec::new();
            let mut connections = Vec::new();
            for script in scripts {
                let (stream, _) = listener.accept().await.expect("a client");
                connections.push(tokio::spawn(play(stream, script)));
            }
            for connection in connections {
                mails.extend(connection.await.expect("the client keeps to the script"));
            }
            mails
        });
        Self { port, played }
    }

    /// The mails it received; fails when a client did not keep to a script.
    pub(crate) async fn mails(self) -> Vec<Vec<u8>> {
        timeout(Duration::from_secs(20), self.played).await.expect("the scripts end").expect("the client keeps to the script")
    }
}

async fn play(stream: TcpStream, script: Vec<Step>) -> Vec<Vec<u8>> {
    let mut stream = BufReader::new(stream);
    let mut mails = Vec::new();
    for step in script {
        match step {
            // A client that has had enough may be gone before everything is said.
            Step::Say(text) => stream.write_all(text.as_bytes()).await.unwrap_or_default(),
            Step::Hear(beginning) => {
                let mut line = String::new();
                stream.read_line(&mut line).await.expect("a command");
                assert!(line.starts_with(beginning), "{beginning} expected, not {line:?}");
            }
            Step::Content => mails.push(content(&mut stream).await),
            Step::Tell(reached) => reached.notify_one(),
            Step::Await(released) => released.notified().await,
            Step::Hang => {
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        }
    }
    mails
}

/// Reads a mail and takes the doubled dots away (RFC 5321 section 4.5.2).
async fn content(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut octets = Vec::new();
    loop {
        let mut line = Vec::new();
        let read = stream.read_until(b'\n', &mut line).await.expect("content");
        assert!(read > 0, "the client left within the mail");
        if line == b".\r\n" {
            return octets;
        }
        octets.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
