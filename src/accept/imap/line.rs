//! Commands and their answers (RFC 3501, section 2.2): one at a time, and an answer is whole or an error.
//!
//! Who gives up waiting for a command makes the connection useless, which the next command says; only waiting for mail (IDLE) may be given up
//! at any moment. What the server says of the folder meanwhile is kept, whenever it says it.

use tokio::time::Instant;

use super::patience::Patience;
use super::reply::{Reply, Said, State};
use super::trouble::{Kind, Trouble};
use super::wire::Wire;
use crate::observe::beat::Beat;

/// A connection that takes commands.
pub(super) struct Line {
    wire: Wire,
    pub(super) patience: Patience,
    tags: u32,
    unfinished: Unfinished,
    /// What was heard of the folder that is selected.
    pub(super) folder: Folder,
    /// Given for each reply that was heard.
    pub(super) beat: Beat,
}

/// What the server still owes an answer to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unfinished {
    Nothing,
    Command,
    /// IDLE: whether the server has begun to wait with us, and whether we have asked it to end.
    Idle {
        tag: String,
        begun: bool,
        ended: bool,
    },
}

/// How many messages there are, and whether they have become more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) exist: u32,
    recent: u32,
    pub(super) news: bool,
}

impl Folder {
    /// News is a number that grew: some servers repeat the same number whenever they can.
    fn observe(&mut self, reply: &Reply) {
        match reply {
            Reply::Exist(number) => {
                self.news |= *number > self.exist;
                self.exist = *number;
            }
            Reply::Recent(number) => {
                self.news |= *number > self.recent;
                self.recent = *number;
            }
            Reply::Gone => self.exist = self.exist.saturating_sub(1),
            _ => {}
        }
    }
}

impl Line {
    pub(super) fn new(wire: Wire, patience: Patience) -> Self {
        Self { wire, patience, tags: 0, unfinished: Unfinished::Nothing, folder: Folder::default(), beat: Beat::default() }
    }

