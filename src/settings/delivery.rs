//! `[delivery]`: where outgoing mail goes, and for how long it is tried.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::dkim;
use super::document::Node;
use super::login;
use super::table::Table;
use super::value::{self, Read};
use crate::deliver::gate::Caps;
use crate::deliver::sign::Signers;
use crate::deliver::{Options, Relay, Security};
use crate::login::Login;
use crate::model::desk::AcknowledgementCaps;
use crate::model::network::is_this_machine;

/// Schemes of servers: how the connection is protected, and the port when none is given.
const SCHEMES: [(&str, Security, u16); 4] = [
    ("smtp://", Security::Plain, 25),
    ("smtps://", Security::Tls, 465),
    ("smtp+starttls://", Security::StartTls, 587),
    ("smtp+opportunistic://", Security::Opportunistic, 25),
];

const WANTED: &str = "takes \"smtp://host:25\", \"smtps://host:465\", \"smtp+starttls://host:587\", \"smtp+opportunistic://host:25\", \
                      \"mx:\", \"file:FOLDER\" or \"discard:\"";
const EXAMPLE: &str = "{ url = \"smtps://host:465\", user = \"desk\", password_file = \"/etc/postdesk/relay-password\" }";
/// Mails within a day unless the configuration says otherwise. An honest desk of fifty agents sends some thousands; providers close an
/// account at 2,000 to 10,000, and what sends more than this has most likely gone wrong.
const MAX_PER_DAY: u32 = 10_000;
/// Connections by default: to a relay, of which many allow no more, and to all the servers of the world.
const CONNECTIONS: (u32, u32) = (4, 20);

/// Reads `[delivery]`. `None` when there is no relay to be had.
pub(super) fn delivery(
    table: &Table<'_>,
    hostname: &str,
    name_servers: &[SocketAddr],
    caps: AcknowledgementCaps,
) -> Option<Options> {
    let mut relays = relays(table);
    let ca_file = login::ca_file(table);
    let login = login_at(table, &relays, ca_file.as_deref());
    let gate = gate(table, caps);
    let direct = matches!(relays.first(), Some(Some(Relay::Direct { .. })));
    let connections = if direct { CONNECTIONS.1 } else { CONNECTIONS.0 };
    let max_connections = table.count("max_connections", connections, 1..=1_000) as usize;
    let max_connections_per_destination = table.count("max_connections_per_destination", 4, 1..=1_000) as usize;
    let attempt_timeout = table.time_limit("attempt_timeout", Duration::from_secs(300));
    let give_up_after = table.time_limit("give_up_after", Duration::from_secs(5 * 86_400));
    let signers = Signers::new(dkim::keys(table));
    table.finish(&[]);
    // A relay that is wrong was reported, and the rest is of no use without it.
    let mut relays = relays.drain(..).collect::<Option<Vec<Relay>>>()?.into_iter().map(|relay| with_login(relay, login.as_ref()));
    Some(Options {
        relay: relays.next()?,
        fallbacks: relays.collect(),
        hostname: hostname.to_owned(),
        ca_file,
        gate,
        max_connections,
        max_connections_per_destination,
        attempt_timeout,
        give_up_after,
        signers,
        name_servers: name_servers.to_vec(),
    })
}

/// One relay, or a list of mail servers, each as a text or with a login of its own. What is wrong is `None`.
fn relays(table: &Table<'_>) -> Vec<Option<Relay>> {
    if !table.has_list("relay") {
        return vec![table.required("relay", |node| value::text(node).and_then(|text| relay(&text)))];
    }
    if table.has_empty_list("relay") {
        table.report.fault(&table.place("relay"), format!("holds no relay; {WANTED}"));
    }
    if table.has_list_of_tables("relay") {
        return table.tables_in("relay", EXAMPLE).iter().map(relay_of_a_list).collect();
    }
    let server = |node: &Node| value::text(node).and_then(|text| server(&text));
    let servers = table.list("relay", server);
    servers.into_iter().map(|(server, _)| Some(server)).collect()
}

/// `{ url = …, user = …, password_file = … }`.
fn relay_of_a_list(table: &Table<'_>) -> Option<Relay> {
    let relay = table.required("url", |node| value::text(node).and_then(|text| server(&text)));
    let login = login_at(table, std::slice::from_ref(&relay), None);
    table.finish(&[]);
    Some(with_login(relay?, login.as_ref()))
}

