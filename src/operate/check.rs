//! `check`: what the configuration resolved to, for people and as JSON, with warnings about what is allowed and seldom
//! meant.
//!
//! It looks at the configuration and the files that it names: nothing is looked up or connected to. Secrets are named by their
//! files, and keys by their numbers, never shown.

mod imap;

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::dkim::standing;
use crate::accept::smtp::{self, Lmtp};
use crate::authenticate;
use crate::deliver::sign::Key;
use crate::deliver::{Relay, Security};
use crate::login::{Login, Secret};
use crate::model::desk::{Access, Agent, Department};
use crate::settings::{Settings, keys};
use crate::store::{Place, Server, objects};

/// A network with fewer fixed bits than this reaches beyond every private range (10.0.0.0/8, fc00::/7).
const WIDEST_PRIVATE: u8 = 7;

/// What the configuration resolved to, as lines for a person; the last one ends with a line end.
pub fn check(settings: &Settings) -> String {
    let mut page = String::new();
    section(&mut page, &format!("The configuration is in order: {}", settings.origin), &gateway(settings));
    for department in &settings.departments {
        let title = format!("Department {}: {} ({}-…)", department.key, department.name, department.prefix);
        let rows = [department_rows(department), standing::rows(settings, department)].concat();
        section(&mut page, &title, &rows);
    }
    for (title, rows) in imap::sections(settings) {
        section(&mut page, &title, &rows);
    }
    let agents: Vec<_> = settings.agents.iter().map(|agent| (agent.key.as_str(), agent_text(agent))).collect();
    section(&mut page, "Agents", &agents);
    let changed = settings.changed.iter();
    let changed: Vec<_> =
        changed.map(|limit| (limit.key.as_str(), format!("{} (default {})", limit.value, limit.default))).collect();
    section(&mut page, "Limits that differ from their defaults", &changed);
    let warnings: Vec<_> = warnings(settings).into_iter().map(|warning| ("warning", warning)).collect();
    section(&mut page, "Warnings", &warnings);
    page
}

/// The same as one JSON object on one line, without a line end. Times are in seconds; what is not set is null.
pub fn check_json(settings: &Settings) -> String {
    let smtp = &settings.smtp;
    let networks: Vec<String> = settings.authenticate.trusted_networks.iter().map(ToString::to_string).collect();
    let relay = |relay: &authenticate::Relay| json!({"network": relay.network.to_string(), "authserv_id": relay.authserv_id});
    let relays: Vec<Value> = settings.authenticate.relays.iter().map(relay).collect();
    let changed: Vec<Value> =
        settings.changed.iter().map(|limit| json!({"key": limit.key, "value": limit.value, "default": limit.default})).collect();
    json!({
        "origin": settings.origin,
        "hostname": settings.hostname,
        "name": settings.name,
        "data": settings.data.display().to_string(),
        "key_file": settings.key_file.display().to_string(),
        "keys": keys_of(settings).iter().map(|key| json!({"number": key.number, "state": key.state.name()})).collect::<Vec<_>>(),
        "digest": settings.digest.map(|every| every.as_secs()),
        "texts": settings.texts_folder.as_ref().map(|folder| folder.display().to_string()),
        "store": store_json(settings),
        "objects": objects_json(settings),
        "smtp": {"listen": smtp.listen, "lmtp": smtp.lmtp.iter().map(ToString::to_string).collect::<Vec<_>>(),
                 "starttls": smtp.tls.is_some(), "trusted_networks": networks, "relays": relays,
                 "authserv_id": settings.authenticate.authserv_id},
        "http": {"listen": settings.inspect.listen, "public_listen": settings.http.as_ref().map(|http| http.listen),
                 "public_url": settings.http.as_ref().map(|http| &http.public_url)},
        "imap": settings.imap.iter().map(imap::json).collect::<Vec<_>>(),
        "delivery": {"relay": relay_url(&settings.delivery.relay), "user": user(&settings.delivery.relay)},
        "dkim": settings.delivery.signers.keys().iter().map(key_json).collect::<Vec<_>>(),
        "departments": settings.departments.iter().map(department_json).collect::<Vec<_>>(),
        "agents": settings.agents.iter().map(agent_json).collect::<Vec<_>>(),
        "changed": changed,
        "warnings": warnings(settings),
    })
    .to_string()
}

