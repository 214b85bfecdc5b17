//! Wire scripts, of SMTP (`.smtp`) and of LMTP (`.lmtp`): what they look like, and the players.
//!
//! ```text
//! # why the script is there
//! set: bare_newlines = normalise   an option; `custody = busy|away|full|stopping|vanish` says how custody answers
//! C: EHLO client.example           sent, with CRLF; lines in a row are one segment
//! C> raw\n                         sent as it stands, no CRLF added
//! C*100> text                      a hundred times
//! S: 250                           the next line of the server begins so
//! S! closed                        the server closes
//! mail: ana@shop.example -> support=help@shop.example sales=sales@desk.example.org
//! raw: Subject: one\r\n\r\n        the content of the mail named last
//! ```
//! Escapes: `\r \n \0 \\ \xHH`; `{reply}`, `{bounce}`, `{message}` are signed addresses.

use std::sync::Arc;

use postdesk::accept::custody::Refusal;
use postdesk::accept::smtp::budget::Budget;
use postdesk::accept::smtp::session::{self, Action, Session, Terms};
use postdesk::accept::smtp::{BareNewlines, Options};
use postdesk::model::arrival::{Incoming, Peer, Source};
use postdesk::model::time::Time;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::desk::{desk, loopback, options, signed};
use crate::door::{Answer, Client, House, numbers};

#[derive(Debug)]
enum Step {
    Send(Vec<u8>),
    Expect(String),
    Closed,
}

pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) says_why: bool,
    pub(crate) is_lmtp: bool,
    options: Options,
    answer: Answer,
    steps: Vec<Step>,
    mails: Vec<(String, Option<Vec<u8>>)>,
}

pub(crate) fn all_scripts() -> Vec<Script> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/dialogs");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "smtp" || extension == "lmtp"));
    paths.sort();
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| Script::read(&name(path), &std::fs::read_to_string(path).unwrap())).collect()
}

impl Script {
    pub(crate) fn read(name: &str, text: &str) -> Script {
        let (name, is_lmtp, options) = (name.to_owned(), name.ends_with(".lmtp"), options());
        let mut script =
            Script { name, says_why: false, is_lmtp, options, answer: Answer::Take, steps: Vec::new(), mails: Vec::new() };
        for line in text.lines().filter(|line| !line.is_empty()) {
            script.line(line);
        }
        script
    }

    fn line(&mut self, line: &str) {
        let at = line.find([':', '>', '!', '#']).unwrap_or_else(|| panic!("{}: {line:?}", self.name));
        let (head, rest) = (&line[..=at], line[at + 1..].strip_prefix(' ').unwrap_or(&line[at + 1..]));
        match head {
            "#" => self.says_why = true,
            "set:" => self.set(rest),
            "C:" => self.send([unescaped(rest), b"\r\n".to_vec()].concat()),
            "C>" => self.send(unescaped(rest)),
            "S:" => self.steps.push(Step::Expect(rest.to_owned())),
            "S!" => self.steps.push(Step::Closed),
            "mail:" => self.mails.push((String::from_utf8(unescaped(rest)).unwrap(), None)),
            "raw:" => self.mails.last_mut().expect("raw: without mail:").1 = Some(unescaped(rest)),
            _ => {
                let times = head.strip_prefix("C*").and_then(|head| head.strip_suffix('>')?.parse().ok());
                self.send(unescaped(rest).repeat(times.unwrap_or_else(|| panic!("{}: {line:?}", self.name))));
            }
        }
    }

    fn send(&mut self, bytes: Vec<u8>) {
        match self.steps.last_mut() {
            Some(Step::Send(before)) => before.extend_from_slice(&bytes),
            _ => self.steps.push(Step::Send(bytes)),
        }
    }

    fn set(&mut self, setting: &str) {
        let (key, value) = setting.split_once(" = ").unwrap();
        let number = || value.parse::<usize>().unwrap();
        match key {
            "bare_newlines" => self.options.bare_newlines = BareNewlines::Normalise,
            "max_message_size" => self.options.max_message_size = number(),
            "max_session_errors" => self.options.max_session_errors = number(),
            "max_recipients" => self.options.max_recipients = number(),
            "max_data_in_flight" => self.options.max_data_in_flight = number(),
            "custody" => {
                self.answer = match value {
                    "busy" => Answer::Refuse(Refusal::Busy),
                    "away" => Answer::Refuse(Refusal::Away),
                    "full" => Answer::Refuse(Refusal::Full),
                    "stopping" => Answer::Refuse(Refusal::Stopping),
                    "vanish" => Answer::Vanish,
                    _ => panic!("custody = {value}"),
                }
            }
            _ => panic!("{}: unknown setting {key}", self.name),
        }
    }

    fn check(&self, mails: &[Incoming]) {
        assert_eq!(mails.len(), self.mails.len(), "{}: number of mails: {mails:?}", self.name);
        for (mail, (envelope, raw)) in mails.iter().zip(&self.mails) {
            assert_eq!(&self::envelope(mail), envelope, "{}", self.name);
            assert_eq!(mail.source, if self.is_lmtp { Source::Lmtp } else { Source::Smtp }, "{}", self.name);
            // Nothing of an LMTP client's may be taken for the sender's.
            assert!(!self.is_lmtp || mail.peer == Peer::default(), "{}: {:?}", self.name, mail.peer);
            if let Some(raw) = raw {
                assert_eq!(mail.raw.escape_ascii().to_string(), raw.escape_ascii().to_string(), "{}", self.name);
            }
        }
    }
}