/// One of several relays, or another mail server that is named on the command line. The error says what is wrong with the text.
pub fn server(text: &str) -> Read<Relay> {
    match relay(text)? {
        server @ Relay::Smtp { .. } => Ok(server),
        _ => Err(
            "of several relays each is a mail server: \"smtp://host:25\", \"smtps://host:465\", \"smtp+starttls://host:587\" or \"smtp+opportunistic://host:25\""
                .to_owned(),
        ),
    }
}

/// Reads what stands behind `relay =`.
fn relay(text: &str) -> Read<Relay> {
    if text == "discard:" {
        return Ok(Relay::Discard);
    }
    if let Some(port) = text.strip_prefix("mx:") {
        return match if port.is_empty() { Ok(25) } else { port.parse() } {
            Ok(port) if port != 0 => Ok(Relay::Direct { port }),
            _ => {
                Err("takes \"mx:\", with nothing behind it; a port other than 25, as \"mx:2525\", is for test benches".to_owned())
            }
        };
    }
    if let Some(folder) = text.strip_prefix("file:") {
        let plain = !folder.is_empty() && !folder.starts_with("//");
        return if plain {
            Ok(Relay::File(PathBuf::from(folder)))
        } else {
            Err("takes \"file:FOLDER\", without // before the folder".to_owned())
        };
    }
    for (scheme, security, port) in SCHEMES {
        if let Some(authority) = text.strip_prefix(scheme) {
            let (host, port) = host_and_port(authority.strip_suffix('/').unwrap_or(authority), port)?;
            return Ok(Relay::Smtp { host, port, security, login: None });
        }
    }
    Err(WANTED.to_owned())
}

/// Host and port of a server. The host comes without the brackets of an IPv6 address.
fn host_and_port(authority: &str, default: u16) -> Read<(String, u16)> {
    // The value is not repeated here: what stands before the @ may be a password.
    if authority.contains('@') {
        return Err(
            "holds a user or password; write them as user and password_file, the password in a file of its own".to_owned()
        );
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        None => default,
        Some(port) => match port.parse() {
            Ok(port) if port != 0 => port,
            _ => return Err(format!("`{port}` is not a port; write a number from 1 to 65535")),
        },
    };
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match literal.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => Ok((address.to_string(), port)),
            _ => Err(format!("`{literal}` is not an IPv6 address; only those stand in brackets")),
        };
    }
    if host.contains(':') {
        return Err("holds more than one colon; an IPv6 address stands in brackets: \"smtp://[::1]:25\"".to_owned());
    }
    value::host_name(host).map(|()| (host.to_owned(), port))
}

/// A relay without a login of its own has the one of all.
fn with_login(relay: Relay, login: Option<&Login>) -> Relay {
    match relay {
        Relay::Smtp { host, port, security, login: own } => {
            Relay::Smtp { host, port, security, login: own.or_else(|| login.cloned()) }
        }
        other => other,
    }
}

/// Reads the login: for a server only, and never for everybody on the way to read.
fn login_at(table: &Table<'_>, relays: &[Option<Relay>], ca_file: Option<&Path>) -> Option<Login> {
    let login = login::optional(table, ca_file);
    for message in relays.iter().flatten().filter(|_| table.has("user")).filter_map(no_login) {
        table.report.fault(&table.place("user"), message);
    }
    login
}

/// Why a login is not for this relay; nothing to say of one that has its own.
fn no_login(relay: &Relay) -> Option<String> {
    match relay {
        Relay::Direct { .. } | Relay::File(_) | Relay::Discard => {
            Some("is of no use: this relay is not a mail server; remove it".to_owned())
        }
        Relay::Smtp { host, security: Security::Plain | Security::Opportunistic, login: None, .. } if !is_this_machine(host) => {
            let instead = "use smtps:// or smtp+starttls://, or do without a login";
            Some(format!("would be sent to {host} for anybody on the way to read; {instead}"))
        }
        Relay::Smtp { .. } => None,
    }
}

/// Reads `max_per_day`, beside the caps of `[acknowledgements]`.
pub(super) fn gate(table: &Table<'_>, acknowledgements: AcknowledgementCaps) -> Caps {
    let per_day = table.count("max_per_day", MAX_PER_DAY, 0..=100_000_000);
    Caps { per_day: (per_day > 0).then_some(i64::from(per_day)), acknowledgements }
}
