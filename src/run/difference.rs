//! What a configuration has that another has not: in words for whoever reloads, and what only a restart can change.

use std::path::Path;

use super::swap::Applied;
use crate::settings::keys::{self, Listed};
use crate::settings::{Settings, texts_folder};
use crate::store::Place;

/// What was read besides the settings, to be compared with the next time.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Seen {
    keys: Option<Vec<Listed>>,
    texts: Vec<(String, String)>,
    /// `[delivery] ca_file`.
    authorities: Option<Vec<u8>>,
}

impl Seen {
    /// Reads them. What cannot be read counts as empty: whoever uses it tells.
    pub(super) fn of(settings: &Settings) -> Self {
        let texts = settings.texts_folder.as_ref().map(|folder| texts_folder::read(folder).0).unwrap_or_default();
        let authorities = settings.delivery.ca_file.as_ref().and_then(|file| std::fs::read(file).ok());
        Self { keys: keys::list(&settings.key_file).ok().flatten(), texts, authorities }
    }

    /// Whether relays are believed by the word of others than before.
    pub(super) fn trusts_others(&self, before: &Self) -> bool {
        self.authorities != before.authorities
    }
}

/// Puts back what only a restart can change, and names those keys: what is open with them cannot be swapped under mail that flows.
pub(super) fn held_back(before: &Settings, now: &mut Settings) -> Vec<String> {
    let mut keys = Vec::new();
    let mut hold = |key: &str| keys.push(key.to_owned());
    if now.data != before.data {
        hold("[gateway] data");
        // What lies there by default has not been moved either.
        if before.key_file == before.data.join("key") && now.key_file == now.data.join("key") {
            now.key_file.clone_from(&before.key_file);
        }
        let in_data = |place: &Place, data: &Path| *place == Place::File(data.join("postdesk.db"));
        if in_data(&before.store.place, &before.data) && in_data(&now.store.place, &now.data) {
            now.store.place.clone_from(&before.store.place);
        }
        now.data.clone_from(&before.data);
    }
    if now.store.place != before.store.place {
        hold("[store] url");
    }
    if now.store.min_free_space != before.store.min_free_space {
        hold("[store] min_free_space");
    }
    if now.store.objects != before.store.objects {
        hold("[store] objects");
    }
    now.store.clone_from(&before.store);
    if now.log != before.log {
        hold("[log]");
        now.log.clone_from(&before.log);
    }
    if now.smtp.backlog != before.smtp.backlog {
        hold("[smtp] backlog");
        now.smtp.backlog = before.smtp.backlog;
    }
    if now.smtp.lmtp_socket_mode != before.smtp.lmtp_socket_mode {
        hold("[smtp] lmtp_socket_mode");
        now.smtp.lmtp_socket_mode = before.smtp.lmtp_socket_mode;
    }
    keys
}

/// What is in force now and was not before, a line each. Every setting is named here, so that a new one cannot be forgotten.
pub(super) fn changes((before, seen): (&Settings, &Seen), (now, sees): (&Settings, &Seen), applied: &Applied) -> Vec<String> {
    let Settings {
        origin,
        hostname,
        name,
        // Held back.
        data: _,
        key_file,
        store: _,
        log: _,
        smtp,
        imap,
        http,
        inspect,
        authenticate,
        token_lifetime,
        delivery,
        departments,
        agents,
        limits,
        caps,
        digest,
        retention,
        automatic_mail,
        attempts,
        texts_folder,
        // Follows from the others.
        changed: _,
    } = before;
    let mut words = Vec::new();
    let mut tell = |differs: bool, what: &str| words.extend(differs.then(|| what.to_owned()));
    tell(*origin != now.origin, "the file is another one");
    tell(*hostname != now.hostname || *name != now.name, "[gateway] hostname and name");
    tell(*key_file != now.key_file || seen.keys != sees.keys, "the keys that addresses are sealed with");
    tell(*texts_folder != now.texts_folder || seen.texts != sees.texts, "the texts of notices");
    let terms =
        |smtp: &crate::accept::smtp::Options| crate::accept::smtp::Options { listen: vec![], lmtp: vec![], ..smtp.clone() };
    tell(terms(smtp) != terms(&now.smtp), "[smtp]");
    tell(applied.certificate, "the certificate that is shown by STARTTLS");
    tell(*http != now.http || *inspect != now.inspect, "[http]");
    tell(*authenticate != now.authenticate || *token_lifetime != now.token_lifetime, "[authentication]");
    tell(*delivery != now.delivery || sees.trusts_others(seen), "[delivery]: another sender takes over");
    tell(*limits != now.limits || *attempts != now.attempts, "[limits]");
    tell(*caps != now.caps, "[acknowledgements]");
    tell(*digest != now.digest, "[held] digest");
    tell(*retention != now.retention, "[retention]");
    tell(*automatic_mail != now.automatic_mail, "[automatic_mail]");
    words.extend(applied.opened.iter().map(|place| format!("listens on {place}")));
    words.extend(applied.closed.iter().map(|place| format!("listens no more on {place}; its connections go on")));
    words.extend(entries("departments", departments, &now.departments, |department| &department.key));
    words.extend(entries("agents", agents, &now.agents, |agent| &agent.key));
    words.extend(entries("IMAP accounts", imap, &now.imap, |account| &account.name));
    words
}

/// Which entries of a list are new, changed or gone.
fn entries<'a, T: PartialEq>(what: &str, before: &'a [T], now: &'a [T], name: impl Fn(&'a T) -> &'a str) -> Option<String> {
    let find = |among: &'a [T], entry: &'a T| among.iter().find(|other| name(other) == name(entry));
    let names = |entries: Vec<&'a T>| entries.into_iter().map(&name).collect::<Vec<_>>().join(", ");
    let new = names(now.iter().filter(|entry| find(before, entry).is_none()).collect());
    let other = names(now.iter().filter(|entry| find(before, entry).is_some_and(|old| old != *entry)).collect());
    let gone = names(before.iter().filter(|entry| find(now, entry).is_none()).collect());
    let parts = [("new", new), ("changed", other), ("gone", gone)];
    let parts: Vec<String> =
        parts.into_iter().filter(|(_, names)| !names.is_empty()).map(|(how, names)| format!("{how}: {names}")).collect();
    match parts.is_empty() {
        // The first department is that of mail which names nobody.
        true if !before.iter().zip(now).all(|(old, new)| name(old) == name(new)) => Some(format!("{what}: in another order")),
        true => None,
        false => Some(format!("{what} {}", parts.join("; "))),
    }
}
