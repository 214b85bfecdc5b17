//! Free space of the file system that holds the store. The only user of `rustix`.

use std::path::Path;

use super::{Fault, Place, Store};

impl Store {
    /// Whether there is still room for mail: at least `min_free_space` percent of the file system.
    /// A file system that does not tell, and a server, are taken to have room; a write that finds none says so itself.
    pub fn require_space(&self) -> Result<(), Fault> {
        let options = self.options();
        let Place::File(file) = &options.place else { return Ok(()) };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        require_room(folder, file, options.min_free_space)
    }

    /// The same for the folder of large mail, where it is one.
    pub(in crate::store) fn require_space_for_objects(&self) -> Result<(), Fault> {
        let Some(folder) = self.objects.folder() else { return Ok(()) };
        require_room(folder, folder, self.options().min_free_space)
    }
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
