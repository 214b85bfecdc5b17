//! Raw octets to a mail with a list of defects. The only user of `mail_parser` and `unicode_normalization`.
//!
//! It never fails and never panics: every sequence of octets gives a value. What goes beyond a limit is read as a
//! header and one opaque text, with a defect that says so; the raw original is kept elsewhere in any case.

mod attachments;
mod author;
pub(super) mod characters;
pub mod cut;
mod dialect;
mod enclosed;
mod guard;
mod header;
mod html;
mod key;
mod layout;
mod marks;
mod names;
mod report;
mod text;
pub mod words;

use mail_parser::{Message, MessageParser, PartType};

use crate::model::desk::Limits;
use crate::model::mail::{Defect, Mail};

pub use characters::{folded, is_invisible};
use layout::Layout;
use text::Visible;

/// Reads a mail (RFC 5322, RFC 2045 to 2049), within the limits. Every sequence of octets gives a value.
pub fn parse(raw: &[u8], limits: &Limits) -> Mail {
    let mut mail = Mail::default();
    let layout = Layout::of(raw, limits, &mut mail.defects);
    let head = MessageParser::default().parse_headers(&layout.header);
    if let Some(head) = &head {
        header::read(head, limits, &mut mail);
        mail.marks = marks::read(head);
        mail.content_key = key::of(head.headers(), &layout.header, &raw[layout.body..]);
    } else {
        header::report_missing(&mut mail.defects);
        mail.content_key = key::of(&[], &[], &raw[layout.body..]);
    }
    mail.marks.doubtful_from = author::doubt(&layout.header, layout.is_whole, &mail);
    let visible = read_body(raw, &layout, limits, &mut mail);
    if let Some(head) = head.filter(|_| mail.report.is_none()) {
        mail.report = report::in_words(&head, visible.text());
    }
    let passes_on = cut::is_forward_subject(&mail.subject);
    (mail.text, mail.quoted) = visible.cut(passes_on);
    mail.forwarded = cut::forward::find(&mail.text, passes_on);
    mail
}

/// The visible text; attachments go straight into the mail.
fn read_body(raw: &[u8], layout: &Layout, limits: &Limits, mail: &mut Mail) -> Visible {
    if layout.is_mime {
        match guard::prepare(raw, limits) {
            Ok(guarded) => {
                if guarded.closed {
                    mail.defects.push(defect("missing-final-boundary", "the last boundary line of a multipart is missing"));
                }
                if let Some(message) = MessageParser::default().parse(guarded.bytes.as_ref()) {
                    if depth(&message) <= limits.nesting {
                        attachments::read(&message, raw, limits, mail);
                        mail.report = report::structured(&message, mail.marks.delivery_report);
                        return text::choose(&message, raw, limits, &mut mail.defects);
                    }
                    mail.defects.push(defect("nested-too-deep", format!("more than {} parts within each other", limits.nesting)));
                }
            }
            Err(found) => mail.defects.push(found),
        }
    }
    text::opaque(&raw[layout.body..], limits, &mut mail.defects)
}

/// How deep the deepest part lies. A part is always listed after the one that holds it, so one pass is enough.
fn depth(message: &Message<'_>) -> usize {
    let mut depths = vec![0; message.parts.len()];
    for (index, part) in message.parts.iter().enumerate() {
        if let PartType::Multipart(children) = &part.body {
            for child in children.iter().map(|child| *child as usize).filter(|child| *child > index) {
                let below = depths[index] + 1;
                if let Some(depth) = depths.get_mut(child) {
                    *depth = below;
                }
            }
        }
    }
    depths.into_iter().max().unwrap_or(0)
}

fn defect(name: &'static str, detail: impl Into<String>) -> Defect {
    Defect { name, detail: detail.into() }
}
