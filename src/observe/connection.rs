//! What a connection is called in the log, so that all of its lines can be found: short, and not given twice within years.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Digits that are not taken for one another.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Seconds after which the first half begins anew: thirty digits of two, some 34 years.
const ROUND: u64 = 1 << 30;

static STARTED: LazyLock<u64> =
    LazyLock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()) % ROUND);
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The name of a connection: when this process met its first one, and how many came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(u64);

impl Id {
    /// A name that nobody has yet.
    pub fn next() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", written(*STARTED), written(self.0))
    }
}

fn written(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(DIGITS[(number % 32) as usize]));
        number /= 32;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_each_is_given_once() {
        let names: std::collections::BTreeSet<String> = (0..1_000).map(|_| Id::next().to_string()).collect();
        assert_eq!(names.len(), 1_000);
        assert!(names.iter().all(|name| name.len() <= 11), "{names:?}");
        assert_eq!((written(0), written(33), written(ROUND - 1)), ("0".to_owned(), "11".to_owned(), "zzzzzz".to_owned()));
    }
}
