//! What the machine-readable part of a report says: of a delivery (RFC 3464, RFC 6533), of a reader (RFC 8098), of a complaint (RFC 5965).
//!
//! Damage is taken as it comes: empty lines within a group or none between two, fields in any order and case, a status that has to be
//! concluded from the other server's words.

use super::fields::{fields, value_of};
use super::{LONGEST_PART, MOST_RECIPIENTS, usable_id, words_of};
use crate::decide::parse::dialect;
use crate::model::address::Address;
use crate::model::mail::{Action, Reported, StatusCode};

/// The groups of a `message/delivery-status`: one of the whole mail, then one a recipient.
pub(super) fn read(octets: &[u8], recipients: &mut Vec<Reported>) {
    let octets = &octets[..octets.len().min(LONGEST_PART)];
    read_groups(&String::from_utf8_lossy(octets), recipients);
}

/// The same within a text: what is left where something has made one text of all parts.
pub(super) fn in_text(text: &str) -> Vec<Reported> {
    let mut recipients = Vec::new();
    let is_first = |line: &str| ["Final-Recipient:", "Original-Recipient:"].iter().any(|name| starts_with(line, name));
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_first(line.trim_start()) {
            // Fields of the group may stand above it; what is above those is prose.
            read_groups(&text[at..], &mut recipients);
            break;
        }
        at += line.len();
    }
    recipients.retain(|told| !told.addresses.is_empty());
    recipients
}

fn starts_with(line: &str, name: &str) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

fn read_groups(text: &str, recipients: &mut Vec<Reported>) {
    let mut group = Group::default();
    for field in fields(text) {
        if field.trim().is_empty() || group.is_of_another(&field) {
            std::mem::take(&mut group).finish(recipients);
        }
        group.read(&field);
        if recipients.len() >= MOST_RECIPIENTS {
            return;
        }
    }
    group.finish(recipients);
}

#[derive(Default)]
struct Group {
    reported: Reported,
    action: Option<Action>,
    final_recipient: bool,
    original_recipient: bool,
    will_retry: bool,
}

impl Group {
    /// Whether a field begins the next recipient, without an empty line before it.
    fn is_of_another(&self, field: &str) -> bool {
        let field = field.trim_start();
        (self.final_recipient && starts_with(field, "Final-Recipient:"))
            || (self.original_recipient && starts_with(field, "Original-Recipient:"))
    }

    fn read(&mut self, field: &str) {
        let value = |name: &str| value_of(field, name);
        if let Some(value) = value("Final-Recipient") {
            self.final_recipient = true;
            self.add(&value);
        } else if let Some(value) = value("Original-Recipient") {
            self.original_recipient = true;
            self.add(&value);
        } else if let Some(value) = value("Action") {
            // What is none of the five names is read as a failure only where the status says so.
            let word = value.split(['(', ' ', ';', ',']).find(|word| !word.is_empty()).unwrap_or_default().to_owned();
            self.action = Some(Action::from_name(&word).unwrap_or(Action::Delayed));
        } else if let Some(value) = value("Status") {
            let code = value.split(['(', ' ', ';', ',']).find(|word| !word.is_empty()).and_then(StatusCode::parse);
            self.reported.status = code.or(self.reported.status);
        } else if let Some(value) = value("Diagnostic-Code") {
            let said = value.split_once(';').map_or(value.as_str(), |(_, said)| said);
            self.reported.diagnostic = words_of(said);
        } else if value("Will-Retry-Until").is_some() {
            self.will_retry = true;
        }
    }

    /// One of each is all that there may be.
    fn add(&mut self, value: &str) {
        let address = typed_address(value).filter(|address| !self.reported.addresses.contains(address));
        self.reported.addresses.extend(address.filter(|_| self.reported.addresses.len() < 2));
    }

    fn finish(mut self, recipients: &mut Vec<Reported>) {
        if self.final_recipient || self.original_recipient {
            self.conclude();
            recipients.push(self.reported);
            return;
        }
        // An empty line has come between a recipient and what is said of it.
        let is_told = self.action.is_some() || self.reported.status.is_some() || !self.reported.diagnostic.is_empty();
        let Some(last) = recipients
            .last_mut()
            .filter(|last| is_told && (last.status.is_none() || last.inferred || last.diagnostic.is_empty()))
        else {
            return;
        };
        let diagnostic = if last.diagnostic.is_empty() { self.reported.diagnostic } else { std::mem::take(&mut last.diagnostic) };
        let status = last.status.filter(|_| !last.inferred).or(self.reported.status);
        let action = self.action.unwrap_or(last.action);
        let mut group = Group {
            reported: Reported { addresses: std::mem::take(&mut last.addresses), status, diagnostic, ..Reported::default() },
            action: Some(action),
            ..Group::default()
        };
        group.conclude();
        *last = group.reported;
    }

    /// What is missing, from what is there.
    fn conclude(&mut self) {
        let told = &mut self.reported;
        if told.status.is_none() && !told.diagnostic.is_empty() {
            let status = dialect::status(&told.diagnostic, self.action == Some(Action::Delayed) || self.will_retry);
            (told.status, told.inferred) = status.map_or((None, false), |(status, inferred)| (Some(status), inferred));
        }
        told.action = self.action.unwrap_or(match told.status {
            Some(StatusCode(2, ..)) => Action::Delivered,
            Some(StatusCode(4, ..)) => Action::Delayed,
            _ if self.will_retry => Action::Delayed,
            _ => Action::Failed,
        });
    }
}