    /// What is below, for TLS.
    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }

    /// What the server says first.
    pub(super) async fn greeting(&mut self) -> Result<Said, Trouble> {
        let limit = self.patience.greeting;
        match self.wire.hear(limit, Instant::now() + limit).await? {
            Reply::State(said) if said.state == State::Bye => Err(goodbye(&said)),
            Reply::State(said) if matches!(said.state, State::Ok | State::Preauth) => Ok(said),
            Reply::State(said) => Err(Trouble::new(Kind::Refused, format!("it greets with {}", said.words()))),
            _ => Err(Trouble::nonsense("it does not greet as an IMAP server: is it the right port?")),
        }
    }

    /// A command without arguments of several lines; the answer is OK.
    pub(super) async fn run(&mut self, command: &str, take: impl FnMut(Reply)) -> Result<Said, Trouble> {
        self.run_until(command, self.end_of_answer(), take).await
    }

    /// The same, up to a moment.
    pub(super) async fn run_until(&mut self, command: &str, end: Instant, take: impl FnMut(Reply)) -> Result<Said, Trouble> {
        let said = self.converse(command, |_| None, end, take).await?;
        accepted(said, command)
    }

    /// A command, and what we say whenever the server asks us to go on: octets, their line end included, or nothing, which is an error.
    /// The answer is whatever ends the command.
    pub(super) async fn converse(
        &mut self,
        command: &str,
        mut go_on: impl FnMut(&str) -> Option<Vec<u8>>,
        end: Instant,
        mut take: impl FnMut(Reply),
    ) -> Result<Said, Trouble> {
        self.ready().await?;
        let tag = self.send(command);
        self.unfinished = Unfinished::Command;
        let silence = self.patience.silence;
        self.wire.flush(silence).await?;
        let mut garbled = None;
        loop {
            match self.hear(end).await? {
                Reply::Done { tag: other, said } if other == tag => {
                    self.unfinished = Unfinished::Nothing;
                    return match garbled {
                        Some(what) if said.state == State::Ok => Err(Trouble::nonsense(format!("it sends {what}"))),
                        _ => Ok(said),
                    };
                }
                Reply::Done { .. } => return Err(Trouble::nonsense("it answers a command that nobody gave")),
                Reply::Garbled(what) => garbled = Some(what),
                Reply::GoOn(text) => {
                    let Some(octets) = go_on(&text) else {
                        return Err(Trouble::nonsense("it waits for more of a command that is at its end"));
                    };
                    self.wire.queue(&octets);
                    self.wire.flush(silence).await?;
                }
                reply => take(reply),
            }
        }
    }

    /// Begins to wait with the server (IDLE, RFC 2177).
    pub(super) fn begin_idle(&mut self) {
        let tag = self.send("IDLE");
        self.unfinished = Unfinished::Idle { tag, begun: false, ended: false };
    }

    /// Waits up to a moment, until there is news, or until the server waits no more ([`Line::idles`]). May be given up at any moment.
    pub(super) async fn idle(&mut self, until: Instant) -> Result<(), Trouble> {
        let sign = self.patience.sign;
        self.wire.flush(sign).await?;
        let first = Instant::now() + sign;
        while !self.folder.news {
            let Unfinished::Idle { begun, .. } = self.unfinished else { return Ok(()) };
            if begun && Instant::now() >= until {
                return Ok(());
            }
            let end = if begun { until } else { first };
            match self.hear_idle(end).await {
                Err(trouble) if trouble.kind() == Kind::Late && begun => return Ok(()),
                heard => heard?,
            }
        }
        Ok(())
    }

    /// Ends IDLE. That the server answers is its sign of life.
    pub(super) async fn end_idle(&mut self) -> Result<(), Trouble> {
        let end = Instant::now() + self.patience.sign;
        while let Unfinished::Idle { begun, ended, .. } = &mut self.unfinished {
            if *begun && !*ended {
                *ended = true;
                self.wire.queue(b"DONE\r\n");
            }
            self.wire.flush(self.patience.sign).await?;
            self.hear_idle(end).await?;
        }
        Ok(())
    }

    /// One reply while IDLE is under way.
    async fn hear_idle(&mut self, end: Instant) -> Result<(), Trouble> {
        let reply = self.hear(end).await?;
        let Unfinished::Idle { tag, begun, .. } = &mut self.unfinished else { return Ok(()) };
        match reply {
            Reply::GoOn(_) => *begun = true,
            Reply::Done { tag: other, said } if other == *tag => {
                self.unfinished = Unfinished::Nothing;
                accepted(said, "IDLE")?;
            }
            Reply::Done { .. } => return Err(Trouble::nonsense("it answers a command that nobody gave")),
            _ => {}
        }
        Ok(())
    }

    /// Whether the server waits with us.
    pub(super) fn idles(&self) -> bool {
        matches!(self.unfinished, Unfinished::Idle { .. })
    }

    /// LOGOUT, whatever comes back.
    pub(super) async fn leave(mut self) {
        let limit = self.patience.leave;
        let _ = tokio::time::timeout(limit, async {
            // It ends with BYE, which is no answer to anything else.
            let _ = self.run("LOGOUT", |_| {}).await;
            self.wire.close().await;
        })
        .await;
    }

    /// Makes sure that the next command can be given.
    async fn ready(&mut self) -> Result<(), Trouble> {
        match self.end_idle().await {
            // That IDLE was refused is no matter of the next command.
            Err(trouble) if !trouble.leaves_the_connection() => return Err(trouble),
            _ => {}
        }
        match self.unfinished {
            Unfinished::Nothing => Ok(()),
            _ => Err(Trouble::new(Kind::Unreachable, "the connection is of no use: an earlier command was given up")),
        }
    }

    fn send(&mut self, command: &str) -> String {
        self.tags += 1;
        let tag = format!("P{}", self.tags);
        self.wire.queue(format!("{tag} {command}\r\n").as_bytes());
        tag
    }

    /// The next reply that is not goodbye.
    async fn hear(&mut self, end: Instant) -> Result<Reply, Trouble> {
        let reply = self.wire.hear(self.patience.silence, end).await?;
        self.beat.beat();
        self.folder.observe(&reply);
        match reply {
            Reply::State(said) if said.state == State::Bye => Err(goodbye(&said)),
            Reply::State(said) => {
                if said.has("ALERT") {
                    // RFC 3501, section 7.1: a person must be shown it.
                    tracing::warn!(text = Trouble::nonsense(&said.text).words(), "the IMAP server has something to say");
                }
                Ok(Reply::State(said))
            }
            reply => Ok(reply),
        }
    }

    pub(super) fn end_of_answer(&self) -> Instant {
        Instant::now() + self.patience.answer
    }
}

/// A command that was answered with OK, or why not.
pub(super) fn accepted(said: Said, command: &str) -> Result<Said, Trouble> {
    if said.state == State::Ok { Ok(said) } else { Err(refused(&said, command)) }
}

/// What NO and BAD to a command mean. Codes are those of RFC 5530; OVERQUOTA is about octets that we move, where we write nothing.
pub(super) fn refused(said: &Said, command: &str) -> Trouble {
    let verb = verb_of(command);
    let writes = verb.ends_with("COPY") || verb.ends_with("MOVE") || verb.ends_with("STORE");
    let kind = match said.code.as_ref().map_or("", |(code, _)| code.as_str()) {
        "AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" | "EXPIRED" | "PRIVACYREQUIRED" => Kind::Login,
        "OVERQUOTA" if writes => Kind::Full,
        "LIMIT" | "OVERQUOTA" => Kind::Throttled,
        "NONEXISTENT" | "TRYCREATE" => Kind::NoSuchFolder,
        "READ-ONLY" | "NOPERM" => Kind::ReadOnly,
        _ => Kind::Refused,
    };
    Trouble::new(kind, format!("{verb}: {}", said.words()))
}

/// The command without its arguments, which may be secret.
fn verb_of(command: &str) -> String {
    let words = if command.starts_with("UID ") { 2 } else { 1 };
    command.split(' ').take(words).collect::<Vec<_>>().join(" ")
}

fn goodbye(said: &Said) -> Trouble {
    let kind = if said.has("LIMIT") || said.has("OVERQUOTA") { Kind::Throttled } else { Kind::Goodbye };
    Trouble::new(kind, said.words())
}
