//! An IMAP server with a mailbox in memory, whose tests say what it refuses, and when it hangs, leaves or talks nonsense.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) raw: Vec<u8>,
    pub(crate) date: String,
    pub(crate) flags: BTreeSet<String>,
}

/// A folder: its messages by UID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folder {
    pub(crate) validity: u32,
    pub(crate) next: u32,
    pub(crate) messages: BTreeMap<u32, Message>,
    pub(crate) read_only: bool,
    /// Whether UIDNEXT is told.
    pub(crate) reticent: bool,
}

/// What the server does in place of what it should.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It ends the command with this.
    Say(&'static str),
    /// It sends these octets and no end.
    Raw(&'static str),
    /// It closes the connection.
    Close,
    /// It says BYE and closes.
    Bye,
    /// It says nothing any more.
    Silence,
    /// It does what it should, and closes before it says so.
    DoAndClose,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) folders: BTreeMap<String, Folder>,
    /// Commands that contain this meet a fault, so many times.
    pub(crate) faults: Vec<(&'static str, usize, Fault)>,
    /// All commands, without their tags.
    pub(crate) heard: Vec<String>,
    pub(crate) password: &'static str,
}

/// The server. It ends with the test.
pub(crate) struct Server {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    news: watch::Sender<u64>,
    /// Closes every connection when it counts on.
    cut: watch::Sender<u64>,
    _tasks: JoinSet<()>,
}

const DATE: &str = "01-Nov-2030 10:00:00 +0000";

impl Server {
    /// A server with an empty INBOX, on a free port of loopback.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let inbox = Folder { validity: 1, next: 1, ..Folder::default() };
        let folders = BTreeMap::from([("INBOX".to_owned(), inbox)]);
        let state = Arc::new(Mutex::new(State { folders, password: "secret", ..State::default() }));
        let (news, cut) = (watch::Sender::new(0), watch::Sender::new(0));
        let mut tasks = JoinSet::new();
        let (shared, told, cuts) = (Arc::clone(&state), news.clone(), cut.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (state, news, mut cut) = (Arc::clone(&shared), told.subscribe(), cuts.subscribe());
                connections.spawn(async move {
                    let client = Client { socket: BufReader::new(socket), state, news, folder: None, exists: 0 };
                    tokio::select! { _ = client.serve() => {}, _ = cut.changed() => {} }
                });
            }
        });
        Self { port, state, news, cut, _tasks: tasks }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Changes a folder, and announces it.
    pub(crate) fn change<T>(&self, folder: &str, change: impl FnOnce(&mut Folder) -> T) -> T {
        let changed = {
            let mut state = self.state();
            let empty = || Folder { validity: 1, next: 1, ..Folder::default() };
            change(state.folders.entry(folder.to_owned()).or_insert_with(empty))
        };
        self.news.send_modify(|count| *count += 1);
        changed
    }

    /// A mail comes into a folder; its number.
    pub(crate) fn append(&self, folder: &str, subject: &str) -> u32 {
        self.append_raw(folder, mail(subject), DATE)
    }

    pub(crate) fn append_raw(&self, folder: &str, raw: Vec<u8>, date: &str) -> u32 {
        self.change(folder, |folder| folder.put(raw, date))
    }

    /// From now on, commands that contain `part` meet a fault, so many times.
    pub(crate) fn fault(&self, part: &'static str, times: usize, fault: Fault) {
        self.state().faults.push((part, times, fault));
    }

    pub(crate) fn heal(&self) {
        self.state().faults.clear();
    }

    /// Ends every connection without a word.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    /// How often a command was heard that contains this.
    pub(crate) fn heard(&self, part: &str) -> usize {
        self.state().heard.iter().filter(|command| command.contains(part)).count()
    }

    /// The messages of a folder with this flag.
    pub(crate) fn flagged(&self, folder: &str, flag: &str) -> usize {
        let state = self.state();
        state.folders.get(folder).map_or(0, |folder| folder.messages.values().filter(|mail| mail.flags.contains(flag)).count())
    }

    pub(crate) fn count(&self, folder: &str) -> usize {
        self.state().folders.get(folder).map_or(0, |folder| folder.messages.len())
    }
}

impl Folder {
    pub(crate) fn put(&mut self, raw: Vec<u8>, date: &str) -> u32 {
        let uid = self.next;
        self.next += 1;
        self.put_at(uid, raw, date);
        uid
    }

    pub(crate) fn put_at(&mut self, uid: u32, raw: Vec<u8>, date: &str) {
        self.messages.insert(uid, Message { raw, date: date.to_owned(), flags: BTreeSet::new() });
    }