/// `rfc822; mia@customer.example`, `utf-8; …` (RFC 6533 section 3), with or without a type, brackets or a comment. X.400 has no such
/// address.
fn typed_address(value: &str) -> Option<Address> {
    let value = value.split_once(';').map_or(value, |(_, address)| address);
    let word = value.split_whitespace().find(|word| word.contains('@'))?.trim_matches(['<', '>', '(', ')', ',', ';']);
    let word = word.trim_start_matches("mailto:");
    if word.contains("\\x{") { Address::parse(&unescaped(word)) } else { Address::parse(word) }
}

/// Characters beyond ASCII in an address of the type utf-8: `\x{10D}`.
fn unescaped(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut pieces = word.split("\\x{");
    plain.extend(pieces.next());
    for piece in pieces {
        let (digits, rest) = piece.split_once('}').unwrap_or(("", piece));
        plain.extend(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32));
        plain.push_str(rest);
    }
    plain
}

/// A read receipt: who, what became of the mail, and its id.
pub(super) fn read_disposition(octets: &[u8], recipients: &mut Vec<Reported>) -> Option<String> {
    let octets = &octets[..octets.len().min(LONGEST_PART)];
    let (mut group, mut id) = (Group::default(), None);
    for field in fields(&String::from_utf8_lossy(octets)) {
        if let Some(value) = value_of(&field, "Original-Message-ID") {
            id = id.or_else(|| usable_id(&value));
        } else if let Some(value) = value_of(&field, "Disposition") {
            // `automatic-action/MDN-sent-automatically; displayed`
            let what = value.rsplit(';').next().unwrap_or_default();
            let failed = what.trim().to_ascii_lowercase().starts_with("failed");
            group.action = Some(if failed { Action::Failed } else { Action::Delivered });
            group.reported.diagnostic = words_of(what);
        } else if ["Final-Recipient", "Original-Recipient"].iter().any(|name| starts_with(&field, name)) {
            group.read(&field);
        }
    }
    let Group { mut reported, action, .. } = group;
    reported.action = action.unwrap_or(Action::Delivered);
    recipients.push(reported);
    id
}

/// A complaint: about what was sent to whom, and its type.
pub(super) fn read_feedback(octets: &[u8], recipients: &mut Vec<Reported>) {
    let octets = &octets[..octets.len().min(LONGEST_PART)];
    let mut told = Reported { action: Action::Delivered, ..Reported::default() };
    for field in fields(&String::from_utf8_lossy(octets)) {
        let about = value_of(&field, "Original-Rcpt-To").or_else(|| value_of(&field, "Removal-Recipient"));
        if let Some(address) = about.and_then(|value| typed_address(&value)).filter(|address| !told.addresses.contains(address)) {
            told.addresses.extend(Some(address).filter(|_| told.addresses.len() < 2));
        } else if let Some(value) = value_of(&field, "Feedback-Type") {
            told.diagnostic = words_of(&value);
        }
    }
    recipients.push(told);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(text: &str) -> Vec<(String, String, String)> {
        let mut recipients = Vec::new();
        read(text.as_bytes(), &mut recipients);
        let words = |told: Reported| {
            let addresses: Vec<_> = told.addresses.iter().map(|address| address.to_string()).collect();
            (addresses.join(" "), told.action.name().to_owned(), told.status.map(|status| status.to_string()).unwrap_or_default())
        };
        recipients.into_iter().map(words).collect()
    }

    #[test]
    fn damage_is_taken_as_it_comes() {
        let told = |address: &str, action: &str, status: &str| (address.to_owned(), action.to_owned(), status.to_owned());
        for (text, expected) in [
            // Every field with an empty line below it.
            (
                "Reporting-MTA: dns; mx\n\nfinal-recipient: rfc822;a@b.example\n\naction: failed\n\nstatus: 5.2.2\n\n",
                vec![told("a@b.example", "failed", "5.2.2")],
            ),
            // No empty line between two recipients.
            (
                "Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1\nFinal-Recipient: rfc822; c@b.example\nAction: delayed\n",
                vec![told("a@b.example", "failed", "5.1.1"), told("c@b.example", "delayed", "")],
            ),
            // Wrong order, no status, a folded diagnostic.
            (
                "Diagnostic-Code: smtp; 550\n user unknown\nOriginal-Recipient: <x@b.example>\nFinal-Recipient: RFC822; <a@b.example> (expanded)\n",
                vec![told("x@b.example a@b.example", "failed", "5.1.1")],
            ),
            ("Final-Recipient: x400; /S=mia/C=de/\nStatus: 4.4.7 (expired)\n", vec![told("", "delayed", "4.4.7")]),
            (
                "Final-Recipient: utf-8; jana.\\x{10D}ern\\x{E1}@b.example\nAction: failed\n",
                vec![told("jana.černá@b.example", "failed", "")],
            ),
            ("Final-Recipient: rfc822; a@b.example\nWill-Retry-Until: Fri\n", vec![told("a@b.example", "delayed", "")]),
            ("Reporting-MTA: dns; mx\n", vec![]),
        ] {
            assert_eq!(status_of(text), expected, "{text}");
        }
    }
}
