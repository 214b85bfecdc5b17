//! The mails themselves, as readers that are not ours find them.

use mail_parser::{MessageParser, MimeHeaders};

/// The media types of a mail, each within the brackets of what it is part of; files with their disposition.
pub(crate) fn outline(octets: &[u8]) -> String {
    let mail = MessageParser::new().parse(octets).expect("a mail of ours is a mail");
    below(&mail, 0)
}

fn below(mail: &mail_parser::Message<'_>, id: u32) -> String {
    let part = mail.part(id).expect("the part is there");
    let kind = part.content_type().map(|kind| kind.subtype().unwrap_or_default().to_owned()).unwrap_or_default();
    let children = part.sub_parts().unwrap_or_default();
    match part.content_disposition() {
        _ if !children.is_empty() => {
            let inner: Vec<String> = children.iter().map(|child| below(mail, *child)).collect();
            format!("{kind}( {} )", inner.join(", "))
        }
        Some(disposition) => format!("{kind} {}", disposition.ctype()),
        None => kind,
    }
}
