//! `[authentication]`: whom we ask about senders, for how long, and what is believed.

use std::time::Duration;

use super::document::Node;
use super::smtp::{Believed, authserv_id};
use super::table::Table;
use super::value::{self, Read};
use crate::authenticate::{MAX_SIGNATURE_AGE, Options, TIMEOUT};
use crate::model::desk::TOKEN_LIFETIME;

const DAY: Duration = Duration::from_secs(86_400);

/// Reads `[authentication]`, and for how long links are good. Whom `[[imap]]` believes is added by who reads that.
pub(super) fn authentication(table: &Table<'_>, believed: Believed, hostname: &str) -> (Options, Duration) {
    let Believed { trusted_networks, relays } = believed;
    let options = Options {
        trusted_networks,
        relays,
        authserv_id: table.optional("authserv_id", authserv_id),
        fetched: Vec::new(),
        name_servers: table.list("name_servers", value::listener).into_iter().map(|(server, _)| server).collect(),
        // Later mail waits for it, and a stop does.
        timeout: table.time_between("timeout", TIMEOUT, Duration::from_secs(1)..=Duration::from_secs(30)),
        arc_sealers: table.list("arc_sealers", sealer).into_iter().map(|(sealer, _)| sealer).collect(),
        max_signature_age: table.time_between("max_signature_age", MAX_SIGNATURE_AGE, DAY..=DAY * 3_650),
        hostname: hostname.to_owned(),
    };
    let token_lifetime = table.time_between("token_lifetime", TOKEN_LIFETIME, DAY..=DAY * 3_650);
    table.finish(&[]);
    (options, token_lifetime)
}

fn sealer(node: &Node) -> Read<String> {
    let text = value::text(node)?.to_lowercase();
    value::host_name(&text).map(|()| text)
}
