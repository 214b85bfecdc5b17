//! Whether mail flows: each thing that it needs is looked at, and told in words.
//!
//! Nothing is hoped: the store is written to, the listeners are connected to, and what the last look found counts for a few seconds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::report::Report;
use super::{Answer, Inspector, Watched};
use crate::store::Store;

/// Time for a listener to greet us.
const GREETING: Duration = Duration::from_secs(2);

/// One thing that mail needs in order to flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at: `store`, `listener`, `pending`, `due`, `part` or `account`.
    pub about: &'static str,
    /// How it is.
    pub is: Is,
    /// The same in words, for a person.
    pub words: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// As it should be.
    Well,
    /// Not as it should be; mail flows all the same.
    Told,
    /// Mail does not flow.
    Stopped,
}

impl Check {
    fn new(about: &'static str, is: Is, words: impl Into<String>) -> Self {
        Self { about, is, words: words.into() }
    }
}

impl Inspector {
    /// Everything that mail needs in order to flow.
    pub async fn checks(&self) -> Vec<Check> {
        let watched = self.watched();
        let (written, report) = tokio::join!(self.store_check(), self.recent_report());
        let mut checks = vec![written];
        checks.extend(self.listener_checks(&watched).await);
        match &report {
            Ok(report) => checks.extend(of_report(report, &watched)),
            Err(why) => checks.push(Check::new("pending", Is::Stopped, format!("nobody knows what waits: {why}"))),
        }
        let still = self.beats.overdue().into_iter().map(|pulse| {
            let (name, age, limit) = (pulse.name, pulse.age.as_secs(), pulse.limit.as_secs());
            Check::new("part", Is::Stopped, format!("{name} has stood still for {age} s (limit {limit} s)"))
        });
        checks.extend(still);
        checks
    }

    /// A line for each of them, and 200 where mail flows.
    pub(super) async fn ready(&self) -> Answer {
        let checks = self.checks().await;
        let flows = checks.iter().all(|check| check.is != Is::Stopped);
        let line = |check: &Check| {
            let how = match check.is {
                Is::Well => "ok",
                Is::Told => "look",
                Is::Stopped => "STOPPED",
            };
            format!("{how:7} {}: {}\n", check.about, check.words)
        };
        let head = if flows { "ready: mail flows\n" } else { "not ready: mail does not flow\n" };
        Answer::text(if flows { 200 } else { 503 }, head.to_owned() + &checks.iter().map(line).collect::<String>())
    }

    async fn store_check(&self) -> Check {
        let store = self.store.clone();
        match self.written.get(async move { written(&store).await }).await {
            Some(Ok(())) => Check::new("store", Is::Well, "it can be written to"),
            Some(Err(why)) => Check::new("store", Is::Stopped, why),
            None => Check::new("store", Is::Stopped, "a write has not come to its end in time"),
        }
    }

    async fn listener_checks(&self, watched: &Watched) -> Vec<Check> {
        if watched.doors.is_empty() {
            return vec![Check::new("listener", Is::Well, "no address is listened on for SMTP")];
        }
        let doors = watched.doors.clone();
        let greeted =
            self.greeted.get(async move { futures_util::future::join_all(doors.into_iter().map(greeting)).await }).await;
        greeted.unwrap_or_else(|| vec![Check::new("listener", Is::Stopped, "nobody has answered in time")])
    }
}

/// A word in the database and on its disk; before that the room for mail, by the rule that mail is refused by.
async fn written(store: &Store) -> Result<(), String> {
    store.require_space().map_err(|fault| fault.to_string())?;
    store.try_to_write().await.map_err(|fault| fault.to_string())
}

/// Whether somebody at this address takes connections. One who says that there are too many does.
async fn greeting(door: SocketAddr) -> Check {
    let nearer = SocketAddr::new(near(door.ip()), door.port());
    let exchange = async {
        let mut stream = TcpStream::connect(nearer).await?;
        let mut code = [0; 3];
        stream.read_exact(&mut code).await?;
        // However that ends: we have heard what we wanted to.
        let _ = stream.write_all(b"QUIT\r\n").await;
        Ok::<_, std::io::Error>(code)
    };
    match timeout(GREETING, exchange).await {
        Ok(Ok(code)) if code == *b"220" => Check::new("listener", Is::Well, format!("{door} greets with 220")),
        Ok(Ok(code)) if code == *b"421" => Check::new("listener", Is::Told, format!("{door} has too many connections (421)")),
        Ok(Ok(code)) => Check::new("listener", Is::Stopped, format!("{door} greets with {}", String::from_utf8_lossy(&code))),
        Ok(Err(error)) => Check::new("listener", Is::Stopped, format!("{door} cannot be connected to: {error}")),
        Err(_) => Check::new("listener", Is::Stopped, format!("{door} does not greet within {} s", GREETING.as_secs())),
    }
}

/// Where every address is listened on, this machine is one of them.
fn near(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

fn of_report(report: &Report, watched: &Watched) -> Vec<Check> {
    let hop = |about, waiting: &crate::store::report::health::Waiting, limit: Duration, what: &str, key: &str| {
        let seconds = waiting.since.map_or(0, |since| report.at.seconds_since(since));
        let limit = limit.as_secs();
        let words = format!("{} {what}, the oldest for {seconds} s (`[http] {key}` {limit} s)", waiting.count);
        Check::new(about, if seconds > limit { Is::Stopped } else { Is::Well }, words)
    };
    let mut checks = vec![
        hop("pending", &report.queues.pending, watched.options.pending_limit, "mails wait for their decision", "pending_limit"),
        hop("due", &report.queues.due, watched.options.due_limit, "notices are due", "due_limit"),
    ];
    let accounts = report.accounts.iter().filter(|account| account.needs_attention);
    checks.extend(accounts.map(|account| {
        let words = format!("no mail comes from {} ({}); see `postdesk imap status`", account.name, account.standing);
        Check::new("account", Is::Told, words)
    }));
    checks
}
