//! The mail that is sent as a probe.

use super::Wanted;
use crate::decide::write::header::Header;
use crate::model::address::{Address, Mailbox};
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::model::token::{Token, signed_address};
use crate::settings::keys::random;

/// A probe, ready to leave.
pub(super) struct Draft {
    pub(super) to: Address,
    pub(super) from: Address,
    /// Envelope sender: an address that takes reports of its failure.
    pub(super) sender: Address,
    /// The token alone.
    pub(super) token: String,
    /// Message-ID without angle brackets.
    pub(super) id: String,
    pub(super) octets: Vec<u8>,
    pub(super) at: Time,
}

/// Writes a probe. The error says what is wrong with the arguments.
pub(super) fn draft(desk: &Desk, wanted: &Wanted, at: Time) -> Result<Draft, String> {
    let address = |text: &str, option: &str| Address::parse(text).ok_or_else(|| format!("{option} {text} is no mail address"));
    let first = desk.departments.first().ok_or("the configuration has no department")?;
    let to = wanted.to.as_deref().map_or_else(|| Ok(first.address.clone()), |to| address(to, "--to"))?;
    let department = desk.department_by_address(&to).unwrap_or(first);
    let chance = random().map_err(|error| format!("no token can be made: {error}"))?;
    let token = desk.keys.write(&Token::Probe { second: at.0 / 1_000_000, chance });
    let id = format!("{token}@{}", desk.hostname.to_ascii_lowercase());
    let (from, sender) = match wanted.from.as_deref() {
        Some(from) => (address(from, "--from")?, address(from, "--from")?),
        None => {
            let own = department.address.clone();
            let signed = signed_address(&own, &token).unwrap_or_else(|| own.clone());
            (own, signed)
        }
    };
    let octets = octets(&Written { from: &from, to: &to, token: &token, id: &id, at });
    Ok(Draft { to, from, sender, token, id, octets, at })
}

struct Written<'a> {
    from: &'a Address,
    to: &'a Address,
    token: &'a str,
    id: &'a str,
    at: Time,
}

fn octets(written: &Written<'_>) -> Vec<u8> {
    let mailbox = |name: &str, address: &Address| Mailbox { name: name.to_owned(), address: address.clone() };
    let mut header = Header::default();
    header.mailbox("From", &mailbox("postdesk probe", written.from));
    header.mailbox("To", &mailbox("", written.to));
    // The token stands last: some relays give a mail another Message-ID.
    header.text("Subject", &format!("postdesk probe {}", written.token));
    header.raw("Date", &written.at.rfc5322());
    header.ids("Message-ID", &[written.id]);
    // Nobody is to answer it.
    header.raw("Auto-Submitted", "auto-generated");
    header.raw("X-Auto-Response-Suppress", "All");
    header.raw("MIME-Version", "1.0");
    header.raw("Content-Type", "text/plain; charset=us-ascii");
    let text = "\r\nThe operator of a postdesk gateway sent this to see whether mail to this address arrives there.\r\n\
                Nobody needs to do anything; it can be deleted.\r\n";
    (header.finish() + text).into_bytes()
}
