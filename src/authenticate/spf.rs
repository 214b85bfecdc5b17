//! SPF (RFC 7208): whether the domain of the envelope sender names the host that the mail came from.
//!
//! Only a domain that may speak for that of From is asked about. The null sender proves nothing: its domain would be that of HELO, which
//! belongs to the host and not to an author.

use std::net::IpAddr;

use mail_auth::SpfResult;
use mail_auth::common::to_a_label;
use mail_auth::spf::verify::SpfParameters;

use super::align::{Inquiry, Means, may_align};
use super::verdicts::Verdicts;
use crate::model::arrival::Arrival;

/// The host that a mail came from, and in whose name.
#[derive(Debug)]
pub(super) struct Client {
    ip: IpAddr,
    helo: String,
    sender: String,
    domain: String,
}

/// Whom to ask about, if that can prove anything.
pub(super) fn client(arrival: &Arrival, author: &str, verdicts: &mut Verdicts) -> Option<Client> {
    let Some(ip) = arrival.peer.ip.map(|ip| ip.to_canonical()) else {
        return verdicts.none("SPF is not asked: the address of the client is not known");
    };
    if ip.is_loopback() {
        return verdicts.none("SPF is not asked: no domain names this machine by its address within itself");
    }
    let Some(sender) = &arrival.sender else {
        return verdicts.none("SPF is not asked: the null sender proves no author");
    };
    let domain = to_a_label(sender.domain()).into_owned();
    if !may_align(&domain, author) {
        verdicts.say(format!("SPF is not asked: the envelope sender's domain {domain} is not that of From"));
        return None;
    }
    let helo = arrival.peer.helo.clone().unwrap_or_default();
    Some(Client { ip, helo, sender: format!("{}@{domain}", sender.local()), domain })
}

/// Whether the domain names the host, and is aligned with that of From.
pub(super) async fn prove(client: &Client, hostname: &str, inquiry: &mut Inquiry<'_>) -> bool {
    let Client { ip, helo, sender, domain } = client;
    let result = inquiry.dns.verify_spf(SpfParameters::verify_mail_from(*ip, helo, hostname, sender)).await.result();
    let verdict = match result {
        SpfResult::Pass => {
            let aligned = inquiry.aligned(domain, Means::Spf).await;
            let end = if aligned { "" } else { ", which is not aligned with From" };
            inquiry.verdicts.say(format!("SPF pass: {ip} may send for {domain}{end}"));
            return aligned;
        }
        SpfResult::Fail => format!("SPF fail: {ip} may not send for {domain}"),
        SpfResult::SoftFail => format!("SPF softfail: {ip} should not send for {domain}"),
        SpfResult::Neutral => format!("SPF neutral: {domain} does not say whether {ip} may send for it"),
        SpfResult::None => format!("SPF none: {domain} does not say who may send for it"),
        SpfResult::PermError => format!("SPF permerror: the record of {domain} is wrong"),
        SpfResult::TempError => {
            inquiry.unanswered = true;
            format!("SPF temperror: DNS does not answer for {domain}")
        }
    };
    inquiry.verdicts.say(verdict);
    false
}
