//! Delivery reports: what another server says has become of a mail of ours.
//!
//! The form of RFC 3464 is read part by part, without any parser of nested messages: of the returned mail only its first Message-ID is
//! looked for. Programs that write no such form are recognised by how their texts begin, or by the field that Exim adds. Nothing here is a
//! proof of anything: anybody can write such a mail. Every pass is linear, and what is kept has limits.

use mail_parser::{HeaderName, Message, MessagePart, MimeHeaders};

use super::characters::{one_line, shorten};
use super::dialect;
use crate::model::address::Address;
use crate::model::mail::{Action, Report, Reported, StatusCode};

/// Octets of a report's part that are looked at. Reports of real servers have a few hundred a recipient.
pub(super) const LONGEST_PART: usize = 256 * 1024;
/// Recipients of one report that are kept. Our notices have one recipient each.
pub(super) const MOST_RECIPIENTS: usize = 100;
/// Octets of the other server's words that are kept.
const LONGEST_DIAGNOSTIC: usize = 500;
/// Octets of a Message-ID.
const LONGEST_ID: usize = 512;

/// Reads a report that has the form of RFC 3464. `None` when the mail is none.
pub(super) fn structured(message: &Message<'_>, is_report: bool) -> Option<Report> {
    let root = message.parts.first()?;
    let is_multipart = is_of(root, |kind, subtype| kind == "multipart" && subtype == "report");
    let mut report = Report { structured: true, ..Report::default() };
    let mut found = false;
    for part in message.parts.iter().skip(1).filter(|_| is_multipart) {
        if is_of(part, |_, subtype| subtype.ends_with("delivery-status")) {
            found = true;
            read_status(part.contents(), &mut report.recipients);
        } else if report.message_id.is_none() && is_of(part, is_returned) {
            report.message_id = returned_id(part.contents());
        }
    }
    (found || is_report).then_some(report)
}

/// Reads a report from its text, where the mail is from a program that delivers mail or begins as their reports do.
pub(super) fn in_words(head: &Message<'_>, text: &str) -> Option<Report> {
    let text = &text[..text.floor_char_boundary(LONGEST_PART)];
    let failed = failed_recipients(head);
    let from_program = head.from().and_then(|from| from.first()).and_then(|from| from.address()).is_some_and(is_mail_program);
    if failed.is_empty() && !from_program && !dialect::begins_as_report(text) {
        return None;
    }
    if failed.is_empty() && from_program && !dialect::speaks_of_delivery(text) {
        return None;
    }
    let mut recipients = dialect::recipients(text);
    for address in failed {
        if !recipients.iter().any(|known| known.addresses.contains(&address)) {
            recipients.push(Reported { addresses: vec![address], ..dialect::verdict(text) });
        }
    }
    if recipients.is_empty() {
        recipients.push(dialect::verdict(text));
    }
    recipients.truncate(MOST_RECIPIENTS);
    Some(Report { recipients, message_id: dialect::returned_id(text), structured: false })
}

/// Whether an address is that of a program that delivers mail.
fn is_mail_program(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    ["mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e"]
        .iter()
        .any(|name| local.eq_ignore_ascii_case(name))
}

/// The recipients that Exim names in a field of its own.
fn failed_recipients(head: &Message<'_>) -> Vec<Address> {
    let fields = head.headers().iter().filter(|header| header.name().eq_ignore_ascii_case("X-Failed-Recipients"));
    let values = fields.filter_map(|header| header.value.as_text());
    let words = values.flat_map(|value| value.split([',', ' ', '\t', '\r', '\n']));
    words.filter_map(Address::parse).take(MOST_RECIPIENTS).collect()
}

/// Whether a part has a media type that pleases, in lower case. The guard has covered one letter of some subtypes.
fn is_of(part: &MessagePart<'_>, pleases: impl Fn(&str, &str) -> bool) -> bool {
    part.content_type().is_some_and(|content_type| {
        let subtype = content_type.subtype().unwrap_or_default().to_ascii_lowercase();
        pleases(&content_type.ctype().to_ascii_lowercase(), &subtype)
    })
}

