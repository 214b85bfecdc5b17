//! When a department is at work.

use super::time::Zone;

/// Working hours: today the zone that they are meant in.
#[derive(Debug, Clone, Default)]
pub struct Hours {
    /// The department's time zone.
    pub zone: Zone,
}
