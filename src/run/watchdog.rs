//! The service manager's watchdog, fed by what the parts did and not by a timer: as long as none of them stands still.
//!
//! Promise: when one gives no sign for longer than its limit it is named in the log and in the status, and the manager gets no WATCHDOG=1
//! any more until it does; whether to end us is the manager's decision (`WatchdogSec=`). Looking waits for no part, and not for the store.

use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::notify;
use crate::model::time::Time;
use crate::observe::beat::{Beats, Pulse};
use crate::store::{Fault, Store};

/// After how long without a sign a part stands still: far above what any one turn of it may take.
pub(super) mod limit {
    use std::time::Duration;

    /// Accepting turns every few seconds, with or without clients.
    pub(crate) const LISTENER: Duration = Duration::from_secs(60);
    /// One batch is read (senders are asked about for 30 s at most, several at once) or decided.
    pub(crate) const WORKER: Duration = Duration::from_secs(5 * 60);
    /// One look for work, which lets others go first for 10 s.
    pub(crate) const SENDER: Duration = Duration::from_secs(2 * 60);
    /// One commit.
    pub(crate) const CUSTODY: Duration = Duration::from_secs(2 * 60);
    /// Tidying up a large store.
    pub(crate) const DUTY: Duration = Duration::from_secs(10 * 60);
}

/// How often the parts are looked at where no manager asks for it.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// How often the status is looked at; it is told when it has changed.
const STATUS_EVERY: Duration = Duration::from_secs(5);
/// How long the store may take to say how much is queued; it is asked again at the next look.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// A start that takes long asks for more time so often, and for so much.
const MORE_TIME: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(60)];
/// But not for ever: no migration or check of a database has ever taken so long.
const LONGEST_START: Duration = Duration::from_secs(6 * 3_600);

/// Looks at the parts and tells the manager, until what it returns is dropped.
pub(super) fn spawn(beats: Beats, store: Store) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(feed(beats.clone(), notify::watchdog()));
    tasks.spawn(tell(beats, store));
    tasks
}

async fn feed(beats: Beats, period: Option<Duration>) {
    let mut look = interval(period.map_or(LOOK_EVERY, |period| period / 3));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut standing_still = Vec::new();
    loop {
        look.tick().await;
        if look_at(&beats, &mut standing_still) && period.is_some() {
            notify::alive();
        }
    }
}

/// Whether every part gets on. Those that do not are named once, and once more when they do again.
fn look_at(beats: &Beats, before: &mut Vec<String>) -> bool {
    let overdue = beats.overdue();
    for pulse in overdue.iter().filter(|pulse| !before.contains(&pulse.name)) {
        tracing::error!(part = pulse.name, seconds = pulse.age.as_secs(), "a part of the gateway stands still");
    }
    let names: Vec<String> = overdue.into_iter().map(|pulse| pulse.name).collect();
    for part in before.iter().filter(|part| !names.contains(part)) {
        tracing::info!(part, "a part of the gateway gets on again");
    }
    *before = names;
    before.is_empty()
}

async fn tell(beats: Beats, store: Store) {
    let mut look = interval(STATUS_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = String::new();
    loop {
        look.tick().await;
        let queues = timeout(ANSWERED_WITHIN, queues(&store)).await;
        let queues = queues.ok().and_then(Result::ok);
        let doing = words(queues, &beats.overdue());
        if doing != told && notify::status(&doing) {
            told = doing;
        }
    }
}

async fn queues(store: &Store) -> Result<(i64, i64), Fault> {
    let queues = store.queues(Time::from(SystemTime::now())).await?;
    Ok((queues.pending.count + queues.archived, queues.due.count))
}

/// The status: how much is queued, and who stands still.
fn words(queues: Option<(i64, i64)>, overdue: &[Pulse]) -> String {
    let queues = match queues {
        Some((undecided, due)) => format!("taking mail; {undecided} to be decided, {due} due to be sent"),
        None => "the store does not answer; senders are told to come back".to_owned(),
    };
    let names: Vec<&str> = overdue.iter().map(|pulse| pulse.name.as_str()).collect();
    if names.is_empty() { queues } else { format!("{queues}; standing still: {}", names.join(", ")) }
}

/// Does what a start does, and asks the manager for more time as long as it takes.
pub(super) async fn through_the_start<T>(start: impl Future<Output = T>) -> T {
    let mut left = LONGEST_START;
    notify::status("opening the store");
    tokio::pin!(start);
    loop {
        let [every, more] = MORE_TIME;
        match timeout(every, &mut start).await {
            Ok(started) => return started,
            Err(_) => left = left.saturating_sub(every),
        }
        if !left.is_zero() {
            notify::takes_longer(more, "still opening the store: it is away, brought up to date or checked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sign_is_passed_on_while_one_part_stands_still_and_it_is_named_once() {
        let beats = Beats::default();
        let _well = beats.part("sender", Duration::from_secs(3_600));
        let mut before = Vec::new();
        assert!(look_at(&beats, &mut before));
        let still = beats.part("worker", Duration::ZERO);
        while beats.overdue().is_empty() {}
        assert!(!look_at(&beats, &mut before) && !look_at(&beats, &mut before));
        assert_eq!(before, ["worker"]);
        drop(still);
        assert!(look_at(&beats, &mut before) && before.is_empty());
    }

    #[test]
    fn the_status_says_what_is_queued_and_who_stands_still() {
        let pulse = Pulse { name: "imap:box".to_owned(), age: Duration::MAX, limit: Duration::ZERO };
        assert_eq!(words(Some((3, 12)), &[]), "taking mail; 3 to be decided, 12 due to be sent");
        assert!(words(None, &[pulse]).ends_with("come back; standing still: imap:box"));
    }
}
