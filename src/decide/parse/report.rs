//! Reports: what another machine says has become of a mail of ours, what its reader did with it, or that somebody complained about it.
//!
//! The forms of RFC 3464, RFC 8098 and RFC 5965 are read part by part, without any parser of nested messages: of the returned mail only its
//! first Message-ID is looked for. Programs that write no such form are recognised by several signs together (`signs`). Nothing here is a
//! proof of anything: anybody can write such a mail. Every pass is linear, and what is kept has limits.

mod fields;
mod signs;
mod status;

use mail_parser::{HeaderName, Message, MessagePart, MimeHeaders};

use super::characters::{one_line, shorten};
use super::dialect;
use super::guard::uncovered;
use crate::model::address::Address;
use crate::model::mail::{Mail, Report, ReportKind, Reported};
use fields::{fields, value_of};
use signs::Signs;

pub(super) use signs::is_mail_program;

/// Octets of a report's part that are looked at. Reports of real servers have a few hundred a recipient.
const LONGEST_PART: usize = 256 * 1024;
/// Recipients of one report that are kept. Our notices have one recipient each.
pub(super) const MOST_RECIPIENTS: usize = 100;
/// Octets of the other server's words that are kept.
const LONGEST_DIAGNOSTIC: usize = 500;
/// Octets of a Message-ID.
const LONGEST_ID: usize = 512;
/// Parts of a mail without the form that are searched for the mail it returns.
const MOST_PARTS: usize = 20;

/// What the parts of a mail say, before it is known whether a machine wrote it.
#[derive(Debug, Default)]
pub(super) struct Parts {
    report: Option<Report>,
    /// The mail is a `multipart/report`, or nothing but the report: no program for people writes that.
    whole: bool,
    /// The report is no file of the mail. Where people pass reports on, it may look so too.
    shown: bool,
    /// Message-ID of a mail that one of the parts is or begins with.
    returned: Option<String>,
}

/// Reads the parts that have a form. Cheap for a mail that has none and comes from a person.
pub(super) fn in_parts(message: &Message<'_>, mail: &Mail) -> Parts {
    let mut found = Parts::default();
    let Some(root) = message.parts.first() else { return found };
    let mut is_file = true;
    for part in &message.parts {
        let Some(kind) = form_of(part) else { continue };
        let report = found.report.get_or_insert_with(|| Report { kind, structured: true, ..Report::default() });
        if kind != report.kind {
            continue;
        }
        is_file &= part.content_disposition().is_some_and(|disposition| disposition.is_attachment());
        match kind {
            ReportKind::Delivery => status::read(part.contents(), &mut report.recipients),
            ReportKind::Disposition => report.message_id = status::read_disposition(part.contents(), &mut report.recipients),
            ReportKind::Feedback => status::read_feedback(part.contents(), &mut report.recipients),
        }
    }
    found.shown = !is_file;
    found.whole = is_of(root, |kind, subtype| kind == "multipart" && subtype == "report") || form_of(root).is_some();
    let mails = message.parts.iter().skip(1).filter(|part| is_of(part, is_returned));
    found.returned = mails.take(MOST_PARTS).find_map(|part| returned_id(part.contents()));
    if found.returned.is_none() && signs::may_be_a_program(mail) {
        found.returned = in_files(message);
    }
    found
}

/// Finds the mail in files that only begin like mails, where a program returns it as something else.
fn in_files(message: &Message<'_>) -> Option<String> {
    let files = message.parts.iter().skip(1).filter(|part| !part.is_multipart() && form_of(part).is_none());
    files.take(MOST_PARTS).find_map(|part| returned_id(part.contents()))
}

/// What the mail reports, by its parts, its header and its text; `None` when it is no report. Where a report declares itself and nothing of
/// it can be shown, as when its parts cannot be told apart, its `body` is read as a text.
pub(super) fn read(head: &Message<'_>, parts: Parts, text: &str, body: &[u8], mail: &Mail) -> Option<Report> {
    let raw = String::from_utf8_lossy(&body[..body.len().min(LONGEST_PART)]);
    let text = if mail.marks.delivery_report && parts.report.is_none() && text.is_empty() { &raw } else { text };
    let signs = Signs::of(head, mail);
    let Parts { report, whole, shown, returned } = parts;
    let structured = report.filter(|_| whole || signs.is_of_a_machine() || (shown && !signs.is_passed_on()));
    let mut report = match structured {
        Some(report) => report,
        None => declared(mail).or_else(|| signs.allow_words(text).then(Report::default))?,
    };
    if report.kind == ReportKind::Delivery {
        complete(&mut report, signs.failed, text, mail);
    }
    report.message_id = report.message_id.or(returned).or_else(|| dialect::returned_id(bounded(text)));
    Some(report)
}

