//! Who is asked: the name servers of the configuration or of this machine, through one bounded cache; and whether they answer.
//!
//! Name servers that are down are noticed once: when several mails in a row got no answer, the servers are asked for something that every
//! living one knows. If that is not answered either, nobody is asked for a while, so that a backlog does not wait for each of its mails.
//! Without that last question anybody could keep others from being proven, with mails of a domain whose own servers are silent.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RecordType;
use hickory_resolver::system_conf::read_system_conf;
use mail_auth::MessageAuthenticator;

/// Answers that are kept.
const CACHE: u64 = 4_096;
/// How long an answer is kept at most, and that there is none.
const LONGEST_KEPT: (Duration, Duration) = (Duration::from_secs(3_600), Duration::from_secs(300));
/// Mails in a row without an answer until the name servers are suspected.
const SUSPICIOUS: u32 = 3;

/// The name servers.
pub(super) struct Names {
    servers: Vec<SocketAddr>,
    timeout: Duration,
    /// Opened at the first question; `None` when there is no name server.
    resolvers: OnceLock<Option<(MessageAuthenticator, TokioResolver)>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Mails in a row that got no answer.
    unanswered: u32,
    /// Nobody is asked before then.
    silent_until: Option<Instant>,
    /// Somebody is finding out whether they live, until then.
    probing_until: Option<Instant>,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").field("servers", &self.servers).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Names {
    /// Without servers, those of this machine.
    pub(super) fn new(servers: Vec<SocketAddr>, timeout: Duration) -> Self {
        Self { servers, timeout, resolvers: OnceLock::new(), state: Mutex::default() }
    }

    /// Whom to ask; `None` when they are known not to answer.
    pub(super) async fn resolver(&self) -> Option<&MessageAuthenticator> {
        let (resolver, probe) = self.resolvers.get_or_init(|| self.open()).as_ref()?;
        let is_due = {
            let mut state = self.state();
            let now = Instant::now();
            match state.silent_until {
                None => return Some(resolver),
                Some(until) if now < until => false,
                Some(_) => {
                    // This mail finds out; those beside it do not wait for that.
                    state.silent_until = Some(now + self.pause());
                    true
                }
            }
        };
        if !is_due || !self.answers(probe).await {
            return None;
        }
        *self.state() = State::default();
        tracing::info!("the name servers answer again");
        Some(resolver)
    }

    /// Whether a mail got its answers.
    pub(super) async fn heard(&self, answered: bool) {
        let Some((_, probe)) = self.resolvers.get().and_then(Option::as_ref) else { return };
        {
            let mut state = self.state();
            let now = Instant::now();
            if answered {
                state.unanswered = 0;
                return;
            }
            state.unanswered = state.unanswered.saturating_add(1);
            let is_known = state.silent_until.is_some() || state.probing_until.is_some_and(|until| now < until);
            if state.unanswered < SUSPICIOUS || is_known {
                return;
            }
            state.probing_until = Some(now + self.timeout);
        }
        let answers = self.answers(probe).await;
        let mut state = self.state();
        (state.unanswered, state.probing_until) = (0, None);
        if !answers && state.silent_until.is_none() {
            state.silent_until = Some(Instant::now() + self.pause());
            drop(state);
            let pause = self.pause().as_secs_f64();
            tracing::warn!(pause, "the name servers do not answer: mail is taken and nothing is proven by DNS until they do");
        }
    }

    /// How long nobody is asked: twice the time for one mail.
    fn pause(&self) -> Duration {
        self.timeout * 2
    }

    /// The name servers of the root: every server that is of any use knows them.
    async fn answers(&self, probe: &TokioResolver) -> bool {
        let asking = probe.lookup(".", RecordType::NS);
        match tokio::time::timeout(self.timeout / 2, asking).await {
            Ok(Ok(_)) => true,
            // A refusal or "there is none" is an answer as well.
            Ok(Err(error)) => error.is_no_records_found() || error.is_nx_domain(),
            Err(_) => false,
        }
    }

    fn open(&self) -> Option<(MessageAuthenticator, TokioResolver)> {
        let config = if self.servers.is_empty() {
            let found = read_system_conf().map(|(config, _)| config);
            found.inspect_err(|error| tracing::warn!(%error, "no name server is known: nothing is proven by DNS")).ok()?
        } else {
            ResolverConfig::from_parts(None, Vec::new(), self.servers.iter().copied().map(server).collect())
        };
        let resolver = |cache| {
            TokioResolver::builder_with_config(config.clone(), TokioRuntimeProvider::default())
                .with_options(self.options(cache))
                .build()
        };
        match (resolver(CACHE), resolver(0)) {
            (Ok(resolver), Ok(probe)) => Some((MessageAuthenticator(resolver), probe)),
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(%error, "the name servers cannot be used: nothing is proven by DNS");
                None
            }
        }
    }

    /// Two tries for a question, in half the time for a mail, so that one domain with silent servers leaves time for another.
    fn options(&self, cache: u64) -> ResolverOpts {
        let mut options = ResolverOpts::default();
        options.timeout = self.timeout / 4;
        options.attempts = 1;
        options.cache_size = cache;
        options.positive_max_ttl = Some(LONGEST_KEPT.0);
        options.negative_max_ttl = Some(LONGEST_KEPT.1);
        // What this machine calls itself is no proof of anything.
        options.use_hosts_file = ResolveHosts::Never;
        options
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asked by UDP, and by TCP for what is too long for it.
fn server(address: SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = address.port();
    }
    NameServerConfig::new(address.ip(), true, connections)
}
