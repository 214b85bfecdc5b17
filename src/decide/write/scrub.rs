//! Our tokens taken out of words that go to customers.
//!
//! An agent's client may have quoted the agent's own signed address, or the Message-ID of a notice, in a form that was not recognised,
//! and with either a stranger would hold half of an agent's authority.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use crate::model::desk::Desk;

/// Octets of the longest run before an `@` that may be a token.
const LONGEST_TOKEN: usize = 64;

/// The text without the tokens before an `@`; what is left of an address is the department's own.
pub(super) fn scrub<'a>(text: &'a str, desk: &Desk) -> Cow<'a, str> {
    if memchr(b'@', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut written = 0;
    for at in memchr_iter(b'@', text.as_bytes()) {
        let before = text[written..at].bytes().rev();
        let length = before.take(LONGEST_TOKEN + 1).take_while(u8::is_ascii_alphanumeric).count();
        let start = at - length;
        if length <= LONGEST_TOKEN && desk.keys.read(&text[start..at]).is_some() {
            let kept = &text[written..start];
            clean.push_str(kept.strip_suffix('+').unwrap_or(kept));
            written = at;
        }
    }
    clean.push_str(&text[written..]);
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::desk::{AcknowledgementCaps, Limits};
    use crate::model::seal::Key;
    use crate::model::token::{Keyring, Purpose, Recipient, Token};

    #[test]
    fn a_token_is_taken_out_of_an_address_and_of_a_message_id_and_other_words_are_left() {
        let keys = Keyring::new(Key::new(1, &[7; 32]), Vec::new());
        let recipient = Recipient([1, 2, 3, 4]);
        let reply = keys.write(&Token::Reply { purpose: Purpose::Reply, ticket: 7, recipient, day: 9 });
        let id = keys.write(&Token::Message { ticket: 7, recipient, day: 9, arrival: 3, event: 2 });
        let caps = AcknowledgementCaps { per_hour: 1, per_day: 1, total_per_day: 1 };
        let desk = Desk::new("desk.example.org".to_owned(), Vec::new(), Vec::new(), keys, Limits::default(), caps);
        let text =
            format!("a+b@c.example, é@{reply}@x, support+{}@desk.example.org <{id}@desk.example.org>@", reply.to_uppercase());
        let clean = "a+b@c.example, é@@x, support@desk.example.org <@desk.example.org>@";
        assert_eq!(scrub(&text, &desk), clean);
        assert_eq!(scrub(clean, &desk), clean);
    }
}
