//! Messages that could not be fetched: tried again for ever, and others do not wait for them.

use std::collections::{BTreeSet, HashMap};

use tokio::time::Instant;

use super::pace::{Pace, STRIKES};

/// The messages of a folder that could not be fetched.
#[derive(Debug, Default)]
pub(super) struct Tries {
    of: HashMap<u32, Try>,
}

#[derive(Debug)]
struct Try {
    /// Attempts in a row.
    attempts: u32,
    not_before: Instant,
    why: String,
}

impl Tries {
    /// The message could not be fetched.
    pub(super) fn failed(&mut self, uid: u32, why: String, pace: &Pace, now: Instant) {
        let entry = self.of.entry(uid).or_insert(Try { attempts: 0, not_before: now, why: String::new() });
        entry.attempts = entry.attempts.saturating_add(1);
        entry.not_before = now + pace.aside(entry.attempts);
        if entry.attempts == STRIKES {
            tracing::warn!(uid, why, "a message cannot be fetched and is set aside for a while; others go on");
        }
        entry.why = why;
    }

    /// The message is ours, or gone.
    pub(super) fn forget(&mut self, uid: u32) {
        self.of.remove(&uid);
    }

    /// Only these are still to be fetched.
    pub(super) fn keep(&mut self, open: &BTreeSet<u32>) {
        self.of.retain(|uid, _| open.contains(uid));
    }

    /// Whether it failed before.
    pub(super) fn is_struck(&self, uid: u32) -> bool {
        self.of.contains_key(&uid)
    }

    /// Whether it is left alone at present.
    pub(super) fn is_aside(&self, uid: u32, now: Instant) -> bool {
        self.of.get(&uid).is_some_and(|entry| entry.not_before > now)
    }

    /// When the first of them is tried again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.of.values().map(|entry| entry.not_before).min()
    }

    /// In words, what cannot be fetched; `None` when there is nothing.
    pub(super) fn words(&self) -> Option<String> {
        let (uid, entry) = self.of.iter().min_by_key(|(uid, _)| **uid)?;
        let more = match self.of.len() - 1 {
            0 => String::new(),
            more => format!(" ({more} more cannot be fetched either)"),
        };
        Some(format!("message {uid} cannot be fetched: {}; it is tried again{more}", entry.why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_fails_three_times_is_set_aside_and_comes_back() {
        let (mut tries, pace, now) = (Tries::default(), Pace::default(), Instant::now());
        for _ in 0..2 {
            tries.failed(7, "NO".to_owned(), &pace, now);
            assert!(tries.is_struck(7) && !tries.is_aside(7, now));
        }
        tries.failed(7, "NO".to_owned(), &pace, now);
        assert!(tries.is_aside(7, now) && !tries.is_aside(7, now + pace.set_aside));
        assert_eq!(tries.due(), Some(now + pace.set_aside));
        assert_eq!(tries.words().unwrap(), "message 7 cannot be fetched: NO; it is tried again");
        tries.forget(7);
        assert_eq!((tries.words(), tries.due()), (None, None));
    }
}
