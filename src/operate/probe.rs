//! `probe`: sends a mail through the whole path and waits for its ticket, the proof that a mailbox really is connected.
//!
//! To a department's own address it goes to our SMTP listener, as a stranger's mail would; to any other mailbox it leaves by the relay, as
//! our own mail does, and has to come back: forwarded to us, or fetched by IMAP. What comes back is known by its token
//! (`decide::recall::probe`), so nobody else can make one, and it bothers nobody. Ends with 75 when it has not arrived in time, with 69 when
//! nobody took it or it went to the wrong department.

mod letter;
mod page;
mod trace;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::{Code, Format, Trouble, settled, write_json};
use crate::deliver::once::{NotTaken, hand_over};
use crate::deliver::{Options, Relay, Security, smtp::Letter};
use crate::model::address::Address;
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::settings::{Settings, keys};
use crate::store::Store;

use letter::{Draft, draft};
use trace::{Fate, Trace};

/// Time for handing it over.
const HANDING_OVER: Duration = Duration::from_secs(30);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The mailbox; without it the address of the first department.
    pub to: Option<String>,
    /// The author; without it the department.
    pub from: Option<String>,
    /// `own`, `relay`, or a mail server such as `smtp://mx.example:25`. Without it, `own` for an address of a department and `relay` for
    /// every other mailbox.
    pub via: Option<String>,
    /// How long to wait for the ticket.
    pub wait: Duration,
}

/// What became of a probe: JSON, with stable names.
#[derive(Debug, Clone, Serialize)]
struct Told {
    to: String,
    from: String,
    via: String,
    message_id: String,
    /// Each step that is known to have been made, in its order.
    stages: Vec<Stage>,
    /// Whether it became a ticket.
    arrived: bool,
    reference: Option<String>,
    department: Option<String>,
    authenticity: Option<String>,
    /// The trace of the decision.
    reasons: Vec<String>,
    /// What went wrong and what to look at.
    trouble: Option<String>,
}

/// A step on the way of a probe.
#[derive(Debug, Clone, Serialize)]
struct Stage {
    stage: &'static str,
    at: Time,
    /// Since the probe was made.
    milliseconds: i64,
    words: String,
}

/// Sends a probe, waits, and tells what became of it.
///
/// # Errors
/// [`Code::TryLater`] when it did not arrive in time, [`Code::Unavailable`] when nobody took it, when it came back, or when it arrived at
/// the wrong place.
pub async fn probe(settings: &Settings, wanted: &Wanted, format: Format, out: &mut dyn Write) -> Result<(), Trouble> {
    let key_trouble = |error: keys::KeyFault| Trouble::new(Code::Configuration, error.to_string());
    let Some(keys) = keys::open(&settings.key_file).map_err(key_trouble)? else {
        return Err(Trouble::new(Code::Unavailable, "there is no key file yet: the first start of the gateway makes it"));
    };
    let desk = settings.desk(keys);
    let draft = draft(&desk, wanted, now()).map_err(|why| Trouble::new(Code::Usage, why))?;
    let way = way(settings, &desk, wanted, &draft.to)?;
    let store = Store::open(&settings.store).await?;
    let first = store.queues(now()).await?.newest.0;
    let mut told = Told::begin(&draft, &way);
    let code = match hand_over(&way.options, letter_of(&draft), HANDING_OVER).await {
        Err(not_taken) => told.not_taken(&not_taken, &way),
        Ok(host) => {
            told.stage("handed over", now(), &draft, format!("taken by {host}"));
            let trace = Trace { store: &store, draft: &draft, first };
            let fate = trace.follow(wanted.wait).await?;
            told.fate(&fate, &draft, &desk, wanted.wait, &way)
        }
    };
    store.close().await;
    let written = match format {
        Format::Json => write_json(&told, out),
        Format::People(look) => out.write_all(page::page(&told, look).as_bytes()).map_err(Into::into),
    };
    settled(written)?;
    match (code, told.trouble) {
        (Some(code), Some(trouble)) => Err(Trouble::new(code, trouble)),
        _ => Ok(()),
    }
}

fn letter_of(draft: &Draft) -> Letter<'_> {
    Letter { sender: &draft.sender, recipient: &draft.to, octets: &draft.octets }
}

/// By which way a probe leaves.
struct Way {
    options: Options,
    words: String,
    /// It comes to us at once, or not at all.
    is_own: bool,
}

fn way(settings: &Settings, desk: &Desk, wanted: &Wanted, to: &Address) -> Result<Way, Trouble> {
    let usage = |why: String| Trouble::new(Code::Usage, format!("--via {why}"));
    let is_departments = desk.departments.iter().any(|department| department.address == *to);
    let via = wanted.via.as_deref().unwrap_or(if is_departments { "own" } else { "relay" });
    let options = |relay| Options { relay, fallbacks: Vec::new(), ..settings.delivery.clone() };
    Ok(match via {
        "relay" => Way { options: settings.delivery.clone(), words: "the relay".to_owned(), is_own: false },
        "own" => {
            let Some(address) = settings.smtp.listen.first() else {
                return Err(usage(
                    "own: `[smtp] listen` names no address; name a mail server, as in smtp://mx.example:25".to_owned(),
                ));
            };
            let host = reachable(*address);
            let relay =
                Relay::Smtp { host: host.ip().to_string(), port: host.port(), security: Security::Opportunistic, login: None };
            Way { options: options(relay), words: "our own listener".to_owned(), is_own: true }
        }
        server => {
            let relay = crate::settings::server(server).map_err(|why| usage(format!("{server}: {why}; or `own`, or `relay`")))?;
            Way { options: options(relay), words: server.to_owned(), is_own: false }
        }
    })
}

