//! `[delivery]`: where outgoing mail goes, and for how long it is tried.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::dkim;
use super::document::Node;
use super::login;
use super::table::Table;
use super::value::{self, Read};
use crate::deliver::sign::Signers;
use crate::deliver::{Options, Relay, Security};
use crate::login::Login;
use crate::model::desk::AcknowledgementCaps;

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
    let login = login::login(table, &relays, ca_file.as_deref());
    let gate = login::gate(table, caps);
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
    let login = login::login(table, std::slice::from_ref(&relay), None);
    table.finish(&[]);
    Some(with_login(relay?, login.as_ref()))
}

/// One of several relays.
fn server(text: &str) -> Read<Relay> {
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