    /// All numbers are given anew, from this one on.
    pub(crate) fn renumber(&mut self, validity: u32, first: u32) {
        let messages = std::mem::take(&mut self.messages);
        self.messages = (first..).zip(messages.into_values()).collect();
        self.next = first + self.messages.len() as u32;
        self.validity = validity;
    }
}

/// A customer's mail.
pub(crate) fn mail(subject: &str) -> Vec<u8> {
    format!(
        "From: Mia <mia@customer.example>\r\nTo: support@desk.example.org\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@customer.example>\r\nDate: Thu, 12 Nov 2026 10:00:00 +0000\r\n\r\nText of {subject}.\r\n"
    )
    .into_bytes()
}

struct Client {
    socket: BufReader<TcpStream>,
    state: Arc<Mutex<State>>,
    news: watch::Receiver<u64>,
    folder: Option<String>,
    /// Messages that the client was told of.
    exists: usize,
}

impl Client {
    async fn serve(mut self) -> Option<()> {
        self.say("* OK [CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS] ready\r\n").await?;
        loop {
            let mut line = String::new();
            if self.socket.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let (tag, command) = line.trim_end().split_once(' ')?;
            let (tag, command) = (tag.to_owned(), command.to_owned());
            let fault = self.hear(&command);
            match fault {
                Some(Fault::Say(end)) => self.say(&format!("{tag} {end}\r\n")).await?,
                Some(Fault::Raw(octets)) => self.say(octets).await?,
                Some(Fault::Bye) => return self.say("* BYE going down\r\n").await.and(None),
                Some(Fault::Close) => return None,
                Some(Fault::Silence) => std::future::pending().await,
                Some(Fault::DoAndClose) => {
                    self.obey(&command);
                    return None;
                }
                None if command == "IDLE" => self.idle(&tag).await?,
                None => {
                    let (mut octets, end) = self.obey(&command);
                    octets.extend_from_slice(format!("{tag} {end}\r\n").as_bytes());
                    self.socket.write_all(&octets).await.ok()?;
                }
            }
            if command == "LOGOUT" {
                return None;
            }
        }
    }

