//! A real listener on a free port, with a custody of the test's own behind it, and a client that speaks lines.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postdesk::accept::custody::{Custody, Refusal, Submission};
use postdesk::accept::smtp::{Door, Lmtp, Options, bind, serve};
use postdesk::model::arrival::Incoming;
use postdesk::model::network::Network;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::desk::desk;

/// Longer than anything here takes; reached only when a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The name of the socket in the folder of a test.
const SOCKET: &str = "lmtp";

/// How the custody of a test answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Arrival numbers from 17.
    Take,
    /// This refusal.
    Refuse(Refusal),
    /// The writer dies with the mail in its hands.
    Vanish,
}

/// What a mail gets from the custody of a test.
pub(crate) fn numbers(incoming: &Incoming, taken_before: usize) -> Vec<i64> {
    (0..incoming.departments.len()).map(|at| 17 + (taken_before + at) as i64).collect()
}

pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) lmtp: SocketAddr,
    folder: tempfile::TempDir,
    pub(crate) mails: Arc<Mutex<Vec<Incoming>>>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl House {
    pub(crate) async fn open(options: Options, trusted: Vec<Network>, answer: Answer) -> House {
        let (queue, mut submissions) = mpsc::channel::<Submission>(16);
        let mails = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&mails);
        tokio::spawn(async move {
            let mut taken = 0;
            while let Some(Submission { incoming, reply, .. }) = submissions.recv().await {
                let outcome = match answer {
                    Answer::Take => Ok(numbers(&incoming, taken)),
                    Answer::Refuse(refusal) => Err(refusal),
                    Answer::Vanish => continue,
                };
                taken += incoming.departments.len();
                if outcome.is_ok() {
                    recorded.lock().unwrap().push(incoming);
                }
                // A client may be gone.
                let _ = reply.send(outcome);
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let lmtp = vec![Lmtp::Net("127.0.0.1:0".parse().unwrap()), Lmtp::Socket(folder.path().join(SOCKET))];
        let options = Options { lmtp, ..options };
        let listeners = bind(&options).unwrap();
        let (address, lmtp) = (listeners.smtp().unwrap()[0], listeners.lmtp().unwrap()[0]);
        let door = Arc::new(Door::new(options, desk(), trusted, Custody::new(queue)).unwrap());
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(listeners, door, stopped));
        House { address, lmtp, folder, mails, stop, serving }
    }

    pub(crate) async fn client(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    pub(crate) async fn lmtp_client(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.lmtp).await.unwrap())
    }

    /// Where LMTP is spoken within this machine.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    pub(crate) async fn local_client(&self) -> Client<UnixStream> {
        Client::new(UnixStream::connect(self.socket()).await.unwrap())
    }

    /// A client that was greeted and has said EHLO.
    pub(crate) async fn greeted(&self) -> Client<TcpStream> {
        let mut client = self.client().await;
        client.expect("220 ").await;
        client.send(b"HELO client.example\r\n").await;
        client.expect("250 ").await;
        client
    }

    pub(crate) fn begin_stop(&self) {
        // Sent twice, or to a door that has already stopped, it changes nothing.
        let _ = self.stop.send(true);
    }

    pub(crate) async fn stopped(self) {
        timeout(DEADLINE, self.serving).await.expect("serve did not return").unwrap();
    }

    pub(crate) async fn close(self) -> Vec<Incoming> {
        self.begin_stop();
        let mails = Arc::clone(&self.mails);
        self.stopped().await;
        std::mem::take(&mut *mails.lock().unwrap())
    }
}

pub(crate) struct Client<S> {
    pub(crate) stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        timeout(DEADLINE, self.stream.write_all(bytes)).await.expect("the server does not read").unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next line without its CRLF; `None` at the end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Some(String::from_utf8(line).unwrap().trim_end().to_owned());
            }
            let mut chunk = [0; 1024];
            let octets = timeout(DEADLINE, self.stream.read(&mut chunk)).await.expect("no reply");
            match octets {
                // A reset is an end, too.
                Ok(0) | Err(_) => return None,
                Ok(octets) => self.read.extend_from_slice(&chunk[..octets]),
            }
        }
    }

    pub(crate) async fn expect(&mut self, prefix: &str) -> String {
        let line = self.line().await.unwrap_or_else(|| panic!("closed, expected {prefix:?}"));
        assert!(line.starts_with(prefix), "expected {prefix:?}, got {line:?}");
        line
    }

    pub(crate) async fn expect_end(&mut self) {
        assert_eq!(self.line().await, None, "expected the connection to close");
    }

    /// MAIL, RCPT, DATA, each with its reply.
    pub(crate) async fn begin_data(&mut self) {
        for (command, reply) in
            [("MAIL FROM:<ana@shop.example>", "250 2.1.0"), ("RCPT TO:<support@desk.example.org>", "250 2.1.5"), ("DATA", "354 ")]
        {
            self.send(format!("{command}\r\n").as_bytes()).await;
            self.expect(reply).await;
        }
    }
}
