//! The mail servers of a domain, by its MX records (RFC 5321 section 5.1, RFC 7505).
//!
//! What is sure is final: no such domain, or one that says it takes no mail. Whatever may be otherwise in an hour is not.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;

use super::backoff::scatter;

/// Answers that are kept.
const CACHE: u64 = 4_096;
/// How long an answer is kept at most, and that there is none.
const LONGEST_KEPT: (Duration, Duration) = (Duration::from_secs(3_600), Duration::from_secs(300));
/// Time for one question to one server, and how often it is asked.
const ASKING: (Duration, usize) = (Duration::from_secs(5), 2);
/// Servers of a domain that are looked at: RFC 5321 section 5.1 asks for two at least, and a domain could name thousands.
const MOST_HOSTS: usize = 10;
/// Addresses of one server.
const MOST_ADDRESSES: usize = 4;

/// Who is asked, opened at the first question.
pub(super) struct Exchanges {
    servers: Vec<SocketAddr>,
    /// Our own name: mail that is sent to ourselves goes in circles.
    hostname: String,
    resolver: OnceLock<Result<TokioResolver, String>>,
}

/// What became of a question for the servers of a domain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Names and addresses, the preferred ones first; at least one.
    Hosts(Vec<(String, IpAddr)>),
    /// The domain takes no mail.
    Never(String),
    /// It may later.
    Later(String),
}

/// What one question brought.
enum Answer<T> {
    Got(T),
    /// There is none of it.
    Empty,
    /// There is no such name.
    NoName,
    /// Nobody knows.
    Failed(String),
}

impl Exchanges {
    /// Without servers, those of this machine are asked.
    pub(super) fn new(servers: Vec<SocketAddr>, hostname: String) -> Self {
        Self { servers, hostname, resolver: OnceLock::new() }
    }

    /// The servers of a domain or address literal. `draw` decides about the order of those that are equal.
    pub(super) async fn of(&self, domain: &str, draw: i64) -> Found {
        if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return match literal.trim_start_matches("IPv6:").parse() {
                Ok(address) => Found::Hosts(vec![(literal.to_owned(), address)]),
                Err(_) => Found::Never(format!("{domain} is no address of a host")),
            };
        }
        let resolver = match self.resolver.get_or_init(|| self.open()) {
            Ok(resolver) => resolver,
            Err(why) => return Found::Later(format!("no name server can be asked: {why}")),
        };
        let name = crate::model::address::in_ascii(domain);
        match exchanges(resolver, &name).await {
            Answer::NoName => Found::Never(format!("there is no domain {domain}")),
            Answer::Failed(why) => Found::Later(format!("the mail servers of {domain} could not be found out: {why}")),
            // Without any MX record the domain's own address takes its mail.
            Answer::Empty => addresses(resolver, domain, vec![name.into_owned()]).await,
            Answer::Got(mut records) => {
                if records.iter().all(|(_, host)| host.is_empty()) {
                    return Found::Never(format!("{domain} takes no mail (null MX, RFC 7505)"));
                }
                records.sort_by_key(|(preference, host)| (*preference, drawn(host, draw)));
                let own = records.iter().find(|(_, host)| host.eq_ignore_ascii_case(&self.hostname)).map(|(own, _)| *own);
                // Who is on the list hands over to those before him only (RFC 5321 section 5.1).
                records.retain(|(preference, host)| !host.is_empty() && own.is_none_or(|own| *preference < own));
                if records.is_empty() {
                    return Found::Never(format!(
                        "{domain} has its mail sent to us, and is none of our domains: it would go in circles"
                    ));
                }
                addresses(resolver, domain, records.into_iter().map(|(_, host)| host).take(MOST_HOSTS).collect()).await
            }
        }
    }

    fn open(&self) -> Result<TokioResolver, String> {
        let config = if self.servers.is_empty() {
            read_system_conf().map(|(config, _)| config).map_err(|error| error.to_string())?
        } else {
            ResolverConfig::from_parts(None, Vec::new(), self.servers.iter().copied().map(server).collect())
        };
        let mut options = ResolverOpts::default();
        (options.timeout, options.attempts) = ASKING;
        options.cache_size = CACHE;
        options.positive_max_ttl = Some(LONGEST_KEPT.0);
        options.negative_max_ttl = Some(LONGEST_KEPT.1);
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // The domains of others are what their name servers say.
        options.use_hosts_file = ResolveHosts::Never;
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
        builder.build().map_err(|error| error.to_string())
    }
}

/// The MX records of a name: preference and host, which is empty for the root.
async fn exchanges(resolver: &TokioResolver, name: &str) -> Answer<Vec<(u16, String)>> {
    match resolver.lookup(format!("{name}."), RecordType::MX).await {
        Ok(lookup) => {
            let records = lookup.answers().iter().filter_map(|record| match &record.data {
                RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii().trim_end_matches('.').to_lowercase())),
                _ => None,
            });
            let records: Vec<_> = records.collect();
            if records.is_empty() { Answer::Empty } else { Answer::Got(records) }
        }
        Err(error) if error.is_nx_domain() => Answer::NoName,
        Err(error) if is_empty(&error) => Answer::Empty,
        Err(error) => Answer::Failed(error.to_string()),
    }
}

/// The addresses of hosts in their order, each host's of IPv6 and of IPv4 by turns.
async fn addresses(resolver: &TokioResolver, domain: &str, hosts: Vec<String>) -> Found {
    let (mut found, mut failed) = (Vec::new(), None);
    for host in hosts {
        match resolver.lookup_ip(format!("{host}.")).await {
            Ok(lookup) => {
                let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = lookup.iter().partition(IpAddr::is_ipv6);
                let most = six.len().max(four.len());
                let by_turns = (0..most).flat_map(|at| [six.get(at), four.get(at)]).flatten();
                found.extend(by_turns.take(MOST_ADDRESSES).map(|address| (host.clone(), *address)));
            }
            Err(error) if error.is_nx_domain() || is_empty(&error) => {}
            Err(error) => failed = Some(format!("{host}: {error}")),
        }
    }
    match failed {
        _ if !found.is_empty() => Found::Hosts(found),
        Some(why) => Found::Later(format!("the mail servers of {domain} could not be found out: {why}")),
        None => Found::Never(format!("{domain} has no mail server with an address")),
    }
}

/// Whether the name is there and has nothing of what was asked for. A refusal or a failure of the server says nothing.
fn is_empty(error: &hickory_resolver::net::NetError) -> bool {
    use hickory_resolver::net::{DnsError, NetError, NoRecords};
    use hickory_resolver::proto::op::ResponseCode;
    matches!(error, NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code: ResponseCode::NoError, .. })))
}

/// Where a host comes among its equals.
fn drawn(host: &str, draw: i64) -> u64 {
    let folded = host.bytes().fold(draw.cast_unsigned(), |folded, octet| folded.rotate_left(7) ^ u64::from(octet));
    scatter(folded)
}

/// Asked by UDP, and by TCP for what is too long for it.
fn server(address: SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = address.port();
    }
    NameServerConfig::new(address.ip(), true, connections)
}
