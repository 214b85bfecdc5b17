//! Lanes: each is one connection at a time, and takes notice after notice from the turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::classify::{self, Verdict};
use super::direct::NoHosts;
use super::route::{Host, Kept, Route, Sent};
use super::sign::signed;
use super::smtp::Letter;
use super::turn::{Batch, Results};
use super::{Outlet, Sender, compose};
use crate::store::Fault;
use crate::store::outbox::Leased;

/// What a lane holds while it is at work: its place on the route, and among all connections.
pub(super) struct Permits {
    _route: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Permits {
    pub(super) fn new(on_route: OwnedSemaphorePermit, all: OwnedSemaphorePermit) -> Self {
        Self { _route: on_route, _all: all }
    }
}

/// No host could be reached, and the notice was not begun.
struct NoWay {
    why: String,
    /// A host that took no further connection beside those that are open.
    full: Option<Arc<Host>>,
}

impl Sender {
    /// Sends a batch over as many connections as are free, or become free on the way. What is left at the end was not begun.
    pub(super) async fn send_over(&self, route: &Arc<Route>, batch: &Batch, permits: Permits, results: Results) {
        let mut lanes = FuturesUnordered::new();
        if let Some(first) = batch.next(self.is_closing()) {
            lanes.push(self.lane(route, batch, first, permits, &results));
        }
        let (mut ends, mut widening) = (Vec::new(), true);
        loop {
            tokio::select! {
                biased;
                Some(permits) = self.further(route), if widening && batch.len() > 0 => match batch.next(self.is_closing()) {
                    Some(notice) => lanes.push(self.lane(route, batch, notice, permits, &results)),
                    None => widening = false,
                },
                Some(end) = lanes.next() => {
                    // A host that takes no more of them: what is left is for those that are open.
                    widening &= end.is_none();
                    ends.push(end);
                    self.freed.notify_one();
                }
                else => break,
            }
        }
        self.report_rest(route, batch, ends, &results);
    }

    /// Waits for a place of one more connection.
    async fn further(&self, route: &Route) -> Option<Permits> {
        let on_route = Arc::clone(&route.permits).acquire_owned().await.ok()?;
        let all = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        Some(Permits::new(on_route, all))
    }

    /// What was not begun goes back. Where nobody at a destination of its own can be reached, the first of them stands for the attempt:
    /// relays are our affair, and nobody's notice has to answer for them.
    fn report_rest(&self, route: &Route, batch: &Batch, ends: Vec<Option<NoWay>>, results: &Results) {
        let all: Option<Vec<NoWay>> = ends.into_iter().collect();
        let mut rest = batch.rest();
        let Some(no_way) = all.and_then(|all| all.into_iter().next_back()) else {
            for notice in rest {
                results.report(notice, Verdict::Unbegun("there was no time left for it in this turn".to_owned()));
            }
            return;
        };
        if let Some(full) = no_way.full {
            full.health.lost(&no_way.why);
        }
        if route.domain.is_some()
            && let Some(notice) = rest.pop_front()
        {
            results.report(notice, Verdict::Later(no_way.why.clone()));
        }
        for notice in rest {
            results.report(notice, Verdict::Unbegun(no_way.why.clone()));
        }
    }

    /// One lane; why nobody could be reached, when that ended it.
    async fn lane(&self, route: &Arc<Route>, batch: &Batch, first: Leased, permits: Permits, results: &Results) -> Option<NoWay> {
        let _held_until_the_lane_ends = permits;
        let (mut kept, mut next) = (None, Some(first));
        while let Some(notice) = next {
            match self.octets(batch, &notice).await {
                Err(fault) => results.report(notice, classify::unread(&fault)),
                Ok(octets) => match self.attempt(route, &mut kept, &notice, &octets, batch.forced).await {
                    Ok(verdict) => results.report(notice, verdict),
                    Err(no_way) => {
                        batch.give_back(notice);
                        return Some(no_way);
                    }
                },
            }
            next = batch.next(self.is_closing());
        }
        if let Some(kept) = kept {
            route.park(kept);
        }
        None
    }

