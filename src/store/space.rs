//! Free space of the file system that holds the store. The only user of `rustix`.

use std::path::{Path, PathBuf};

use super::report::health::Room;
use super::{Fault, Place, Store};

impl Store {
    /// Whether there is still room for mail: at least `min_free_space` percent of the file system.
    /// A file system that does not tell, and a server, are taken to have room; a write that finds none says so itself.
    pub fn require_space(&self) -> Result<(), Fault> {
        let options = self.options();
        let Place::File(file) = &options.place else { return Ok(()) };
        require_room(folder_of(file), file, options.min_free_space)
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
