//! The octets of a text as characters, by what they are rather than by what is declared.

use std::borrow::Cow;

use mail_parser::{Encoding, MessagePart, MimeHeaders, PartType};

use crate::decide::parse::attachments::{decoded, media_type};
use crate::decide::parse::charset::{self, Finding};
use crate::decide::parse::transfer::Transfer;
use crate::decide::parse::{defect, uuencode};
use crate::model::mail::Defect;

/// The text of a part: its raw octets decoded, by what they are rather than by what is declared.
pub(super) fn repaired<'a>(part: &'a MessagePart<'_>, raw: &'a [u8], defects: &mut Vec<Defect>) -> Cow<'a, str> {
    let declared = declared_charset(part);
    if let PartType::Text(text) | PartType::Html(text) = &part.body
        && is_settled(part, text, declared)
    {
        return Cow::Borrowed(text);
    }
    let mut octets = decoded(part, raw, defects);
    if Transfer::of(part) == Transfer::Uuencode
        && let Some(text) = uuencode::first(&octets)
    {
        octets = Cow::Owned(text);
    }
    let in_head = if declared.is_none() && media_type(part) == "text/html" { charset::of_html(&octets) } else { None };
    let declared = declared.or(in_head.as_deref());
    match octets {
        Cow::Borrowed(octets) => in_charset(octets, declared, defects),
        Cow::Owned(octets) => Cow::Owned(in_charset(&octets, declared, defects).into_owned()),
    }
}

fn declared_charset<'a>(part: &'a MessagePart<'_>) -> Option<&'a str> {
    part.content_type().and_then(|content_type| content_type.attribute("charset"))
}

/// Whether the crate's own reading of a text cannot be wrong: all of it is ASCII, or it is declared as UTF-8 and is that.
fn is_settled(part: &MessagePart<'_>, text: &str, declared: Option<&str>) -> bool {
    let is_decoded = !part.is_encoding_problem && (part.encoding != Encoding::None || Transfer::of(part) == Transfer::None);
    let is_utf_8 = || declared.is_some_and(|name| ["utf-8", "utf8"].iter().any(|utf_8| name.eq_ignore_ascii_case(utf_8)));
    is_decoded
        && !charset::has_escapes(text.as_bytes())
        && if text.is_ascii() {
            declared.is_none_or(charset::begins_with_ascii) && !declared.is_some_and(charset::is_unknown)
        } else {
            is_utf_8() && !text.contains(char::REPLACEMENT_CHARACTER) && !text.starts_with('\u{feff}')
        }
}

/// Decodes octets, and says what was wrong with their declaration.
fn in_charset<'a>(octets: &'a [u8], declared: Option<&str>, defects: &mut Vec<Defect>) -> Cow<'a, str> {
    let decoded = charset::decode(octets, declared);
    match decoded.finding {
        Some(Finding::Unknown(taken)) => {
            defects.push(defect("unknown-charset", format!("a text is in a charset that is not known; it was read as {taken}")));
        }
        Some(Finding::Wrong(taken)) => {
            defects
                .push(defect("wrong-charset", format!("a text is not in the charset that it declares; it was read as {taken}")));
        }
        None => {}
    }
    decoded.text
}