/// A title and rows of two columns, the first as wide as its widest cell; nothing when there are no rows.
fn section(page: &mut String, title: &str, rows: &[(&str, String)]) {
    if rows.is_empty() {
        return;
    }
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let separator = if page.is_empty() { "" } else { "\n" };
    // Writing to a String does not fail.
    let _ = writeln!(page, "{separator}{title}");
    for (name, text) in rows {
        let _ = writeln!(page, "  {name:width$}  {text}");
    }
}

fn gateway(settings: &Settings) -> Vec<(&'static str, String)> {
    let tls = if settings.smtp.tls.is_some() { "STARTTLS is offered" } else { "no TLS" };
    let texts =
        settings.texts_folder.as_ref().map_or("built in".to_owned(), |folder| format!("{}, else built in", folder.display()));
    let mut rows = vec![
        ("desk", format!("{} ({})", settings.name, settings.hostname)),
        ("data", settings.data.display().to_string()),
        ("key file", settings.key_file.display().to_string()),
        ("store", store_text(settings)),
        ("SMTP", format!("{}, {tls}", list(&settings.smtp.listen))),
        ("trusted", list(&settings.authenticate.trusted_networks)),
        ("relay", relay_text(&settings.delivery.relay)),
        ("texts", texts),
    ];
    if !settings.smtp.lmtp.is_empty() {
        rows.insert(5, ("LMTP", lmtp_text(&settings.smtp)));
    }
    if let Some(http) = &settings.http {
        rows.insert(rows.len() - 2, ("links", format!("{}, from outside {}", http.listen, http.public_url)));
    }
    if !settings.inspect.listen.is_empty() {
        rows.insert(rows.len() - 2, ("monitors", list(&settings.inspect.listen)));
    }
    let keys: Vec<String> = keys_of(settings).iter().map(|key| format!("{} {}", key.number, key.state.name())).collect();
    if !keys.is_empty() {
        rows.insert(3, ("keys", keys.join(", ")));
    }
    let relays = settings.authenticate.relays.iter();
    rows.extend(settings.delivery.fallbacks.iter().map(|relay| ("else relay", relay_text(relay))));
    rows.extend(relays.map(|relay| ("results of", format!("{} as {}", relay.network, relay.authserv_id))));
    let in_front = settings.authenticate.authserv_id.iter();
    rows.extend(in_front.map(|name| ("results of", format!("LMTP and pipe as {name}"))));
    if let Some(objects) = &settings.store.objects {
        let at = rows.iter().position(|(name, _)| *name == "SMTP").unwrap_or_default();
        rows.insert(at, ("large mail", objects_text(objects)));
    }
    rows
}

fn lmtp_text(options: &smtp::Options) -> String {
    let has_socket = options.lmtp.iter().any(|place| matches!(place, Lmtp::Socket(_)));
    let mode = if has_socket { format!(" (mode {:04o})", options.lmtp_socket_mode) } else { String::new() };
    format!("{}{mode}", list(&options.lmtp))
}

/// None before the first start. A file that cannot be read is a fault, which was told before it comes to this.
fn keys_of(settings: &Settings) -> Vec<keys::Listed> {
    keys::list(&settings.key_file).ok().flatten().unwrap_or_default()
}

fn objects_text(objects: &objects::Options) -> String {
    let credentials = match &objects.place {
        objects::Place::Bucket(bucket) => match &bucket.credentials_file {
            Some(file) => format!(", credentials in {}", file.display()),
            None => ", credentials of the environment".to_owned(),
        },
        objects::Place::Folder(_) => String::new(),
    };
    format!("{}, above {} octets{credentials}", objects.place, objects.above)
}

/// Null where all mail is in the database.
fn objects_json(settings: &Settings) -> Value {
    let Some(objects) = &settings.store.objects else { return Value::Null };
    let credentials_file = match &objects.place {
        objects::Place::Bucket(bucket) => bucket.credentials_file.as_ref().map(|file| file.display().to_string()),
        objects::Place::Folder(_) => None,
    };
    json!({"url": objects.place.to_string(), "above": objects.above, "credentials_file": credentials_file})
}

fn store_text(settings: &Settings) -> String {
    let place = &settings.store.place;
    match place {
        Place::File(_) => format!("{place}, at least {} % of the disk kept free", settings.store.min_free_space),
        Place::Server(Server { password_file: Some(file), .. }) => format!("{place}, password in {}", file.display()),
        Place::Server(_) => place.to_string(),
    }
}

