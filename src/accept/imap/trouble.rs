//! What can be wrong with an account, in words for an operator, and of what kind it is.

use std::fmt;
use std::time::Duration;

/// The longest text of a foreign server that is kept, in characters.
const LONGEST_TEXT: usize = 500;

/// Why something did not work. It holds no secret, and nothing of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    kind: Kind,
    words: String,
}

/// What is wrong, and with it who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The server cannot be connected to, or the connection broke off.
    Unreachable,
    /// There is no TLS with it, or its certificate is not believed.
    Tls,
    /// The user and the password are not good, or there is no way to log in with them.
    Login,
    /// There is no access token, or it is not good.
    Token,
    /// The folder does not exist.
    NoSuchFolder,
    /// What was asked for may not be done in this folder.
    ReadOnly,
    /// The mailbox has no room.
    Full,
    /// The server wants to be asked less, or has too many connections.
    Throttled,
    /// NO or BAD, for another reason.
    Refused,
    /// BYE: the server ended the connection.
    Goodbye,
    /// The server says nothing.
    Late,
    /// A message is longer than it may be, and than was announced. The connection is as good as before.
    TooLong,
    /// What the server says is not IMAP, or beyond what anybody would read.
    Nonsense,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Unreachable,
        Self::Tls,
        Self::Login,
        Self::Token,
        Self::NoSuchFolder,
        Self::ReadOnly,
        Self::Full,
        Self::Throttled,
        Self::Refused,
        Self::Goodbye,
        Self::Late,
        Self::TooLong,
        Self::Nonsense,
    ];

    /// One word, for lists and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Token => "token",
            Self::NoSuchFolder => "no-such-folder",
            Self::ReadOnly => "read-only",
            Self::Full => "full",
            Self::Throttled => "throttled",
            Self::Refused => "refused",
            Self::Goodbye => "goodbye",
            Self::Late => "late",
            Self::TooLong => "too-long",
            Self::Nonsense => "nonsense",
        }
    }
}

impl Trouble {
    /// Trouble of this kind. The words may be a server's: they are made one line without control characters.
    pub fn new(kind: Kind, words: impl AsRef<str>) -> Self {
        Self { kind, words: one_line(words.as_ref()) }
    }

    /// Of what kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong, in words for an operator.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Whether the connection can be used further: the server has answered, and what it said is known.
    pub fn leaves_the_connection(&self) -> bool {
        use Kind::{Full, NoSuchFolder, ReadOnly, Refused, Throttled, TooLong};
        matches!(self.kind, Full | NoSuchFolder | ReadOnly | Refused | Throttled | TooLong)
    }

    pub(super) fn late(what: &str, limit: Duration) -> Self {
        Self::new(Kind::Late, format!("{what}: nothing within {} s", limit.as_secs_f32()))
    }

    pub(super) fn nonsense(words: impl AsRef<str>) -> Self {
        Self::new(Kind::Nonsense, words)
    }

    /// The same without a secret, which a server may have repeated.
    pub(super) fn without(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            self.words = self.words.replace(secret, "…");
        }
        self
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

impl std::error::Error for Trouble {}

fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST_TEXT).collect()
}