fn envelope(mail: &Incoming) -> String {
    let mut text = format!("{} ->", mail.sender.as_ref().map_or("<>", |sender| sender.as_str()));
    for (department, recipients) in &mail.departments {
        let recipients: Vec<_> = recipients.iter().map(|recipient| recipient.as_str()).collect();
        text.push_str(&format!(" {department}={}", recipients.join(",")));
    }
    text
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut text = text.to_owned();
    for kind in ["reply", "bounce", "message"] {
        text = text.replace(&format!("{{{kind}}}"), signed(kind).as_str());
    }
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, length) = match (byte, after.first()) {
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b'0')) => (b'\0', 2),
            (b'\\', Some(b'\\')) => (b'\\', 2),
            (b'\\', Some(b'x')) => (u8::from_str_radix(std::str::from_utf8(&after[1..3]).unwrap(), 16).unwrap(), 4),
            (byte, _) => (byte, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}

/// A session without sockets, and what came of it.
pub(crate) struct Stage {
    session: Session,
    answer: Answer,
    unread: Vec<u8>,
    pub(crate) out: Vec<u8>,
    pub(crate) mails: Vec<Incoming>,
    pub(crate) closed: bool,
}

impl Stage {
    pub(crate) fn new(options: Options, answer: Answer) -> Stage {
        Self::with(options, answer, session::Client::Smtp("127.0.0.1".parse().unwrap()))
    }

    pub(crate) fn with(options: Options, answer: Answer, client: session::Client) -> Stage {
        let budget = Budget::new(options.max_data_in_flight);
        let terms = Arc::new(Terms { options, desk: desk(), trusted: loopback(), budget });
        let session = Session::new(terms, client);
        let mut out = Vec::new();
        session.greet(&mut out);
        Stage { session, answer, unread: Vec::new(), out, mails: Vec::new(), closed: false }
    }

    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        if self.closed {
            return;
        }
        self.unread.extend_from_slice(bytes);
        loop {
            let (used, action) = self.session.take(&self.unread, Time(0), &mut self.out);
            self.unread.drain(..used);
            match action {
                Action::Read => return,
                Action::Custody(incoming) => {
                    let taken = match self.answer {
                        Answer::Take => Ok(numbers(&incoming, self.mails.len())),
                        Answer::Refuse(refusal) => Err(refusal),
                        Answer::Vanish => Err(Refusal::Stopping),
                    };
                    if taken.is_ok() {
                        self.mails.push(*incoming);
                    }
                    if !matches!(self.session.taken(taken, &mut self.out), Action::Read) {
                        self.closed = true;
                        return;
                    }
                }
                Action::Encrypt | Action::Drain | Action::Close => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let end = self.out.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.out.drain(..=end).collect();
        Some(String::from_utf8(line).unwrap().trim_end().to_owned())
    }
}

/// Plays a script on the session, with what the client sends cut into pieces of so many bytes.
pub(crate) fn play_in_pieces(script: &Script, piece: usize) {
    let ip = "127.0.0.1".parse().unwrap();
    let client = if script.is_lmtp { session::Client::Lmtp(Some(ip)) } else { session::Client::Smtp(ip) };
    let mut stage = Stage::with(script.options.clone(), script.answer, client);
    for step in &script.steps {
        match step {
            Step::Send(bytes) => bytes.chunks(piece).for_each(|piece| stage.hear(piece)),
            Step::Expect(prefix) => {
                let line = stage.line().unwrap_or_default();
                assert!(line.starts_with(prefix.as_str()), "{}: expected {prefix:?}, got {line:?}", script.name);
            }
            Step::Closed => assert!(stage.closed, "{}: still open", script.name),
        }
    }
    assert_eq!(stage.out.escape_ascii().to_string(), "", "{}: more was said", script.name);
    script.check(&stage.mails);
}

/// Plays a script against a listener on a free port, and one of LMTP on a socket in the file system, too.
pub(crate) async fn play_on_a_socket(script: &Script) {
    let house = House::open(script.options.clone(), loopback(), script.answer).await;
    if script.is_lmtp {
        play_with(script, house.lmtp_client().await, house).await;
        let house = House::open(script.options.clone(), loopback(), script.answer).await;
        play_with(script, house.local_client().await, house).await;
    } else {
        play_with(script, house.client().await, house).await;
    }
}

async fn play_with<S: AsyncRead + AsyncWrite + Unpin>(script: &Script, mut client: Client<S>, house: House) {
    for step in &script.steps {
        match step {
            Step::Send(bytes) => client.send(bytes).await,
            Step::Expect(prefix) => {
                let line = client.line().await.unwrap_or_default();
                assert!(line.starts_with(prefix.as_str()), "{}: expected {prefix:?}, got {line:?}", script.name);
            }
            Step::Closed => client.expect_end().await,
        }
    }
    drop(client);
    script.check(&house.close().await);
}
