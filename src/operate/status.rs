//! `status`: whether the gateway runs, whether mail flows, what waits and what was done, on one screen.
//!
//! The running gateway is asked over its control socket. Where there is none, the store is looked at, which tells what waits but not
//! whether anybody works on it. It ends with 69 when no gateway runs here or something is not as it should be; the answer is written all
//! the same.

mod live;
mod page;

use std::io::Write;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::{Code, Ended, Format, Trouble, settled, write_json};
use crate::inspect::control::{Unanswered, ask, socket_in};
use crate::inspect::report::{Hindrance, Report};
use crate::model::time::{Time, Zone};
use crate::settings::Settings;
use crate::store::Store;

pub use live::watch;

/// How long the gateway may take to answer. It asks its store a dozen questions.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is looked at, and how it is shown.
pub struct Wanted<'a> {
    /// The configuration: where the gateway's socket and store are, and which accounts it should fetch mail from.
    pub settings: &'a Settings,
    /// The zone in which people are told times.
    pub zone: &'a Zone,
    /// How to write, asked at each look.
    pub format: &'a dyn Fn() -> Format,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Whether a gateway answered here.
    pub running: bool,
    /// Whether mail flows through it.
    pub flows: bool,
    /// Why nobody answered, or what was answered instead; `None` when the gateway told.
    pub trouble: Option<String>,
    /// What is not as it should be, what stops mail first.
    pub hindrances: Vec<Hindrance>,
    /// What the gateway, or without one the store, tells.
    #[serde(flatten)]
    pub report: Option<Report>,
}

/// Shows how things are, once.
///
/// # Errors
/// [`Code::Unavailable`] when no gateway runs or something is not as it should be.
pub async fn status(wanted: &Wanted<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let seen = look(wanted.settings).await;
    settled(write(&seen, None, wanted, out))?;
    seen.verdict()
}

fn write(seen: &Seen, before: Option<&Seen>, wanted: &Wanted<'_>, out: &mut dyn Write) -> Result<(), Ended> {
    match (wanted.format)() {
        Format::Json => write_json(seen, out)?,
        Format::People(look) => {
            let view = page::Page { seen, before, settings: wanted.settings, look, zone: wanted.zone, now: now() };
            out.write_all(view.text().as_bytes())?;
        }
    }
    Ok(out.flush()?)
}

/// Looks once. Whatever goes wrong is part of what is seen.
async fn look(settings: &Settings) -> Seen {
    let socket = socket_in(&settings.data);
    match ask(&socket, "GET", "/status", PATIENCE).await {
        Ok(reply) if reply.status == 200 => match serde_json::from_str::<Report>(&reply.body) {
            Ok(report) => {
                let ready = ask(&socket, "GET", "/readyz", PATIENCE).await.ok();
                let refusal = ready.filter(|reply| reply.status == 503).map(|reply| reply.body);
                Seen::by_gateway(report, settings, refusal.as_deref())
            }
            Err(error) => Seen::without_report(
                true,
                format!("the gateway is of another version, and its answer is not understood: {error}"),
            ),
        },
        Ok(reply) => Seen::without_report(true, format!("the gateway cannot tell: {}", reply.body.trim())),
        Err(unanswered) => by_store(settings, &unanswered).await,
    }
}

/// What the store alone tells.
async fn by_store(settings: &Settings, unanswered: &Unanswered) -> Seen {
    // Whoever is too slow to answer, or not for us, runs.
    let running = !matches!(unanswered, Unanswered::Nobody(_));
    let trouble = unanswered.to_string();
    if !settings.store.place.is_there() {
        return Seen::without_report(running, format!("{trouble}; and there is no store at {} yet", settings.store.place));
    }
    let looked = async {
        let store = Store::open(&settings.store).await?;
        let report = Report::of_store(&store, now()).await;
        store.close().await;
        report
    };
    match looked.await {
        Ok(report) => Seen { running, trouble: Some(trouble), flows: false, ..Seen::by_gateway(report, settings, None) },
        Err(fault) => Seen::without_report(running, format!("{trouble}; {fault}")),
    }
}

impl Seen {
    fn by_gateway(report: Report, settings: &Settings, refusal: Option<&str>) -> Self {
        let found = report.hindrances(&settings.inspect);
        let mut hindrances = found.clone();
        let known = |name: &str| report.accounts.iter().any(|account| account.name == name);
        hindrances.extend(settings.imap.iter().filter(|account| !known(&account.name)).map(|account| Hindrance {
            about: "account".to_owned(),
            stops: false,
            words: format!("nobody has ever looked after the account {}: reload the configuration", account.name),
        }));
        hindrances.splice(0..0, refusal.map(|words| beyond(words, &found)).unwrap_or_default());
        let flows = !hindrances.iter().any(|hindrance| hindrance.stops);
        Self { running: true, flows, trouble: None, hindrances, report: Some(report) }
    }

    fn without_report(running: bool, trouble: String) -> Self {
        Self { running, flows: false, trouble: Some(trouble), hindrances: Vec::new(), report: None }
    }

    fn verdict(&self) -> Result<(), Trouble> {
        if let Some(trouble) = &self.trouble {
            return Err(Trouble::new(Code::Unavailable, trouble.clone()));
        }
        match self.hindrances.first() {
            None => Ok(()),
            Some(first) => Err(Trouble::new(Code::Unavailable, first.words.clone())),
        }
    }
}

/// What the gateway found out beyond what its report holds: it says so in lines such as `STOPPED store: …`.
fn beyond(words: &str, known: &[Hindrance]) -> Vec<Hindrance> {
    let stopped = words.lines().filter_map(|line| line.strip_prefix("STOPPED "));
    let told = stopped.map(|line| line.split_once(": ").unwrap_or(("ready", line)));
    let fresh = told.filter(|(about, _)| !known.iter().any(|hindrance| hindrance.about == *about));
    fresh.map(|(about, words)| Hindrance { about: about.to_owned(), stops: true, words: words.to_owned() }).collect()
}

fn now() -> Time {
    Time::from(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_gateway_knows_is_added_to_what_its_report_tells() {
        let known = [Hindrance { about: "pending".to_owned(), stops: true, words: "2 mails wait".to_owned() }];
        let words = "not ready: mail does not flow\nSTOPPED store: it cannot be written\nok      listener: greets\nSTOPPED pending: stuck\n";
        let wanted = Hindrance { about: "store".to_owned(), stops: true, words: "it cannot be written".to_owned() };
        assert_eq!(beyond(words, &known), [wanted]);
    }
}
