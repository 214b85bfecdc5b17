//! Does what a dialog says with a session, and tells how it ended in the words of a dialog.
//!
//! `do: open`, `select NAME`, `uids FROM`, `about UIDS`, `octets UID SIZE`, `seen UIDS`, `move UIDS NAME`, `delete UIDS`, `noop`,
//! `wait MILLISECONDS`, `leave`; UIDs are `1,2,3`. `is:` says how it must end; `…` at its end is whatever follows. `account:` has words that
//! change the account (`starttls`, `token`, `user=…`, `password=…`, `max=…`), `patience:` has limits in milliseconds (`silence=300`).

use std::time::Duration;

use postdesk::accept::imap::session::{Selected, Session, Woken};
use postdesk::accept::imap::{Account, Patience, Security, Trouble};
use postdesk::login::Secret;

use super::account::{account, trust};
use super::provider::Provider;

/// Who plays the client of a dialog.
pub(crate) struct Driver {
    account: Account,
    patience: Patience,
    session: Option<Session>,
    folder: tempfile::TempDir,
    provider: Option<Provider>,
}

impl Driver {
    /// One that will connect to this port.
    pub(crate) fn new(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = account(port, folder.path(), "secret");
        Self { account, patience: Patience::default(), session: None, folder, provider: None }
    }

    /// Words of `account:`.
    pub(crate) fn set_account(&mut self, words: &str) {
        for word in words.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "starttls" => self.account.security = Security::StartTls,
                "tls" => self.account.security = Security::Tls,
                "user" => value.clone_into(&mut self.account.login.user),
                "password" => std::fs::write(self.folder.path().join("password"), value).unwrap(),
                "max" => self.account.max_message_size = value.parse().unwrap(),
                "token" => {
                    let provider = Provider::start();
                    self.account.login.secret = Secret::Token(provider.source());
                    self.provider = Some(provider);
                }
                other => panic!("no word of an account: {other}"),
            }
        }
    }

    /// Words of `patience:`.
    pub(crate) fn set_patience(&mut self, words: &str) {
        for word in words.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap();
            let limit = Duration::from_millis(value.parse().unwrap());
            let patience = &mut self.patience;
            let field = match name {
                "connect" => &mut patience.connect,
                "tls" => &mut patience.tls,
                "greeting" => &mut patience.greeting,
                "login" => &mut patience.login,
                "silence" => &mut patience.silence,
                "answer" => &mut patience.answer,
                "probe" => &mut patience.probe,
                "sign" => &mut patience.sign,
                "leave" => &mut patience.leave,
                other => panic!("no limit: {other}"),
            };
            *field = limit;
        }
    }

    /// Does one thing; how it ended.
    pub(crate) async fn act(&mut self, line: &str) -> String {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let ended = match verb {
            "open" => self.open().await,
            "leave" => {
                self.session.take().unwrap().leave().await;
                Ok("done".to_owned())
            }
            verb => act(self.session.as_mut().expect("a session"), verb, rest).await,
        };
        ended.unwrap_or_else(|trouble| format!("{}: {trouble}", trouble.kind().name()))
    }

    async fn open(&mut self) -> Result<String, Trouble> {
        self.session = Some(Session::open_with(&self.account, &trust(), self.patience).await?);
        Ok("in".to_owned())
    }
}

async fn act(session: &mut Session, verb: &str, rest: &str) -> Result<String, Trouble> {
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    let done = |()| "done".to_owned();
    match verb {
        "select" => session.select(rest).await.map(selected),
        "uids" => session.uids(rest.parse().unwrap()).await.map(|uids| format!("{uids:?}")),
        "about" => {
            let told = session.about(&uids(rest)).await?;
            let told = told.iter().map(|about| {
                let date = about.internal_date.map_or("-".to_owned(), |time| time.rfc3339());
                format!("{} {} {date}", about.uid, about.size)
            });
            Ok(told.collect::<Vec<_>>().join(", "))
        }
        "octets" => session.octets(first.parse().unwrap(), second.parse().unwrap()).await.map(octets),
        "seen" => session.mark_seen(&uids(rest)).await.map(done),
        "move" => session.move_to(&uids(first), second).await.map(done),
        "delete" => session.delete(&uids(rest)).await.map(done),
        "noop" => session.noop().await.map(done),
        "wait" => {
            let woken = session.wait(Duration::from_millis(rest.parse().unwrap())).await?;
            Ok(if woken == Woken::News { "news" } else { "nothing" }.to_owned())
        }
        other => panic!("nothing to do: {other}"),
    }
}

fn uids(text: &str) -> Vec<u32> {
    text.split(',').map(|uid| uid.parse().unwrap()).collect()
}

fn selected(selected: Selected) -> String {
    let Selected { validity, next, exists, read_only } = selected;
    let next = next.map_or("-".to_owned(), |next| next.to_string());
    format!("validity {validity} next {next} exists {exists}{}", if read_only { " read-only" } else { "" })
}

fn octets(octets: Option<Vec<u8>>) -> String {
    match octets {
        None => "gone".to_owned(),
        Some(octets) if octets.len() < 60 => format!("{} {}", octets.len(), octets.escape_ascii()),
        Some(octets) => format!("{} octets", octets.len()),
    }
}
