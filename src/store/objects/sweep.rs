//! The sweep: objects that no mail names are removed, when they are old enough that no COMMIT under way can name them any more.
//!
//! Only what has the form of our names is looked at, and only where the marker says that the objects are ours. A named one is never removed:
//! a name is used once, so an old object that is not named now never will be.

use std::collections::HashSet;
use std::path::Path as FilePath;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::{STEP, Unhad, is_name, within};
use crate::model::time::Time;
use crate::store::{Fault, Store};

/// Names that the database is asked about at a time.
const PAGE: usize = 500;
/// From this age on nothing that is not named is kept. Far more than a COMMIT is waited for, and than clocks differ.
pub const ORPHANED: Duration = Duration::from_secs(24 * 3600);

impl Store {
    /// Removes the objects older than this that no mail names; how many. Nothing to do where there are none.
    ///
    /// # Errors
    /// When the objects or the database are away. What was removed until then were orphans.
    pub async fn sweep_objects(&self, older_than: Duration) -> Result<usize, Fault> {
        if self.objects.0.options.is_none() {
            return Ok(0);
        }
        self.adopt_objects().await?;
        let objects = self.objects.objects()?;
        let eldest = Time::from(SystemTime::now()).minus(older_than);
        let mut listed = objects.list(None);
        let mut removed = 0;
        let mut page = Vec::with_capacity(PAGE);
        while let Some(object) = within(STEP, async { listed.next().await.transpose() }).await? {
            let name = object.location.to_string();
            if is_name(&name) && object.last_modified.timestamp_micros() < eldest.0 {
                page.push(name);
            }
            if page.len() == PAGE {
                removed += self.remove_orphans(std::mem::take(&mut page)).await?;
            }
        }
        removed += self.remove_orphans(page).await?;
        if let Some(folder) = self.objects.folder().map(FilePath::to_owned) {
            let swept = tokio::task::spawn_blocking(move || remove_unfinished(&folder, older_than)).await;
            removed += swept.map_err(|error| Fault::Away(error.to_string()))?;
        }
        Ok(removed)
    }

    async fn remove_orphans(&self, names: Vec<String>) -> Result<usize, Fault> {
        if names.is_empty() {
            return Ok(0);
        }
        let named: HashSet<String> = on_either!(self, base => base.named_objects(&names))?.into_iter().collect();
        let objects = self.objects.objects()?;
        let mut removed = 0;
        for name in names.iter().filter(|name| !named.contains(*name)) {
            match within(STEP, objects.delete(&Path::from(name.as_str()))).await {
                Ok(()) => removed += 1,
                // Another gateway was faster.
                Err(Unhad::Missing(_)) => {}
                Err(unhad) => return Err(unhad.into()),
            }
        }
        Ok(removed)
    }
}

/// What a process that was killed had begun to write into a folder: `<name>#<number>`, which no list shows. What cannot be removed now
/// is found by the next sweep.
fn remove_unfinished(folder: &FilePath, older_than: Duration) -> usize {
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|path| std::fs::read_dir(path).into_iter().flatten().flatten());
    let mut removed = 0;
    for file in files {
        let name = file.file_name();
        let unfinished = name.to_str().and_then(|name| name.split_once('#')).is_some_and(|(name, number)| {
            is_name(&format!("{}/{name}", name.get(..2).unwrap_or_default()))
                && number.bytes().all(|octet| octet.is_ascii_digit())
        });
        let age = file.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if unfinished && age.is_some_and(|age| age > older_than) && std::fs::remove_file(file.path()).is_ok() {
            removed += 1;
        }
    }
    removed
}
