//! The mark beside the file while a gateway works on it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::Base;
use crate::store::Fault;
use crate::store::mark::{self, Mark};

/// What was last written into the mark.
#[derive(Debug)]
pub(super) struct Marked {
    file: PathBuf,
    /// -1: nothing yet.
    counted: AtomicI64,
    /// The disk has failed: the mark is left as it is.
    distrusted: AtomicBool,
}

impl Marked {
    pub(super) fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), counted: AtomicI64::new(-1), distrusted: AtomicBool::new(false) }
    }
}

impl Base {
    /// Says beside the file that a gateway works on it, and how far the counters have come.
    pub(in crate::store) async fn mark(&self) -> Result<(), Fault> {
        let mut reader = self.reader().await?;
        let counted = sqlx::query_scalar("SELECT CAST(SUM(next) AS BIGINT) FROM counter").fetch_one(&mut *reader).await?;
        reader.release();
        if !self.marked.distrusted.load(Ordering::Relaxed) && self.marked.counted.load(Ordering::Relaxed) != counted {
            Mark::now(counted).put(&self.marked.file).map_err(|error| self.unwritten(&error))?;
            self.marked.counted.store(counted, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The gateway stops in order.
    pub(in crate::store) fn unmark(&self) -> Result<(), Fault> {
        if self.marked.distrusted.load(Ordering::Relaxed) {
            return Ok(());
        }
        mark::remove(&self.marked.file).map_err(|error| self.unwritten(&error))
    }

    /// The disk has failed: whatever follows, the next start looks at everything.
    pub(in crate::store) fn distrust(&self) {
        self.marked.distrusted.store(true, Ordering::Relaxed);
        let counted = self.marked.counted.load(Ordering::Relaxed);
        if let Err(error) = Mark::distrusted(counted).put(&self.marked.file) {
            tracing::debug!(%error, "the mark beside the database could not be written");
        }
    }

    fn unwritten(&self, error: &std::io::Error) -> Fault {
        let place = mark::place(&self.marked.file);
        let why = format!("cannot write {}: {error}", place.display());
        if error.kind() == std::io::ErrorKind::StorageFull { Fault::Full(why) } else { Fault::Away(why) }
    }
}
