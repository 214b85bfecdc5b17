//! Delivery: lease what is due, send it, settle it.
//!
//! What it promises: a notice leaves at least once, with the same octets and Message-ID at each attempt; a notice is settled only by
//! the lease it was sent under; one recipient's failure holds up nobody else. A crash before the settlement is committed means that the
//! lease runs out and the notice is sent once more; a crash after it means nothing. A relay that cannot be reached is tried with one
//! notice at a time until it is back, so that the others keep their first attempt.

pub mod backoff;
pub mod classify;
pub mod compose;
pub mod file;
pub mod gate;
pub mod sign;
pub mod smtp;

mod health;
mod lanes;
mod rounds;
mod turn;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::gate::Gate;
use self::health::Health;
use self::lanes::Pool;
use self::turn::Turn;
use crate::login::Login;
use crate::model::time::Time;
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
#[derive(Debug, Clone)]
pub struct Options {
    /// Where outgoing mail goes.
    pub relay: Relay,
    /// Name in EHLO.
    pub hostname: String,
    /// File with authorities that are trusted besides those of this machine, in PEM.
    pub ca_file: Option<PathBuf>,
    /// What may leave within a day.
    pub gate: gate::Caps,
    /// Connections to the relay at a time; 0 counts as 1.
    pub max_connections: usize,
    /// Time for one attempt at one notice, connecting included.
    pub attempt_timeout: Duration,
    /// How long a notice is tried before it is given up.
    pub give_up_after: Duration,
    /// The keys that sign.
    pub signers: sign::Signers,
}

/// Notices leased in one turn. Enough to keep every connection busy, few enough that a crash leaves little to send twice and that the
/// worker, which waits for the same connection to the store, waits only a moment.
const TURN: i64 = 64;
/// How much longer a lease lasts than its last attempt may: for the settlement, and for clocks that differ a little.
const MARGIN: Duration = Duration::from_secs(5);

/// Time for one attempt when nothing leaves this machine.
const LOCAL_ATTEMPT: Duration = Duration::from_secs(4);

/// Where it goes, ready for use.
enum Outlet {
    Smtp(Pool),
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
    health: Health,
    gate: Gate,
    /// Set at a stop: no further notice is begun.
    closing: AtomicBool,
}

impl Sender {
    /// A sender that has not spoken to anybody yet.
    pub fn new(options: Options, store: Store) -> Self {
        let Options { relay, hostname, ca_file, gate, max_connections, attempt_timeout, give_up_after, signers } = options;
        let (outlet, connections) = match relay {
            Relay::Smtp { host, port, security, login } => {
                let door = smtp::Door::new(host, port, security, login, hostname).trusting(ca_file);
                (Outlet::Smtp(Pool::new(door)), max_connections.clamp(1, 1_000))
            }
            Relay::File(folder) => (Outlet::File(folder), 1),
            Relay::Discard => (Outlet::Discard, 1),
        };
        // What stays on this machine bothers nobody.
        let gate = Gate::new(matches!(outlet, Outlet::Smtp(_)).then_some(gate));
        // A killed process's leases should not wait long where no host is waited for, and writing a file twice does no harm.
        let attempt_timeout =
            if matches!(outlet, Outlet::Smtp(_)) { attempt_timeout } else { attempt_timeout.min(LOCAL_ATTEMPT) };
        Self {
            store,
            outlet,
            attempt_timeout,
            give_up_after,
            signers,
            permits: Arc::new(Semaphore::new(connections)),
            health: Health::default(),
            gate,
            closing: AtomicBool::new(false),
        }
    }

    /// One turn: leases, sends and settles what is due at `now`; how many notices were settled. A full turn says nothing of what is
    /// left: call it again until it is 0. Fails when the store does; what was sent but not settled is sent again when its lease ends.
    pub async fn step(&self, now: Time) -> Result<usize, Fault> {
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { return Ok(0) };
        match self.lease(now, permit).await? {
            Some(turn) => self.work(turn).await,
            None => Ok(0),
        }
    }

    /// Leases a turn's notices; `None` when nothing is due.
    async fn lease(&self, now: Time, permit: OwnedSemaphorePermit) -> Result<Option<Turn>, Fault> {
        let limit = if self.health.is_down() { 1 } else { TURN };
        let until = now.plus(self.window() + self.attempt_timeout + MARGIN);
        let rows = self.store.lease(now, until, limit).await?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
        let rows = self.gate.pass(&self.store, rows, now).await?;
        Ok((!rows.is_empty()).then(|| Turn::new(rows, full, now, self.window(), permit)))
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
