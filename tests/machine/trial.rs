//! A gateway under load, and the ledger of it: begun, disturbed by the test, brought to rest, judged.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};

use crate::check::{Counts, judge, what_is_right};
use crate::client::{Client, Outcome};
use crate::found;
use crate::gateway::Gateway;
use crate::ledger::{EndOfLoad, Entry, Load, hand_over, request, run_client};
use crate::mail::{Mail, Purpose};

/// Clients that send at the same time, one of them replies to one ticket, in order.
const CLIENTS: u64 = 4;

/// A gateway that delivers into files, and what its clients were told.
pub(crate) struct Trial {
    gateway: Gateway,
    folder: PathBuf,
    outgoing: PathBuf,
    /// What the clients were told so far.
    pub(crate) ledger: Vec<Entry>,
    reference: String,
    streams: u64,
    /// A mail that was tried and not taken yet: its seed, and how often nobody knows.
    tried: Option<(u64, usize)>,
}

impl Deref for Trial {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

impl DerefMut for Trial {
    fn deref_mut(&mut self) -> &mut Gateway {
        &mut self.gateway
    }
}

/// A folder for a trial on the disk that the build is on: a folder in memory has no disk to fail.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

impl Trial {
    /// A gateway below this folder, not started yet. `keys` are further lines of configuration: (section, line).
    pub(crate) fn new(folder: &Path, keys: &[(&str, &str)]) -> Self {
        let outgoing = folder.join("outgoing");
        let gateway = Gateway::new(folder, &format!("file:{}", outgoing.display()));
        let mut text = std::fs::read_to_string(gateway.configuration()).unwrap();
        for (section, line) in keys {
            text = text.replace(&format!("[{section}]\n"), &format!("[{section}]\n{line}\n"));
        }
        std::fs::write(gateway.configuration(), text).unwrap();
        Self {
            gateway,
            folder: folder.to_owned(),
            outgoing,
            ledger: Vec::new(),
            reference: String::new(),
            streams: 1,
            tried: None,
        }
    }

    /// The folder that it is in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens the ticket that the ordered replies go to; the gateway runs.
    pub(crate) fn open(&mut self) {
        let (first, reference) = found::open_the_ordered_ticket(&self.gateway);
        self.ledger.push(first);
        self.reference = reference;
    }

    /// A gateway that runs, with its first ticket.
    pub(crate) fn begun(folder: &Path, keys: &[(&str, &str)]) -> Self {
        let mut trial = Self::new(folder, keys);
        trial.start();
        trial.open();
        trial
    }

    /// Hands over one mail, until it is answered, to this port.
    pub(crate) fn send(&mut self, port: u16) {
        let stream = self.next_stream();
        self.ledger.push(hand_over(&mut Client::new(&[port]), stream << 32, Purpose::Request));
    }

    /// One attempt to hand over a mail, the same one until it is taken; the code of the answer to it.
    pub(crate) fn try_once(&mut self, port: u16) -> Option<u16> {
        let seed = match self.tried {
            Some((seed, _)) => seed,
            None => self.next_stream() << 32,
        };
        let mail = Mail::new(seed, &Purpose::Request);
        let mut client = Client::new(&[port]);
        let outcome = client.send(&mail);
        let unknown = self.tried.map_or(0, |(_, unknown)| unknown) + usize::from(outcome == Outcome::Unknown);
        self.tried = Some((seed, unknown));
        if outcome == Outcome::Accepted {
            let took = Duration::ZERO;
            self.ledger.push(Entry { id: mail.id, seed, purpose: Purpose::Request, accepted: true, unknown, took });
            self.tried = None;
        }
        client.answered()
    }

    /// Numbers of a stream of mails that nobody had yet.
    fn next_stream(&mut self) -> u64 {
        self.streams += 1;
        self.streams
    }

    /// Lets clients send while something is done to the gateway, which has to run when that returns. `meanwhile` gets what it takes to
    /// allow more mails; `mails` are allowed at once.
    pub(crate) fn under_load<T>(&mut self, port: u16, mails: usize, meanwhile: impl FnOnce(&mut Self, &Load) -> T) -> T {
        let load = Load::new();
        let first = self.streams + 1;
        self.streams += CLIENTS;
        let (reference, replies) = (self.reference.clone(), self.replies());
        let (ledger, done) = std::thread::scope(|scope| {
            let load = &load;
            let end = EndOfLoad(load);
            let mut clients: Vec<_> = (first..first + CLIENTS - 1)
                .map(|stream| scope.spawn(move || run_client(load, Client::new(&[port]), stream, request)))
                .collect();
            let reply = move |number| Purpose::Reply { reference: reference.clone(), number: number + 1 + replies };
            let stream = first + CLIENTS - 1;
            clients.push(scope.spawn(move || run_client(load, Client::new(&[port]), stream, reply)));
            load.allow(mails);
            let done = meanwhile(self, load);
            drop(end);
            (clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>(), done)
        });
        self.ledger.extend(ledger);
        done
    }

    fn replies(&self) -> usize {
        self.ledger.iter().filter(|entry| matches!(entry.purpose, Purpose::Reply { .. })).count()
    }

    /// Ends the gateway, in order if it can be; starts it, lets it settle, and counts.
    pub(crate) fn count(&mut self) -> Counts {
        found::wait_until_settled(&self.gateway);
        judge(&self.ledger, &found::gather(&self.gateway, &self.outgoing, &self.reference))
    }

    /// The judgement of a gateway that runs, printed: nothing lost, nothing doubled, whole on the disk, and stopped by a word.
    pub(crate) fn judge(mut self, name: &str, told: &str) {
        let counts = self.count();
        println!("{name}: {counts} {told}");
        assert_eq!(counts, what_is_right(&counts, &self.ledger), "a promise was broken by {name}: {counts}");
        assert!(counts.stored > 0 && counts.notified > 0, "hardly any mail: {counts}");
        let status = self.gateway.stop();
        assert!(status.success(), "a drain ends with exit 0, not {status}:\n{}", self.gateway.log());
        assert_eq!(integrity(self.gateway.store()), "ok");
        assert_eq!(found::stray_files(&self.outgoing), Vec::<String>::new());
    }
}

/// What SQLite itself says of its file.
pub(crate) fn integrity(store: &str) -> String {
    found::ask(async {
        let mut connection = SqliteConnection::connect(store).await.unwrap();
        let answer = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        answer
    })
}
