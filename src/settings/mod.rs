//! Configuration files to typed options. Each part of the gateway owns its options; this module owns the file format.
//!
//! `load` reports everything that is wrong with a file in one run (`Faults`), each fault with file, line and key. Unknown
//! keys are faults: a misspelt limit that is silently ignored is worse than a start that is refused. Files that the
//! configuration names are looked at; the network is not. `config/postdesk.toml` is both the built-in configuration and the
//! manual of every key.

mod authentication;
mod credential;
mod delivery;
pub mod dkim;
mod document;
mod fault;
mod gateway;
mod hours;
mod http;
mod imap;
pub mod keys;
mod limits;
pub mod log;
mod login;
mod people;
mod register;
mod retention;
mod smtp;
mod table;
pub mod texts_folder;
mod value;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use delivery::server;
pub use fault::{Fault, Faults};
use people::People;

use crate::model::desk::{AcknowledgementCaps, Agent, AutomaticMail, Department, Desk, Limits};
use crate::model::network::is_this_machine;
use crate::model::token::Keyring;
use crate::{accept, authenticate, deliver, inspect, store};

/// The configuration that is used when there is no file.
const BUILT_IN: &str = include_str!("../../config/postdesk.toml");

/// What stands for the name of the file when there is none.
const NO_FILE: &str = "built-in default";

/// Where a configuration is looked for, in this order, when none is named.
const PLACES: [&str; 2] = ["config/postdesk.toml", "/etc/postdesk/postdesk.toml"];

/// Octets of a configuration file. A desk of a thousand agents needs a fifth of it.
const LARGEST_FILE: u64 = 1024 * 1024;

/// A limit that differs from its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Path of the key: `smtp.max_connections`.
    pub key: String,
    /// What it is, with its unit.
    pub value: String,
    /// What it would be.
    pub default: String,
}

/// Everything that a configuration says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the file, or `built-in default`.
    pub origin: String,
    /// Name in HELO, Message-IDs and signatures.
    pub hostname: String,
    /// Name of the desk for people; the hostname when none is given.
    pub name: String,
    /// Folder for what the gateway keeps.
    pub data: PathBuf,
    /// File with the keys that seal addresses and Message-IDs.
    pub key_file: PathBuf,
    /// `[store]`.
    pub store: store::Options,
    /// `[smtp]` without the trusted networks.
    pub smtp: accept::smtp::Options,
    /// `[[imap]]`, in the order of the file.
    pub imap: Vec<accept::imap::Account>,
    /// `[http]`, what mails link to; `None` when nothing is listened to.
    pub http: Option<accept::http::Options>,
    /// `[http]`, where monitors ask.
    pub inspect: inspect::Options,
    /// `[log]`.
    pub log: log::Options,
    /// `[authentication]`, and the trusted networks and relays of `[smtp]`.
    pub authenticate: authenticate::Options,
    /// For how long the links in notices are good.
    pub token_lifetime: Duration,
    /// `[delivery]`.
    pub delivery: deliver::Options,
    /// The departments in the order of the file.
    pub departments: Vec<Department>,
    /// The agents in the order of the file.
    pub agents: Vec<Agent>,
    /// Limits on one mail.
    pub limits: Limits,
    /// Caps on acknowledgements.
    pub caps: AcknowledgementCaps,
    /// How often admins are told of held mail at most; `None` for never.
    pub digest: Option<Duration>,
    /// `[retention]`.
    pub retention: store::retention::Options,
    /// What machines may bring about.
    pub automatic_mail: AutomaticMail,
    /// Attempts at one arrival before it is held.
    pub attempts: i64,
    /// Folder whose texts replace the built-in ones, file by file.
    pub texts_folder: Option<PathBuf>,
    /// Limits that differ from their defaults, for whoever looks at the configuration.
    pub changed: Vec<Changed>,
}

impl Settings {
    /// The desk as decisions are told of it.
    pub fn desk(&self, keys: Keyring) -> Desk {
        let (departments, agents) = (self.departments.clone(), self.agents.clone());
        let mut desk = Desk::new(self.hostname.clone(), departments, agents, keys, self.limits.clone(), self.caps);
        desk.token_lifetime = self.token_lifetime;
        desk.automatic_mail.clone_from(&self.automatic_mail);
        desk.public_url = self.http.as_ref().map(|http| http.public_url.clone());
        desk
    }

    /// Whether there was no file.
    pub fn is_built_in(&self) -> bool {
        self.origin == NO_FILE
    }

    /// The accounts whose mail and password everybody on the way can read, because the configuration allows it.
    pub fn in_clear_text(&self) -> impl Iterator<Item = &accept::imap::Account> {
        let beyond = |account: &&accept::imap::Account| {
            account.security == accept::imap::Security::Plain && !is_this_machine(&account.host)
        };
        self.imap.iter().filter(beyond)
    }
}

