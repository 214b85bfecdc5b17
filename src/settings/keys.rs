//! The key file: what our addresses and Message-IDs are sealed with.
//!
//! It is made at the first start and never changed by us. Whoever reads it can write addresses in our name, and whoever
//! loses it can no longer recognise the replies to mail that is out there; so it is readable by its owner alone, is complete
//! from the moment it has its name, and one that is there is never replaced. Of two processes that start at once, both end up
//! with the same key.
//!
//! The file: comment lines, and one line `number key` for each key, 64 lower-case hexadecimal digits, newest last. Numbers
//! are 1 to 15, because tokens carry four bits of them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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

/// The keys of the file; `None` when there is no file.
pub fn open(file: &Path) -> Result<Option<Keyring>, KeyFault> {
    let unreadable = |cause| KeyFault::Unreadable { file: file.to_owned(), cause };
    let damaged = |what| KeyFault::Damaged { file: file.to_owned(), what };
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let metadata = opened.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(damaged("it is not a file".to_owned()));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFault::TooOpen { file: file.to_owned(), mode });
    }
    let mut octets = Vec::new();
    opened.take(LARGEST_FILE + 1).read_to_end(&mut octets).map_err(unreadable)?;
    if octets.len() as u64 > LARGEST_FILE {
        return Err(damaged(format!("it is larger than {LARGEST_FILE} octets")));
    }
    let text = String::from_utf8(octets).map_err(|_| damaged("it is not text".to_owned()))?;
    parse(&text).map(Some).map_err(damaged)
}

/// Reads the lines of a key file. What is wrong is said without repeating the line, which may hold most of a key.
fn parse(text: &str) -> Result<Keyring, String> {
    let mut keys: Vec<Key> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = key(line).ok_or_else(|| {
            format!("line {} is not a number from 1 to 15 followed by 64 lower-case hexadecimal digits", index + 1)
        })?;
        if keys.iter().any(|earlier| earlier.id == key.id) {
            return Err(format!("line {} has the number {} a second time", index + 1, key.id));
        }
        keys.push(key);
    }
    let newest = keys.pop().ok_or("it holds no key")?;
    Ok(Keyring::new(newest, keys))
}

fn key(line: &str) -> Option<Key> {
    let (number, secret) = line.split_once(char::is_whitespace)?;
    let number = number.parse().ok().filter(|number| (1..=15).contains(number))?;
    let secret: [u8; 32] = from_hex(secret.trim())?.try_into().ok()?;
    Some(Key::new(number, &secret))
}

/// Writes a new key under a name of its own, makes it durable, and only then gives it its real name. That is done with a
/// link and not by renaming, since a rename would silently replace the key that another process has just made and begun to
/// use. A crash before the link leaves a file that nobody reads; after it, a complete key file.
fn make(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
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
