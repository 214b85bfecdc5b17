//! The part of `[delivery]` that says how we log in at the relay, whom we believe to be it, and how many mails may leave.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::Node;
use super::gateway::readable_file;
use super::table::Table;
use super::value::{self, Read};
use crate::deliver::gate::Caps;
use crate::deliver::{Relay, Security};
use crate::login::oauth2::{Options, Source};
use crate::login::{Login, Secret};
use crate::model::desk::AcknowledgementCaps;

/// Mails within a day unless the configuration says otherwise. An honest desk of fifty agents sends some thousands; providers close an
/// account at 2,000 to 10,000, and what sends more than this has most likely gone wrong.
const MAX_PER_DAY: u32 = 10_000;

/// What begins a certificate in PEM (RFC 7468 section 5).
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Reads `max_per_day`, beside the caps of `[acknowledgements]`.
pub(super) fn gate(table: &Table<'_>, acknowledgements: AcknowledgementCaps) -> Caps {
    let per_day = table.count("max_per_day", MAX_PER_DAY, 0..=100_000_000);
    Caps { per_day: (per_day > 0).then_some(i64::from(per_day)), acknowledgements }
}

/// Reads `ca_file`.
pub(super) fn ca_file(table: &Table<'_>) -> Option<PathBuf> {
    table.optional("ca_file", |node| {
        let file = readable_file(node)?;
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if text.contains(CERTIFICATE) { Ok(file) } else { Err(format!("{} holds no certificate in PEM", file.display())) }
    })
}

/// Reads user and secret: all or nothing, one kind of secret, for a server only, and never for everybody on the way to read.
pub(super) fn login(table: &Table<'_>, relays: &[Option<Relay>], ca_file: Option<&Path>) -> Option<Login> {
    let user = table.optional("user", value::text);
    let password_file = table.optional("password_file", readable_file);
    let source = oauth2(table, ca_file);
    let report = table.report;
    for present in ["password_file", "oauth2"] {
        if table.has(present) && !table.has("user") {
            report.doubt(&table.place(present), format!("is of no use without user; add it, or remove {present}"));
        }
    }
    if table.has("user") && !table.has("password_file") && !table.has("oauth2") {
        report.doubt(&table.place("user"), "is of no use without password_file or oauth2; add one of them, or remove user");
    }
    if table.has("password_file") && table.has("oauth2") {
        report.fault(&table.place("oauth2"), "takes the place of password_file; remove one of them");
    }
    for message in relays.iter().flatten().filter(|_| table.has("user")).filter_map(no_login) {
        report.fault(&table.place("user"), message);
    }
    let secret = source.map(|source| Secret::Token(Arc::new(source))).or(password_file.map(Secret::Password));
    user.zip(secret).map(|(user, secret)| Login { user, secret })
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

/// Reads `oauth2`.
fn oauth2(delivery: &Table<'_>, ca_file: Option<&Path>) -> Option<Source> {
    let table = delivery.table("oauth2");
    if !delivery.has("oauth2") {
        return None;
    }
    let token_endpoint = table.required("token_endpoint", token_endpoint);
    let client_id = table.required("client_id", value::text);
    let client_secret_file = table.optional("client_secret_file", readable_file);
    let refresh_token_file = table.optional("refresh_token_file", readable_file);
    let scope = table.optional("scope", value::text);
    table.finish(&[]);
    if !table.has("client_secret_file") && !table.has("refresh_token_file") {
        let message = "needs refresh_token_file, or client_secret_file where the client logs in in its own name";
        delivery.report.doubt(&delivery.place("oauth2"), message);
    }
    let (token_endpoint, client_id) = (token_endpoint?, client_id?);
    let ca_file = ca_file.map(Path::to_owned);
    Some(Source::new(Options { token_endpoint, client_id, client_secret_file, refresh_token_file, scope, ca_file }))
}

/// A URL that secrets may be sent to.
fn token_endpoint(node: &Node) -> Read<String> {
    let url = value::text(node)?;
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err("takes a URL such as \"https://login.example/token\"".to_owned()),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') || url.contains(|c: char| c.is_whitespace() || !c.is_ascii()) {
        return Err("must hold no user, no password and no spaces".to_owned());
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => match port.parse::<u16>() {
            Ok(port) if port != 0 => host,
            _ => return Err(format!("`{port}` is not a port; write a number from 1 to 65535")),
        },
        _ => authority,
    };
    let host = host.trim_matches(['[', ']']);
    if host.parse::<IpAddr>().is_err() {
        value::host_name(host)?;
    }
    if !secure && !is_this_machine(host) {
        return Err("would send secrets without TLS; use https:// (http:// is for this machine only)".to_owned());
    }
    Ok(url)
}

/// Whether what is sent to a host stays on this machine, as far as its name alone tells.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
