//! Delivery without a relay: each domain is a destination, with a route of its own, and they take turns.
//!
//! A domain that is down or slow holds up no other: it has at most so many connections, while it is left alone nothing of it is leased, and
//! of a domain that has not taken anything yet no more than its connections can begin at once.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Security;
use super::mx::{Exchanges, Found};
use super::route::{Host, Kept, Route};
use super::smtp::Door;
use crate::model::time::Time;
use crate::store::outbox::Leased;
use crate::store::{Fault, Store};

/// Destinations that are looked up at a time.
const PAGE: i64 = 64;
/// Pages that are looked through for a destination that is free, before others get their turn.
const PAGES: usize = 64;
/// Routes that are kept before those are forgotten of which nothing is to be remembered.
const MOST_ROUTES: usize = 1_000;

/// All destinations.
pub(super) struct Direct {
    exchanges: Exchanges,
    port: u16,
    hostname: String,
    /// Connections to one of them at a time.
    connections: usize,
    routes: Mutex<HashMap<String, Arc<Route>>>,
    queue: Mutex<Queue>,
}

/// Whose turn it is.
#[derive(Default)]
struct Queue {
    next: VecDeque<String>,
    last: String,
}

/// Why a domain has no hosts.
pub(super) enum NoHosts {
    Never(String),
    Later(String),
}

impl Direct {
    pub(super) fn new(exchanges: Exchanges, port: u16, hostname: String, connections: usize) -> Self {
        Self { exchanges, port, hostname, connections, routes: Mutex::default(), queue: Mutex::default() }
    }

    /// The next destination in turn for which something is due and that is free; `None` when there is none. `forced` takes those that are
    /// to be left alone, too.
    pub(super) async fn next(&self, store: &Store, now: Time, forced: bool) -> Result<Option<Arc<Route>>, Fault> {
        let mut rounds = 0;
        for _ in 0..PAGES {
            while let Some(name) = self.pop() {
                let route = self.route(&name);
                let is_free = !route.busy.load(Ordering::Relaxed) && route.permits.available_permits() > 0;
                if is_free && (forced || route.hold_off().is_none()) {
                    return Ok(Some(route));
                }
            }
            let last = lock(&self.queue).last.clone();
            let page = store.due_destinations(&last, now, PAGE).await?;
            if page.is_empty() {
                rounds += 1;
                let named = store.name_destinations().await?;
                if named == 0 && (last.is_empty() || rounds > 1) {
                    return Ok(None);
                }
                lock(&self.queue).last.clear();
            } else {
                lock(&self.queue).next.extend(page);
            }
        }
        Ok(None)
    }

    fn pop(&self) -> Option<String> {
        let mut queue = lock(&self.queue);
        let name = queue.next.pop_front()?;
        queue.last.clone_from(&name);
        Some(name)
    }

    fn route(&self, name: &str) -> Arc<Route> {
        let mut routes = lock(&self.routes);
        if routes.len() >= MOST_ROUTES {
            routes.retain(|_, route| Arc::strong_count(route) > 1 || !route.is_forgettable());
        }
        let fresh = || Arc::new(Route::new(Some(name.to_owned()), Vec::new(), self.connections));
        Arc::clone(routes.entry(name.to_owned()).or_insert_with(fresh))
    }

    /// The hosts of a domain, those that its MX records prefer first; equal ones in an order that changes with notice and attempt.
    pub(super) async fn hosts(&self, route: &Route, notice: &Leased) -> Result<Vec<Arc<Host>>, NoHosts> {
        let domain = notice.recipient.domain();
        match self.exchanges.of(domain, notice.id.wrapping_mul(31).wrapping_add(notice.attempts)).await {
            Found::Never(why) => Err(NoHosts::Never(why)),
            Found::Later(why) => {
                route.finding.lost(&why);
                Err(NoHosts::Later(why))
            }
            Found::Hosts(hosts) => {
                route.finding.reached();
                let door = |address: std::net::IpAddr| {
                    let (security, hostname) = (Security::Opportunistic, self.hostname.clone());
                    Door::new(address.to_string(), self.port, security, None, hostname)
                };
                let hosts = hosts.into_iter().map(|(name, address)| (format!("{name}[{address}]"), door(address)));
                Ok(route.set_hosts(hosts.collect()))
            }
        }
    }

    /// Connections that have had no work for too long, or all.
    pub(super) fn take_idle(&self, all: bool) -> Vec<Kept> {
        lock(&self.routes).values().flat_map(|route| route.take_idle(all)).collect()
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
