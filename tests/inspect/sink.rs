//! A mail server that takes all mail, but for recipients that it refuses, whose addresses it repeats in its own spelling; or that takes
//! connections and says nothing until it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server at work until its test ends.
pub(crate) struct Sink {
    address: SocketAddr,
    speak: Option<Sender<()>>,
}

impl Sink {
    /// One that refuses recipients which begin with `refused`.
    pub(crate) fn refusing(refused: &'static str) -> Self {
        Self::serving(refused, None, None)
    }

    /// One that is silent until [`Sink::speak`].
    pub(crate) fn silent() -> Self {
        let (speak, spoken) = channel();
        Self::serving("nobody at all", Some(speak), Some(spoken))
    }

    fn serving(refused: &'static str, speak: Option<Sender<()>>, spoken: Option<Receiver<()>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let spoken = Arc::new(Mutex::new(spoken));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, spoken) = (stream.unwrap(), Arc::clone(&spoken));
                thread::spawn(move || {
                    if let Some(silence) = spoken.lock().unwrap().take() {
                        // An error: whoever could tell us is gone.
                        let _ = silence.recv();
                    }
                    let _ = converse(&stream, refused);
                });
            }
        });
        Self { address, speak }
    }

    /// As it stands in a configuration.
    pub(crate) fn relay(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Ends its silence.
    pub(crate) fn speak(&mut self) {
        self.speak = None;
    }
}

fn converse(mut stream: &TcpStream, refused: &str) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    stream.write_all(b"220 sink.example\r\n")?;
    let mut in_data = false;
    while let Some(line) = lines.next().transpose()? {
        let reply = match line.as_str() {
            "." => {
                in_data = false;
                "250 taken\r\n".to_owned()
            }
            _ if in_data => continue,
            "DATA" => {
                in_data = true;
                "354 go on\r\n".to_owned()
            }
            "QUIT" => "221 bye\r\n".to_owned(),
            line if line.starts_with(&format!("RCPT TO:<{refused}")) => {
                format!("550 5.1.1 <{}>: nobody of this name\r\n", line["RCPT TO:<".len()..].replace('>', "").to_uppercase())
            }
            _ => "250 sink.example\r\n".to_owned(),
        };
        stream.write_all(reply.as_bytes())?;
    }
    Ok(())
}
