//! `[smtp]`: the front door's addresses and limits, and which hosts are believed.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::document::Node;
use super::gateway::readable_file;
use super::table::Table;
use super::value::{self, Read};
use crate::accept::smtp::{BareNewlines, Options};
use crate::authenticate::Relay;
use crate::model::network::Network;

const KIB: usize = 1024;
const MIB: usize = 1024 * 1024;

/// The largest mail that can be asked for: a row of SQLite holds 1,000,000,000 octets.
const LARGEST_MAIL: usize = 900 * MIB;

/// Whom `[smtp]` believes.
pub(super) struct Believed {
    pub(super) trusted_networks: Vec<Network>,
    pub(super) relays: Vec<Relay>,
}

/// Reads `[smtp]`.
pub(super) fn smtp(table: &Table<'_>) -> (Options, Believed) {
    let options = Options {
        listen: listen(table),
        tls: tls(table),
        max_message_size: table.size("max_message_size", 25 * MIB, KIB..=LARGEST_MAIL),
        max_connections: table.count("max_connections", 1_000, 1..=100_000) as usize,
        max_connections_per_address: table.count("max_connections_per_address", 50, 1..=100_000) as usize,
        // RFC 5321 section 4.5.3.1.4: 512 octets must be taken.
        max_command_line: table.size("max_command_line", 2 * KIB, 512..=64 * KIB),
        max_recipients: table.count("max_recipients", 1_000, 1..=100_000) as usize,
        max_session_errors: table.count("max_session_errors", 20, 1..=1_000) as usize,
        max_data_in_flight: table.size("max_data_in_flight", 256 * MIB, KIB..=64 * KIB * MIB),
        idle_timeout: table.time_limit("idle_timeout", Duration::from_secs(300)),
        crowded_idle_timeout: table.time_limit("crowded_idle_timeout", Duration::from_secs(10)),
        data_timeout: table.time_limit("data_timeout", Duration::from_secs(600)),
        backlog: table.count("backlog", 1_024, 1..=65_535),
        bare_newlines: bare_newlines(table),
    };
    if options.max_message_size > options.max_data_in_flight {
        let message = format!(
            "must be at least max_message_size ({}), or the largest mail could never come in",
            value::octets(options.max_message_size)
        );
        table.report.fault(&table.place("max_data_in_flight"), message);
    }
    let believed = believed(table);
    table.finish(&["lmtp"]);
    (options, believed)
}

/// The hosts that are believed: about their senders, or in what they found out about them. One that is in both lists would be believed
/// about strangers.
fn believed(table: &Table<'_>) -> Believed {
    let trusted_networks: Vec<Network> =
        table.list("trusted_networks", value::network).into_iter().map(|(network, _)| network).collect();
    let mut relays: Vec<Relay> = Vec::new();
    for relay in table.tables_in("relays", "{ network = \"10.0.0.5/32\", authserv_id = \"mx.example.org\" }") {
        let network = relay.required("network", value::network);
        let authserv_id = relay.required("authserv_id", authserv_id);
        relay.finish(&[]);
        let Some((network, authserv_id)) = network.zip(authserv_id) else { continue };
        let place = relay.place("network");
        if let Some(trusted) = trusted_networks.iter().find(|trusted| trusted.overlaps(&network)) {
            let message = format!(
                "`{network}` is in trusted_networks as well (`{trusted}`): a relay passes on the internet's mail, a trusted host only \
                 its own; leave it in one of the two"
            );
            table.report.fault(&place, message);
        }
        if let Some(other) = relays.iter().find(|other| other.network.overlaps(&network)) {
            table.report.fault(&place, format!("`{network}` overlaps `{}` of another relay; name each host once", other.network));
        }
        relays.push(Relay { network, authserv_id });
    }
    Believed { trusted_networks, relays }
}

/// The name that a mail server puts first in its fields: what RFC 8601 calls a value, here without what would need quotes.
pub(super) fn authserv_id(node: &Node) -> Read<String> {
    let text = value::text(node)?;
    if text.len() <= 255 && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._+".contains(&octet)) {
        return Ok(text);
    }
    Err(format!(
        "`{text}` is not a name such as \"mx.example.org\": write what stands first in the mail server's Authentication-Results"
    ))
}

/// The addresses to listen on. Without the key this machine alone is listened to; an empty list is a decision not to listen.
fn listen(table: &Table<'_>) -> Vec<SocketAddr> {
    if !table.has("listen") {
        table.list("listen", value::listener);
        return vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 2525))];
    }
    let mut listen = Vec::new();
    for (address, place) in table.list("listen", value::listener) {
        // Port 0 lets the system choose, so it may stand there several times.
        if address.port() != 0 && listen.contains(&address) {
            table.report.fault(&place, format!("`{address}` stands in the list twice; remove one"));
        }
        listen.push(address);
    }
    listen
}

/// Certificate and key: both or none. Whether they belong together is found out when they are loaded.
fn tls(table: &Table<'_>) -> Option<(PathBuf, PathBuf)> {
    let certificate = table.optional("certificate", readable_file);
    let private_key = table.optional("private_key", readable_file);
    for (present, missing) in [("certificate", "private_key"), ("private_key", "certificate")] {
        if table.has(present) && !table.has(missing) {
            table.report.doubt(&table.place(present), format!("is of no use without {missing}; add it, or remove {present}"));
        }
    }
    certificate.zip(private_key)
}

fn bare_newlines(table: &Table<'_>) -> BareNewlines {
    let read = |node: &_| match value::text(node)?.as_str() {
        "refuse" => Ok(BareNewlines::Refuse),
        "normalise" => Ok(BareNewlines::Normalise),
        other => Err(format!("takes \"refuse\" or \"normalise\", not `{other}`")),
    };
    table.optional("bare_newlines", read).unwrap_or(BareNewlines::Refuse)
}