/// `file` is null for a server, which has a `url` alone.
fn store_json(settings: &Settings) -> Value {
    let place = &settings.store.place;
    match place {
        Place::File(file) => {
            json!({"url": place.to_string(), "file": file.display().to_string(), "min_free_space": settings.store.min_free_space})
        }
        Place::Server(server) => {
            let password_file = server.password_file.as_ref().map(|file| file.display().to_string());
            json!({"url": place.to_string(), "file": null, "password_file": password_file})
        }
    }
}

fn department_rows(department: &Department) -> Vec<(&'static str, String)> {
    let nobody = || "nobody; whoever answers first".to_owned();
    let mut rows = vec![
        ("address", department.address.to_string()),
        ("mailboxes", list(&department.mailboxes)),
        ("agents", list(&department.agents)),
        ("assignee", department.assignee.clone().unwrap_or_else(nobody)),
        ("internal", department.internal_assignee.clone().unwrap_or_else(nobody)),
        ("answer", department.answer_within.map_or("no time promised".to_owned(), |span| format!("within {}", span_text(span)))),
        ("reopened", format!("by a reply within {} of closing", span_text(department.reopen_within))),
        ("language", department.language.clone()),
    ];
    let hours = &department.hours;
    if !hours.are_round_the_clock() || hours.zone.name() != "UTC" {
        let but = match hours.holidays() {
            0 => String::new(),
            1 => ", but for 1 holiday".to_owned(),
            count => format!(", but for {count} holidays"),
        };
        rows.push(("hours", format!("{hours}{but} ({})", hours.zone.name())));
    }
    if !department.acknowledge {
        rows.push(("note", "customers get no acknowledgement".to_owned()));
    }
    rows
}

fn agent_text(agent: &Agent) -> String {
    let others =
        if agent.other_addresses.is_empty() { String::new() } else { format!(", also {}", list(&agent.other_addresses)) };
    format!("{} <{}>{others}, {}", agent.name, agent.address, access_name(agent.access))
}

fn department_json(department: &Department) -> Value {
    json!({
        "key": department.key,
        "name": department.name,
        "prefix": department.prefix,
        "address": department.address,
        "mailboxes": department.mailboxes,
        "agents": department.agents,
        "assignee": department.assignee,
        "internal_assignee": department.internal_assignee,
        "language": department.language,
        "time_zone": department.hours.zone.name(),
        "business_hours": department.hours.to_string().split(", ").collect::<Vec<_>>(),
        "holidays": department.hours.holidays(),
        "remind_before": department.remind_before.as_secs(),
        "answer_within": department.answer_within.map(|span| span.as_secs()),
        "reopen_within": department.reopen_within.as_secs(),
        "acknowledge": department.acknowledge,
    })
}

fn key_json(key: &Key) -> Value {
    json!({"domain": key.domain, "selector": key.selector, "algorithm": key.kind.name()})
}

fn agent_json(agent: &Agent) -> Value {
    json!({
        "key": agent.key,
        "name": agent.name,
        "address": agent.address,
        "other_addresses": agent.other_addresses,
        "access": access_name(agent.access),
    })
}

