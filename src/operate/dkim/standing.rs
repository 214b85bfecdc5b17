//! Who signs for which mailbox, and where DMARC would find neither a signature nor an envelope sender that is aligned with From.
//!
//! Said from the configuration alone: no name server is asked, so whether a record is published has to be looked up by other means
//! (docs/dkim.md).

use std::collections::BTreeSet;

use crate::deliver::Relay;
use crate::deliver::sign::Signers;
use crate::model::address::Address;
use crate::model::desk::Department;
use crate::settings::Settings;

/// Who signs mail from an address: `pd2026 of shop.example (rsa)`, several with commas.
pub fn signed_by(signers: &Signers, address: &Address) -> Option<String> {
    let keys = signers.of(address.domain());
    let names: Vec<String> = keys.iter().map(|key| format!("{} of {} ({})", key.selector, key.domain, key.kind.name())).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// A row for each address that may stand in From of a department's mail; none where there are no keys at all.
pub fn rows(settings: &Settings, department: &Department) -> Vec<(&'static str, String)> {
    let signers = &settings.delivery.signers;
    if signers.keys().is_empty() {
        return Vec::new();
    }
    let row = |address: &Address| {
        let who = signed_by(signers, address).unwrap_or_else(|| "nobody".to_owned());
        ("signed", format!("{address} by {who}"))
    };
    authors(department).map(row).collect()
}

/// Addresses that stand in From: the public mailboxes towards customers, the department's own towards agents.
fn authors(department: &Department) -> impl Iterator<Item = &Address> {
    department.mailboxes.iter().chain([&department.address])
}

/// What to tell about keys and domains.
pub fn warnings(settings: &Settings) -> Vec<String> {
    let signers = &settings.delivery.signers;
    let exposed = signers.keys().iter().filter(|key| key.exposed);
    let mut warnings: Vec<String> = exposed
        .map(|key| {
            format!("the DKIM key {} of {} can be read by everybody on this machine; run chmod 600", key.selector, key.domain)
        })
        .collect();
    // Nothing leaves.
    if !matches!(settings.delivery.relay, Relay::File(_) | Relay::Discard) {
        let unaligned: BTreeSet<String> =
            settings.departments.iter().flat_map(|department| unaligned(signers, department)).collect();
        warnings.extend(unaligned);
    }
    warnings
}

fn unaligned(signers: &Signers, department: &Department) -> impl Iterator<Item = String> {
    let envelope = department.address.domain();
    let lacking = |address: &&Address| signers.of(address.domain()).is_empty() && !is_aligned(address.domain(), envelope);
    department.mailboxes.iter().filter(lacking).map(move |address| {
        let from = address.domain();
        format!(
            "mail from {from} fails its DMARC record, if it has one: no DKIM key signs for {from}, and its bounces come home to \
             {envelope}; make a key with `postdesk dkim key --domain {from} --selector NAME`, unless the relay signs"
        )
    })
}

/// Whether SPF of one domain speaks for the other (relaxed, RFC 7489 section 3.1.2) for sure: the same, or one below the other. Those
/// beside each other share an organisation only where no registry lets names between them, which takes asking DNS to know.
fn is_aligned(one: &str, other: &str) -> bool {
    let is_below = |below: &str, above: &str| below.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'));
    one == other || is_below(one, other) || is_below(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_aligned_when_one_contains_the_other() {
        assert!(is_aligned("shop.example", "shop.example"));
        assert!(is_aligned("shop.example", "desk.shop.example") && is_aligned("desk.shop.example", "shop.example"));
        assert!(!is_aligned("shop.example", "pet-shop.example"));
        assert!(!is_aligned("shop.co.example", "desk.co.example"));
    }
}