    fn hear(&self, command: &str) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        state.heard.push(command.to_owned());
        let entry = state.faults.iter_mut().find(|(part, times, _)| *times > 0 && command.contains(part))?;
        entry.1 = entry.1.saturating_sub(1);
        Some(entry.2.clone())
    }

    async fn say(&mut self, text: &str) -> Option<()> {
        self.socket.write_all(text.as_bytes()).await.ok()
    }

    async fn idle(&mut self, tag: &str) -> Option<()> {
        self.say("+ idling\r\n").await?;
        loop {
            let exists = self.with_folder(|folder| folder.messages.len()).unwrap_or(0);
            if exists > self.exists {
                self.exists = exists;
                self.say(&format!("* {exists} EXISTS\r\n")).await?;
            }
            let mut line = String::new();
            tokio::select! {
                read = self.socket.read_line(&mut line) => {
                    if read.ok()? == 0 { return None }
                    return self.say(&format!("{tag} OK idled\r\n")).await;
                }
                _ = self.news.changed() => {}
            }
        }
    }

    fn with_folder<T>(&self, work: impl FnOnce(&mut Folder) -> T) -> Option<T> {
        let mut state = self.state.lock().unwrap();
        state.folders.get_mut(self.folder.as_ref()?).map(work)
    }

    /// What a command brings about: untagged replies, and its end.
    fn obey(&mut self, command: &str) -> (Vec<u8>, String) {
        let words: Vec<&str> = command.split(' ').collect();
        let ok = |data: Vec<u8>| (data, "OK done".to_owned());
        match words.as_slice() {
            ["LOGIN", _, password] => {
                let good = password.trim_matches('"') == self.state.lock().unwrap().password;
                (Vec::new(), if good { "OK in" } else { "NO [AUTHENTICATIONFAILED] wrong" }.to_owned())
            }
            ["CAPABILITY"] => ok(b"* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\n".to_vec()),
            ["SELECT", name] => self.select(name.trim_matches('"')),
            ["UID", "SEARCH", "UID", set] => {
                let found = self.with_folder(|folder| chosen(folder, set)).unwrap_or_default();
                let found: Vec<String> = found.iter().map(ToString::to_string).collect();
                ok(format!("* SEARCH {}\r\n", found.join(" ")).into_bytes())
            }
            ["UID", "FETCH", set, what @ ..] => ok(self.fetch(set, &what.join(" "))),
            ["UID", "STORE", set, _, flags] => {
                let flag = flags.trim_matches(['(', ')']).to_owned();
                let mark = |folder: &mut Folder| {
                    for uid in chosen(folder, set) {
                        folder.messages.entry(uid).and_modify(|mail| drop(mail.flags.insert(flag.clone())));
                    }
                };
                self.with_folder(mark);
                ok(Vec::new())
            }
            ["UID", "MOVE", set, target] => self.move_to(set, target.trim_matches('"')),
            ["UID", "EXPUNGE", set] => {
                self.with_folder(|folder| {
                    for uid in chosen(folder, set) {
                        if folder.messages[&uid].flags.contains("\\Deleted") {
                            folder.messages.remove(&uid);
                        }
                    }
                });
                ok(Vec::new())
            }
            ["NOOP" | "LOGOUT"] => ok(Vec::new()),
            ["LIST", ..] => ok(Vec::new()),
            _ => (Vec::new(), "BAD what?".to_owned()),
        }
    }

    fn select(&mut self, name: &str) -> (Vec<u8>, String) {
        self.folder = Some(name.to_owned());
        let told = self.with_folder(|folder| {
            let next = if folder.reticent { String::new() } else { format!("* OK [UIDNEXT {}] next\r\n", folder.next) };
            let (exists, validity) = (folder.messages.len(), folder.validity);
            (exists, format!("* {exists} EXISTS\r\n* OK [UIDVALIDITY {validity}] valid\r\n{next}"), folder.read_only)
        });
        let Some((exists, told, read_only)) = told else {
            return (Vec::new(), "NO [NONEXISTENT] there is no such folder".to_owned());
        };
        self.exists = exists;
        (told.into_bytes(), if read_only { "OK [READ-ONLY] selected" } else { "OK [READ-WRITE] selected" }.to_owned())
    }

    fn move_to(&mut self, set: &str, target: &str) -> (Vec<u8>, String) {
        if !self.state.lock().unwrap().folders.contains_key(target) {
            return (Vec::new(), "NO [TRYCREATE] there is no such folder".to_owned());
        }
        let moved = self.with_folder(|folder| {
            let uids = chosen(folder, set);
            uids.iter().filter_map(|uid| folder.messages.remove(uid)).collect::<Vec<_>>()
        });
        let mut state = self.state.lock().unwrap();
        let target = state.folders.get_mut(target).unwrap();
        moved.into_iter().flatten().for_each(|mail| drop(target.put(mail.raw, &mail.date)));
        (Vec::new(), "OK moved".to_owned())
    }

    fn fetch(&mut self, set: &str, what: &str) -> Vec<u8> {
        let answer = |folder: &mut Folder| {
            let mut octets = Vec::new();
            for (index, uid) in chosen(folder, set).into_iter().enumerate() {
                let message = &folder.messages[&uid];
                let number = index + 1;
                match what.split_once('<').map(|(_, part)| part.trim_end_matches([')', '>'])) {
                    None => octets.extend_from_slice(
                        format!(
                            "* {number} FETCH (UID {uid} RFC822.SIZE {} INTERNALDATE \"{}\")\r\n",
                            message.raw.len(),
                            message.date
                        )
                        .as_bytes(),
                    ),
                    Some(part) => {
                        let (begin, length) = part.split_once('.').unwrap();
                        let begin: usize = begin.parse::<usize>().unwrap().min(message.raw.len());
                        let end = (begin + length.parse::<usize>().unwrap()).min(message.raw.len());
                        let part = &message.raw[begin..end];
                        octets.extend_from_slice(
                            format!("* {number} FETCH (UID {uid} BODY[]<{begin}> {{{}}}\r\n", part.len()).as_bytes(),
                        );
                        octets.extend_from_slice(part);
                        octets.extend_from_slice(b")\r\n");
                    }
                }
            }
            octets
        };
        self.with_folder(answer).unwrap_or_default()
    }
}

/// The numbers of a set that are in the folder; `*` is the highest.
fn chosen(folder: &Folder, set: &str) -> Vec<u32> {
    let highest = folder.messages.keys().next_back().copied().unwrap_or(0);
    let number = |text: &str| if text == "*" { highest } else { text.parse().unwrap() };
    let mut chosen = BTreeSet::new();
    for range in set.split(',') {
        let (begin, end) = range.split_once(':').unwrap_or((range, range));
        let (begin, end) = (number(begin), number(end));
        chosen.extend(folder.messages.range(begin.min(end)..=begin.max(end)).map(|(uid, _)| *uid));
    }
    chosen.into_iter().collect()
}

/// Long enough for anything that works, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