/// What nobody is refused for, since it has its uses, and what is a mistake more often than not.
fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    if settings.delivery.relay == Relay::Discard {
        warnings.push("relay discard: outgoing mail is thrown away; this is for load tests".to_owned());
    }
    warnings.extend(standing::warnings(settings));
    warnings.extend(imap::warnings(settings));
    // Whoever is trusted proves an agent's sender by being there.
    for network in settings.authenticate.trusted_networks.iter().filter(|network| network.prefix() < WIDEST_PRIVATE) {
        warnings.push(format!("trusted network {network} reaches into the internet: strangers in it can act as agents"));
    }
    for relay in settings.authenticate.relays.iter().filter(|relay| relay.network.prefix() < WIDEST_PRIVATE) {
        let network = relay.network;
        warnings.push(format!("relay {network} reaches into the internet: strangers in it can say who their mail is from"));
    }
    if matches!(&settings.store.place, Place::Server(server) if server.is_open_to_listeners()) {
        warnings.push("the database can be listened to on its way, or posed as; use sslmode=verify-full".to_owned());
    }
    if settings.smtp.tls.is_none() && settings.smtp.listen.iter().any(|address| !address.ip().is_loopback()) {
        warnings.push("mail from other machines comes in clear text; set certificate and private_key".to_owned());
    }
    for place in settings.smtp.lmtp.iter().filter(|place| matches!(place, Lmtp::Net(address) if !address.ip().is_loopback())) {
        warnings.push(format!("LMTP on {place}: whoever can connect is taken for your mail server; let nobody else reach it"));
    }
    if let Some(http) = settings.http.as_ref().filter(|http| !http.listen.ip().is_loopback()) {
        warnings.push(format!(
            "links on {} can be read on their way; listen on this machine, behind a web server that speaks TLS",
            http.listen
        ));
    }
    for address in settings.inspect.listen.iter().filter(|address| !address.ip().is_loopback()) {
        warnings.push(format!("HTTP on {address} tells everybody who reaches it how the gateway is; let only monitors reach it"));
    }
    for department in &settings.departments {
        let may_answer = |key: &String| settings.agents.iter().any(|agent| agent.key == *key && agent.access != Access::Viewer);
        if !department.agents.iter().any(may_answer) {
            warnings.push(format!("department {}: all its agents are viewers, so nobody may answer", department.key));
        }
        for key in department.assignee.iter().chain(&department.internal_assignee).filter(|key| !may_answer(key)) {
            warnings.push(format!("department {}: {key} is made responsible and may not answer", department.key));
        }
    }
    for agent in &settings.agents {
        let told_of_held = agent.access == Access::Admin && settings.digest.is_some();
        if !told_of_held && !settings.departments.iter().any(|department| department.agents.contains(&agent.key)) {
            warnings.push(format!("agent {} is in no department and hears of no mail", agent.key));
        }
    }
    warnings
}

fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

/// A time in its largest whole unit, as the configuration writes it.
fn span_text(span: Duration) -> String {
    let seconds = span.as_secs();
    let (unit, name) = [(86_400, "d"), (3_600, "h"), (60, "m")]
        .into_iter()
        .find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit))
        .unwrap_or((1, "s"));
    format!("{}{name}", seconds / unit)
}

fn access_name(access: Access) -> &'static str {
    match access {
        Access::Admin => "admin",
        Access::Agent => "agent",
        Access::Viewer => "viewer",
    }
}

fn relay_text(relay: &Relay) -> String {
    match relay {
        Relay::Smtp { login: Some(login), .. } => format!("{} as {}", relay_url(relay), login_text(login)),
        Relay::Smtp { login: None, .. } => relay_url(relay),
        Relay::Direct { .. } => "none; the mail servers of each recipient's domain".to_owned(),
        Relay::File(folder) => format!("none; outgoing mail becomes files in {}", folder.display()),
        Relay::Discard => "none; outgoing mail is thrown away".to_owned(),
    }
}

/// As whom we log in, and where the secret is.
fn login_text(login: &Login) -> String {
    match &login.secret {
        Secret::Password(file) => format!("{}, password in {}", login.user, file.display()),
        Secret::Token(source) => {
            let options = source.options();
            let whose = match &options.refresh_token_file {
                Some(file) => format!("refresh token in {}", file.display()),
                None => "in the name of the client".to_owned(),
            };
            format!("{}, access tokens from {}, {whose}", login.user, options.token_endpoint)
        }
    }
}

/// The relay as the configuration writes it. Never holds a user or password: those have keys of their own.
fn relay_url(relay: &Relay) -> String {
    match relay {
        Relay::Smtp { host, port, security, .. } => {
            let scheme = match security {
                Security::Plain => "smtp",
                Security::Opportunistic => "smtp+opportunistic",
                Security::StartTls => "smtp+starttls",
                Security::Tls => "smtps",
            };
            // Only an IPv6 address holds a colon.
            if host.contains(':') { format!("{scheme}://[{host}]:{port}") } else { format!("{scheme}://{host}:{port}") }
        }
        Relay::Direct { port: 25 } => "mx:".to_owned(),
        Relay::Direct { port } => format!("mx:{port}"),
        Relay::File(folder) => format!("file:{}", folder.display()),
        Relay::Discard => "discard:".to_owned(),
    }
}

fn user(relay: &Relay) -> Option<&str> {
    match relay {
        Relay::Smtp { login: Some(login), .. } => Some(&login.user),
        _ => None,
    }
}
