//! One mail now, by the way that ordinary mail goes, and what was said to it. Nothing is queued: whoever calls waits for the answer.

use std::time::Duration;

use tokio::time::Instant;

use super::classify::Verdict;
use super::mx::{Exchanges, Found};
use super::smtp::{Attempt, Door, Letter};
use super::{Options, Relay, Security};

/// Why a mail was not handed over, in words for an operator, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// There is no way out, or nobody could be reached.
    #[error("{0}")]
    NoWay(String),
    /// A host said no.
    #[error("{host} refused it: {reply}")]
    Refused {
        /// Who.
        host: String,
        /// What it said.
        reply: String,
    },
}

/// Hands a mail over, signed as notices are signed that have its author's domain; returns the host that took it. The hosts are asked in
/// their order until one takes it or says no to it.
///
/// # Errors
/// When none took it. Within the time limit it is not known whether one has it that broke off after the final dot; then that is said.
pub async fn hand_over(options: &Options, letter: Letter<'_>, patience: Duration) -> Result<String, NotTaken> {
    let deadline = Instant::now() + patience;
    let queued_at = crate::model::time::Time::from(std::time::SystemTime::now());
    let signatures = options.signers.signatures(letter.octets, queued_at).map_err(NotTaken::NoWay)?;
    let octets = [signatures.as_bytes(), letter.octets].concat();
    let letter = Letter { octets: &octets, ..letter };
    let mut last = NotTaken::NoWay("there is no host to send it to".to_owned());
    for (name, door) in hosts(options, letter.recipient.domain()).await? {
        match at_host(&name, &door, &letter, deadline).await {
            Ok(()) => return Ok(name),
            Err(refused @ NotTaken::Refused { .. }) => return Err(refused),
            Err(away) => last = away,
        }
    }
    Err(last)
}

async fn at_host(name: &str, door: &Door, letter: &Letter<'_>, deadline: Instant) -> Result<(), NotTaken> {
    let connection = door.open(deadline).await.map_err(NotTaken::NoWay)?;
    let refused = |reply: &str| NotTaken::Refused { host: name.to_owned(), reply: reply.to_owned() };
    match connection.send(letter, deadline).await {
        Attempt::Answered(verdict, connection) => {
            connection.quit().await;
            if verdict == Verdict::Sent { Ok(()) } else { Err(refused(verdict.why())) }
        }
        // It may have the mail: nobody else is given it.
        Attempt::Doubtful(verdict) => Err(refused(verdict.why())),
        Attempt::Unwilling(verdict) | Attempt::Lost(verdict) => Err(NotTaken::NoWay(format!("{name}: {}", verdict.why()))),
        Attempt::Stale => Err(NotTaken::NoWay(format!("{name} hung up"))),
    }
}

/// Who takes mail for a domain.
async fn hosts(options: &Options, domain: &str) -> Result<Vec<(String, Door)>, NotTaken> {
    match &options.relay {
        Relay::File(folder) => Err(NotTaken::NoWay(format!(
            "`[delivery] relay` writes mail to the folder {}, so nothing leaves this machine",
            folder.display()
        ))),
        Relay::Discard => Err(NotTaken::NoWay("`[delivery] relay` throws mail away, so nothing leaves this machine".to_owned())),
        Relay::Smtp { .. } => {
            let relays = std::iter::once(&options.relay).chain(&options.fallbacks);
            Ok(relays.filter_map(|relay| relay_door(relay, options)).collect())
        }
        Relay::Direct { port } => {
            let exchanges = Exchanges::new(options.name_servers.clone(), options.hostname.clone());
            match exchanges.of(domain, 0).await {
                Found::Never(why) | Found::Later(why) => Err(NotTaken::NoWay(why)),
                Found::Hosts(hosts) => {
                    let door = |(name, address): (String, std::net::IpAddr)| {
                        let hostname = options.hostname.clone();
                        let door = Door::new(address.to_string(), *port, Security::Opportunistic, None, hostname);
                        (format!("{name}[{address}]:{port}"), door)
                    };
                    Ok(hosts.into_iter().map(door).collect())
                }
            }
        }
    }
}

fn relay_door(relay: &Relay, options: &Options) -> Option<(String, Door)> {
    let Relay::Smtp { host, port, security, login } = relay.clone() else { return None };
    let name = format!("{host}:{port}");
    Some((name, Door::new(host, port, security, login, options.hostname.clone()).trusting(options.ca_file.clone())))
}
