//! The least of SMTP that a test needs to say more than a mail client would: raw octets with any envelope, and a server that takes
//! everything and keeps it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Hands raw octets with LF line ends to the server on this port; the null sender is empty.
pub(crate) fn hand_over(port: u16, sender: &str, recipient: &str, mail: &str) {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut replies = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    let mut expect = |code: &str| loop {
        let mut line = String::new();
        replies.read_line(&mut line).unwrap();
        assert!(line.starts_with(code), "{code} wanted: {line}");
        if line.as_bytes().get(3) == Some(&b' ') {
            return;
        }
    };
    let stuffed: String =
        mail.lines().map(|line| format!("{}{line}\r\n", if line.starts_with('.') { "." } else { "" })).collect();
    expect("220");
    for (said, code) in [
        ("EHLO client.example\r\n".to_owned(), "250"),
        (format!("MAIL FROM:<{sender}>\r\n"), "250"),
        (format!("RCPT TO:<{recipient}>\r\n"), "250"),
        ("DATA\r\n".to_owned(), "354"),
        (format!("{stuffed}.\r\n"), "250"),
        ("QUIT\r\n".to_owned(), "221"),
    ] {
        stream.write_all(said.as_bytes()).unwrap();
        expect(code);
    }
}

/// A mail as the server below took it.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) recipient: String,
    pub(crate) source: String,
}

impl Taken {
    /// The address in a field of the header, unfolded.
    pub(crate) fn address(&self, name: &str) -> String {
        let header = self.source.split("\n\n").next().unwrap().replace("\n ", " ").replace("\n\t", " ");
        let field =
            header.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_else(|| panic!("no {name}"));
        field.rsplit('<').next().unwrap().trim_end_matches('>').to_owned()
    }
}

/// A mail server that takes everything.
pub(crate) struct Sink {
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Sink {
    /// Listens on loopback for as long as the test runs.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = taken.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = kept.clone();
                thread::spawn(move || serve(stream, &kept));
            }
        });
        Self { port, taken }
    }

    /// Everything that was taken so far, in its order.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
}

/// One connection; its end, whenever it comes, is no fault of the test.
fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Taken>>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let mut recipients: Vec<String> = Vec::new();
    stream.write_all(b"220 sink.example\r\n").ok()?;
    loop {
        let line = lines.next()?.ok()?;
        let reply: &[u8] = match line.get(..4)?.to_ascii_uppercase().as_str() {
            "EHLO" => b"250-sink.example\r\n250 8BITMIME\r\n",
            "RCPT" => {
                recipients.push(line.split(['<', '>']).nth(1)?.to_owned());
                b"250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").ok()?;
                let mut source = String::new();
                loop {
                    let line = lines.next()?.ok()?;
                    if line == "." {
                        break;
                    }
                    source.push_str(line.strip_prefix('.').unwrap_or(&line));
                    source.push('\n');
                }
                let mails = recipients.drain(..).map(|recipient| Taken { recipient, source: source.clone() });
                kept.lock().ok()?.extend(mails);
                b"250 taken\r\n"
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").ok(),
            _ => b"250 ok\r\n",
        };
        stream.write_all(reply).ok()?;
    }
}
