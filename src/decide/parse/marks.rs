//! Signs in the header that no person wrote this mail, or that it is going in circles.

use mail_parser::{Header, HeaderName, Message};

use crate::model::mail::Marks;

/// Reads the signs. A value that names nothing known is left out.
pub(super) fn read(head: &Message<'_>) -> Marks {
    let mut marks = Marks::default();
    for header in head.headers() {
        let name = header.name();
        if name.eq_ignore_ascii_case("Auto-Submitted") {
            // RFC 3834 section 5: `no` is the word of a person.
            marks.auto_submitted = marks.auto_submitted.or_else(|| first_word(header).filter(|word| word != "no"));
        } else if name.eq_ignore_ascii_case("Precedence") {
            let known = |word: &String| matches!(word.as_str(), "bulk" | "junk" | "list");
            marks.precedence = marks.precedence.or_else(|| first_word(header).filter(known));
        } else if header.name == HeaderName::Received {
            marks.received += 1;
        } else if marks.list_field.is_none() && is_list_field(name) {
            marks.list_field = Some(name.to_owned());
        } else if header.name == HeaderName::ContentType {
            marks.delivery_report |= is_delivery_report(header);
        }
    }
    marks
}

/// The value up to its first parameter or comment, in lower case.
fn first_word(header: &Header<'_>) -> Option<String> {
    let value = header.value.as_text()?;
    let word = value.split([';', '(']).next()?.trim().to_ascii_lowercase();
    (!word.is_empty() && word.bytes().all(|octet| octet.is_ascii_graphic())).then_some(word)
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

/// `multipart/report; report-type=delivery-status` (RFC 3462).
fn is_delivery_report(header: &Header<'_>) -> bool {
    header.value.as_content_type().is_some_and(|content_type| {
        content_type.ctype() == "multipart"
            && content_type.subtype() == Some("report")
            && content_type.attribute("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"))
    })
}
