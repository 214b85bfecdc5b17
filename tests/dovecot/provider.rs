//! A provider of access tokens as Google and Microsoft document theirs: a token endpoint (RFC 6749), and the place where the mail server
//! asks about a token (RFC 7662). It is a thread that answers one request a connection.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Whom the provider knows, and what it gave them.
#[derive(Default)]
struct State {
    ends: bool,
    /// Refresh tokens that are good, and for whom.
    refresh: HashMap<String, String>,
    /// For whom a client may ask in its own name.
    of_the_client: Option<String>,
    /// Access tokens that are good, and for whom.
    access: HashMap<String, String>,
    /// How many access tokens were given.
    given: usize,
    /// For how many seconds an access token is said to be good.
    lasts: u64,
    /// The forms that came.
    forms: Vec<HashMap<String, String>>,
}

/// The provider. It ends when it goes out of scope.
pub(crate) struct Provider {
    port: u16,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

/// The client's name and secret.
pub(crate) const CLIENT: (&str, &str) = ("postdesk", "s&c=r t");

impl Provider {
    /// A provider that knows nobody yet.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { lasts: 3_599, ..State::default() }));
        let of_thread = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.lock().unwrap().ends {
                    return;
                }
                // A client that goes away in the middle has no answer.
                let _ = stream.and_then(|stream| answer(stream, &of_thread));
            }
        });
        Self { port, state, thread: Some(thread) }
    }

    /// The URL of the token endpoint.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    /// The URL that the mail server puts a token behind.
    pub(crate) fn introspection(&self) -> String {
        format!("http://127.0.0.1:{}/introspect?token=", self.port)
    }

    /// A person has authorised us: this refresh token is good for the user.
    pub(crate) fn authorise(&self, refresh_token: &str, user: &str) {
        self.state.lock().unwrap().refresh.insert(refresh_token.to_owned(), user.to_owned());
    }

    /// An administrator has granted the client this user's mailbox.
    pub(crate) fn grant(&self, user: &str) {
        self.state.lock().unwrap().of_the_client = Some(user.to_owned());
    }

    /// Every access token that was given is expired from now on, whatever was said of it.
    pub(crate) fn expire(&self) {
        self.state.lock().unwrap().access.clear();
    }

    /// The person has taken the authorisation back: no token is good any more.
    pub(crate) fn revoke(&self) {
        let mut state = self.state.lock().unwrap();
        (state.access, state.refresh, state.of_the_client) = (HashMap::new(), HashMap::new(), None);
    }

    /// For how many seconds access tokens are said to be good from now on.
    pub(crate) fn lasts(&self, seconds: u64) {
        self.state.lock().unwrap().lasts = seconds;
    }

    /// How many access tokens were given so far.
    pub(crate) fn given(&self) -> usize {
        self.state.lock().unwrap().given
    }

    /// Asks for a token as the client, without a connection.
    pub(crate) fn ask(&self, fields: &[(&str, &str)]) -> Option<String> {
        let own = [("client_id", CLIENT.0), ("client_secret", CLIENT.1)];
        let form = own.iter().chain(fields).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (_, answer) = self.state.lock().unwrap().give(form);
        serde_json::from_str::<serde_json::Value>(&answer).unwrap()["access_token"].as_str().map(str::to_owned)
    }

    /// The forms that came so far.
    pub(crate) fn forms(&self) -> Vec<HashMap<String, String>> {
        self.state.lock().unwrap().forms.clone()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.state.lock().unwrap().ends = true;
        // Wakes the one who accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn answer(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
    let mut stream = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    stream.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(digits) = line.to_lowercase().strip_prefix("content-length:") {
            length = digits.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, text) = match path.split_once('?') {
        Some(("/introspect", query)) => (200, state.lock().unwrap().judge(&fields(query))),
        _ => state.lock().unwrap().give(fields(&String::from_utf8_lossy(&body))),
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    stream.get_mut().write_all((head + &text).as_bytes())
}

impl State {
    /// What RFC 7662 has a mail server told of a token.
    fn judge(&self, query: &HashMap<String, String>) -> String {
        match query.get("token").and_then(|token| self.access.get(token)) {
            Some(user) => format!(r#"{{"active":true,"username":"{user}"}}"#),
            None => r#"{"active":false}"#.to_owned(),
        }
    }

    /// A token, or the error that Google and Microsoft give.
    fn give(&mut self, form: HashMap<String, String>) -> (u16, String) {
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let known = (field("client_id"), field("client_secret")) == (CLIENT.0.to_owned(), CLIENT.1.to_owned());
        let user = match field("grant_type").as_str() {
            "refresh_token" => self.refresh.get(&field("refresh_token")),
            "client_credentials" => self.of_the_client.as_ref(),
            _ => None,
        };
        let user = user.cloned();
        self.forms.push(form);
        if !known {
            return (401, r#"{"error":"invalid_client","error_description":"The OAuth client was not found."}"#.to_owned());
        }
        let Some(user) = user else {
            let error = r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#;
            return (400, error.to_owned());
        };
        self.given += 1;
        let token = format!("ya29.{}-{}", self.given, user);
        let text = format!(r#"{{"access_token":"{token}","expires_in":{},"token_type":"Bearer"}}"#, self.lasts);
        self.access.insert(token, user);
        (200, text)
    }
}

/// The fields of a form or a query.
fn fields(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let number = rest.get(1..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        let (octet, left) = match (first, number) {
            (b'%', Some(number)) => (number, &rest[3..]),
            (b'+', _) => (b' ', after),
            _ => (first, after),
        };
        octets.push(octet);
        rest = left;
    }
    String::from_utf8_lossy(&octets).into_owned()
}
