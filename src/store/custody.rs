//! The insert behind every 250: the raw octets and the arrivals of a batch of mails, in one commit.

use super::{Fault, Kind, Store, lite, pg};
use crate::model::arrival::Incoming;

/// A mail and the SHA-256 of its octets.
pub type Sealed = (Incoming, [u8; 32]);

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
    /// Takes the mails into custody, all or none. When this returns arrival numbers, they are on the disk.
    ///
    /// A crash before the COMMIT leaves nothing; after it, everything. There is no state between.
    pub async fn insert_arrivals(&self, batch: &[Sealed]) -> Result<Inserted, Fault> {
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
