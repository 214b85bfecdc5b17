//! Lanes: each is one connection at a time, and takes notice after notice from the turn.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::Sender;
use super::classify::{self, Verdict};
use super::smtp::{Attempt, Connection, Door, Letter};
use super::turn::{Batch, Results};
use crate::store::outbox::Leased;

/// How long a connection without work is kept. Relays cut them after minutes; the next burst should find them open.
const KEPT: Duration = Duration::from_secs(30);

/// The door to the relay, and the connections that are open and without work.
pub(super) struct Pool {
    door: Door,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

impl Pool {
    pub(super) fn new(door: Door) -> Self {
        Self { door, idle: Mutex::new(Vec::new()) }
    }

    /// The connection that was used last: the others grow old and are closed.
    fn take(&self) -> Option<Connection> {
        self.idle().pop().map(|(connection, _)| connection)
    }

    fn park(&self, connection: Connection) {
        self.idle().push((connection, Instant::now()));
    }

    /// Those that have had no work for too long, or all.
    pub(super) fn take_idle(&self, all: bool) -> Vec<Connection> {
        let mut idle = self.idle();
        let fresh = if all { idle.len() } else { idle.iter().take_while(|(_, since)| since.elapsed() > KEPT).count() };
        idle.drain(..fresh).map(|(connection, _)| connection).collect()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// Sends a batch over as many connections as are free. What is left at the end was not begun: later, when no lane found the
    /// relay; otherwise at once.
    pub(super) async fn send_over(&self, pool: &Pool, batch: &Batch, permit: OwnedSemaphorePermit, results: Results) {
        let mut permits = vec![permit];
        while permits.len() < batch.len() {
            let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { break };
            permits.push(permit);
        }
        let lanes = permits.into_iter().map(|permit| self.lane(pool, batch, permit, &results));
        let ends = join_all(lanes).await;
        let unreachable: Option<Vec<String>> = ends.into_iter().collect();
        let verdict = match unreachable.and_then(|whys| whys.into_iter().next_back()) {
            Some(why) => {
                self.health.lost(&why);
                Verdict::Later(why)
            }
            None => Verdict::Released("there was no time left for it in this turn"),
        };
        for notice in batch.rest() {
            results.report(notice, verdict.clone());
        }
    }

    /// One lane; why the relay could not be reached, when that ended it.
    async fn lane(&self, pool: &Pool, batch: &Batch, permit: OwnedSemaphorePermit, results: &Results) -> Option<String> {
        let _held_until_the_lane_ends = permit;
        let mut connection = pool.take();
        while let Some(notice) = batch.next(self.is_closing()) {
            let octets = match self.octets(&notice).await {
                Ok(octets) => octets,
                Err(fault) => {
                    results.report(notice, classify::unread(&fault));
                    continue;
                }
            };
            match self.attempt(pool, connection.take(), &notice, &octets).await {
                Ok((verdict, usable)) => {
                    self.health.reached();
                    results.report(notice, verdict);
                    connection = usable;
                }
                Err(why) => {
                    batch.give_back(notice);
                    return Some(why);
                }
            }
        }
        if let Some(connection) = connection {
            pool.park(connection);
        }
        None
    }

    /// One attempt at one notice: over the connection that was kept, and over a fresh one when that had gone. The error says why no
    /// connection could be opened; the notice was not begun.
    async fn attempt(
        &self,
        pool: &Pool,
        kept: Option<Connection>,
        notice: &Leased,
        octets: &[u8],
    ) -> Result<(Verdict, Option<Connection>), String> {
        let deadline = Instant::now() + self.attempt_timeout;
        let letter = Letter { sender: &notice.sender, recipient: &notice.recipient, octets };
        if let Some(connection) = kept {
            match connection.send(&letter, deadline).await {
                Attempt::Answered(verdict, connection) => return Ok((verdict, Some(connection))),
                Attempt::Lost(verdict) => return Ok((verdict, None)),
                Attempt::Stale => {}
            }
        }
        let connection = pool.door.open(deadline).await?;
        match connection.send(&letter, deadline).await {
            Attempt::Answered(verdict, connection) => Ok((verdict, Some(connection))),
            Attempt::Lost(verdict) => Ok((verdict, None)),
            Attempt::Stale => Ok((Verdict::Later("the connection was lost at once".to_owned()), None)),
        }
    }
}
