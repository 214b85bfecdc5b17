//! Lines of the log that strangers can cause: a few of each kind in a minute, and then how many there were.
//!
//! A wave of spam is seen in the numbers, and does not fill the disk.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines of one kind that are written within [`SPAN`].
const LINES: u64 = 20;
/// The time that they are counted for.
const SPAN: Duration = Duration::from_secs(60);

static KINDS: LazyLock<Mutex<Kinds>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct Kinds(HashMap<&'static str, Count>);

#[derive(Debug)]
struct Count {
    since: Instant,
    lines: u64,
    unsaid: u64,
}

/// Whether a line of this kind may be written now; and if so, how many of its kind were not written since the last one.
pub fn admit(kind: &'static str) -> Option<u64> {
    KINDS.lock().unwrap_or_else(PoisonError::into_inner).admit(kind, Instant::now())
}

impl Kinds {
    fn admit(&mut self, kind: &'static str, now: Instant) -> Option<u64> {
        let count = self.0.entry(kind).or_insert(Count { since: now, lines: 0, unsaid: 0 });
        if now.saturating_duration_since(count.since) >= SPAN {
            (count.since, count.lines) = (now, 0);
        }
        if count.lines >= LINES {
            count.unsaid += 1;
            return None;
        }
        count.lines += 1;
        Some(std::mem::take(&mut count.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_told_by_a_few_lines_and_then_by_its_number() {
        let (mut kinds, now) = (Kinds::default(), Instant::now());
        let told = (0..1_000).filter_map(|_| kinds.admit("unknown-recipient", now)).count();
        assert_eq!(told, 20);
        assert_eq!(kinds.admit("too-large", now), Some(0), "another kind has lines of its own");
        assert_eq!(kinds.admit("unknown-recipient", now + SPAN), Some(980));
        assert_eq!(kinds.admit("unknown-recipient", now + SPAN), Some(0));
    }
}
