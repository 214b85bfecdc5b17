//! A token endpoint on loopback: it gives `token-1`, then `token-2`, and so on, each for an hour.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use postdesk::login::oauth2::{Options, Source};

/// The endpoint. Its thread ends with the process.
pub(crate) struct Provider {
    source: Arc<Source>,
}

impl Provider {
    /// Begins to listen.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let token_endpoint = format!("http://{}/token", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                answer(&stream.unwrap(), number + 1);
            }
        });
        let (client_id, client_secret_file, refresh_token_file) = ("postdesk".to_owned(), None, None);
        let options = Options {
            token_endpoint,
            client_id,
            client_secret_file,
            refresh_token_file,
            scope: Some("imap".to_owned()),
            ca_file: None,
        };
        Self { source: Arc::new(Source::new(options)) }
    }

    /// Where the tokens come from, for an account.
    pub(crate) fn source(&self) -> Arc<Source> {
        Arc::clone(&self.source)
    }
}

fn answer(stream: &TcpStream, number: usize) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let body = format!(r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":3600}}"#);
    let mut stream = stream;
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
}
