//! Delivery: lease what is due, send it, settle it.
//!
//! What it promises: a notice leaves at least once, with the same octets and Message-ID at each attempt; a notice is settled only by
//! the lease it was sent under; one recipient's failure holds up nobody else, nor does one destination's. A crash before the settlement is
//! committed means that the lease runs out and the notice is sent once more; a crash after it means nothing. While no relay can be reached
//! one notice at a time is tried, none is charged with it, and the oldest is the first to leave afterwards.

pub mod backoff;
pub mod classify;
mod clock;
pub mod compose;
pub mod file;
pub mod gate;
pub mod sign;
pub mod smtp;

mod direct;
mod health;
mod lanes;
mod mx;
pub mod once;
mod rounds;
mod route;
mod seen;
mod succession;
mod turn;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use self::direct::Direct;
use self::gate::Gate;
use self::health::Health;
use self::lanes::Permits;
use self::mx::Exchanges;
use self::route::{Host, Route};
pub use self::succession::{Edition, serve};
use self::turn::{Batch, Turn, Way};
use crate::login::Login;
use crate::model::time::Time;
use crate::observe::beat::Beat;
use crate::store::{Fault, Store};

/// Where outgoing mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relay {
    /// A mail server.
    Smtp {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// How the connection is protected.
        security: Security,
        /// As whom, and by what secret, we log in.
        login: Option<Login>,
    },
    /// The mail servers of each recipient's domain.
    Direct {
        /// TCP port: 25, but on a test bench.
        port: u16,
    },
    /// Files below a folder.
    File(PathBuf),
    /// Nowhere: for load tests.
    Discard,
}

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Plain,
    /// By TLS of whoever it is where STARTTLS is offered (RFC 7435), else not at all. Takes no login beyond this machine.
    Opportunistic,
    /// STARTTLS, required.
    StartTls,
    /// TLS from the first octet.
    Tls,
}

/// `[delivery]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where outgoing mail goes.
    pub relay: Relay,
    /// Further mail servers, tried in this order while those before cannot be used. Only beside [`Relay::Smtp`].
    pub fallbacks: Vec<Relay>,
    /// Name in EHLO.
    pub hostname: String,
    /// File with authorities that are trusted besides those of this machine, in PEM.
    pub ca_file: Option<PathBuf>,
    /// What may leave within a day.
    pub gate: gate::Caps,
    /// Connections at a time; 0 counts as 1.
    pub max_connections: usize,
    /// Connections to the servers of one domain at a time, where there is no relay; 0 counts as 1.
    pub max_connections_per_destination: usize,
    /// Time for one attempt at one notice, connecting included.
    pub attempt_timeout: Duration,
    /// How long a notice is tried before it is given up.
    pub give_up_after: Duration,
    /// The keys that sign.
    pub signers: sign::Signers,
    /// Who is asked for the servers of a domain; empty for those of this machine.
    pub name_servers: Vec<SocketAddr>,
}

/// Notices leased in one turn. Enough to keep every connection busy, few enough that the worker, which waits for the same connection to the
/// store, waits only a moment.
const TURN: i64 = 256;
/// Destinations that are found without anything to lease until the look is over.
const MOST_IN_VAIN: usize = 16;
/// How much longer a lease lasts than its last attempt may: for the settlement, and for clocks that differ a little.
const MARGIN: Duration = Duration::from_secs(5);

/// Time for one attempt when nothing leaves this machine.
const LOCAL_ATTEMPT: Duration = Duration::from_secs(4);

/// Where it goes, ready for use.
enum Outlet {
    Relays(Arc<Route>),
    Direct(Box<Direct>),
    File(PathBuf),
    Discard,
}

/// Sends what is in the outbox. Any number of them may work on one store: a lease belongs to one of them.
pub struct Sender {
    store: Store,
    outlet: Outlet,
    attempt_timeout: Duration,
    give_up_after: Duration,
    signers: sign::Signers,
    /// One permit for each connection that may be in use.
    permits: Arc<Semaphore>,
    gate: Gate,
    /// Something may be leased that could not be before.
    freed: Arc<Notify>,
    /// The folder, where notices become files.
    folder: Health,
    /// Set at a stop: no further notice is begun.
    closing: AtomicBool,
    /// Given by the loop.
    beat: Beat,
}

/// What can be done now.
enum Found {
    Turn(Box<Turn>),
    /// Nothing is due, or only what has to wait for connections.
    Nothing,
    /// Nobody is to be tried for this time.
    Held(Duration),
}

impl Sender {
    /// A sender that has not spoken to anybody yet.
    pub fn new(options: Options, store: Store) -> Self {
        let connections = options.max_connections.clamp(1, 1_000);
        let (attempt_timeout, give_up_after) = (options.attempt_timeout, options.give_up_after);
        let (signers, caps) = (options.signers.clone(), options.gate);
        let outlet = outlet(options, connections);
        // A killed process's leases should not wait long where no host is waited for, and writing a file twice does no harm.
        let is_local = matches!(outlet, Outlet::File(_) | Outlet::Discard);
        Self {
            store,
            outlet,
            attempt_timeout: if is_local { attempt_timeout.min(LOCAL_ATTEMPT) } else { attempt_timeout },
            give_up_after,
            signers,
            // What stays on this machine bothers nobody.
            gate: Gate::new((!is_local).then_some(caps)),
            permits: Arc::new(Semaphore::new(if is_local { 1 } else { connections })),
            freed: Arc::default(),
            folder: Health::new("folder".to_owned()),
            closing: AtomicBool::new(false),
            beat: Beat::default(),
        }
    }

