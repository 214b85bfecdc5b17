//! What the running parts go by: one channel for each part, which it follows, and the two steps of a change.
//!
//! Promise: `prepare` finds whatever is wrong and changes nothing; `apply` cannot fail. So a configuration is taken over whole or not at all.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::RunError;
use super::opening::house_with;
use super::watchdog::limit;
use crate::accept::custody::Custody;
use crate::accept::smtp::{self, Listeners, Standing};
use crate::accept::{http, imap};
use crate::deliver;
use crate::duty::Teller;
use crate::inspect::http::Monitored;
use crate::inspect::{Inspector, Watched};
use crate::observe::beat::Beats;
use crate::process::House;
use crate::settings::{Settings, keys};
use crate::store::Store;

/// The ends of all channels at which something is put in.
pub(super) struct Swap {
    pub(super) house: watch::Sender<House>,
    pub(super) teller: watch::Sender<Teller>,
    pub(super) plan: watch::Sender<imap::Plan>,
    pub(super) delivery: watch::Sender<deliver::Edition>,
    pub(super) door: Arc<smtp::Door>,
    pub(super) listeners: watch::Sender<Listeners>,
    pub(super) pages: watch::Sender<Option<http::Open>>,
    /// The one for pages that somebody else has bound: it stays.
    pub(super) handed: Option<Arc<TcpListener>>,
    pub(super) monitored: watch::Sender<Monitored>,
    pub(super) inspector: Inspector,
    pub(super) store: Store,
    pub(super) custody: Custody,
    pub(super) beats: Beats,
}

/// The part of a change that reads files.
pub(super) struct Read {
    house: House,
    standing: Standing,
}

/// A change that cannot fail any more.
pub(super) struct Prepared {
    house: House,
    standing: Standing,
    listeners: Listeners,
    pages: Option<http::Open>,
    monitored: Monitored,
}

/// What a change did that settings do not show.
pub(super) struct Applied {
    /// Another certificate is shown.
    pub(super) certificate: bool,
    /// Addresses that are listened on now and were not.
    pub(super) opened: Vec<String>,
    /// Addresses that were listened on and are not now.
    pub(super) closed: Vec<String>,
}

/// What nobody's mail brings about, by these rules.
pub(super) fn teller(settings: &Settings, house: &House) -> Teller {
    Teller {
        desk: Arc::clone(&house.desk),
        texts: Arc::clone(&house.texts),
        every: settings.digest,
        accounts: settings.imap.iter().map(|account| account.name.clone()).collect(),
        retention: settings.retention.clone(),
    }
}

/// What is fetched, by these rules.
pub(super) fn plan(settings: &Settings, house: &House) -> imap::Plan {
    imap::Plan { accounts: settings.imap.clone(), desk: Arc::clone(&house.desk) }
}

/// What is looked at, and by which limits.
pub(super) fn watched(settings: &Settings, listeners: &Listeners) -> Watched {
    Watched { options: settings.inspect.clone(), doors: listeners.smtp().unwrap_or_default() }
}

/// The listener and the door of the pages that mails link to.
pub(super) fn pages(
    settings: &Settings,
    house: &House,
    (store, custody, beats): (&Store, &Custody, &Beats),
    listener: Option<Arc<TcpListener>>,
) -> Option<http::Open> {
    let (options, listener) = (settings.http.clone()?, listener?);
    let (desk, texts) = (Arc::clone(&house.desk), Arc::clone(&house.texts));
    let door = http::Door::new(options, desk, texts, store.clone(), custody.clone());
    let door = Arc::new(door.with_beat(beats.part("http", limit::LISTENER)));
    Some(http::Open { listener, door })
}

/// Reads every file that the settings name. Everything that is wrong, in words. Blocks.
pub(super) fn read(settings: &Settings, before: (&Settings, &House), door: &smtp::Door) -> Result<Read, Vec<String>> {
    let mut faults = Vec::new();
    let house = note(&mut faults, house(settings, before));
    let desk = house.as_ref().map_or_else(|| Arc::clone(&before.1.desk), |house| Arc::clone(&house.desk));
    let trusted = settings.authenticate.trusted_networks.clone();
    let standing = door.prepare(settings.smtp.clone(), desk, trusted).map_err(RunError::Door);
    match (house, note(&mut faults, standing)) {
        (Some(house), Some(standing)) => Ok(Read { house, standing }),
        _ => Err(faults),
    }
}

