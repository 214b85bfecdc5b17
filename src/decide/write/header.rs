//! Header fields of outgoing mail: ASCII, folded, and without any way for a value to begin a new line.

use std::borrow::Cow;

use crate::model::address::Mailbox;
use crate::model::encoding::base64;

/// Where lines are folded if they can be (RFC 5322 section 2.1.1).
const LINE: usize = 78;
/// Octets of UTF-8 in one encoded word, so that the word stays within 75 characters (RFC 2047 section 2).
const WORD: usize = 42;

/// Octets that most headers have room in.
const ROOM: usize = 1024;

/// A header that is being written.
#[derive(Debug)]
pub struct Header {
    text: String,
}

impl Default for Header {
    fn default() -> Self {
        Self { text: String::with_capacity(ROOM) }
    }
}

impl Header {
    /// A field whose value is ASCII of our own making.
    pub fn raw(&mut self, name: &str, value: &str) {
        self.fold(name, value.split(' '));
    }

    /// A field of free text.
    pub fn text(&mut self, name: &str, value: &str) {
        let value = one_line(value);
        if is_plain(&value) {
            self.fold(name, value.split_whitespace());
        } else {
            self.fold(name, encoded_words(&value));
        }
    }

    /// A field of one mailbox.
    pub fn mailbox(&mut self, name: &str, mailbox: &Mailbox) {
        let address = ["<", &one_line(mailbox.address.as_str()), ">"].concat();
        self.fold(name, phrase(&mailbox.name).into_iter().chain([address]));
    }

    /// A field of Message-IDs, given without angle brackets.
    pub fn ids(&mut self, name: &str, ids: &[&str]) {
        self.fold(
            name,
            ids.iter().map(|id| {
                let mut written = String::with_capacity(id.len() + 2);
                written.push('<');
                written.extend(one_line(id).split([' ', '<', '>']));
                written.push('>');
                written
            }),
        );
    }

    /// A field with one parameter, in the form of RFC 2231 when it is not plain ASCII.
    pub fn parameter(&mut self, field: &str, value: &str, name: &str, parameter: &str) {
        let parameter = one_line(parameter);
        let plain = parameter.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') && parameter.len() <= 60;
        let written = if plain {
            format!("{name}=\"{}\"", parameter.replace(['\\', '"'], "_"))
        } else {
            format!("{name}*=UTF-8''{}", percent(&parameter))
        };
        // Not folded inside: a file name is one word.
        for piece in [field, ": ", value, ";\r\n ", &written, "\r\n"] {
            self.text.push_str(piece);
        }
    }

    /// The fields written so far.
    pub fn finish(self) -> String {
        self.text
    }

    fn fold(&mut self, name: &str, words: impl IntoIterator<Item = impl AsRef<str>>) {
        self.text.push_str(name);
        self.text.push(':');
        let mut length = name.len() + 1;
        for word in words {
            let word = word.as_ref();
            if length + 1 + word.len() > LINE && length > name.len() + 1 {
                self.text.push_str("\r\n");
                length = 0;
            }
            self.text.push(' ');
            self.text.push_str(word);
            length += 1 + word.len();
        }
        self.text.push_str("\r\n");
    }
}

/// A value on one line: nothing in it can end the field. U+2028 and U+2029 are line ends to some readers.
fn one_line(value: &str) -> Cow<'_, str> {
    if value.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(value);
    }
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    Cow::Owned(value.replace(ends_line, " "))
}

/// Whether free text is written as it is; otherwise its words are encoded.
fn is_plain(value: &str) -> bool {
    value.is_ascii() && !value.contains("=?") && value.split(' ').all(|word| word.len() < 900)
}

/// A display name: atoms as they are, otherwise quoted, otherwise encoded.
fn phrase(name: &str) -> Vec<String> {
    let name = one_line(name);
    let name = name.trim();
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~ ".contains(&byte);
    if name.is_empty() {
        Vec::new()
    } else if !name.is_ascii() || name.contains("=?") || name.len() > 60 {
        encoded_words(name)
    } else if name.bytes().all(is_atom) {
        name.split_whitespace().map(str::to_owned).collect()
    } else {
        vec![format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))]
    }
}

/// UTF-8 encoded words (RFC 2047), never cut inside a character.
fn encoded_words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let mut end = rest.len().min(WORD);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        words.push(format!("=?UTF-8?B?{}?=", base64(&rest.as_bytes()[..end])));
        rest = &rest[end..];
    }
    words
}

fn percent(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::Address;
    use proptest::prelude::*;

    fn field(value: &str) -> String {
        let mut header = Header::default();
        header.text("Subject", value);
        header.finish()
    }

    #[test]
    fn a_plain_value_is_written_as_it_is() {
        assert_eq!(field("Re: Broken kettle [SUP-7]"), "Subject: Re: Broken kettle [SUP-7]\r\n");
    }

    #[test]
    fn a_long_value_is_folded_between_words() {
        let lines: Vec<String> = field(&"word ".repeat(40)).lines().map(str::to_owned).collect();
        assert!(lines.len() > 2 && lines.iter().all(|line| line.len() <= 78) && lines[1].starts_with(' '));
    }

    proptest! {
        #[test]
        fn no_value_can_begin_a_new_field(name in any::<String>(), value in any::<String>()) {
            let address = Address::parse("mia@customer.example").unwrap();
            let mut header = Header::default();
            header.text("Subject", &value);
            header.mailbox("From", &Mailbox { name, address });
            header.ids("References", &[&value]);
            header.parameter("Content-Disposition", "attachment", "filename", &value);
            let written = header.finish();
            let fields = ["Subject:", "From:", "References:", "Content-Disposition:"];
            for line in written.split("\r\n") {
                prop_assert!(line.is_empty() || line.starts_with(' ') || fields.iter().any(|field| line.starts_with(field)));
                prop_assert!(!line.contains(['\r', '\n', '\0']));
            }
        }

        #[test]
        fn encoded_words_are_read_back_as_they_were(value in "[a-zčžß日本 ]{1,80}") {
            let raw = format!("{}\r\n", field(&value));
            let mail = crate::decide::parse::parse(raw.as_bytes(), &crate::model::desk::Limits::default());
            let squeeze = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(squeeze(&mail.subject).len(), squeeze(&value).len());
        }
    }
}
