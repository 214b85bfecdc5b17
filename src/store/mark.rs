//! The mark beside a database file: made when a gateway begins to work on it, removed when it stops in order.
//!
//! A mark that is found at a start tells that the last gateway was killed or the machine lost its power, so the file is checked first; how
//! thoroughly, the mark helps to decide. It stands outside the database because it is to be read where that one cannot be. It also says how far
//! the counters of the desk had come: a file that knows less is not the one that the gateway worked on, or has lost its log. It is written
//! without a sync, since a commit is always on the disk before the mark that speaks of it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What ends the mark's name, behind that of the database.
const ENDING: &str = "-in-use";
/// What names the run of the system since it was started: another one means that its memory is gone (Linux, `random(4)`).
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
/// Written in place of it when the disk has failed: nothing in memory can be relied on.
const DISTRUSTED: &str = "distrusted";

/// What a mark says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct Mark {
    /// The run of the system in which it was made.
    boot: String,
    /// Sum of the counters at that time, at least.
    pub(in crate::store) counted: i64,
}

impl Mark {
    /// A mark of this moment.
    pub(in crate::store) fn now(counted: i64) -> Self {
        Self { boot: boot(), counted }
    }

    /// That what was written may not be there.
    pub(in crate::store) fn distrusted(counted: i64) -> Self {
        Self { boot: DISTRUSTED.to_owned(), counted }
    }

    /// Whether the system has kept in memory whatever was written since, because it runs on: only the gateway was killed.
    pub(in crate::store) fn is_of_this_boot(&self) -> bool {
        !self.boot.is_empty() && self.boot == boot()
    }

    /// Puts the mark beside the file, in place of the one before.
    pub(in crate::store) fn put(&self, file: &Path) -> io::Result<()> {
        let place = place(file);
        let mut unfinished = place.clone().into_os_string();
        unfinished.push("~");
        let mut made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        write!(made, "boot {}\ncounted {}\n", self.boot, self.counted)?;
        fs::rename(unfinished, place)
    }

    /// The mark beside the file; `None`: its last gateway stopped in order. One that a power cut has left unreadable says nothing but that.
    pub(in crate::store) fn of(file: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(place(file)) {
            Ok(text) => Ok(Some(Self::read(&text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Some(Self::default())),
            Err(error) => Err(error),
        }
    }

    fn read(text: &str) -> Self {
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
        Self { boot: value("boot ").to_owned(), counted: value("counted ").parse().unwrap_or_default() }
    }
}

/// Where the mark of a database file is.
pub fn place(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ENDING);
    name.into()
}

/// Removes the mark of a database file: its gateway stops in order, or another file is put in its place on purpose.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(place(file)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The run of the system; empty where it has no name, and then no mark is of it.
fn boot() -> String {
    fs::read_to_string(BOOT).map(|text| text.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_put_and_one_that_is_half_there_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.db");
        assert_eq!(Mark::of(&file).unwrap(), None);
        Mark::now(7).put(&file).unwrap();
        let mark = Mark::of(&file).unwrap().unwrap();
        assert_eq!(mark.counted, 7);
        assert!(mark.is_of_this_boot());
        Mark::distrusted(8).put(&file).unwrap();
        assert!(!Mark::of(&file).unwrap().unwrap().is_of_this_boot());
        for torn in [&b""[..], b"boot ", b"\0\0\0\0", b"\xff\xfe"] {
            fs::write(place(&file), torn).unwrap();
            let mark = Mark::of(&file).unwrap().unwrap();
            assert_eq!((mark.is_of_this_boot(), mark.counted), (false, 0), "{torn:?}");
        }
        remove(&file).unwrap();
        remove(&file).unwrap();
        assert_eq!(Mark::of(&file).unwrap(), None);
    }
}