/// The rules, by the keys as they are in their file now. They have to be those that the addresses of the store are sealed with: that was
/// asked of the store at the start, and what the first key is has not changed since.
fn house(settings: &Settings, (old, before): (&Settings, &House)) -> Result<House, RunError> {
    let missing = || RunError::Keys(format!("there is no key file {}", settings.key_file.display()));
    let keys = keys::open(&settings.key_file)?.ok_or_else(missing)?;
    if keys.fingerprint() != before.desk.keys.fingerprint() {
        return Err(RunError::Keys("the key file holds other keys than the addresses of this store are sealed with".to_owned()));
    }
    let mut house = house_with(settings, keys)?;
    if settings.authenticate == old.authenticate {
        // What it remembers of name servers and keys is of use on.
        house.authenticate = Arc::clone(&before.authenticate);
    }
    Ok(house)
}

impl Swap {
    /// Opens what has to be open before anything changes. Everything that is wrong, in words.
    pub(super) fn prepare(&self, read: Read, settings: &Settings, before: &Settings) -> Result<Prepared, Vec<String>> {
        let mut faults = Vec::new();
        let Read { house, standing } = read;
        let listeners = note(&mut faults, self.listeners.borrow().next(&settings.smtp));
        let open = self.pages.borrow().as_ref().map(|open| Arc::clone(&open.listener));
        let same = settings.http.as_ref().map(|http| http.listen) == before.http.as_ref().map(|http| http.listen);
        let listener = match &settings.http {
            None => None,
            Some(_) if self.handed.is_some() => self.handed.clone(),
            Some(_) if same => open,
            Some(options) => note(&mut faults, http::bind(options)).map(Arc::new),
        };
        let pages = pages(settings, &house, (&self.store, &self.custody, &self.beats), listener);
        let monitored = note(&mut faults, self.monitored.borrow().next(&settings.inspect));
        match (listeners, monitored) {
            (Some(listeners), Some(monitored)) if faults.is_empty() => {
                Ok(Prepared { house, standing, listeners, pages, monitored })
            }
            _ => Err(faults),
        }
    }

    /// Swaps everything. Those who decide come before those who take, so that nobody takes mail for a department that the others do not know.
    ///
    /// `authorities`: other ones stand in the files that the sender reads once.
    pub(super) fn apply(&self, prepared: Prepared, settings: &Settings, authorities: bool) -> Applied {
        let Prepared { house, standing, listeners, pages, monitored } = prepared;
        self.inspector.watch(watched(settings, &listeners));
        self.teller.send_replace(teller(settings, &house));
        self.plan.send_replace(plan(settings, &house));
        self.house.send_replace(house);
        let number = self.delivery.borrow().number + u64::from(authorities);
        self.delivery.send_replace(deliver::Edition { options: settings.delivery.clone(), number });
        let certificate = self.door.change(standing);
        let now = names(&listeners, pages.as_ref(), &monitored);
        let before =
            (self.listeners.send_replace(listeners), self.pages.send_replace(pages), self.monitored.send_replace(monitored));
        let before = names(&before.0, before.1.as_ref(), &before.2);
        let without = |all: &[String], others: &[String]| all.iter().filter(|name| !others.contains(name)).cloned().collect();
        Applied { certificate, opened: without(&now, &before), closed: without(&before, &now) }
    }

    /// The house of the moment.
    pub(super) fn house(&self) -> House {
        self.house.borrow().clone()
    }
}

fn names(listeners: &Listeners, pages: Option<&http::Open>, monitored: &Monitored) -> Vec<String> {
    let mut names = listeners.names();
    names.extend(pages.and_then(|open| open.listener.local_addr().ok()).map(|address| format!("HTTP {address}")));
    names.extend(monitored.addresses().unwrap_or_default().into_iter().map(|address| format!("HTTP {address} for monitors")));
    names
}

/// Keeps what is wrong, and goes on: all of it is told at once.
fn note<T, E: ToString>(faults: &mut Vec<String>, result: Result<T, E>) -> Option<T> {
    result.map_err(|error| faults.extend(error.to_string().lines().map(str::to_owned))).ok()
}
