//! What the answers to `decide::recall::Wanted` are counted by.

use crate::model::ticket::Recent;
use crate::model::time::Time;

/// The ten minutes that a time belongs to. Counting by whole slots, a cap looks back up to ten minutes further than it says.
pub(in crate::store) fn slot(time: Time) -> i64 {
    time.0.div_euclid(600_000_000)
}

/// The column `recent` of a ticket.
pub(in crate::store) fn recent_column(recent: &[Recent]) -> Option<String> {
    // Writing strings and numbers as JSON cannot fail.
    (!recent.is_empty()).then(|| serde_json::to_string(recent).unwrap_or_default())
}

/// Reads it back; `None` when it holds something else.
pub(in crate::store) fn recent_from(column: Option<&str>) -> Option<Vec<Recent>> {
    column.map_or(Some(Vec::new()), |column| serde_json::from_str(column).ok())
}
