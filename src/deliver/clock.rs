//! Notices when the clock of this machine is set back. What was put off by the old time would wait until that time comes again: a machine
//! that boots a day ahead and is then set right would keep its notices for a day.
//!
//! A clock that is set on needs nothing: what waits is due, and nothing is given up for it (`backoff`). A clock that was set back while no
//! gateway ran is not noticed.

use std::time::{Duration, Instant, SystemTime};

use crate::model::time::Time;
use crate::store::{Fault, Store};

/// What clocks are set by every day without anything waiting for it.
const SLIGHT: Duration = Duration::from_secs(30);

/// The time that was told, beside the time that was measured.
#[derive(Debug)]
pub(super) struct Clock {
    measured: Instant,
    told: SystemTime,
    /// By how much it was set back, as long as the outbox does not know.
    owed: Duration,
}

impl Clock {
    /// The clock as it is now.
    pub(super) fn new() -> Self {
        Self { measured: Instant::now(), told: SystemTime::now(), owed: Duration::ZERO }
    }

    /// Looks whether it was set back, and has what waits brought forward then. Should the store be away, it is done at the next look.
    pub(super) async fn look(&mut self, store: &Store) -> Result<(), Fault> {
        let back = self.set_back(Instant::now(), SystemTime::now());
        self.owed += back;
        if self.owed.is_zero() {
            return Ok(());
        }
        let notices = store.bring_forward(self.owed, Time::from(self.told)).await?;
        tracing::warn!(
            seconds = self.owed.as_secs(),
            notices,
            "the clock was set back; notices that wait were brought forward by as much"
        );
        self.owed = Duration::ZERO;
        Ok(())
    }

    /// By how much it was set back since the last look; zero when it was not.
    fn set_back(&mut self, measured: Instant, told: SystemTime) -> Duration {
        let passed = measured.saturating_duration_since(self.measured);
        let expected = self.told + passed;
        (self.measured, self.told) = (measured, told);
        expected.duration_since(told).ok().filter(|back| *back > SLIGHT).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn only_a_clock_that_is_set_back_by_more_than_a_little_was_set_back() {
        let (measured, told) = (Instant::now(), SystemTime::now());
        let after =
            |told: SystemTime| Clock { measured, told: SystemTime::now(), owed: Duration::ZERO }.at(told, measured + SECOND);
        let day = SECOND * 86_400;
        assert_eq!(after(told + SECOND), Duration::ZERO);
        assert_eq!(after(told + day), Duration::ZERO, "set on");
        assert_eq!(after(told - SLIGHT / 2), Duration::ZERO, "set right");
        assert!(after(told - day) >= day);
    }

    impl Clock {
        fn at(mut self, told: SystemTime, measured: Instant) -> Duration {
            self.set_back(measured, told)
        }
    }
}
