//! The independent SMTP server: mailin-embedded on a thread of its own, with everything it was given kept in memory.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use mailin_embedded::response::{NO_MAILBOX, OK};
use mailin_embedded::{Handler, Response, Server};

/// One mail as the server received it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) hello: String,
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) eight_bit: bool,
    pub(crate) octets: Vec<u8>,
}

/// What the server received. Each connection has a clone with a mail of its own under way.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    mails: Arc<Mutex<Vec<Received>>>,
    logins: Arc<Mutex<Vec<(String, String)>>>,
    current: Received,
}

impl Inbox {
    pub(crate) fn mails(&self) -> Vec<Received> {
        self.mails.lock().expect("the inbox").clone()
    }

    pub(crate) fn logins(&self) -> Vec<(String, String)> {
        self.logins.lock().expect("the logins").clone()
    }

    fn log_in(&self, user: &str, password: &str) -> Response {
        self.logins.lock().expect("the logins").push((user.to_owned(), password.to_owned()));
        Response::custom(if password == "correct horse" { 235 } else { 535 }, "so be it".to_owned())
    }
}

impl Handler for Inbox {
    fn helo(&mut self, _: IpAddr, domain: &str) -> Response {
        self.current.hello = domain.to_owned();
        OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        if to.starts_with("nobody@") { NO_MAILBOX } else { OK }
    }

    fn data_start(&mut self, _: &str, from: &str, is8bit: bool, to: &[String]) -> Response {
        self.current.sender = from.to_owned();
        self.current.eight_bit = is8bit;
        self.current.recipients = to.to_vec();
        self.current.octets.clear();
        OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.current.octets.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.mails.lock().expect("the inbox").push(self.current.clone());
        OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        self.log_in(user, password)
    }

    fn auth_login(&mut self, user: &str, password: &str) -> Response {
        self.log_in(user, password)
    }
}

/// Starts a server on a free port of the loopback. It never returns: its thread ends with the process.
pub(crate) fn serve(configure: impl FnOnce(&mut Server<Inbox>)) -> (u16, Inbox) {
    serve_on(TcpListener::bind("127.0.0.1:0").expect("a free port"), configure)
}

/// The same on a port that the test has chosen.
pub(crate) fn serve_on(listener: TcpListener, configure: impl FnOnce(&mut Server<Inbox>)) -> (u16, Inbox) {
    let port = listener.local_addr().expect("an address").port();
    let inbox = Inbox::default();
    let mut server = Server::new(inbox.clone());
    server.with_name("relay.example").with_tcp_listener(listener);
    configure(&mut server);
    thread::spawn(move || server.serve().is_err());
    (port, inbox)
}
