//! Free space of the file system that holds the store, and the limit on the size of its files. The only user of `rustix`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, Signal, getrlimit};

use super::report::health::Room;
use super::{Fault, Place, Store};

/// The signal by which the system ends a process that writes beyond its limit on files (`ulimit -f`, setrlimit(2)). Whoever catches it is
/// told by an error instead. A number, as tokio takes it.
pub const FILE_TOO_LARGE: i32 = Signal::XFSZ.as_raw();

/// What database and log may still grow by before there is no room: a batch of mails, their decisions and a checkpoint. SQLite calls a
/// write beyond the limit a broken disk, after which nothing may be accepted any more; so mail is refused before.
const GROWTH: u64 = 64 * 1024 * 1024;

impl Store {
    /// Whether there is still room for mail: at least `min_free_space` percent of the file system.
    /// A file system that does not tell, and a server, are taken to have room; a write that finds none says so itself.
    pub fn require_space(&self) -> Result<(), Fault> {
        let options = self.options();
        let Place::File(file) = &options.place else { return Ok(()) };
        require_room(folder_of(file), file, options.min_free_space)?;
        require_growth(file, getrlimit(Resource::Fsize).current)
    }

    /// The same for the folder of large mail, where it is one.
    pub(in crate::store) fn require_space_for_objects(&self) -> Result<(), Fault> {
        let Some(folder) = self.objects.folder() else { return Ok(()) };
        require_room(folder, folder, self.options().min_free_space)
    }
}

impl Store {
    /// What a store in a file takes, with its log, and what its file system has.
    pub(in crate::store) fn room_of_file(&self) -> Room {
        let Place::File(file) = &self.options().place else { return Room::default() };
        let mut log = file.clone().into_os_string();
        log.push("-wal");
        let size = |file: &Path| std::fs::metadata(file).ok().map(|about| about.len());
        let size = size(file).map(|octets| octets + size(&PathBuf::from(log)).unwrap_or_default());
        let kind = "sqlite".to_owned();
        let Ok(room) = rustix::fs::statvfs(folder_of(file)) else { return Room { kind, size, ..Room::default() } };
        let needed = room.f_blocks / 100 * u64::from(self.options().min_free_space);
        let octets = |blocks: u64| Some(blocks.saturating_mul(room.f_frsize));
        Room { kind, size, free: octets(room.f_bavail), whole: octets(room.f_blocks), needed: octets(needed) }
    }
}

/// The folder that a file is in.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn require_room(folder: &Path, shown: &Path, share: u8) -> Result<(), Fault> {
    let Ok(room) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let needed = room.f_blocks / 100 * u64::from(share);
    if room.f_bavail >= needed {
        return Ok(());
    }
    let shown = shown.display();
    Err(Fault::Full(format!("less than {share} % of the file system of {shown} is free (`[store] min_free_space`)")))
}

/// Whether the files of the database may still grow by enough.
fn require_growth(file: &Path, limit: Option<u64>) -> Result<(), Fault> {
    let Some(limit) = limit else { return Ok(()) };
    let mut log = OsString::from(file);
    log.push("-wal");
    let largest = [file, Path::new(&log)].into_iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).max();
    if largest.unwrap_or(0).saturating_add(GROWTH) <= limit {
        return Ok(());
    }
    let shown = file.display();
    Err(Fault::Full(format!(
        "{shown} comes near the {limit} octets that this process may write to a file (`ulimit -f`, LimitFSIZE=)"
    )))
}
