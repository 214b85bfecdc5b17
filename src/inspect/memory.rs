//! What was asked of the store a moment ago, so that whoever asks often, or at the same time as others, asks it once.
//!
//! A question goes on when nobody waits for its answer any more: what a store that is slow says is there for who comes next, and a statement
//! is never broken off in the middle.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// For how long an answer counts.
const FRESH: Duration = Duration::from_secs(5);
/// How long anybody waits for one.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last answer to one question. Clones share it.
#[derive(Debug)]
pub(super) struct Recent<T>(Arc<Mutex<Option<(Instant, T)>>>);

impl<T> Clone for Recent<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + 'static> Recent<T> {
    /// The answer of the last moments, or else what `ask` finds; `None` when that takes too long.
    pub(super) async fn get(&self, ask: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let until = Instant::now() + PATIENCE;
        let mut last = timeout(PATIENCE, Arc::clone(&self.0).lock_owned()).await.ok()?;
        if let Some((at, answer)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return Some(answer.clone());
        }
        let asked = tokio::spawn(async move {
            let answer = ask.await;
            *last = Some((Instant::now(), answer.clone()));
            answer
        });
        timeout(until.saturating_duration_since(Instant::now()), asked).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_ask_once() {
        let (recent, asked) = (Recent::default(), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let asked = Arc::clone(&asked);
            recent.get(async move { asked.fetch_add(1, Ordering::Relaxed) })
        };
        let answers = futures_util::future::join_all((0..100).map(|_| ask())).await;
        assert!(answers.iter().all(|answer| *answer == Some(0)), "{answers:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_what_is_not_answered_waits_for_a_while_only_and_so_does_everybody_behind() {
        let recent: Recent<()> = Recent::default();
        assert_eq!(recent.get(std::future::pending()).await, None);
        assert_eq!(recent.get(async {}).await, None);
    }
}
