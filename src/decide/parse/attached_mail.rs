//! A mail that passes another on as a file: who wrote that, when, and what about.
//!
//! The attached mail is read once more by itself, as any other, but what is attached to it is not looked at: one level, and one such
//! reading a mail. Where it is not sure that the mail is about the attached one, nothing is said.

use std::borrow::Cow;

use super::{cut, read_within};
use crate::model::desk::Limits;
use crate::model::mail::{Forwarded, Mail};
use crate::model::message::{Attachment, Original};
use crate::model::transfer;

/// Octets of an attached mail that are read: its text stands at its beginning, before its files.
const MOST: usize = 4 * 1024 * 1024;

/// Reads the mail that is attached, when there is one and it is what the mail is about.
pub(super) fn read(raw: &[u8], limits: &Limits, mail: &mut Mail) {
    // Of a mail that stands in the text itself, that is known already; a report only returns what it reports on.
    if mail.forwarded.is_some() || mail.report.is_some() || mail.marks.delivery_report || mail.marks.other_report.is_some() {
        return;
    }
    let mut mails = mail.attachments.iter().filter(|file| is_mail(file));
    let (Some(file), None) = (mails.next(), mails.next()) else { return };
    let octets = octets(file, raw);
    let (nested, visible) = read_within(&octets[..octets.len().min(MOST)], limits);
    let text = visible.whole();
    let is_blank = mail.text.trim().is_empty();
    let is_about =
        is_blank || mail.subject.is_empty() || mail.subject == nested.subject || cut::is_forward_subject(&mail.subject);
    // What we wrote ourselves is no news, and must not come back as somebody's words.
    if !is_about || cut::has_marker(&text) {
        return;
    }
    if is_blank && !text.is_empty() {
        // Where the author wrote nothing, what is there to read is shown. The line above it is ours: no words of the attached mail may
        // stand where commands of the author would.
        mail.text = format!("[The attached mail \"{}\" says:]\n\n{text}", nested.subject);
    }
    let words = if is_blank { String::new() } else { mail.text.clone() };
    let original = Original { from: nested.from.into_iter().next(), date: nested.date, subject: nested.subject };
    if original.from.is_some() || !original.date.is_empty() || !original.subject.is_empty() {
        mail.forwarded = Some(Forwarded { original, words, text });
    }
}

fn is_mail(file: &Attachment) -> bool {
    matches!(file.media_type.as_str(), "message/rfc822" | "message/global")
        || (file.media_type == "application/octet-stream" && file.name.to_ascii_lowercase().ends_with(".eml"))
}

fn octets<'a>(file: &Attachment, raw: &'a [u8]) -> Cow<'a, [u8]> {
    let at = |offset: i64| usize::try_from(offset).unwrap_or(0).min(raw.len());
    let (start, end) = (at(file.start), at(file.end));
    let part = transfer::decoded(&raw[start..end.max(start)], file.encoding);
    match &file.inner {
        Some(inner) => Cow::Owned(transfer::within(&part, inner).into_owned()),
        None => part,
    }
}
