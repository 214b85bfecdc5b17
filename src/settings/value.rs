//! Single values: each function reads one kind, or says in words what it wanted.

use std::net::SocketAddr;
use std::time::Duration;

use super::document::{Node, Value};
use crate::model::address::Address;
use crate::model::network::Network;

/// A value, or what is wrong with it.
pub(super) type Read<T> = Result<T, String>;

const KIB: u64 = 1024;
const UNITS: [(&str, u64); 4] = [("GiB", KIB * KIB * KIB), ("MiB", KIB * KIB), ("KiB", KIB), ("B", 1)];

/// The longest span that makes sense: it keeps sums of times far from overflow.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Text in quotes, not empty and on one line.
pub(super) fn text(node: &Node) -> Read<String> {
    let Value::Text(text) = &node.value else {
        return Err(format!("takes text in quotes, not {}", node.value.kind()));
    };
    if text.trim().is_empty() {
        return Err("is empty; write a value or remove the key".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("holds a line end or another control character; write it on one line".to_owned());
    }
    Ok(text.trim().to_owned())
}

/// `true` or `false`.
pub(super) fn flag(node: &Node) -> Read<bool> {
    match &node.value {
        Value::Flag(flag) => Ok(*flag),
        other => Err(format!("takes true or false without quotes, not {}", other.kind())),
    }
}

/// A whole number.
pub(super) fn number(node: &Node) -> Read<i64> {
    match &node.value {
        Value::Number(number) => Ok(*number),
        other => Err(format!("takes a whole number without quotes, not {}", other.kind())),
    }
}

/// Octets: a whole number, or text with a unit of 1024 (`"25 MiB"`).
pub(super) fn size(node: &Node) -> Read<u64> {
    const WANTED: &str = "takes a size such as \"25 MiB\" (B, KiB, MiB, GiB) or a number of octets";
    match &node.value {
        Value::Number(number) => u64::try_from(*number).map_err(|_| format!("{WANTED}, not a negative number")),
        Value::Text(text) => {
            let (digits, unit) = split_unit(text);
            let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
            let factor = if unit.is_empty() { Some(1) } else { factor };
            let octets = factor.zip(digits.parse::<u64>().ok()).and_then(|(factor, count)| count.checked_mul(factor));
            octets.ok_or_else(|| format!("{WANTED}, not `{text}`"))
        }
        other => Err(format!("{WANTED}, not {}", other.kind())),
    }
}

/// A span of time: text with a unit (`"90s"`, `"5m"`, `"8h"`, `"14d"`), at most ten years.
pub(super) fn duration(node: &Node) -> Read<Duration> {
    const WANTED: &str = "takes a time such as \"90s\", \"5m\", \"8h\" or \"14d\"";
    let Value::Text(text) = &node.value else {
        return Err(format!("{WANTED}, not {}", node.value.kind()));
    };
    let (digits, unit) = split_unit(text);
    let seconds: Option<u64> = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let span = seconds.zip(digits.parse::<u64>().ok()).and_then(|(seconds, count)| count.checked_mul(seconds));
    match span.map(Duration::from_secs) {
        Some(span) if span <= LONGEST => Ok(span),
        Some(_) => Err("is longer than ten years; write less".to_owned()),
        None => Err(format!("{WANTED}, not `{text}`")),
    }
}

/// A share in percent: `"5 %"` or 5.
pub(super) fn percent(node: &Node) -> Read<u8> {
    const WANTED: &str = "takes a share from \"0 %\" to \"90 %\"";
    let number = match &node.value {
        Value::Number(number) => u8::try_from(*number).ok(),
        Value::Text(text) => match split_unit(text) {
            (digits, "%") => digits.parse().ok(),
            _ => None,
        },
        other => return Err(format!("{WANTED}, not {}", other.kind())),
    };
    number.filter(|number| *number <= 90).ok_or_else(|| WANTED.to_owned())
}

/// A mail address without a display name.
pub(super) fn address(node: &Node) -> Read<Address> {
    let text = text(node)?;
    Address::parse(&text)
        .ok_or_else(|| format!("`{text}` is not a mail address; write it like \"name@host.example\", without a display name"))
}

/// A network in CIDR notation or a single address.
pub(super) fn network(node: &Node) -> Read<Network> {
    let text = text(node)?;
    Network::parse(&text)
        .ok_or_else(|| format!("`{text}` is not a network; write it like \"10.0.0.0/8\", \"fd00::/8\" or \"192.0.2.1\""))
}

/// An IP address with a port.
pub(super) fn listener(node: &Node) -> Read<SocketAddr> {
    let text = text(node)?;
    text.parse()
        .map_err(|_| format!("`{text}` is not an IP address with a port; write it like \"127.0.0.1:2525\" or \"[::1]:2525\""))
}

/// A host name of ASCII letters, digits, `-` and `.` (RFC 1123 section 2.1), at most 253 octets.
pub(super) fn host_name(text: &str) -> Read<()> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 253 && text.split('.').all(label) {
        return Ok(());
    }
    Err(format!("`{text}` is not a host name; write it like \"desk.example.org\", other scripts in their xn-- form"))
}

/// Octets for people: in the largest unit that leaves a whole number.
pub(super) fn octets(size: usize) -> String {
    let size = size as u64;
    let unit = UNITS.iter().find(|(_, factor)| size >= *factor && size.is_multiple_of(*factor));
    unit.map_or_else(|| size.to_string(), |(name, factor)| format!("{} {name}", size / factor))
}

/// The digits that a value begins with, and what follows them.
pub(super) fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (&text[..digits], text[digits..].trim_start())
}
