//! What the answers to `decide::recall::Wanted` are counted by.

use crate::model::time::Time;

/// The ten minutes that a time belongs to. Counting by whole slots, a cap looks back up to ten minutes further than it says.
pub(in crate::store) fn slot(time: Time) -> i64 {
    time.0.div_euclid(600_000_000)
}
