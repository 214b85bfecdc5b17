//! The files to try, read and parsed a batch at a time, ahead of who decides them.
//!
//! A folder is looked into when its turn has come; folders that are symbolic links are not, so no walk goes in circles. What is neither file
//! nor folder is passed over. A file or folder that cannot be read takes its place in the order with the reason.

use std::fs::{self, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::Attempt;
use crate::accept::pipe::{self, Refused};
use crate::model::arrival::{Arrival, Incoming};
use crate::process::{House, Read};

/// Mails that are read before they are handed on.
const MAILS: usize = 64;
/// Octets after which no further mail is added to a batch.
const OCTETS: usize = 16 * 1024 * 1024;

/// A file that was tried to be read.
pub(super) struct Tried {
    pub(super) file: PathBuf,
    /// The mail, or why there is none.
    pub(super) read: Result<Read, String>,
}

/// The files, and the envelope that all of them have.
pub(super) struct Archive {
    walk: Walk,
    envelope: Incoming,
    /// Whether nobody has named an envelope sender.
    sender_is_lost: bool,
    max_message_size: usize,
}

impl Archive {
    pub(super) fn of(attempt: &Attempt<'_>, envelope: Incoming) -> Self {
        let ahead = attempt.files.iter().rev().map(|path| (path.clone(), path.is_dir())).collect();
        let (sender_is_lost, max_message_size) = (attempt.from.is_none(), attempt.max_message_size);
        Self { walk: Walk { ahead }, envelope, sender_is_lost, max_message_size }
    }

    /// Reads all of it, and ends early when nobody takes what was read.
    pub(super) fn read(mut self, house: &House, batches: &mpsc::Sender<Vec<Tried>>) {
        loop {
            let batch = self.batch(house);
            if batch.is_empty() || batches.blocking_send(batch).is_err() {
                return;
            }
        }
    }

    fn batch(&mut self, house: &House) -> Vec<Tried> {
        let (mut batch, mut octets) = (Vec::new(), 0);
        while batch.len() < MAILS && octets < OCTETS {
            let Some(step) = self.walk.next() else { break };
            let read = step.and_then(|file| match self.octets_of(&file) {
                Ok(raw) => Ok((file, raw)),
                Err(why) => Err((file, why)),
            });
            match read {
                Ok((file, raw)) => {
                    octets += raw.len();
                    let tried = |arrival| Tried { file: file.clone(), read: self.read_one(house, arrival) };
                    batch.extend(arrivals(&self.envelope, raw).map(tried));
                }
                Err((file, why)) => batch.push(Tried { file, read: Err(why) }),
            }
        }
        batch
    }

    fn read_one(&self, house: &House, arrival: Arrival) -> Result<Read, String> {
        let read = house.try_to_read(arrival)?;
        Ok(if self.sender_is_lost { read.with_a_sender_of_its_own() } else { read })
    }

    fn octets_of(&self, file: &Path) -> Result<Vec<u8>, String> {
        let input = File::open(file).map_err(|error| error.to_string())?;
        pipe::read(input, self.max_message_size).map_err(|refused| match refused {
            Refused::Unreadable(error) => error.to_string(),
            refused => refused.to_string(),
        })
    }
}

/// One arrival for each department, as custody would make of them.
fn arrivals(envelope: &Incoming, raw: Vec<u8>) -> impl Iterator<Item = Arrival> {
    let Incoming { sender, departments, source, peer, received_at, archived, .. } = envelope;
    departments.iter().map(move |(department, recipients)| Arrival {
        id: 0,
        raw_id: 0,
        department: department.clone(),
        sender: sender.clone(),
        recipients: recipients.clone(),
        source: source.clone(),
        peer: peer.clone(),
        received_at: *received_at,
        archived: *archived,
        attempts: 1,
        raw: raw.clone(),
        missing: None,
        findings: None,
        release: None,
    })
}

/// The files that are meant, depth first, those of a folder in the order of their names.
struct Walk {
    /// What is still to be looked at, the next one last, and whether it is a folder.
    ahead: Vec<(PathBuf, bool)>,
}

impl Iterator for Walk {
    type Item = Result<PathBuf, (PathBuf, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (path, is_folder) = self.ahead.pop()?;
            if !is_folder {
                return Some(Ok(path));
            }
            match entries(&path) {
                Ok(entries) => self.ahead.extend(entries.into_iter().rev()),
                Err(error) => return Some(Err((path, error.to_string()))),
            }
        }
    }
}

fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() || kind.is_file() || (kind.is_symlink() && is_meant(&entry)) {
            found.push((entry.path(), kind.is_dir()));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a link is followed: to a file, or to what is not there, which is worth being told.
fn is_meant(link: &DirEntry) -> bool {
    fs::metadata(link.path()).map_or(true, |behind| behind.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_the_order_of_names_and_links_to_folders_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/deep/empty")).unwrap();
        for name in ["c.eml", "a.eml", "b/2", "b/1", "b/deep/x"] {
            fs::write(at(name), "").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), at("b/round")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("lost")).unwrap();
        let walk = Walk { ahead: vec![(at("c.eml"), false), (folder.path().to_owned(), true)] };
        let found: Vec<PathBuf> = walk.map(Result::unwrap).collect();
        let names = ["a.eml", "b/1", "b/2", "b/deep/x", "c.eml", "lost", "c.eml"];
        assert_eq!(found, names.map(at));
    }
}
