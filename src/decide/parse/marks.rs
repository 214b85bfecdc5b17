//! Signs in the header that no person wrote this mail, or that it is going in circles.

use mail_parser::{Header, HeaderName, Message};

use super::characters::{one_line, shorten};
use crate::model::mail::Marks;

/// Fields that only programs write which answer by themselves, whatever their value: mailing lists, out-of-office, help desks.
const AUTOREPLY: [&str; 8] = [
    "X-Autoreply",
    "X-Auto-Reply",
    "X-Autorespond",
    "X-Auto-Respond",
    "X-Autoresponder",
    "X-Auto-Responder",
    "X-Autoreply-From",
    "X-Mail-Autoreply",
];

/// Values of X-Loop that are kept. A mail that went through more gateways has been going in circles for long.
const MOST_LOOPS: usize = 20;
/// Octets of such a value: a host name has at most 253.
const LONGEST_LOOP: usize = 255;

/// Reads the signs. A value that names nothing known is left out.
pub(super) fn read(head: &Message<'_>) -> Marks {
    let mut marks = Marks::default();
    for header in head.headers() {
        let name = header.name();
        if name.eq_ignore_ascii_case("Auto-Submitted") {
            // RFC 3834 section 5: `no` is the word of a person.
            marks.auto_submitted = marks.auto_submitted.or_else(|| first_word(header).filter(|word| word != "no"));
        } else if name.eq_ignore_ascii_case("Precedence") {
            let known = |word: &String| matches!(word.as_str(), "bulk" | "junk" | "list" | "auto_reply" | "auto-reply");
            marks.precedence = marks.precedence.or_else(|| first_word(header).filter(known));
        } else if header.name == HeaderName::Received {
            marks.received += 1;
        } else if marks.list_field.is_none() && is_list_field(name) {
            marks.list_field = Some(name.to_owned());
        } else if header.name == HeaderName::ContentType {
            read_report_type(header, &mut marks);
        } else {
            read_less_common(header, &mut marks);
        }
    }
    marks
}

fn read_less_common(header: &Header<'_>, marks: &mut Marks) {
    let name = header.name();
    if name.eq_ignore_ascii_case("X-Auto-Response-Suppress") {
        marks.suppresses_answers |= header.value.as_text().is_some_and(asks_for_silence);
    } else if name.eq_ignore_ascii_case("X-Loop") && marks.loops.len() < MOST_LOOPS {
        let mut value = one_line(header.value.as_text().unwrap_or_default()).to_lowercase();
        shorten(&mut value, LONGEST_LOOP);
        marks.loops.extend((!value.is_empty()).then_some(value));
    } else if name.eq_ignore_ascii_case("Feedback-ID") {
        marks.feedback_id = true;
    } else if marks.autoreply_field.is_none() && AUTOREPLY.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        // `X-Autoreply: no` is the word of a person, as in Auto-Submitted.
        let is_no = first_word(header).is_some_and(|word| matches!(word.as_str(), "no" | "false" | "0"));
        marks.autoreply_field = (!is_no).then(|| name.to_owned());
    }
}

/// Of the kinds of mail that X-Auto-Response-Suppress lists, an acknowledgement is an automatic answer, not a report or a receipt.
fn asks_for_silence(value: &str) -> bool {
    value.split([',', ';', ' ']).any(|word| ["all", "autoreply", "oof"].iter().any(|kind| word.trim().eq_ignore_ascii_case(kind)))
}

/// The value up to its first parameter, comment or space, in lower case. A comment may stand in front (RFC 5322 section 3.2.2).
fn first_word(header: &Header<'_>) -> Option<String> {
    let value = without_leading_comment(header.value.as_text()?);
    let word = value.split([';', '(', ' ', '\t']).next()?.trim().to_ascii_lowercase();
    (!word.is_empty() && word.bytes().all(|octet| octet.is_ascii_graphic())).then_some(word)
}

fn without_leading_comment(value: &str) -> &str {
    let value = value.trim_start();
    match value.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, rest)) => rest.trim_start(),
        None => value,
    }
}

/// The fields of RFC 2369 and RFC 2919.
fn is_list_field(name: &str) -> bool {
    [
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Post",
        "List-Help",
        "List-Subscribe",
        "List-Owner",
        "List-Archive",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known))
}

/// `multipart/report; report-type=…` (RFC 3462): of deliveries, or of something else.
fn read_report_type(header: &Header<'_>, marks: &mut Marks) {
    let Some(content_type) = header.value.as_content_type() else { return };
    if content_type.ctype() != "multipart" || content_type.subtype() != Some("report") {
        return;
    }
    match content_type.attribute("report-type") {
        Some(kind) if kind.eq_ignore_ascii_case("delivery-status") => marks.delivery_report = true,
        Some(kind) => {
            let mut kind = one_line(kind).to_lowercase();
            shorten(&mut kind, 60);
            marks.other_report = Some(kind);
        }
        // Without a type, its parts tell: see `report`.
        None => {}
    }
}
