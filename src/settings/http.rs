//! `[http]`: where what our mails link to is listened for, and how it is reached from the internet.

use std::net::{Ipv4Addr, SocketAddr};

use super::table::Table;
use super::value::{self, Read};
use crate::accept::http::Options;

/// Octets of a public URL: a link has to fit on a line of a header, with its token.
const LONGEST_URL: usize = 200;

/// Reads `[http]`. `None` when there is no public URL: nothing is linked to then, so nothing is listened to.
pub(super) fn http(table: &Table<'_>) -> Option<Options> {
    let listen = table.optional("listen", value::listener);
    let public_url = table.optional("public_url", |node| value::text(node).and_then(|text| public_url(&text)));
    if table.has("listen") && !table.has("public_url") {
        let message = "is of no use without public_url: no mail links here; add it, or remove listen";
        table.report.doubt(&table.place("listen"), message);
    }
    table.finish(&[]);
    Some(Options::new(listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 9025))), public_url?))
}

/// A URL that links may begin with; a slash at its end is left out.
fn public_url(text: &str) -> Read<String> {
    const WANTED: &str =
        "write it like \"https://desk.example.org\", or \"https://shop.example/desk\" with a path before our own";
    let wrong = |why: &str| Err(format!("`{text}` {why}; {WANTED}"));
    let url = text.strip_suffix('/').unwrap_or(text);
    let Some((scheme, rest)) = url.split_once("://") else { return wrong("is not a URL") };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Some(host) = host_of(authority) else { return wrong("names no host") };
    match scheme {
        "https" => {}
        "http" if host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()) => {}
        "http" => return wrong("is without TLS, and whoever listens could use the links"),
        _ => return wrong("is not a URL of the web"),
    }
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~/".contains(&octet);
    if url.len() > LONGEST_URL || !path.bytes().all(fits) || path.contains("//") {
        return wrong("has a path that links cannot begin with");
    }
    Ok(url.to_owned())
}

/// The host, without its port and without the brackets of an IPv6 address.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
        return None;
    }
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => literal.parse::<std::net::Ipv6Addr>().ok().map(|_| literal),
        None => value::host_name(host).ok().map(|()| host),
    }
}