    /// The octets of a notice; its letter is read together with those of the next ones.
    pub(super) async fn octets(&self, batch: &Batch, notice: &Leased) -> Result<Vec<u8>, Fault> {
        let letter = match batch.letter(notice.id) {
            Some(letter) => letter,
            None => {
                let read = self.store.letters(&batch.to_read(notice.id)).await?;
                batch.keep(read);
                match batch.letter(notice.id) {
                    Some(letter) => letter,
                    // Alone it says what is wrong with it.
                    None => self.store.letter(notice.id).await?,
                }
            }
        };
        let octets = compose::octets(&self.store, &letter).await?;
        signed(&self.signers, octets, notice.created_at).await
    }

    /// One attempt at one notice: over the connection that the lane has, or else at one host after the other until one takes it or
    /// says what is wrong with it.
    async fn attempt(
        &self,
        route: &Arc<Route>,
        kept: &mut Option<Kept>,
        notice: &Leased,
        octets: &[u8],
        forced: bool,
    ) -> Result<Verdict, NoWay> {
        let deadline = Instant::now() + self.attempt_timeout;
        let letter = Letter { sender: &notice.sender, recipient: &notice.recipient, octets };
        let mut refused: Option<(Arc<Host>, Verdict)> = None;
        // Any host of a domain is as good as the other; of the relays the first that is well is wanted.
        let open = kept.take().or_else(|| route.domain.as_ref().and_then(|_| route.take(None)));
        if let Some(open) = open {
            let host = Arc::clone(open.host());
            match open.send(&letter, deadline).await {
                Sent::Ended(verdict, usable) => return Ok(ended(route, kept, verdict, usable)),
                Sent::Unwilling(verdict) => refused = Some((host, verdict)),
                Sent::Stale => {}
            }
        }
        let hosts = match self.hosts(route, notice).await {
            Ok(hosts) => hosts,
            Err(NoHosts::Never(why)) => return Ok(Verdict::Never(why)),
            Err(NoHosts::Later(why)) => return Err(NoWay { why, full: None }),
        };
        let mut why = "its hosts are left alone for a while".to_owned();
        for host in hosts {
            let said_no = refused.as_ref().is_some_and(|(who, _)| Arc::ptr_eq(who, &host));
            if said_no || Instant::now() >= deadline || !host.health.may_try(forced) {
                continue;
            }
            let mut open = route.take(Some(&host));
            for _ in 0..2 {
                let connection = match open.take() {
                    Some(connection) => Ok(connection),
                    None => host.open(deadline).await,
                };
                match connection {
                    Err(reason) if host.is_in_use() => return Err(NoWay { why: reason, full: Some(host) }),
                    Err(reason) => why = reason,
                    Ok(connection) => match connection.send(&letter, deadline).await {
                        Sent::Ended(verdict, usable) => return Ok(ended(route, kept, verdict, usable)),
                        Sent::Unwilling(verdict) => refused = Some((Arc::clone(&host), verdict)),
                        Sent::Stale => continue,
                    },
                }
                break;
            }
        }
        refused.map(|(_, verdict)| verdict).ok_or(NoWay { why, full: None })
    }

    /// The hosts of a route, found out where they have to be.
    async fn hosts(&self, route: &Arc<Route>, notice: &Leased) -> Result<Vec<Arc<Host>>, NoHosts> {
        match &self.outlet {
            Outlet::Direct(direct) => direct.hosts(route, notice).await,
            _ => Ok(route.hosts()),
        }
    }
}

/// Notes the end of an attempt.
fn ended(route: &Route, kept: &mut Option<Kept>, verdict: Verdict, usable: Option<Kept>) -> Verdict {
    if verdict == Verdict::Sent {
        route.known.store(true, Ordering::Relaxed);
    }
    *kept = usable;
    verdict
}
