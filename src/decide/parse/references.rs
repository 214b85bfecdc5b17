//! Which files the HTML of a mail shows within its text: the addresses of its images, found in one pass.
//!
//! Whether a file was meant to be seen there is told by nothing else: phones attach photos as `inline`, Gmail gives every attachment a
//! Content-ID, and some programs call an image of the text an attachment.

use std::collections::HashSet;

use mail_parser::{Message, PartType};
use memchr::{memchr_iter, memmem};

use super::attachments::media_type;

/// Octets of HTML that are looked through.
const MOST_HTML: usize = 8 * 1024 * 1024;
/// Octets of an address that names a part.
const LONGEST_ADDRESS: usize = 1_000;

/// What the HTML of a mail refers to.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Content-IDs and locations, in lower case.
    addresses: HashSet<Vec<u8>>,
    /// There is HTML that could not be read, so that nothing can be said.
    unreadable: bool,
}

impl References {
    /// Looks through the HTML of a mail, when it has files that could be shown.
    pub(super) fn of(message: &Message<'_>) -> Self {
        let mut found = References::default();
        for id in message.html_body.iter().chain(&message.attachments) {
            let Some(part) = message.part(*id) else { continue };
            match &part.body {
                PartType::Html(html) => found.read(html.as_bytes()),
                _ if part.is_encoding_problem && media_type(part) == "text/html" => found.unreadable = true,
                _ => {}
            }
        }
        found
    }

    /// Adds what one HTML text refers to.
    pub(super) fn read(&mut self, html: &[u8]) {
        let html = &html[..html.len().min(MOST_HTML)];
        for colon in memchr_iter(b':', html) {
            if html[..colon].len() >= 3 && html[colon - 3..colon].eq_ignore_ascii_case(b"cid") {
                self.add(&html[colon + 1..]);
            }
        }
        for at in memmem::find_iter(html, b"src=").chain(memmem::find_iter(html, b"SRC=")) {
            let value = &html[at + 4..];
            self.add(value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value));
        }
    }

    /// The address up to what ends one in an attribute or a style.
    fn add(&mut self, text: &[u8]) {
        let text = &text[..text.len().min(LONGEST_ADDRESS)];
        let end = text.iter().position(|octet| matches!(octet, b'"' | b'\'' | b'>' | b')' | b'<' | b'&' | 0..=b' '));
        let address = &text[..end.unwrap_or(text.len())];
        if !address.is_empty() && !address.starts_with(b"data:") {
            self.addresses.insert(without_percent(address));
        }
    }

    /// Whether a file with this Content-ID or location is shown within the text. `hinted` is what its own header says, for HTML that
    /// cannot be read.
    pub(super) fn show(&self, content_id: Option<&str>, location: Option<&str>, hinted: bool) -> bool {
        let names = |address: &str| self.addresses.contains(&without_percent(address.trim().as_bytes()));
        content_id.is_some_and(names) || location.is_some_and(names) || (self.unreadable && hinted)
    }
}

/// In lower case and with `%40` decoded: both sides spell an address as they like.
pub(in crate::decide) fn without_percent(address: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(address.len());
    let mut rest = address;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                plain.push(octet.to_ascii_lowercase());
                rest = &after[2..];
            }
            None => {
                plain.push(first.to_ascii_lowercase());
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_image_is_found_in_any_spelling_of_its_address() {
        let mut found = References::default();
        found.read(b"<img src='cid:Logo%40mia'><td style=\"background:url(CID:b@x)\"><IMG SRC=image001.png><img src=\"data:x\">");
        for (id, location, is_shown) in [
            (Some("logo@mia"), None, true),
            (Some("b@x"), None, true),
            (None, Some("image001.png"), true),
            (Some("c@x"), Some("image002.png"), false),
            (None, None, false),
        ] {
            assert_eq!(found.show(id, location, true), is_shown, "{id:?} {location:?}");
        }
    }

    proptest! {
        #[test]
        fn any_html_can_be_looked_through(html in prop::collection::vec(any::<u8>(), 0..200), id in "\\PC{0,10}") {
            let mut found = References::default();
            found.read(&[b"<img src=", &html[..], b"cid:", &html[..]].concat());
            let _ = found.show(Some(&id), Some(&id), true);
        }
    }
}
