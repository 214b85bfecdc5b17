//! The key file: what our addresses and Message-IDs are sealed with.
//!
//! It is made at the first start, and changed only by `postdesk key` ([`rotation`]). Whoever reads it can write addresses in our name, and
//! whoever loses it can no longer recognise the replies to mail that is out there; so it is readable by its owner alone, is complete
//! from the moment it has its name, and one that is there is never replaced by a first one. Of two processes that start at once, both
//! end up with the same key.
//!
//! The file: comment lines, and one line `number key` or `number key word` for each key, 64 lower-case hexadecimal digits. Numbers
//! are 1 to 15, because tokens carry four bits of them. The last line without a word seals, those above it verify. The words:
//!
//! - `next`: verifies, and does not seal yet. So a key can be made known to several gateways before the first of them uses it.
//! - `revoked`: verifies nothing. It stays for the sake of its number, and the oldest also because recipients are digested with it.

pub mod rotation;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::credential;
use crate::model::encoding::{from_hex, hex};
use crate::model::seal::Key;
use crate::model::token::Keyring;

/// Octets of a key file: sixteen keys and their comments fit many times over.
const LARGEST_FILE: u64 = 64 * 1024;

const COMMENT: &str = "# postdesk: secret keys for signed addresses, newest last. Keep it with the database.";

/// Why there are no keys. Never holds a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The file is there and cannot be read.
    #[error("the key file {} cannot be read: {cause}", file.display())]
    Unreadable {
        /// The key file.
        file: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Others than its owner can get at the keys.
    #[error("the key file {file} is open to group or others (mode {mode:04o}); run: chmod 600 {file}", file = file.display())]
    TooOpen {
        /// The key file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What is in the file is not a list of keys.
    #[error("the key file {} is damaged: {what}; put it back from a backup, a new key knows no earlier reply", file.display())]
    Damaged {
        /// The key file.
        file: PathBuf,
        /// What is wrong with it, and in which line.
        what: String,
    },
    /// There is no file to change.
    #[error("there is no key file {}; the first start of the gateway makes it", file.display())]
    Missing {
        /// The key file.
        file: PathBuf,
    },
    /// The file cannot be replaced by a changed one.
    #[error("the key file {} cannot be changed, and is as it was: {cause}", file.display())]
    NotChanged {
        /// The key file.
        file: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The change makes no sense.
    #[error("the key file {} was not changed: {why}", file.display())]
    Refused {
        /// The key file.
        file: PathBuf,
        /// Why not, and what to do instead.
        why: String,
    },
    /// A new file could not be made.
    #[error("the key file {} cannot be made: {cause}", file.display())]
    NotMade {
        /// The key file.
        file: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// The keys of the file; makes the file, its folder and a first key when there is none.
pub fn open_or_make(file: &Path) -> Result<Keyring, KeyFault> {
    if let Some(keys) = open(file)? {
        return Ok(keys);
    }
    make(file).map_err(|cause| KeyFault::NotMade { file: file.to_owned(), cause })?;
    // Read back what stands under the name: it is the other's key when another process was faster.
    open(file)?.ok_or_else(|| KeyFault::NotMade { file: file.to_owned(), cause: io::ErrorKind::NotFound.into() })
}

/// What a key is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It seals what goes out, and verifies what comes back.
    Seals,
    /// It verifies what it sealed before.
    Verifies,
    /// It verifies, and seals after the next rotation.
    Next,
    /// It verifies nothing.
    Revoked,
}

impl State {
    /// The name in lists and JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Seals => "seals",
            State::Verifies => "verifies",
            State::Next => "next",
            State::Revoked => "revoked",
        }
    }
}

/// A key as it may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub number: u8,
    /// What it is good for.
    pub state: State,
    /// Whether it is the one that recipients are digested with.
    pub oldest: bool,
}

/// The keys of the file; `None` when there is no file.
pub fn open(file: &Path) -> Result<Option<Keyring>, KeyFault> {
    let Some(text) = read(file)? else { return Ok(None) };
    let lines = lines_of(&text).map_err(|what| damaged(file, what))?;
    ring(&lines).map(Some).map_err(|what| damaged(file, what))
}

/// What keys there are, in the order of the file; `None` when there is no file.
pub fn list(file: &Path) -> Result<Option<Vec<Listed>>, KeyFault> {
    let Some(text) = read(file)? else { return Ok(None) };
    Ok(Some(states(&lines_of(&text).map_err(|what| damaged(file, what))?)))
}

fn damaged(file: &Path, what: String) -> KeyFault {
    KeyFault::Damaged { file: file.to_owned(), what }
}

fn read(file: &Path) -> Result<Option<String>, KeyFault> {
    match File::open(file) {
        Ok(opened) => read_text(file, &opened).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(KeyFault::Unreadable { file: file.to_owned(), cause }),
    }
}

fn read_text(file: &Path, opened: &File) -> Result<String, KeyFault> {
    let unreadable = |cause| KeyFault::Unreadable { file: file.to_owned(), cause };
    let damaged = |what| damaged(file, what);
    let metadata = opened.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(damaged("it is not a file".to_owned()));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 && !credential::is_one(file) {
        return Err(KeyFault::TooOpen { file: file.to_owned(), mode });
    }
    let mut octets = Vec::new();
    opened.take(LARGEST_FILE + 1).read_to_end(&mut octets).map_err(unreadable)?;
    if octets.len() as u64 > LARGEST_FILE {
        return Err(damaged(format!("it is larger than {LARGEST_FILE} octets")));
    }
    String::from_utf8(octets).map_err(|_| damaged("it is not text".to_owned()))
}