/// The returned mail or its header: `message/rfc822`, `text/rfc822-headers`, `message/global`, `message/global-headers`, each with the
/// first letter covered or not.
fn is_returned(_: &str, subtype: &str) -> bool {
    matches!(&subtype.get(1..).unwrap_or_default(), &"fc822" | &"fc822-headers" | &"lobal" | &"lobal-headers")
}

/// The first Message-ID field of a header, unfolded.
fn returned_id(octets: &[u8]) -> Option<String> {
    let octets = &octets[..octets.len().min(LONGEST_PART)];
    let text = String::from_utf8_lossy(octets);
    let header = fields(&text).take_while(|field| !field.trim().is_empty());
    header.filter_map(|field| value_of(&field, HeaderName::MessageId.as_str())).find_map(|value| usable_id(&value))
}

/// The id between its angle brackets, when it can be compared.
pub(super) fn usable_id(value: &str) -> Option<String> {
    let value = value.trim();
    let value = value.split_once('<').map_or(value, |(_, rest)| rest);
    let id = value.split_once('>').map_or(value, |(id, _)| id).trim();
    (!id.is_empty() && id.len() <= LONGEST_ID && id.contains('@') && id.bytes().all(|octet| octet.is_ascii_graphic()))
        .then(|| id.to_owned())
}

/// The groups of a `message/delivery-status`: one of the whole mail, then one a recipient.
fn read_status(octets: &[u8], recipients: &mut Vec<Reported>) {
    let octets = &octets[..octets.len().min(LONGEST_PART)];
    let text = String::from_utf8_lossy(octets);
    let mut group = Group::default();
    for field in fields(&text) {
        if field.trim().is_empty() {
            group.finish(recipients);
        } else {
            group.read(&field);
        }
        if recipients.len() >= MOST_RECIPIENTS {
            return;
        }
    }
    group.finish(recipients);
}

#[derive(Default)]
struct Group {
    reported: Reported,
    has_recipient: bool,
}

impl Group {
    fn read(&mut self, field: &str) {
        let address = |value: &str| Address::parse(value.rsplit(';').next().unwrap_or_default().trim().trim_matches(['<', '>']));
        if let Some(value) = value_of(field, "Final-Recipient").or_else(|| value_of(field, "Original-Recipient")) {
            self.has_recipient = true;
            let address = address(&value).filter(|address| !self.reported.addresses.contains(address));
            // One of each is all that there may be.
            self.reported.addresses.extend(address.filter(|_| self.reported.addresses.len() < 2));
        } else if let Some(value) = value_of(field, "Action") {
            // What is none of the five names is read as a failure only where the status says so.
            let word = value.split(['(', ' ', ';']).find(|word| !word.is_empty()).unwrap_or_default().to_owned();
            self.reported.action = Action::from_name(&word).unwrap_or(Action::Delayed);
        } else if let Some(value) = value_of(field, "Status") {
            self.reported.status = value.split(['(', ' ']).find(|word| !word.is_empty()).and_then(StatusCode::parse);
        } else if let Some(value) = value_of(field, "Diagnostic-Code") {
            let said = value.split_once(';').map_or(value.as_str(), |(_, said)| said);
            self.reported.diagnostic = words_of(said);
        }
    }

    fn finish(&mut self, recipients: &mut Vec<Reported>) {
        let Group { reported, has_recipient } = std::mem::take(self);
        if has_recipient {
            recipients.push(reported);
        }
    }
}

/// Foreign words on one line, as many as are kept.
pub(super) fn words_of(said: &str) -> String {
    let mut said = one_line(said);
    shorten(&mut said, LONGEST_DIAGNOSTIC);
    said
}

/// The fields of a text, each unfolded onto one line; empty lines stand for themselves.
fn fields(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        let mut field = lines.next()?.to_owned();
        while !field.trim().is_empty()
            && let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty())
        {
            field.push(' ');
            field.push_str(more.trim());
        }
        Some(field)
    })
}

fn value_of(field: &str, name: &str) -> Option<String> {
    let (found, value) = field.split_once(':')?;
    found.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
}
