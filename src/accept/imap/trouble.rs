//! What can be wrong with an account, in words for an operator, and of what kind it is.

use std::fmt;
use std::time::Duration;

/// The longest text of a foreign server that is kept, in characters.
const LONGEST_TEXT: usize = 500;
/// What stands where a secret was.
const HIDDEN: &str = "…";
/// How many octets of a secret at the end of a text are its beginning, and no accident.
const RECOGNISED: usize = 4;

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
        Self::new(Kind::Late, format!("{what}: nothing within {:.1} s", limit.as_secs_f32()))
    }

    pub(super) fn nonsense(words: impl AsRef<str>) -> Self {
        Self::new(Kind::Nonsense, words)
    }

    /// The same without a secret, which a server may have repeated: as it is, as these words are written, and cut off at their end.
    pub(super) fn without(mut self, secret: &str) -> Self {
        for secret in [secret, &one_line(secret)].into_iter().filter(|secret| !secret.is_empty()) {
            self.words = self.words.replace(secret, HIDDEN);
            let beginnings = secret.char_indices().map(|(at, _)| at).filter(|at| *at >= RECOGNISED);
            let cut = beginnings.filter_map(|at| self.words.strip_suffix(&secret[..at])).map(str::len).min();
            if let Some(length) = cut {
                self.words.replace_range(length.., HIDDEN);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_repeated_is_hidden_also_where_it_is_cut_off_or_its_spaces_were_changed() {
        let said = |text: &str, secret: &str| Trouble::new(Kind::Login, text).without(secret).to_string();
        assert_eq!(said("no hush for hush", "hush"), "no … for …");
        assert_eq!(said("no \"two  spaces\"\r\n", "two  spaces"), "no \"…\"");
        let token = "abcd".repeat(300);
        assert_eq!(said(&format!("what is {token}?"), &token), "what is …");
        assert_eq!(said("an end that is had", "had it"), "an end that is had");
    }

    #[test]
    fn words_of_a_server_are_one_line_of_some_length_without_control_characters() {
        let words = Trouble::new(Kind::Refused, format!("a\r\n\u{1b}[31mb\0 {}", "x".repeat(9_000)));
        assert!(words.to_string().starts_with("a [31mb xxx") && words.to_string().len() <= LONGEST_TEXT, "{words}");
    }
}
