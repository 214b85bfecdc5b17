//! A relay that takes every mail, remembers whose it was, and can be made to wait with its last word.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// What a sink has seen.
#[derive(Default)]
struct Book {
    /// How often each Message-ID was taken.
    taken: HashMap<String, usize>,
    /// Mails that are there as a whole and wait for the last word.
    waiting: usize,
    holding: bool,
}

/// A relay on a port of its own. It ends with the test.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    book: Arc<(Mutex<Book>, Condvar)>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Self { port: listener.local_addr().unwrap().port(), book: Arc::default() };
        let of_all = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let of_one = of_all.clone();
                // A client that leaves in the middle has taken nothing back.
                std::thread::spawn(move || of_one.converse(stream).ok());
            }
        });
        sink
    }

    /// How often each Message-ID was taken.
    pub(crate) fn taken(&self) -> HashMap<String, usize> {
        self.book.0.lock().unwrap().taken.clone()
    }

    /// Mails wait for the last word from now on, or get it.
    pub(crate) fn hold(&self, holding: bool) {
        self.book.0.lock().unwrap().holding = holding;
        self.book.1.notify_all();
    }

    /// How many wait for it.
    pub(crate) fn waiting(&self) -> usize {
        self.book.0.lock().unwrap().waiting
    }

    fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream);
        lines.get_mut().write_all(b"220 sink.example\r\n")?;
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            let verb = line[..line.len().min(4)].to_ascii_uppercase();
            let reply: &[u8] = match verb.as_str() {
                "DATA" => {
                    lines.get_mut().write_all(b"354 go on\r\n")?;
                    self.take(&mail(&mut lines)?);
                    b"250 taken\r\n"
                }
                "QUIT" => return lines.get_mut().write_all(b"221 bye\r\n"),
                _ => b"250 ok\r\n",
            };
            lines.get_mut().write_all(reply)?;
            line.clear();
        }
        Ok(())
    }

    fn take(&self, message_id: &str) {
        let mut book = self.book.0.lock().unwrap();
        book.waiting += 1;
        let mut book = self.book.1.wait_while(book, |book| book.holding).unwrap();
        book.waiting -= 1;
        *book.taken.entry(message_id.to_owned()).or_default() += 1;
    }
}

/// Reads a mail to its end; its Message-ID.
fn mail(lines: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let (mut id, mut line) = (String::new(), String::new());
    while lines.read_line(&mut line)? > 0 && line != ".\r\n" {
        if id.is_empty() && line.to_ascii_lowercase().starts_with("message-id:") {
            id = line[11..].trim().trim_matches(['<', '>']).to_owned();
        }
        line.clear();
    }
    Ok(id)
}
