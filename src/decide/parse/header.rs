//! Header values: decoded, on one line, without control characters.

use std::borrow::Cow;
use std::collections::HashSet;

use mail_parser::{Header, HeaderName, Message};

use super::characters::{is_bidi_control, is_invisible, one_line, shorten};
use super::{dates, defect, encoded, ids, people};
use crate::model::address::{Address, Mailbox};
use crate::model::desk::Limits;
use crate::model::mail::{Defect, Mail};

/// Octets of a Message-ID: RFC 5322 has no limit but the line of 998; nothing in use comes near this.
const LONGEST_ID: usize = 512;
/// Addresses that are looked at of those that servers noted.
const MOST_NOTED: usize = 100;
/// Octets of a subject or a name that are kept.
const LONGEST_VALUE: usize = 2_000;

/// Fills in everything that is read from the header of the whole mail, except its marks.
pub(super) fn read(head: &Message<'_>, limits: &Limits, mail: &mut Mail) {
    mail.subject = first(head, &HeaderName::Subject).map(|value| one_line_at_most(&encoded::decode(&value))).unwrap_or_default();
    mail.from = mailboxes(head, &HeaderName::From, &mut mail.defects);
    mail.to = mailboxes(head, &HeaderName::To, &mut mail.defects);
    mail.cc = mailboxes(head, &HeaderName::Cc, &mut mail.defects);
    mail.reply_to = mailboxes(head, &HeaderName::ReplyTo, &mut mail.defects);
    mail.delivered_to = delivered_to(head);
    mail.date = first(head, &HeaderName::Date).map(|date| one_line_at_most(&date)).unwrap_or_default();
    mail.sent_at = dates::read(&mail.date);
    mail.message_id = message_id(head, &mut mail.defects);
    mail.references = references(head, limits, &mut mail.defects);
    report_senders(head, mail);
}

/// Says that nothing of a header was there.
pub(super) fn report_missing(defects: &mut Vec<Defect>) {
    defects.push(defect("no-from", "there is no From field"));
    defects.push(defect("no-message-id", "there is no Message-ID field"));
}

fn report_senders(head: &Message<'_>, mail: &mut Mail) {
    let fields = head.headers().iter().filter(|header| header.name == HeaderName::From).count();
    match (fields, mail.from.len()) {
        (0, _) => mail.defects.push(defect("no-from", "there is no From field")),
        (2.., _) => mail.defects.push(defect("several-from-fields", format!("{fields} From fields, RFC 5322 allows one"))),
        (1, 0) => mail.defects.push(defect("from-unreadable", "no address can be read from the From field")),
        (1, 2..) => mail.defects.push(defect("several-from-addresses", format!("{} addresses in From", mail.from.len()))),
        (1, 1) => {}
    }
}

fn one_line_at_most(value: &str) -> String {
    let mut line = one_line(value);
    shorten(&mut line, LONGEST_VALUE);
    line.truncate(line.trim_end().len());
    line
}

/// The value of a field as it stood.
fn value<'a>(head: &'a Message<'_>, header: &Header<'_>) -> Cow<'a, str> {
    let raw = head.raw_message().get(header.offset_start as usize..header.offset_end as usize);
    String::from_utf8_lossy(raw.unwrap_or_default())
}

/// The value of the first field of this name that has one.
fn first<'a>(head: &'a Message<'_>, name: &HeaderName<'_>) -> Option<Cow<'a, str>> {
    let mut values = head.headers().iter().filter(|header| header.name == *name).map(|header| value(head, header));
    values.find(|value| !value.trim().is_empty())
}

/// The addresses of every field of this name: the crate's own accessors look at the last one only, while signatures
/// and other mail programs may look at the first.
fn mailboxes(head: &Message<'_>, name: &HeaderName<'_>, defects: &mut Vec<Defect>) -> Vec<Mailbox> {
    let mut mailboxes = Vec::new();
    let mut unreadable = 0;
    for header in head.headers().iter().filter(|header| header.name == *name) {
        for person in people::read(&value(head, header)) {
            match person.address.filter(is_seen_whole) {
                Some(address) => mailboxes.push(Mailbox { name: one_line_at_most(&person.name), address }),
                None => unreadable += 1,
            }
        }
    }
    if unreadable > 0 {
        defects.push(defect("unreadable-address", format!("{unreadable} in the {} field", name.as_str())));
    }
    mailboxes
}

/// Whether nothing in an address hides or turns what is seen of it.
fn is_seen_whole(address: &Address) -> bool {
    !address.as_str().chars().any(|c| is_bidi_control(c) || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// Fields in which servers on the way note whom a mail was for, the one that is nearest to its mailbox first.
const NOTED: [&str; 5] = ["Delivered-To", "X-Original-To", "X-Forwarded-To", "Envelope-To", "Resent-To"];

/// The addresses that servers on the way noted, each once.
fn delivered_to(head: &Message<'_>) -> Vec<Address> {
    let mut addresses: Vec<Address> = Vec::new();
    for name in NOTED {
        for header in head.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name)) {
            let noted = people::read(&value(head, header)).into_iter().filter_map(|person| person.address).filter(is_seen_whole);
            for address in noted {
                if addresses.len() < MOST_NOTED && !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
    }
    addresses
}

fn message_id(head: &Message<'_>, defects: &mut Vec<Defect>) -> Option<String> {
    let fields: Vec<_> = head.headers().iter().filter(|header| header.name == HeaderName::MessageId).collect();
    match fields.len() {
        0 => defects.push(defect("no-message-id", "there is no Message-ID field")),
        1 => {}
        several => defects.push(defect("several-message-ids", format!("{several} Message-ID fields, the first one counts"))),
    }
    let ids = fields.first().map(|header| ids::read(&value(head, header))).unwrap_or_default();
    ids.into_iter().find_map(|id| usable_id(&id, defects))
}

/// What the mail answers to: the ids of In-Reply-To, then those of References from the nearest to the farthest.
fn references(head: &Message<'_>, limits: &Limits, defects: &mut Vec<Defect>) -> Vec<String> {
    let of = |name: HeaderName<'static>| head.headers().iter().filter(move |header| header.name == name);
    let answered = of(HeaderName::InReplyTo).flat_map(|header| ids::read(&value(head, header)));
    let before = of(HeaderName::References).flat_map(|header| ids::read(&value(head, header)).into_iter().rev());
    let mut seen = HashSet::new();
    let mut references = Vec::new();
    for id in answered.chain(before) {
        if references.len() == limits.references {
            defects.push(defect("too-many-references", format!("only {} are looked at", limits.references)));
            break;
        }
        if !seen.contains(&id) {
            references.extend(usable_id(&id, defects));
            seen.insert(id);
        }
    }
    references
}

/// The id when it can be compared and written into a header again.
fn usable_id(id: &str, defects: &mut Vec<Defect>) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let strange = |c: char| c.is_control() || c.is_whitespace() || is_bidi_control(c) || is_invisible(c) || c == '<' || c == '>';
    if id.is_empty() {
        return None;
    }
    if id.len() > LONGEST_ID || id.chars().any(strange) {
        if !defects.iter().any(|defect| defect.name == "unusable-message-id") {
            defects.push(defect("unusable-message-id", "an id is too long or holds white space or control characters"));
        }
        return None;
    }
    Some(id.to_owned())
}
