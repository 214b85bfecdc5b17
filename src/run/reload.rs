//! The configuration, read anew while mail flows: on SIGHUP, and when the control socket is asked to.
//!
//! Promise: everything is read and checked before anything changes; a fault anywhere leaves all as it was and is told, in the log and to
//! whoever asked; no connection is dropped for it. The store is not touched, so one that is locked or away does not matter. What can only be
//! done by a restart is named, and the rest is taken over. Reloads are done one after another, and wishes that come meanwhile are met by one.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{mpsc, watch};

use super::difference::{self, Seen};
use super::notify;
use super::swap::{self, Swap};
use super::warn_of;
use crate::inspect::Answer;
use crate::inspect::control::Wish;
use crate::observe::life::{self, Reload};
use crate::settings::{self, Settings};

/// Wishes that wait; more are a storm, and those that wait are enough.
pub(super) const MOST_WISHES: usize = 32;

/// Reads the configuration anew, whenever somebody wishes.
pub(super) struct Reloader {
    pub(super) settings: Settings,
    pub(super) seen: Seen,
    pub(super) swap: Swap,
}

impl Reloader {
    /// Meets wishes until told to stop.
    pub(super) async fn run(mut self, mut wishes: mpsc::Receiver<Wish>, mut stop: watch::Receiver<bool>) {
        loop {
            let wish = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                Some(wish) = wishes.recv() => wish,
            };
            let mut together = vec![wish];
            while let Ok(wish) = wishes.try_recv() {
                together.push(wish);
            }
            notify::reloading();
            let answer = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                answer = self.reload() => answer,
            };
            // Whatever came of it: mail is taken, by the old configuration or the new one.
            notify::ready("taking mail");
            let taken = answer.status == 200;
            life::reloaded(Reload { at: SystemTime::now(), taken, words: answer.body.clone() });
            for wish in together {
                // SIGHUP does not wait for an answer.
                let _ = wish.send(answer.clone());
            }
        }
    }

    /// One reload, and what came of it.
    async fn reload(&mut self) -> Answer {
        match self.try_reload().await {
            Ok(words) => Answer::text(200, words),
            Err(faults) => {
                for fault in &faults {
                    tracing::error!(fault, "the configuration is not taken over; the one before stays in force");
                }
                let faults = faults.join("\n");
                Answer::text(422, format!("the configuration is not taken over, and the one before stays in force:\n{faults}\n"))
            }
        }
    }

    async fn try_reload(&mut self) -> Result<String, Vec<String>> {
        let (before, house, door) = (self.settings.clone(), self.swap.house(), Arc::clone(&self.swap.door));
        let reading = tokio::task::spawn_blocking(move || {
            let mut settings = load_again(&before)?;
            let restart = difference::held_back(&before, &mut settings);
            let read = swap::read(&settings, (&before, &house), &door)?;
            let seen = Seen::of(&settings);
            Ok::<_, Vec<String>>((settings, restart, read, seen))
        });
        let (settings, restart, read, seen) =
            reading.await.map_err(|error| vec![format!("reading it ended: {error}")]).and_then(|read| read)?;
        let prepared = self.swap.prepare(read, &settings, &self.settings)?;
        let applied = self.swap.apply(prepared, &settings, seen.trusts_others(&self.seen));
        let changes = difference::changes((&self.settings, &self.seen), (&settings, &seen), &applied);
        tracing::info!(file = settings.origin, changes = changes.join("; "), "the configuration was read anew");
        for key in &restart {
            tracing::warn!(key, "needs a restart; until then it is as it was");
        }
        warn_of(&settings);
        (self.settings, self.seen) = (settings, seen);
        Ok(in_words(&self.settings.origin, &changes, &restart))
    }
}

/// The file that the gateway was started with. It does not go on to another one when that is gone; only a gateway that was started without
/// any file looks for one, as a start would.
fn load_again(before: &Settings) -> Result<Settings, Vec<String>> {
    let file = (!before.is_built_in()).then(|| Path::new(&before.origin));
    settings::load(file).map_err(|faults| faults.0.iter().map(ToString::to_string).collect())
}

fn in_words(file: &str, changes: &[String], restart: &[String]) -> String {
    let mut words = if changes.is_empty() {
        format!("{file} was read anew, and nothing else is in force than before.\n")
    } else {
        format!("{file} was read anew and is in force:\n")
    };
    words.extend(changes.iter().map(|change| format!("  {change}\n")));
    words.extend(restart.iter().map(|key| format!("{key} needs a restart; until then it is as it was.\n")));
    words
}
