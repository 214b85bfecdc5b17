//! Changes of the key file: a new key, a key that is announced before it seals, a key that verifies nothing any more.
//!
//! The file is replaced as a whole, by a rename of one that is complete and durable, so a crash leaves the old file or the new one. Who
//! changes it holds a lock on it, so of two changes at once neither is lost. Comments stay as they are. A key that is valid
//! is never taken out; the line of a revoked one makes room when its number is needed again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use super::{KeyFault, Line, Listed, State, Word, damaged, folder_of, lines_of, random, read_text, states};
use crate::model::encoding::hex;

/// Numbers that a key can have: tokens carry four bits, and 0 is for desks without keys.
const NUMBERS: u8 = 15;

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Number of the key that it is about.
    pub number: u8,
    /// Number of a revoked key whose line was taken out to make room.
    pub removed: Option<u8>,
    /// All keys, as they are now.
    pub keys: Vec<Listed>,
}

/// Makes a new key that seals from the next reading of the file on; the one that was announced, when there is one.
///
/// # Errors
/// When the file cannot be read or replaced, or all numbers are taken by keys that are valid.
pub fn rotate(file: &Path) -> Result<Changed, KeyFault> {
    change(file, |lines| match lines.iter().position(|line| line.word() == Some(Word::Next)) {
        Some(at) => {
            let mut line = lines.remove(at);
            let number = line.number().unwrap_or_default();
            line.set_word(None);
            lines.push(line);
            Ok((number, None))
        }
        None => add(lines, None),
    })
}

/// Makes a new key that every gateway knows from its next reading of the file on, and that seals nothing yet.
///
/// # Errors
/// As [`rotate`]; also when one is announced already.
pub fn announce(file: &Path) -> Result<Changed, KeyFault> {
    change(file, |lines| {
        if let Some(line) = lines.iter().find(|line| line.word() == Some(Word::Next)) {
            let number = line.number().unwrap_or_default();
            return Err(format!(
                "key {number} is announced already; when every gateway was reloaded or started since, run `postdesk key rotate`"
            ));
        }
        add(lines, Some(Word::Next))
    })
}

/// Makes a key that verifies nothing from the next reading of the file on: whatever it sealed is dead.
///
/// # Errors
/// When the file cannot be read or replaced, there is no key of this number, or it is the one that seals.
pub fn revoke(file: &Path, number: u8) -> Result<Changed, KeyFault> {
    change(file, |lines| {
        let state = states(lines).into_iter().find(|key| key.number == number).map(|key| key.state);
        match state {
            None => Err(format!("there is no key {number}; `postdesk key list` shows those there are")),
            Some(State::Revoked) => Err(format!("key {number} is revoked already")),
            Some(State::Seals) => {
                Err(format!("key {number} is the one that seals; run `postdesk key rotate` first, then revoke it"))
            }
            Some(State::Verifies | State::Next) => {
                let line = lines.iter_mut().find(|line| line.number() == Some(number));
                if let Some(line) = line {
                    line.set_word(Some(Word::Revoked));
                }
                Ok((number, None))
            }
        }
    })
}

/// Adds a key with a free number. The number follows that of the last line, so that one that was revoked is used again as late as can be.
fn add(lines: &mut Vec<Line>, word: Option<Word>) -> Result<(u8, Option<u8>), String> {
    let taken: Vec<u8> = lines.iter().filter_map(Line::number).collect();
    let last = taken.last().copied().unwrap_or_default();
    let free = (0..NUMBERS).map(|step| (last + step) % NUMBERS + 1).find(|number| !taken.contains(number));
    let (number, removed) = match free {
        Some(number) => (number, None),
        None => {
            // The oldest names the recipients of all tokens, revoked or not.
            let oldest = states(lines).iter().find(|key| key.oldest).map(|key| key.number);
            let revoked = lines.iter().position(|line| line.word() == Some(Word::Revoked) && line.number() != oldest);
            let at = revoked.ok_or("all 15 numbers are in use; revoke a key first that nobody needs any more")?;
            let number = lines.remove(at).number().unwrap_or_default();
            (number, Some(number))
        }
    };
    let secret = random::<32>().map_err(|error| format!("no new key can be made: {error}"))?;
    lines.push(Line::of_key(number, secret, word));
    Ok((number, removed))
}

/// Changes the lines of the file under a lock, and puts the new file in its place.
fn change(file: &Path, edit: impl FnOnce(&mut Vec<Line>) -> Result<(u8, Option<u8>), String>) -> Result<Changed, KeyFault> {
    let not_changed = |cause| KeyFault::NotChanged { file: file.to_owned(), cause };
    // What the name leads to is replaced, not a link to it.
    let real = match fs::canonicalize(file) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(KeyFault::Missing { file: file.to_owned() }),
        Err(error) => return Err(not_changed(error)),
    };
    let (locked, text) = lock(file, &real)?;
    let mut lines = lines_of(&text).map_err(|what| damaged(file, what))?;
    let (number, removed) = edit(&mut lines).map_err(|why| KeyFault::Refused { file: file.to_owned(), why })?;
    let new: String = lines.iter().map(|line| format!("{}\n", line.text())).collect();
    // Read back before it counts: a file that could not be read would stop every gateway.
    let keys = states(&lines_of(&new).map_err(|what| damaged(file, what))?);
    replace(&real, &locked, &new).map_err(not_changed)?;
    Ok(Changed { number, removed, keys })
}

/// Locks what stands under the name, and reads it. Another change may have put a new file there while we waited.
fn lock(file: &Path, real: &Path) -> Result<(File, String), KeyFault> {
    let not_changed = |cause| KeyFault::NotChanged { file: file.to_owned(), cause };
    loop {
        let opened = File::open(real).map_err(not_changed)?;
        opened.lock().map_err(not_changed)?;
        let ours = opened.metadata().map_err(not_changed)?;
        let there = fs::metadata(real).map_err(not_changed)?;
        if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
            let text = read_text(file, &opened)?;
            return Ok((opened, text));
        }
    }
}

/// Writes the new file under a name of its own, makes it durable, and gives it the real name. Owner and group stay: the gateway's user has
/// to read it, whoever rotates.
fn replace(real: &Path, old: &File, text: &str) -> io::Result<()> {
    let draft = draft_of(real)?;
    let written = write(&draft, old, text).and_then(|()| fs::rename(&draft, real));
    if written.is_err() {
        // It holds keys: nothing of it stays behind.
        let _ = fs::remove_file(&draft);
    }
    written?;
    File::open(folder_of(real))?.sync_all()
}

fn draft_of(real: &Path) -> io::Result<PathBuf> {
    let mut name = real.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".new-{}", hex(&random::<8>()?)));
    Ok(folder_of(real).join(name))
}

fn write(draft: &Path, old: &File, text: &str) -> io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    let (is, was) = (opened.metadata()?, old.metadata()?);
    if (is.uid(), is.gid()) != (was.uid(), was.gid()) {
        fchown(&opened, Some(was.uid()), Some(was.gid()))?;
    }
    opened.write_all(text.as_bytes())?;
    opened.sync_all()
}
