//! A route: where mail of one destination goes, host by host in the order of preference, and the connections that are open to them.
//!
//! A host that cannot be used is left alone for a while, and the next one takes the mail at once; when it is well again it is the first
//! again. A mail of which a host may have taken a copy is never tried at another one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::health::Health;
use super::smtp::{Attempt, Connection, Door, Letter};

/// How long a connection without work is kept. Servers cut them after minutes; the next burst should find them open.
const KEPT: Duration = Duration::from_secs(30);
/// Mails over one connection: some servers cut it behind so many, and a host that is better gets its turn.
const MOST_MAILS: u32 = 100;
/// Time for opening a connection: connecting (30 s of it at most), greeting, EHLO, TLS and login. RFC 5321 section 4.5.3.2.1 would wait for
/// the greeting alone for 300 s, which is kinder than a queue behind it can be.
const OPENING: Duration = Duration::from_secs(90);

/// A host that takes mail.
pub(super) struct Host {
    pub(super) name: String,
    door: Door,
    pub(super) health: Health,
    /// Connections that are open, at work or not.
    open: AtomicUsize,
}

/// An open connection and whose it is.
pub(super) struct Kept {
    connection: Connection,
    host: Arc<Host>,
    carried: u32,
    counted: Counted,
}

/// Counts an open connection for as long as there is one.
struct Counted(Arc<Host>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How an attempt over one connection ended.
pub(super) enum Sent {
    /// As the attempt ended, and the connection when it takes more.
    Ended(super::classify::Verdict, Option<Kept>),
    /// The host wants no mail of ours: another one may.
    Unwilling(super::classify::Verdict),
    /// A kept connection had gone before the mail began.
    Stale,
}

impl Host {
    pub(super) fn new(name: String, door: Door) -> Self {
        Self { health: Health::new(name.clone()), name, door, open: AtomicUsize::new(0) }
    }

    /// Opens a connection; the error says why there is none. One that failed beside others that are open says nothing of the host, which
    /// may take no more of them: that is left to whoever sees how those do.
    pub(super) async fn open(self: &Arc<Self>, deadline: Instant) -> Result<Kept, String> {
        match self.door.open(deadline.min(Instant::now() + OPENING)).await {
            Ok(connection) => {
                self.open.fetch_add(1, Ordering::Relaxed);
                Ok(Kept { connection, host: Arc::clone(self), carried: 0, counted: Counted(Arc::clone(self)) })
            }
            Err(why) => {
                if self.open.load(Ordering::Relaxed) == 0 {
                    self.health.lost(&why);
                }
                Err(why)
            }
        }
    }

    /// Whether connections to it are open.
    pub(super) fn is_in_use(&self) -> bool {
        self.open.load(Ordering::Relaxed) > 0
    }
}

impl Kept {
    pub(super) fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Sends one mail and says what it means for the host.
    pub(super) async fn send(self, letter: &Letter<'_>, deadline: Instant) -> Sent {
        let Self { connection, host, carried, counted } = self;
        match connection.send(letter, deadline).await {
            Attempt::Answered(verdict, connection) => {
                host.health.reached();
                let carried = carried + 1;
                if carried >= MOST_MAILS {
                    tokio::spawn(async move {
                        connection.quit().await;
                        drop(counted);
                    });
                    return Sent::Ended(verdict, None);
                }
                Sent::Ended(verdict, Some(Self { connection, host, carried, counted }))
            }
            Attempt::Unwilling(verdict) => {
                host.health.strike(verdict.why());
                Sent::Unwilling(verdict)
            }
            Attempt::Lost(verdict) => {
                host.health.strike(verdict.why());
                Sent::Ended(verdict, None)
            }
            Attempt::Doubtful(verdict) => Sent::Ended(verdict, None),
            Attempt::Stale => Sent::Stale,
        }
    }

    /// Says goodbye.
    pub(super) async fn quit(self) {
        self.connection.quit().await;
    }
}

/// Where mail of one destination goes.
pub(super) struct Route {
    /// The domain of the recipients; `None` for the relays, which take all.
    pub(super) domain: Option<String>,
    hosts: Mutex<Vec<Arc<Host>>>,
    idle: Mutex<Vec<(Kept, Instant)>>,
    /// Whether its hosts can be found out.
    pub(super) finding: Health,
    /// One permit for each connection that may be in use.
    pub(super) permits: Arc<Semaphore>,
    /// A turn has notices that nobody has begun: no other turn is taken before that.
    pub(super) busy: AtomicBool,
    /// It has taken a mail, so that a whole turn of them may be leased.
    pub(super) known: AtomicBool,
}

impl Route {
    pub(super) fn new(domain: Option<String>, hosts: Vec<Arc<Host>>, connections: usize) -> Self {
        let name = domain.clone().unwrap_or_else(|| "relay".to_owned());
        Self {
            known: AtomicBool::new(domain.is_none()),
            domain,
            hosts: Mutex::new(hosts),
            idle: Mutex::default(),
            finding: Health::new(name),
            permits: Arc::new(Semaphore::new(connections)),
            busy: AtomicBool::new(false),
        }
    }

    /// Its hosts, the preferred one first.
    pub(super) fn hosts(&self) -> Vec<Arc<Host>> {
        lock(&self.hosts).clone()
    }

    /// Takes other hosts; those that it had keep what is known of them.
    pub(super) fn set_hosts(&self, names: Vec<(String, Door)>) -> Vec<Arc<Host>> {
        let mut hosts = lock(&self.hosts);
        let known = |name: &str| hosts.iter().find(|host| host.name == name).map(Arc::clone);
        let fresh = names.into_iter().map(|(name, door)| known(&name).unwrap_or_else(|| Arc::new(Host::new(name, door))));
        let fresh: Vec<Arc<Host>> = fresh.collect();
        hosts.clone_from(&fresh);
        fresh
    }

    /// Whether nobody there can be used.
    pub(super) fn is_down(&self) -> bool {
        let hosts = lock(&self.hosts);
        self.finding.is_down() || !hosts.is_empty() && hosts.iter().all(|host| host.health.is_down())
    }

    /// How long to leave it alone from now; `None` when some host of it may be tried.
    pub(super) fn hold_off(&self) -> Option<Duration> {
        if let Some(left) = self.finding.hold_off() {
            return Some(left);
        }
        let hosts = lock(&self.hosts);
        let left: Option<Vec<Duration>> = hosts.iter().map(|host| host.health.hold_off()).collect();
        left.and_then(|left| left.into_iter().min())
    }

    /// An open connection without work, of this host or of any. The one that was used last: the others grow old and are closed.
    pub(super) fn take(&self, host: Option<&Arc<Host>>) -> Option<Kept> {
        let mut idle = lock(&self.idle);
        let at = idle.iter().rposition(|(kept, _)| host.is_none_or(|host| Arc::ptr_eq(host, &kept.host)))?;
        Some(idle.remove(at).0)
    }

    /// Keeps a connection for later.
    pub(super) fn park(&self, kept: Kept) {
        lock(&self.idle).push((kept, Instant::now()));
    }

    /// Those that have had no work for too long, or all.
    pub(super) fn take_idle(&self, all: bool) -> Vec<Kept> {
        let mut idle = lock(&self.idle);
        let old = if all { idle.len() } else { idle.iter().take_while(|(_, since)| since.elapsed() > KEPT).count() };
        idle.drain(..old).map(|(kept, _)| kept).collect()
    }

    /// Whether nothing would be lost by forgetting it.
    pub(super) fn is_forgettable(&self) -> bool {
        !self.busy.load(Ordering::Relaxed) && !self.is_down() && lock(&self.idle).is_empty()
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
