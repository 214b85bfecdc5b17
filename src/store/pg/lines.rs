//! The connections to a server.
//!
//! Not sqlx's own pool: that asks a returned connection whether it still lives, without a time limit, and keeps its place taken
//! meanwhile, so that a cut network exhausts it for as long as TCP tries. Here a connection comes back only from who has finished
//! with it; any other is closed on the spot.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Transaction, durability, in_time};
use crate::store::Fault;
use crate::store::place::Server;

/// Connections at a time: custody, the worker's three (deciding, taking up, reading ahead), the sender's, the sign of life.
const MOST: usize = 12;
/// Time to connect to one host.
const CONNECT: Duration = Duration::from_secs(3);
/// A connection that was idle for so long is asked before its use whether it still lives.
const FRESH: Duration = Duration::from_secs(2);

/// What every connection is told first. A lock dies with who holds it: a transaction whose gateway is paused or cut off ends by itself,
/// and a statement nobody waits for any more is stopped.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '5s'; SET client_connection_check_interval = '2s'; \
                       SET client_min_messages = warning";

/// The connections to a server of one or several hosts.
#[derive(Debug)]
pub(super) struct Lines {
    server: Server,
    hosts: Vec<PgConnectOptions>,
    /// The host that answered last.
    host: AtomicUsize,
    idle: Mutex<Vec<(PgConnection, Instant)>>,
    places: Semaphore,
}

impl Lines {
    pub(super) fn new(server: &Server) -> Result<Self, Fault> {
        let hosts = server.connections()?.into_iter().map(ConnectOptions::disable_statement_logging).collect();
        let idle = Mutex::new(Vec::new());
        Ok(Self { server: server.clone(), hosts, host: AtomicUsize::new(0), idle, places: Semaphore::new(MOST) })
    }

    /// A connection that lives.
    pub(super) async fn take(&self) -> Result<Line<'_>, Fault> {
        let place = self.places.acquire().await.map_err(|error| Fault::Away(error.to_string()))?;
        let kept = self.idle().pop();
        if let Some((mut connection, since)) = kept {
            if since.elapsed() < FRESH || matches!(in_time(CONNECT, ping(&mut connection)).await, Ok(())) {
                return Ok(Line { lines: self, connection, _place: place });
            }
            // What was connected to a server that is gone is of no use any more.
            self.hang_up();
        }
        // What a start is refused for, a wrong password or a server that does not keep its commits, passes while we are running.
        let connection = self.connect().await.map_err(|fault| match fault {
            Fault::Refused(why) => Fault::Away(why),
            fault => fault,
        })?;
        Ok(Line { lines: self, connection, _place: place })
    }

    /// Takes the idle connections away.
    pub(super) fn hang_up(&self) -> Vec<PgConnection> {
        self.idle().drain(..).map(|(connection, _)| connection).collect()
    }

    /// A new connection, to the primary where there are several hosts.
    pub(super) async fn connect(&self) -> Result<PgConnection, Fault> {
        let first = self.host.load(Ordering::Relaxed);
        let mut last = None;
        for turn in 0..self.hosts.len() {
            let number = (first + turn) % self.hosts.len();
            match in_time(CONNECT, self.connect_to(&self.hosts[number])).await {
                Ok(connection) => {
                    self.host.store(number, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(fault) => last = Some(fault),
            }
        }
        Err(last.unwrap_or_else(|| Fault::Away("no host is configured".to_owned())))
    }

    /// How to connect to the host that answered last, with the password.
    pub(super) fn current(&self) -> Result<PgConnectOptions, Fault> {
        self.with_password(&self.hosts[self.host.load(Ordering::Relaxed)])
    }

    async fn connect_to(&self, host: &PgConnectOptions) -> Result<PgConnection, Fault> {
        let named = |error: sqlx::Error| match Fault::from(error) {
            Fault::Away(why) => Fault::Away(format!("{}:{}: {why}", host.get_host(), host.get_port())),
            Fault::Refused(why) => Fault::Refused(format!("{}:{}: {why}", host.get_host(), host.get_port())),
            fault => fault,
        };
        let mut connection = self.with_password(host)?.connect().await.map_err(named)?;
        sqlx::raw_sql(SESSION).execute(&mut connection).await?;
        durability::require(&mut connection).await?;
        if self.hosts.len() > 1 {
            let standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&mut connection).await?;
            if standby {
                return Err(Fault::Away(format!("{}:{} is a standby", host.get_host(), host.get_port())));
            }
        }
        Ok(connection)
    }

    fn with_password(&self, host: &PgConnectOptions) -> Result<PgConnectOptions, Fault> {
        let Some(file) = &self.server.password_file else { return Ok(host.clone()) };
        let read = std::fs::read_to_string(file);
        let text = read.map_err(|error| Fault::Away(format!("the password file {} cannot be read: {error}", file.display())))?;
        Ok(host.clone().password(text.lines().next().unwrap_or_default()))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(PgConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ping(connection: &mut PgConnection) -> Result<(), Fault> {
    Ok(connection.ping().await?)
}

/// A connection in use. Dropped without having been released, it is closed.
#[derive(Debug)]
pub(super) struct Line<'l> {
    lines: &'l Lines,
    connection: PgConnection,
    _place: SemaphorePermit<'l>,
}

impl Line<'_> {
    pub(super) async fn begin(&mut self) -> Result<Transaction<'_>, Fault> {
        Ok(self.connection.begin().await?)
    }

    /// All went well: the connection may be used again.
    pub(super) fn release(self) {
        self.lines.idle().push((self.connection, Instant::now()));
    }
}

impl Deref for Line<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Line<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
