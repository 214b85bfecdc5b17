//! `[http]`: where monitors ask, and where what our mails link to is listened for, and how it is reached from the internet.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::table::Table;
use super::value::{self, Read};
use crate::accept::http::Options;
use crate::inspect;

/// Octets of a public URL: a link has to fit on a line of a header, with its token.
const LONGEST_URL: usize = 200;
/// Addresses that monitors may ask at: as many as a machine has sides.
const MOST_ADDRESSES: usize = 8;
const DAY: Duration = Duration::from_secs(86_400);

/// Reads `[http]`. Of links `None` when there is no public URL: nothing is linked to then, so nothing is listened to.
pub(super) fn http(table: &Table<'_>) -> (Option<Options>, inspect::Options) {
    let listen = listen(table);
    let public_listen = table.optional("public_listen", value::listener);
    let public_url = table.optional("public_url", |node| value::text(node).and_then(|text| public_url(&text)));
    if table.has("public_listen") && !table.has("public_url") {
        let message = "is of no use without public_url: no mail links here; add it, or remove public_listen";
        table.report.doubt(&table.place("public_listen"), message);
    }
    let public_listen = public_listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 9026)));
    // Whoever may follow a link must not read how the gateway is.
    if public_url.is_some() && public_listen.port() != 0 && listen.contains(&public_listen) {
        let message = format!("is {public_listen}, where what mails link to is listened for (public_listen); use another port");
        table.report.fault(&table.place("listen"), message);
    }
    let usual = inspect::Options::default();
    let second = Duration::from_secs(1);
    let options = inspect::Options {
        listen,
        pending_limit: table.time_between("pending_limit", usual.pending_limit, second..=DAY),
        due_limit: table.time_between("due_limit", usual.due_limit, second..=7 * DAY),
    };
    table.finish(&[]);
    (public_url.map(|url| Options::new(public_listen, url)), options)
}

/// One address, or a list of them.
fn listen(table: &Table<'_>) -> Vec<SocketAddr> {
    if !table.has_list("listen") {
        return table.optional("listen", value::listener).into_iter().collect();
    }
    let listed: Vec<SocketAddr> = table.list("listen", value::listener).into_iter().map(|(address, _)| address).collect();
    if listed.len() > MOST_ADDRESSES {
        table.report.fault(&table.place("listen"), format!("has more than {MOST_ADDRESSES} addresses"));
    }
    listed
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
