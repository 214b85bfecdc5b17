//! The insert behind every 250: the raw octets and the arrivals of a batch of mails, in one commit.

use std::time::{Duration, SystemTime};

use super::{Fault, Kind, Store, lite, objects, pg};
use crate::model::arrival::Incoming;

/// How long after its object was written a mail may still be inserted. Far less than the age from which the sweep removes what is not
/// named: a machine that slept in between must not name what has been removed.
const INSERTED_WITHIN: Duration = Duration::from_secs(3600);

/// A mail as it is inserted.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The mail; its octets, unless an object holds them.
    pub incoming: Incoming,
    /// SHA-256 of the octets.
    pub digest: [u8; 32],
    /// How many there are.
    pub size: usize,
    /// The object that holds them, and when that was written.
    pub object: Option<(String, SystemTime)>,
}

impl Sealed {
    /// A mail whose octets go into the database.
    pub fn whole(incoming: Incoming, digest: [u8; 32]) -> Self {
        Self { size: incoming.raw.len(), incoming, digest, object: None }
    }

    fn may_be_inserted(&self) -> bool {
        // A clock that was set back tells nothing, and is no sleep.
        let age = self.object.as_ref().and_then(|(_, written)| written.elapsed().ok());
        age.is_none_or(|age| age < INSERTED_WITHIN)
    }
}

/// What came of an insert.
#[derive(Debug)]
pub enum Inserted {
    /// It is on the disk: the arrival numbers of each mail, one for each department.
    Taken(Vec<Vec<i64>>),
    /// The connection was lost with the COMMIT under way: nobody may be answered before [`Store::find_out`].
    InDoubt(Doubt),
}

/// A batch whose COMMIT was sent and not answered.
#[derive(Debug)]
pub struct Doubt(pub(in crate::store) pg::doubt::Doubt);

impl Store {
    /// Makes a mail ready to be inserted: writes a large one to its object, where there is a place for them. When this returns, the
    /// object is on the disk. A mail that is not inserted afterwards leaves an orphan there, for the sweep.
    pub async fn seal(&self, mut incoming: Incoming, digest: [u8; 32]) -> Result<Sealed, Fault> {
        let size = incoming.raw.len();
        if !self.objects.take(size) {
            return Ok(Sealed::whole(incoming, digest));
        }
        self.adopt_objects().await?;
        self.require_space_for_objects()?;
        let name = objects::new_name(&digest)?;
        let written = SystemTime::now();
        self.objects.put(&name, std::mem::take(&mut incoming.raw)).await?;
        Ok(Sealed { incoming, digest, size, object: Some((name, written)) })
    }

    /// Takes the mails into custody, all or none. When this returns arrival numbers, they are on the disk.
    ///
    /// A crash before the COMMIT leaves nothing; after it, everything. There is no state between.
    pub async fn insert_arrivals(&self, batch: &[Sealed]) -> Result<Inserted, Fault> {
        if !batch.iter().all(Sealed::may_be_inserted) {
            return Err(Fault::Away("a mail waited for too long after its object was written".to_owned()));
        }
        match &self.kind {
            Kind::Lite(base) => {
                let numbers = lite::Base::insert_arrivals(base, batch).await?;
                base.custody_wrote();
                Ok(Inserted::Taken(numbers))
            }
            Kind::Pg(base) => base.insert_arrivals(batch).await,
        }
    }

    /// Waits until the transaction in doubt is over, and looks its rows up. `None`: it was not committed, and nothing of it is there.
    /// An error: the database stayed away for so long that it cannot be said; should the mails be there and come again, their copies
    /// are recognised.
    pub async fn find_out(&self, doubt: Doubt) -> Result<Option<Vec<Vec<i64>>>, Fault> {
        match &self.kind {
            // A file is never in doubt.
            Kind::Lite(_) => Ok(None),
            Kind::Pg(base) => base.find_out(doubt.0).await,
        }
    }
}
