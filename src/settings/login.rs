//! How we log in at other servers, as `[delivery]` and `[[imap]]` write it: user and secret, access tokens, and whom we believe to be them.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::credential;
use super::document::Node;
use super::gateway::readable_file;
use super::table::Table;
use super::value::{self, Read};
use crate::login::oauth2::{Options, Source};
use crate::login::{Login, Secret};
use crate::model::network::is_this_machine;

/// What begins a certificate in PEM (RFC 7468 section 5).
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
/// The kinds of secrets.
const SECRETS: [&str; 2] = ["password_file", "oauth2"];

/// Reads `ca_file`.
pub(super) fn ca_file(table: &Table<'_>) -> Option<PathBuf> {
    table.optional("ca_file", |node| {
        let file = readable_file(node)?;
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if text.contains(CERTIFICATE) { Ok(file) } else { Err(format!("{} holds no certificate in PEM", file.display())) }
    })
}

/// Reads user and secret where there may be none: all or nothing.
pub(super) fn optional(table: &Table<'_>, ca_file: Option<&Path>) -> Option<Login> {
    let user = table.optional("user", value::text);
    let secret = secret(table, ca_file);
    let report = table.report;
    for present in SECRETS {
        if table.has(present) && !table.has("user") {
            report.doubt(&table.place(present), format!("is of no use without user; add it, or remove {present}"));
        }
    }
    if table.has("user") && !SECRETS.iter().any(|key| table.has(key)) {
        report.doubt(&table.place("user"), "is of no use without password_file or oauth2; add one of them, or remove user");
    }
    user.zip(secret).map(|(user, secret)| Login { user, secret })
}

/// Reads user and secret where there must be both.
pub(super) fn required(table: &Table<'_>, ca_file: Option<&Path>) -> Option<Login> {
    let user = table.required("user", value::text);
    let secret = secret(table, ca_file);
    if !SECRETS.iter().any(|key| table.has(key)) {
        let message = "is missing; an account needs password_file, or oauth2 where the provider takes no password";
        table.report.doubt(&table.place("password_file"), message);
    }
    user.zip(secret).map(|(user, secret)| Login { user, secret })
}

/// Reads the one kind of secret that there may be.
fn secret(table: &Table<'_>, ca_file: Option<&Path>) -> Option<Secret> {
    let password_file = table.optional("password_file", readable_file);
    let source = oauth2(table, ca_file);
    if table.has("password_file") && table.has("oauth2") {
        table.report.fault(&table.place("oauth2"), "takes the place of password_file; remove one of them");
    }
    source.map(|source| Secret::Token(Arc::new(source))).or(password_file.map(Secret::Password))
}

/// Reads `oauth2`.
fn oauth2(section: &Table<'_>, ca_file: Option<&Path>) -> Option<Source> {
    let table = section.table("oauth2");
    if !section.has("oauth2") {
        return None;
    }
    let token_endpoint = table.required("token_endpoint", token_endpoint);
    let client_id = table.required("client_id", value::text);
    let client_secret_file = table.optional("client_secret_file", readable_file);
    let refresh_token_file = table.optional("refresh_token_file", |node| {
        // Providers replace it at each use, and the old one is worth nothing then.
        credential::no_credential(node, "a new refresh token has to be written in its place; name a file of the service's own")?;
        readable_file(node)
    });
    let scope = table.optional("scope", value::text);
    table.finish(&[]);
    if !table.has("client_secret_file") && !table.has("refresh_token_file") {
        let message = "needs refresh_token_file, or client_secret_file where the client logs in in its own name";
        section.report.doubt(&section.place("oauth2"), message);
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
