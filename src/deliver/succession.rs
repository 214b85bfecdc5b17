//! One sender after the other: what `[delivery]` says can change while notices leave.
//!
//! Promise: nothing is sent twice for it. A sender whose time is over begins no further notice, ends those that are in flight, and gives back
//! the others as if they had not been leased; the next one is at work meanwhile. That is the same as two gateways beside each other: a
//! lease belongs to one of them, and both are counted by the caps.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::{Options, Sender};
use crate::observe::beat::Beats;
use crate::store::Store;

/// What a sender goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// `[delivery]`.
    pub options: Options,
    /// Counts on when a file that they name, and that a sender reads once, holds something else.
    pub number: u64,
}

/// Sends by the edition of the moment until `stop` is true (or its sender is gone); then every sender finishes as [`Sender::run`] does.
/// One that is the same as before leaves the sender and its connections alone. Each gives signs of progress as `sender`, at least this often.
pub async fn serve(
    mut edition: watch::Receiver<Edition>,
    (store, wake): (Store, Arc<Notify>),
    (beats, limit): (Beats, Duration),
    mut stop: watch::Receiver<bool>,
) {
    let mut senders = JoinSet::new();
    while !*stop.borrow() {
        let now = edition.borrow_and_update().clone();
        // Dropped when the next one begins, which is what ends this one.
        let (_until, over) = watch::channel(false);
        let sender = Sender::new(now.options.clone(), store.clone()).with_beat(beats.part("sender", limit));
        senders.spawn(sender.run(Arc::clone(&wake), over));
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Ok(()) = edition.changed() => {
                    if *edition.borrow_and_update() != now {
                        tracing::info!("another sender takes over; the one before ends what is in flight");
                        break;
                    }
                }
                Some(ended) = senders.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a sender failed");
                        return;
                    }
                    // It gave back what it had not begun.
                    wake.notify_one();
                }
            }
        }
    }
    while senders.join_next().await.is_some() {}
}