/// What a mail of the null sender reports, whose other signs were too weak by themselves.
pub fn of_null_sender(mail: &Mail) -> Option<Report> {
    if mail.report.is_some() || !Signs::of_words(mail).allow_words(&mail.text) {
        return None;
    }
    let mut report = Report::default();
    complete(&mut report, Vec::new(), &mail.text, mail);
    report.message_id = dialect::returned_id(bounded(&mail.text)).or_else(|| dialect::returned_id(bounded(&mail.quoted)));
    Some(report)
}

/// What the header alone says that the mail is, when none of its parts can be read.
fn declared(mail: &Mail) -> Option<Report> {
    let kind = match mail.marks.other_report.as_deref() {
        _ if mail.marks.delivery_report => ReportKind::Delivery,
        Some("disposition-notification") => ReportKind::Disposition,
        Some("feedback-report") => ReportKind::Feedback,
        _ => return None,
    };
    Some(Report { kind, structured: true, ..Report::default() })
}

/// Recipients, codes and words from the text, as far as the form does not give them.
fn complete(report: &mut Report, failed: Vec<Address>, text: &str, mail: &Mail) {
    let text = bounded(text);
    let found = std::mem::take(&mut report.recipients);
    if found.iter().any(|told| !told.addresses.is_empty()) {
        report.recipients = found;
        return;
    }
    let own: Vec<Address> = mail.to.iter().chain(&mail.from).map(|mailbox| mailbox.address.clone()).collect();
    let mut recipients = status::in_text(text);
    if recipients.is_empty() {
        recipients = dialect::recipients(text, &own);
    }
    if recipients.is_empty() && failed.is_empty() && own.len() > 1 {
        // Who wrote to themselves.
        recipients = dialect::recipients(text, &own[own.len() - 1..]);
    }
    for address in failed {
        if !recipients.iter().any(|known| known.addresses.contains(&address)) {
            recipients.push(Reported { addresses: vec![address], ..dialect::verdict(text) });
        }
    }
    if recipients.is_empty() {
        recipients.push(dialect::verdict(text));
    }
    // What the form says of a recipient that it does not name is surer than the text.
    if let ([told], [named]) = (found.as_slice(), recipients.as_mut_slice()) {
        *named = Reported { addresses: std::mem::take(&mut named.addresses), ..told.clone() };
    }
    recipients.truncate(MOST_RECIPIENTS);
    report.recipients = recipients;
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_PART)]
}

/// The form that a part has.
fn form_of(part: &MessagePart<'_>) -> Option<ReportKind> {
    let content_type = part.content_type()?;
    let subtype = content_type.subtype()?;
    // `message/delivery-status` and what gateways make of it; RFC 6533 for `message/global-…`.
    let ends = |form: &str| {
        subtype.len() >= form.len()
            && subtype.is_char_boundary(subtype.len() - form.len())
            && subtype[subtype.len() - form.len()..].eq_ignore_ascii_case(form)
    };
    if ends("delivery-status") {
        Some(ReportKind::Delivery)
    } else if ends("disposition-notification") {
        Some(ReportKind::Disposition)
    } else {
        ends("feedback-report").then_some(ReportKind::Feedback)
    }
}

/// Whether a part has a media type that pleases, in lower case.
fn is_of(part: &MessagePart<'_>, pleases: impl Fn(&str, &str) -> bool) -> bool {
    part.content_type().is_some_and(|content_type| {
        let subtype = content_type.subtype().unwrap_or_default().to_ascii_lowercase();
        // The guard has covered one letter of some subtypes.
        let known = match subtype.as_str() {
            "xfc822-headers" => "rfc822-headers",
            "xlobal-headers" => "global-headers",
            other => uncovered(other),
        };
        pleases(&content_type.ctype().to_ascii_lowercase(), known)
    })
}

/// The returned mail or its header.
fn is_returned(_: &str, subtype: &str) -> bool {
    matches!(subtype, "rfc822" | "rfc822-headers" | "global" | "global-headers")
}

/// The first Message-ID field of a header, unfolded.
fn returned_id(octets: &[u8]) -> Option<String> {
    let octets = &octets[..octets.len().min(LONGEST_PART)];
    let text = String::from_utf8_lossy(octets);
    let text = text.trim_start_matches(['\r', '\n']);
    let header = fields(text).take_while(|field| !field.trim().is_empty());
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

/// Foreign words on one line, as many as are kept.
pub(super) fn words_of(said: &str) -> String {
    // One line is at most as long as what it is made of, but for characters that are left out.
    let mut said = one_line(&said[..said.floor_char_boundary(8 * LONGEST_DIAGNOSTIC)]);
    shorten(&mut said, LONGEST_DIAGNOSTIC);
    said
}