    /// Gives this sign of progress: for each look for work, however long an attempt takes.
    pub fn with_beat(self, beat: Beat) -> Self {
        Self { beat, ..self }
    }

    /// One turn: leases, sends and settles what is due at `now`, to hosts that are to be left alone as well; how many notices were
    /// settled. A full turn says nothing of what is left: call it again until it is 0. Fails when the store does; what was sent but not
    /// settled is sent again when its lease ends.
    pub async fn step(&self, now: Time) -> Result<usize, Fault> {
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { return Ok(0) };
        match self.find(now, permit, true).await? {
            Found::Turn(turn) => self.work(*turn).await,
            Found::Nothing | Found::Held(_) => Ok(0),
        }
    }

    /// Leases a turn's notices.
    async fn find(&self, now: Time, permit: OwnedSemaphorePermit, forced: bool) -> Result<Found, Fault> {
        match &self.outlet {
            Outlet::Relays(route) => match route.hold_off().filter(|_| !forced) {
                Some(left) => Ok(Found::Held(left)),
                None => Ok(self
                    .lease(now, route, &mut Some(permit), forced)
                    .await?
                    .map_or(Found::Nothing, |turn| Found::Turn(Box::new(turn)))),
            },
            Outlet::Direct(direct) => {
                let mut permit = Some(permit);
                // What was due a moment ago may be leased by another gateway.
                for _ in 0..MOST_IN_VAIN {
                    let Some(route) = direct.next(&self.store, now, forced).await? else { break };
                    if let Some(turn) = self.lease(now, &route, &mut permit, forced).await? {
                        return Ok(Found::Turn(Box::new(turn)));
                    }
                }
                Ok(Found::Nothing)
            }
            Outlet::File(_) | Outlet::Discard => match self.folder.hold_off().filter(|_| !forced) {
                Some(left) => Ok(Found::Held(left)),
                None => {
                    let limit = if self.folder.is_down() { 1 } else { TURN };
                    let rows = self.store.lease(now, self.until(now), limit).await?;
                    if rows.is_empty() {
                        return Ok(Found::Nothing);
                    }
                    let full = is_full(rows.len(), limit);
                    let batch = Batch::new(rows, now, self.window(), forced);
                    Ok(Found::Turn(Box::new(Turn { batch, way: Way::Here(permit), full })))
                }
            },
        }
    }

    /// Leases what goes one way. Of a destination that is down only what finds out whether it is back, of one that has not taken anything
    /// yet only what can be begun at once.
    async fn lease(
        &self,
        now: Time,
        route: &Arc<Route>,
        permit: &mut Option<OwnedSemaphorePermit>,
        forced: bool,
    ) -> Result<Option<Turn>, Fault> {
        let Ok(on_route) = Arc::clone(&route.permits).try_acquire_owned() else { return Ok(None) };
        if route.busy.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let limit = match () {
            () if route.is_down() => 1,
            () if route.known.load(Ordering::Relaxed) => TURN,
            () => i64::try_from(route.permits.available_permits() + 1).unwrap_or(TURN),
        };
        let until = self.until(now);
        let rows = match &route.domain {
            Some(domain) => self.store.lease_of(Some(domain), now, until, limit).await?,
            None => self.store.lease(now, until, limit).await?,
        };
        let full = route.domain.is_some() || is_full(rows.len(), limit);
        let rows = self.gate.pass(&self.store, rows, now).await?;
        let Some(all) = permit.take_if(|_| !rows.is_empty()) else { return Ok(None) };
        let mut batch = Batch::new(rows, now, self.window(), forced);
        batch.occupy(route, &self.freed);
        Ok(Some(Turn { batch, way: Way::Route(Arc::clone(route), Permits::new(on_route, all)), full }))
    }

    /// When a lease ends that begins at `now`.
    fn until(&self, now: Time) -> Time {
        now.plus(self.window() + self.attempt_timeout + MARGIN)
    }

    /// For how long after the lease a notice of the turn may be begun. Each then has its whole attempt before the lease ends; what was
    /// not begun is given back. A quarter, so that what a killed process had leased does not wait for much longer than an attempt.
    fn window(&self) -> Duration {
        self.attempt_timeout / 4
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

fn is_full(leased: usize, limit: i64) -> bool {
    i64::try_from(leased).is_ok_and(|count| count >= limit)
}

/// What the options ask for, ready for use.
fn outlet(options: Options, connections: usize) -> Outlet {
    let Options { relay, fallbacks, hostname, ca_file, .. } = options;
    match relay {
        Relay::Smtp { .. } => {
            let hosts =
                std::iter::once(relay).chain(fallbacks).filter_map(|relay| host(relay, &hostname, ca_file.clone())).collect();
            Outlet::Relays(Arc::new(Route::new(None, hosts, connections)))
        }
        Relay::Direct { port } => {
            let each = options.max_connections_per_destination.clamp(1, connections);
            let exchanges = Exchanges::new(options.name_servers, hostname.clone());
            Outlet::Direct(Box::new(Direct::new(exchanges, port, hostname, each)))
        }
        Relay::File(folder) => Outlet::File(folder),
        Relay::Discard => Outlet::Discard,
    }
}

fn host(relay: Relay, hostname: &str, ca_file: Option<PathBuf>) -> Option<Arc<Host>> {
    let Relay::Smtp { host, port, security, login } = relay else { return None };
    let name = format!("{host}:{port}");
    let door = smtp::Door::new(host, port, security, login, hostname.to_owned()).trusting(ca_file);
    Some(Arc::new(Host::new(name, door)))
}