/// Where a listener is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback: IpAddr = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    if address.ip().is_unspecified() { SocketAddr::new(loopback, address.port()) } else { address }
}

impl Told {
    fn begin(draft: &Draft, way: &Way) -> Self {
        Self {
            to: draft.to.to_string(),
            from: draft.from.to_string(),
            via: way.words.clone(),
            message_id: draft.id.clone(),
            stages: Vec::new(),
            arrived: false,
            reference: None,
            department: None,
            authenticity: None,
            reasons: Vec::new(),
            trouble: None,
        }
    }

    fn stage(&mut self, stage: &'static str, at: Time, draft: &Draft, words: String) {
        let milliseconds = (at.0 - draft.at.0).max(0) / 1_000;
        self.stages.push(Stage { stage, at, milliseconds, words });
    }

    fn failed(&mut self, code: Code, trouble: String) -> Option<Code> {
        self.trouble = Some(trouble);
        Some(code)
    }

    fn not_taken(&mut self, not_taken: &NotTaken, way: &Way) -> Option<Code> {
        let look = match (not_taken, way.is_own) {
            (NotTaken::NoWay(_), true) => "does the gateway run? see `postdesk status`",
            (NotTaken::Refused { .. }, true) => "`postdesk check` shows the addresses that are ours",
            (NotTaken::NoWay(_), false) => "see `[delivery] relay`; `--via smtp://HOST:PORT` takes another way",
            (NotTaken::Refused { .. }, false) => "notices of this desk would be refused by it too; see `[delivery]`",
        };
        self.failed(Code::Unavailable, format!("nobody took the probe: {not_taken}; {look}"))
    }

    /// What to end with, `None` when all is well.
    fn fate(&mut self, fate: &Fate, draft: &Draft, desk: &Desk, wait: Duration, way: &Way) -> Option<Code> {
        match fate {
            Fate::Ticket(arrival) => self.ticket(arrival, draft, desk),
            Fate::CameBack(row) => {
                let words = row.reasons.join("; ");
                self.stage("came back", row.received_at, draft, format!("as arrival {}: {words}", row.id));
                let (id, to) = (row.id, &self.to);
                let trouble =
                    format!("the probe came back: nobody delivers mail to {to}; `postdesk arrival show {id}` has the report");
                self.failed(Code::Unavailable, trouble)
            }
            Fate::Other(row) => {
                self.stage("arrived", row.received_at, draft, format!("as arrival {} by {}", row.id, row.source));
                self.reasons.clone_from(&row.reasons);
                let outcome = row.outcome.as_deref().unwrap_or("pending");
                let trouble = format!(
                    "the probe arrived, but not as a probe: it is `{outcome}`; `postdesk arrival show {}` says why",
                    row.id
                );
                self.failed(Code::Unavailable, trouble)
            }
            Fate::Undecided(count) => {
                let trouble = format!(
                    "within {} s no ticket came of it; {count} mails wait to be decided: see `postdesk status`",
                    wait.as_secs()
                );
                self.failed(Code::TryLater, trouble)
            }
            Fate::Nowhere => {
                let trouble = trace::nowhere(&self.to, wait, way.is_own);
                self.failed(Code::TryLater, trouble)
            }
        }
    }

    fn ticket(&mut self, detail: &crate::store::report::arrival::ArrivalDetail, draft: &Draft, desk: &Desk) -> Option<Code> {
        let row = &detail.arrival;
        let peer = detail.peer_ip.as_ref().map(|peer| format!(" from {peer}")).unwrap_or_default();
        let whom = if row.recipients.is_empty() { String::new() } else { format!(", for {}", row.recipients.join(", ")) };
        self.stage("arrived", row.received_at, draft, format!("as arrival {} by {}{peer}{whom}", row.id, row.source));
        let proven = row.authenticity.as_deref().unwrap_or("unproven");
        let decided = detail.decided_at.unwrap_or(row.received_at);
        self.stage("decided", decided, draft, format!("department {}, sender {proven}", row.department));
        self.authenticity = Some(proven.to_owned());
        self.department = Some(row.department.clone());
        self.reasons.clone_from(&row.reasons);
        self.arrived = true;
        self.reference = row.ticket.as_ref().map(|name| {
            let prefix =
                desk.department(&name.department).map_or_else(|| name.department.to_uppercase(), |known| known.prefix.clone());
            format!("{prefix}-{}", name.number)
        });
        let reference = self.reference.clone().unwrap_or_default();
        self.stage("ticket", decided, draft, format!("{reference}, closed, tagged `probe`"));
        let wanted = desk.department_by_address(&draft.to).filter(|wanted| wanted.key != row.department)?;
        let trouble = format!(
            "the probe arrived at the department {}, and {} is of {}: what forwards it names another address",
            row.department, self.to, wanted.key
        );
        self.failed(Code::Unavailable, trouble)
    }
}

fn now() -> Time {
    Time::from(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_reached_over_loopback() {
        let reached = |address: &str| reachable(address.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:25"), "127.0.0.1:25");
        assert_eq!(reached("[::]:25"), "[::1]:25");
        assert_eq!(reached("192.0.2.1:25"), "192.0.2.1:25");
    }
}
