//! Signs of progress: each part that must not stand still gives one whenever its loop has turned, and somebody looks at how old they are.
//!
//! A beat is given by the task that does the work, at the place where the work was done; never by a timer beside it, which would go on
//! beating for a part that hangs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long a part that waits for others goes without a sign.
const TURN: Duration = Duration::from_secs(5);

/// All parts that are watched. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Beats(Arc<Mutex<Vec<Weak<Part>>>>);

/// The pulse of one part. Clones beat for the same one; when the last is gone the part counts no more. The default one is watched by nobody.
#[derive(Debug, Clone)]
pub struct Beat(Arc<Part>);

#[derive(Debug)]
struct Part {
    name: String,
    limit: Duration,
    last: Mutex<Instant>,
}

/// A part as the last look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// What it is called.
    pub name: String,
    /// How long ago it gave its last sign.
    pub age: Duration,
    /// The age from which it counts as standing still.
    pub limit: Duration,
}

impl Pulse {
    /// Whether it stands still.
    pub fn is_overdue(&self) -> bool {
        self.age > self.limit
    }
}

impl Beats {
    /// Watches one more part, which gives a sign at least this often.
    pub fn part(&self, name: impl Into<String>, limit: Duration) -> Beat {
        let part = Arc::new(Part { name: name.into(), limit, last: Mutex::new(Instant::now()) });
        let mut parts = lock(&self.0);
        parts.retain(|part| part.strong_count() > 0);
        parts.push(Arc::downgrade(&part));
        Beat(part)
    }

    /// Every part that is watched, in the order in which they came.
    pub fn pulses(&self) -> Vec<Pulse> {
        let parts: Vec<Arc<Part>> = lock(&self.0).iter().filter_map(Weak::upgrade).collect();
        let pulse = |part: &Arc<Part>| Pulse { name: part.name.clone(), age: lock(&part.last).elapsed(), limit: part.limit };
        parts.iter().map(pulse).collect()
    }

    /// The parts that stand still.
    pub fn overdue(&self) -> Vec<Pulse> {
        self.pulses().into_iter().filter(Pulse::is_overdue).collect()
    }
}

impl Beat {
    /// Gives a sign.
    pub fn beat(&self) {
        *lock(&self.0.last) = Instant::now();
    }

    /// Waits for what others do (a client that calls, a mail that comes, a pause that ends), and gives signs meanwhile: by the task that
    /// waits, so that there are none when that hangs. Not for work of our own, which has to end within the limit. May be given up.
    pub async fn through<T>(&self, waiting: impl Future<Output = T>) -> T {
        self.turning(TURN, waiting).await
    }

    async fn turning<T>(&self, turn: Duration, waiting: impl Future<Output = T>) -> T {
        tokio::pin!(waiting);
        loop {
            self.beat();
            if let Ok(over) = tokio::time::timeout(turn, &mut waiting).await {
                self.beat();
                return over;
            }
        }
    }
}

impl Default for Beat {
    fn default() -> Self {
        Self(Arc::new(Part { name: String::new(), limit: Duration::MAX, last: Mutex::new(Instant::now()) }))
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_gave_no_sign_for_too_long_is_overdue_until_it_does() {
        let beats = Beats::default();
        let (still, well) = (beats.part("worker", Duration::ZERO), beats.part("sender", Duration::from_secs(3_600)));
        let names = |pulses: Vec<Pulse>| pulses.into_iter().map(|pulse| pulse.name).collect::<Vec<_>>();
        while lock(&still.0.last).elapsed().is_zero() {}
        assert_eq!(names(beats.overdue()), ["worker"]);
        well.beat();
        assert_eq!(names(beats.pulses()), ["worker", "sender"]);
    }

    #[tokio::test]
    async fn whoever_waits_for_others_gives_signs_meanwhile_and_is_told_what_came() {
        let beat = Beats::default().part("smtp", Duration::ZERO);
        let sign = || *lock(&beat.0.last);
        let other = async {
            // Two more signs than the one with which the wait began.
            for _ in 0..2 {
                let before = sign();
                while sign() == before {
                    tokio::task::yield_now().await;
                }
            }
            7
        };
        assert_eq!(beat.turning(Duration::from_millis(1), other).await, 7);
    }

    #[test]
    fn a_part_that_has_ended_counts_no_more() {
        let beats = Beats::default();
        let beat = beats.part("imap:support", Duration::ZERO);
        let clone = beat.clone();
        drop(beat);
        assert_eq!(beats.pulses().len(), 1);
        drop(clone);
        assert!(beats.pulses().is_empty());
    }
}