/// What may stand behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Next,
    Revoked,
}

/// A line of the file: a key, or what is kept as it stands.
#[derive(Clone)]
enum Line {
    Key { number: u8, secret: [u8; 32], word: Option<Word> },
    Other(String),
}

impl Line {
    fn of_key(number: u8, secret: [u8; 32], word: Option<Word>) -> Self {
        Line::Key { number, secret, word }
    }

    fn number(&self) -> Option<u8> {
        match self {
            Line::Key { number, .. } => Some(*number),
            Line::Other(_) => None,
        }
    }

    fn word(&self) -> Option<Word> {
        match self {
            Line::Key { word, .. } => *word,
            Line::Other(_) => None,
        }
    }

    fn set_word(&mut self, to: Option<Word>) {
        if let Line::Key { word, .. } = self {
            *word = to;
        }
    }

    /// As it stands in the file, without its end.
    fn text(&self) -> String {
        match self {
            Line::Other(text) => text.clone(),
            Line::Key { number, secret, word } => {
                let word = match word {
                    None => "",
                    Some(Word::Next) => " next",
                    Some(Word::Revoked) => " revoked",
                };
                format!("{number} {}{word}", hex(secret))
            }
        }
    }
}

/// Reads the lines of a key file. What is wrong is said without repeating the line, which may hold most of a key.
fn lines_of(text: &str) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    for (index, text) in text.lines().enumerate() {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            lines.push(Line::Other(text.to_owned()));
            continue;
        }
        let line = key_line(trimmed).ok_or_else(|| {
            format!(
                "line {} is not a number from 1 to 15 followed by 64 lower-case hexadecimal digits, with `next`, `revoked` or \
                 nothing behind them",
                index + 1
            )
        })?;
        if let Some(number) = line.number().filter(|number| lines.iter().any(|earlier| earlier.number() == Some(*number))) {
            return Err(format!("line {} has the number {number} a second time", index + 1));
        }
        lines.push(line);
    }
    if lines.iter().all(|line| line.number().is_none()) {
        return Err("it holds no key".to_owned());
    }
    if !lines.iter().any(|line| line.number().is_some() && line.word().is_none()) {
        return Err("it holds no key that seals: each is `next` or `revoked`".to_owned());
    }
    Ok(lines)
}

fn key_line(line: &str) -> Option<Line> {
    let mut words = line.split_whitespace();
    let number = words.next()?.parse().ok().filter(|number| (1..=15).contains(number))?;
    let secret: [u8; 32] = from_hex(words.next()?)?.try_into().ok()?;
    let word = match words.next() {
        None => None,
        Some("next") => Some(Word::Next),
        Some("revoked") => Some(Word::Revoked),
        Some(_) => return None,
    };
    words.next().is_none().then_some(Line::Key { number, secret, word })
}

/// The keys in the order of the file. The oldest is the first that has ever been used.
fn states(lines: &[Line]) -> Vec<Listed> {
    let seals = lines.iter().rev().find(|line| line.number().is_some() && line.word().is_none()).and_then(Line::number);
    let oldest = lines.iter().find(|line| line.number().is_some() && line.word() != Some(Word::Next)).and_then(Line::number);
    let state = |line: &Line, number| match line.word() {
        Some(Word::Next) => State::Next,
        Some(Word::Revoked) => State::Revoked,
        None if seals == Some(number) => State::Seals,
        None => State::Verifies,
    };
    let listed =
        |line: &Line| line.number().map(|number| Listed { number, state: state(line, number), oldest: oldest == Some(number) });
    lines.iter().filter_map(listed).collect()
}

fn ring(lines: &[Line]) -> Result<Keyring, String> {
    let (mut newest, mut others, mut oldest) = (None, Vec::new(), None);
    let keys = lines.iter().filter_map(|line| match line {
        Line::Key { number, secret, .. } => Some(Key::new(*number, secret)),
        Line::Other(_) => None,
    });
    for (listed, key) in states(lines).iter().zip(keys) {
        if listed.oldest {
            oldest = Some(key.clone());
        }
        match listed.state {
            State::Seals => newest = Some(key),
            State::Verifies | State::Next => others.push(key),
            State::Revoked => {}
        }
    }
    let newest = newest.ok_or("it holds no key that seals")?;
    Ok(Keyring::with_oldest(newest.clone(), others, oldest.unwrap_or(newest)))
}

/// Writes a new key under a name of its own, makes it durable, and only then gives it its real name. That is done with a
/// link and not by renaming, since a rename would silently replace the key that another process has just made and begun to
/// use. A crash before the link leaves a file that nobody reads; after it, a complete key file.
fn make(file: &Path) -> io::Result<()> {
    let folder = folder_of(file);
    // What is kept beside the key is the mail of customers: nobody else's business either.
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".new-{}", hex(&random::<8>()?)));
    let draft = folder.join(name);
    let linked = write(&draft).and_then(|()| match fs::hard_link(&draft, file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let removed = fs::remove_file(&draft);
    linked.and(removed)?;
    // The winner's link as well as ours: neither may be used before it is sure to be there tomorrow.
    File::open(folder)?.sync_all()
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write(draft: &Path) -> io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    writeln!(opened, "{COMMENT}\n1 {}", hex(&random::<32>()?))?;
    opened.sync_all()
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut octets)?;
    Ok(octets)
}
