//! One logged-in connection to an IMAP server, in the words of what we want from it.
//!
//! Promise: what is asked is answered whole or is an error; a message is `None` or missing only where the server has said OK and did not speak of
//! it. Only UIDs are used, never sequence numbers. Every wait has an end ([`Patience`]). After an error that does not leave the connection
//! ([`Trouble::leaves_the_connection`]) it is of no use; so it is after a call that was given up half way, but for [`Session::wait`].

mod change;
mod fetch;

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::line::{Line, accepted, refused};
use super::patience::Patience;
use super::reply::{Reply, State};
use super::trouble::{Kind, Trouble};
use super::{Account, auth, connect, folder_name};
use crate::observe::beat::Beat;
use crate::web::Trust;

pub use fetch::About;

/// One connection.
pub struct Session {
    line: Line,
    offers: Vec<String>,
    /// IDLE is offered, and was not refused.
    idle: bool,
    /// Octets of the largest message that is read.
    most: usize,
}

/// What a server may or may not be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// It announces new mail (RFC 2177).
    Idle,
    /// It moves messages in one command (RFC 6851).
    Move,
    /// It removes messages by their UIDs (RFC 4315).
    UidPlus,
}

/// A folder that was selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    /// UIDVALIDITY: UIDs mean something together with it only.
    pub validity: u32,
    /// UIDNEXT: no message has this UID or a higher one, as of now. Some servers do not say.
    pub next: Option<u32>,
    /// How many messages there are.
    pub exists: u32,
    /// Nothing can be changed.
    pub read_only: bool,
}

/// Why waiting for mail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// There are more messages than before.
    News,
    /// The time was up.
    Nothing,
}

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// See [`Kind`].
    pub async fn open(account: &Account, trust: &Trust) -> Result<Self, Trouble> {
        Self::open_with(account, trust, Patience::default()).await
    }

    /// The same, with other limits of time.
    ///
    /// # Errors
    /// See [`Kind`].
    pub async fn open_with(account: &Account, trust: &Trust, patience: Patience) -> Result<Self, Trouble> {
        let (mut line, greeting) = connect::connect(account, trust, patience).await?;
        let known = greeting.as_ref().and_then(connect::offered_with);
        let offers = match known {
            Some(offers) => offers,
            None => connect::capabilities(&mut line).await?,
        };
        let offers = if greeting.is_some_and(|said| said.state == State::Preauth) {
            offers
        } else {
            auth::log_in(&mut line, account, &offers).await?
        };
        let idle = offers.iter().any(|offer| offer == "IDLE");
        Ok(Self { line, offers, idle, most: account.max_message_size })
    }

    /// Gives this sign of progress, for each reply that is heard.
    pub(super) fn with_beat(mut self, beat: Beat) -> Self {
        self.line.beat = beat;
        self
    }

    /// Whether the server can do this.
    pub fn offers(&self, capability: Capability) -> bool {
        let name = match capability {
            Capability::Idle => "IDLE",
            Capability::Move => "MOVE",
            Capability::UidPlus => "UIDPLUS",
        };
        self.offers.iter().any(|offer| offer == name)
    }

    /// Selects a folder, for reading and changing. The name is plain text.
    ///
    /// # Errors
    /// `NoSuchFolder` where there is none of this name: the server says so, or does not list it.
    pub async fn select(&mut self, folder: &str) -> Result<Selected, Trouble> {
        let name = folder_name::argument(folder);
        let (mut validity, mut next, mut exists) = (None, None, 0);
        self.line.folder = Default::default();
        let end = self.line.end_of_answer();
        let take = |reply| match reply {
            Reply::Exist(number) => exists = number,
            Reply::State(said) => {
                validity = said.number("UIDVALIDITY").or(validity);
                next = said.number("UIDNEXT").or(next);
            }
            _ => {}
        };
        let said = self.line.converse(&format!("SELECT {name}"), |_| None, end, take).await?;
        if said.state != State::Ok {
            let trouble = refused(&said, "SELECT");
            let unsaid = trouble.kind() == Kind::Refused && said.code.is_none() && said.state == State::No;
            let gone = unsaid && !self.lists(&name).await?;
            return Err(if gone { Trouble::new(Kind::NoSuchFolder, trouble.words()) } else { trouble });
        }
        self.line.folder.news = false;
        let validity = validity.filter(|validity| *validity != 0);
        let validity =
            validity.ok_or_else(|| Trouble::nonsense("it gives no UIDVALIDITY, so that messages cannot be told apart"))?;
        Ok(Selected { validity, next: next.filter(|next| *next != 0), exists, read_only: said.has("READ-ONLY") })
    }

    /// Whether there is a folder of this name, for servers that say NO without a code.
    async fn lists(&mut self, name: &str) -> Result<bool, Trouble> {
        let mut listed = false;
        self.line.run(&format!("LIST \"\" {name}"), |reply| listed |= reply == Reply::Folder).await?;
        Ok(listed)
    }

    /// Asks for a sign of life, and what is new.
    ///
    /// # Errors
    /// See [`Kind`].
    pub async fn noop(&mut self) -> Result<(), Trouble> {
        self.line.run("NOOP", |_| {}).await.map(|_| ())
    }

    /// Waits until there are more messages than before in the folder that is selected, at most for `limit`. A server that says nothing is
    /// asked for a sign of life every now and then ([`Patience::probe`]), whether it announces mail or not, so that a dead connection is
    /// noticed. What was announced since the last [`Session::uids`] is news at once. May be given up at any moment; the next call ends it.
    ///
    /// # Errors
    /// See [`Kind`]; `Late` without that sign.
    pub async fn wait(&mut self, limit: Duration) -> Result<Woken, Trouble> {
        let end = Instant::now() + limit;
        while !self.line.folder.news && Instant::now() < end {
            let pause = end.min(Instant::now() + self.line.patience.probe);
            if self.idle {
                self.idle_until(pause).await?;
            } else {
                sleep_until(pause).await;
                self.sign().await?;
            }
        }
        // One that somebody gave up.
        self.line.end_idle().await?;
        let news = std::mem::take(&mut self.line.folder.news);
        Ok(if news { Woken::News } else { Woken::Nothing })
    }

    /// IDLE up to a moment. Its end, which the server answers, is the sign of life, and so it is never older than servers allow (29 min).
    async fn idle_until(&mut self, pause: Instant) -> Result<(), Trouble> {
        if !self.line.idles() {
            self.line.begin_idle();
        }
        let mut waited = self.line.idle(pause).await;
        if waited.is_ok() && self.line.idles() {
            waited = self.line.end_idle().await;
            if waited.is_ok() {
                return Ok(());
            }
        }
        let refusal = match waited {
            Ok(()) => "it ended by itself".to_owned(),
            Err(trouble) if trouble.leaves_the_connection() => trouble.to_string(),
            Err(trouble) => return Err(trouble),
        };
        // Asking now and then does as well, and does not ask over and over.
        tracing::warn!(why = refusal, "the server offers IDLE and does not wait; it is asked for new mail instead");
        self.idle = false;
        Ok(())
    }

    async fn sign(&mut self) -> Result<(), Trouble> {
        let end = Instant::now() + self.line.patience.sign;
        self.line.run_until("NOOP", end, |_| {}).await.map(|_| ())
    }

    /// Says goodbye, quickly. A connection may also be dropped.
    pub async fn leave(self) {
        self.line.leave().await;
    }
}