/// Reads the named file; without a name `config/postdesk.toml` below the working directory, else
/// `/etc/postdesk/postdesk.toml`, else the built-in configuration.
///
/// A file that is there and cannot be read is a fault, never a reason to go on to the next.
pub fn load(file: Option<&Path>) -> Result<Settings, Faults> {
    match file.or_else(found) {
        Some(file) => read(&text_of(file)?, &file.display().to_string()),
        None => built_in(),
    }
}

/// Reads `[gateway] data` alone, for who wants to find the gateway that runs: its own configuration is its own affair, and may name files that
/// only it can read.
///
/// # Errors
/// When the file cannot be read, or is not TOML.
pub fn data_folder(file: Option<&Path>) -> Result<PathBuf, Faults> {
    let (text, origin) = match file.or_else(found) {
        Some(file) => (text_of(file)?, file.display().to_string()),
        None => (BUILT_IN.to_owned(), NO_FILE.to_owned()),
    };
    let document = document::parse(&text);
    let report = table::Report::new(&origin, &document);
    let data = gateway::data(&table::Table::root(&report, &document.root).table("gateway"));
    let (faults, _) = report.finish();
    if faults.0.is_empty() { Ok(data) } else { Err(faults) }
}

/// The first of the places where there is a file. What cannot be looked at counts as there: reading it will tell why.
fn found<'a>() -> Option<&'a Path> {
    PLACES.iter().map(Path::new).find(|place| place.try_exists().unwrap_or(true))
}

fn text_of(file: &Path) -> Result<String, Faults> {
    let fault = |line, message| {
        let file = file.display().to_string();
        Faults(vec![Fault { file, line, key: String::new(), message }])
    };
    let size = std::fs::metadata(file).map_err(|error| fault(1, format!("cannot be read: {error}")))?;
    if size.is_file() && size.len() > LARGEST_FILE {
        return Err(fault(1, format!("is larger than {LARGEST_FILE} octets; it is probably not a configuration")));
    }
    let octets = std::fs::read(file).map_err(|error| fault(1, format!("cannot be read: {error}")))?;
    String::from_utf8(octets).map_err(|error| {
        let readable = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + readable.iter().filter(|octet| **octet == b'\n').count();
        fault(line, "is not UTF-8; save the file in that encoding".to_owned())
    })
}

/// The built-in configuration, which is also the manual of every key.
pub fn built_in() -> Result<Settings, Faults> {
    read(BUILT_IN, NO_FILE)
}

/// Reads a configuration from its text. The origin stands in faults where a file's name would.
pub fn read(text: &str, origin: &str) -> Result<Settings, Faults> {
    let document = document::parse(text);
    let report = table::Report::new(origin, &document);
    let settings = settings(&table::Table::root(&report, &document.root), origin);
    let (faults, changed) = report.finish();
    match settings {
        Some(settings) if faults.0.is_empty() => Ok(Settings { changed, ..settings }),
        _ => Err(faults),
    }
}

fn settings(root: &table::Table<'_>, origin: &str) -> Option<Settings> {
    let gateway = gateway::gateway(&root.table("gateway"));
    let store = gateway::store(&root.table("store"), &gateway.data);
    let (smtp, believed) = smtp::smtp(&root.table("smtp"));
    let (http, inspect) = http::http(&root.table("http"));
    let log = log::log(&root.table("log"));
    let hostname = gateway.hostname.as_deref().unwrap_or_default();
    let (mut authenticate, token_lifetime) = authentication::authentication(&root.table("authentication"), believed, hostname);
    let caps = limits::acknowledgements(&root.table("acknowledgements"));
    let delivery = delivery::delivery(&root.table("delivery"), hostname, &authenticate.name_servers, caps);
    let (limits, attempts) = limits::limits(&root.table("limits"));
    let digest = limits::held(&root.table("held"));
    let retention = retention::retention(&root.table("retention"));
    let automatic_mail = limits::automatic_mail(&root.table("automatic_mail"));
    let People { departments, agents, department_keys } = people::people(root, gateway.texts_folder.as_deref());
    let imap = imap::accounts(root, &department_keys, smtp.max_message_size);
    authenticate.fetched = imap::providers(&imap);
    root.finish(&[]);
    let hostname = gateway.hostname?;
    Some(Settings {
        origin: origin.to_owned(),
        name: gateway.name.unwrap_or_else(|| hostname.clone()),
        hostname,
        data: gateway.data,
        key_file: gateway.key_file,
        store,
        smtp,
        imap,
        http,
        inspect,
        log,
        authenticate,
        token_lifetime,
        delivery: delivery?,
        departments,
        agents,
        limits,
        caps,
        digest,
        retention,
        automatic_mail,
        attempts,
        texts_folder: gateway.texts_folder,
        changed: Vec::new(),
    })
}
