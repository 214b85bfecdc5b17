//! Header fields of outgoing mail: ASCII, folded, and without any way for a value to begin a new line.

use std::borrow::Cow;

use crate::model::address::Mailbox;
use crate::model::encoding::base64;

/// Where lines are folded if they can be (RFC 5322 section 2.1.1).
const LINE: usize = 78;
/// Octets of UTF-8 in one encoded word, so that the word stays within 75 characters (RFC 2047 section 2).
const WORD: usize = 42;

/// Octets of a word that cannot be folded: a line has 998 at most (RFC 5322 section 2.1.1), and something stands before it.
const LONGEST_WORD: usize = 900;
/// Octets of a parameter, or of a piece of one, that leave room in a line for its name.
const PIECE: usize = 58;

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

    /// A field of one mailbox. A local part outside ASCII stands as it is (RFC 6532): such a mail needs a host that takes SMTPUTF8.
    pub fn mailbox(&mut self, name: &str, mailbox: &Mailbox) {
        let address = ["<", &one_line(&mailbox.address.on_the_wire()), ">"].concat();
        self.fold(name, phrase(&mailbox.name).into_iter().chain([address]));
    }

    /// A field of Message-IDs, given without angle brackets. Those that no header may carry are left out: a foreign program has put
    /// letters outside ASCII into them, or more than a line holds. Without any there is no field.
    pub fn ids(&mut self, name: &str, ids: &[&str]) {
        let written: Vec<String> = ids
            .iter()
            .filter(|id| id.is_ascii() && id.len() < LONGEST_WORD)
            .map(|id| {
                let mut written = String::with_capacity(id.len() + 2);
                written.push('<');
                written.extend(one_line(id).split([' ', '<', '>']));
                written.push('>');
                written
            })
            .filter(|written| written.len() > 2)
            .collect();
        if !written.is_empty() {
            self.fold(name, written);
        }
    }

    /// A field with one parameter, in the form of RFC 2231 when it is not plain ASCII, in pieces when it is long.
    pub fn parameter(&mut self, field: &str, value: &str, name: &str, parameter: &str) {
        let parameter = one_line(parameter);
        // Neither quotation marks nor backslashes: programs differ in how they undo them.
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        self.text.push_str(field);
        self.text.push_str(": ");
        self.text.push_str(value);
        if parameter.bytes().all(is_plain) && parameter.len() <= PIECE {
            self.text.push_str(&format!(";\r\n {name}=\"{parameter}\""));
        } else {
            match pieces(&parameter).as_slice() {
                [piece] => self.text.push_str(&format!(";\r\n {name}*=UTF-8''{piece}")),
                pieces => {
                    for (number, piece) in pieces.iter().enumerate() {
                        let charset = if number == 0 { "UTF-8''" } else { "" };
                        self.text.push_str(&format!(";\r\n {name}*{number}*={charset}{piece}"));
                    }
                }
            }
        }
        self.text.push_str("\r\n");
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
    value.is_ascii() && !value.contains("=?") && value.split(' ').all(|word| word.len() < LONGEST_WORD)
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

/// A parameter as RFC 2231 escapes it, in pieces that fit into a line (section 3). None ends within a character: there are readers that
/// decode each piece by itself.
fn pieces(value: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in value.chars() {
        let escaped = percent(c);
        match pieces.last_mut() {
            Some(piece) if piece.len() + escaped.len() <= PIECE => piece.push_str(&escaped),
            _ => pieces.push(escaped),
        }
    }
    pieces
}

fn percent(c: char) -> String {
    if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~') {
        return c.to_string();
    }
    c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")).collect()
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

    #[test]
    fn a_long_name_of_a_file_is_written_in_pieces_that_end_between_letters() {
        let mut header = Header::default();
        header.parameter("Content-Disposition", "attachment", "filename", &"水".repeat(30));
        let written = header.finish();
        assert!(written.lines().all(|line| line.len() <= 78), "{written}");
        assert!(written.contains("filename*0*=UTF-8''%E6%B0%B4") && written.contains("filename*1*=%E6"), "{written}");
    }

    #[test]
    fn a_name_with_quotation_marks_keeps_them() {
        let mut header = Header::default();
        header.parameter("Content-Disposition", "attachment", "filename", "the \"new\" one.pdf");
        assert!(header.finish().ends_with("filename*=UTF-8''the%20%22new%22%20one.pdf\r\n"));
    }

    #[test]
    fn ids_that_no_header_may_carry_are_left_out() {
        let field = |ids: &[&str]| {
            let mut header = Header::default();
            header.ids("References", ids);
            header.finish()
        };
        assert_eq!(field(&["a@b.example", "kettle-ü@b.example", &"x".repeat(1_000)]), "References: <a@b.example>\r\n");
        assert_eq!(field(&["ü@b.example"]) + &field(&["<>"]), "");
    }

    #[test]
    fn a_domain_outside_ascii_stands_there_in_its_ascii_form() {
        let field = |address: &str| {
            let mut header = Header::default();
            header.mailbox("To", &Mailbox { name: String::new(), address: Address::parse(address).unwrap() });
            header.finish()
        };
        assert_eq!(field("mia@bücher.example"), "To: <mia@xn--bcher-kva.example>\r\n");
        assert_eq!(field("mía@bücher.example"), "To: <mía@bücher.example>\r\n");
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
                prop_assert!(!line.contains(['\r', '\n', '\0']) && line.len() <= 998);
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
