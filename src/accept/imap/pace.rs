//! How long what failed is left alone: longer each time, and never all accounts at the same moment.
//!
//! Pure: what chance there is comes in as a number.

use std::time::Duration;

use super::Patience;
use super::hindrance::Class;

/// The times that an account is worked by. Tests have shorter ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The pause after the first failure; it doubles.
    pub shortest: Duration,
    /// The longest one: a server that is back is noticed within it.
    pub longest: Duration,
    /// The first pause after a refused login, or when the server wants to be asked less. Providers lock who knocks too often.
    pub shortest_when_refused: Duration,
    /// The longest one of those.
    pub longest_when_refused: Duration,
    /// The longest pause after a failure of our own store.
    pub longest_when_ours: Duration,
    /// From one look at a folder to the next, at least: whatever a server says or does, there is never a busy loop.
    pub between_looks: Duration,
    /// How long one look may go on fetching before it is ended, so that flags are set and numbers told while a large box is taken.
    pub longest_look: Duration,
    /// How often the duty is asked for.
    pub duty: Duration,
    /// How often it is looked whether there is something to report.
    pub tick: Duration,
    /// How often there is a report though nothing has changed.
    pub report: Duration,
    /// How long a message that cannot be fetched is left alone, after so many attempts in a row that others are not to wait for it; it
    /// doubles up to an hour.
    pub set_aside: Duration,
    /// How long a server is waited for.
    pub patience: Patience,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            shortest: Duration::from_secs(5),
            longest: Duration::from_secs(5 * 60),
            shortest_when_refused: Duration::from_secs(60),
            longest_when_refused: Duration::from_secs(15 * 60),
            longest_when_ours: Duration::from_secs(30),
            between_looks: Duration::from_secs(1),
            longest_look: Duration::from_secs(20),
            duty: Duration::from_secs(10),
            tick: Duration::from_secs(1),
            report: Duration::from_secs(60),
            set_aside: Duration::from_secs(60),
            patience: Patience::default(),
        }
    }
}

/// Attempts in a row at one message until it is set aside.
pub(super) const STRIKES: u32 = 3;
/// The longest that a message is set aside for.
const LONGEST_ASIDE: Duration = Duration::from_secs(3_600);
/// How much longer a pause may become by chance, in thousandths. Never shorter: a provider's minute is a minute.
const JITTER: u64 = 200;

impl Pace {
    /// The pause after so many failures in a row, the one that just happened included. `drawn` is any number.
    pub(super) fn pause(&self, class: Class, failures: u32, drawn: u64) -> Duration {
        let (shortest, longest) = match class {
            Class::Theirs => (self.shortest, self.longest),
            Class::Refused => (self.shortest_when_refused, self.longest_when_refused),
            Class::Ours => (self.shortest.min(self.longest_when_ours), self.longest_when_ours),
        };
        let pause = doubled(shortest, failures.saturating_sub(1)).min(longest);
        pause.saturating_add(pause.mul_f64((drawn % (JITTER + 1)) as f64 / 1_000.0))
    }

    /// How long a message is left alone after so many attempts in a row; nothing while there were few.
    pub(super) fn aside(&self, attempts: u32) -> Duration {
        match attempts.checked_sub(STRIKES) {
            None => Duration::ZERO,
            Some(more) => doubled(self.set_aside, more).min(LONGEST_ASIDE),
        }
    }
}

fn doubled(span: Duration, times: u32) -> Duration {
    span.saturating_mul(2_u32.saturating_pow(times.min(20)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pauses(class: Class, drawn: u64) -> Vec<u64> {
        (1..=9).map(|failures| Pace::default().pause(class, failures, drawn).as_secs()).collect()
    }

    #[test]
    fn pauses_double_up_to_their_limit_and_chance_makes_them_longer_only() {
        assert_eq!(pauses(Class::Theirs, 0), [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(pauses(Class::Refused, 0), [60, 120, 240, 480, 900, 900, 900, 900, 900]);
        assert_eq!(pauses(Class::Ours, 0), [5, 10, 20, 30, 30, 30, 30, 30, 30]);
        assert_eq!(pauses(Class::Theirs, 200)[6], 360);
        assert_eq!(Pace::default().pause(Class::Theirs, u32::MAX, 0), 300 * SECOND);
    }

    #[test]
    fn a_message_is_set_aside_from_the_third_attempt_on_and_never_for_good() {
        let aside = |attempts| Pace::default().aside(attempts).as_secs();
        assert_eq!([0, 1, 2, 3, 4, 5, 9, 1_000].map(aside), [0, 0, 0, 60, 120, 240, 3_600, 3_600]);
    }
}
