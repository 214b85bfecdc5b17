//! Tokens: what our addresses and Message-IDs say under a seal, so that only we can have said it.
//!
//! A token tells **which recipient of which ticket** was written to, and for what purpose. It does not tell who
//! writes now: whoever was forwarded a mail has its token. Authority needs more (see `decide::screen`).
//!
//! Layout, before base32: purpose and key number (1 octet: high and low half), body, 96-bit seal.
//! The bodies are of fixed length, so that a token is read in one way only:
//!
//! | purpose | body | base32 characters |
//! |---|---|---|
//! | reply, note, unfollow, held | ticket (5 octets) · recipient (4) · day (2) | 39 |
//! | bounce | arrival (5) · recipient (4) | 36 |
//! | message | ticket (5) · recipient (4) · day (2) · arrival (5) · event (1) | 48 |
//! | probe | second of issue (5) · chance (6) | 39 |
//!
//! The recipient is the start of a sealed digest of the address, which tells nothing to those who do not know the address.

use super::address::Address;
use super::encoding::{base32, from_base32, hex};
use super::seal::{Key, SEAL_LENGTH};

/// What makes up a department's signed address besides its own local part: `+` and the longest token.
pub const LONGEST_SUFFIX: usize = 1 + 39;

/// The tag of a probe.
const PROBE: u8 = 7;

/// A recipient as tokens name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recipient(pub [u8; 4]);

/// What a signed address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Answering a public message.
    Reply,
    /// Answering an internal note: whatever comes back stays internal.
    Note,
    /// Leaving a ticket as a follower.
    Unfollow,
    /// An admin's commands on held mail. The ticket is 0.
    Held,
}

impl Purpose {
    const ALL: [Purpose; 4] = [Purpose::Reply, Purpose::Note, Purpose::Unfollow, Purpose::Held];

    fn tag(self) -> u8 {
        match self {
            Purpose::Reply => 1,
            Purpose::Note => 2,
            Purpose::Unfollow => 5,
            Purpose::Held => 6,
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// The signed reply address of one recipient of a ticket.
    Reply {
        /// What the address is good for.
        purpose: Purpose,
        /// Number of the ticket.
        ticket: i64,
        /// Whom the notice was sent to.
        recipient: Recipient,
        /// Day of issue, counted from 1970-01-01.
        day: u16,
    },
    /// The envelope sender of one notice: takes delivery reports and nothing else.
    Bounce {
        /// The arrival that caused the notice.
        arrival: i64,
        /// Whom the notice was sent to.
        recipient: Recipient,
    },
    /// The Message-ID of one notice.
    Message {
        /// Number of the ticket.
        ticket: i64,
        /// Whom the notice was sent to.
        recipient: Recipient,
        /// Day of issue, counted from 1970-01-01.
        day: u16,
        /// The arrival that caused the notice.
        arrival: i64,
        /// Code of the notice's event (`notice::Event::code`).
        event: u8,
    },
    /// A mail that the operator sent to see whether mail arrives.
    Probe {
        /// Second of issue, counted from 1970-01-01T00:00:00Z.
        second: i64,
        /// What tells two of the same second apart.
        chance: [u8; 6],
    },
}

/// The keys of this gateway: the newest one seals, others verify, and the oldest one names recipients, even when it does neither any
/// more.
#[derive(Debug, Clone)]
pub struct Keyring {
    newest: Key,
    others: Vec<Key>,
    oldest: Key,
}

impl Keyring {
    /// A ring from its newest key and those that were used before, the oldest first.
    pub fn new(newest: Key, older: Vec<Key>) -> Self {
        let oldest = older.first().unwrap_or(&newest).clone();
        Self { newest, others: older, oldest }
    }

    /// A ring from the key that seals, the others that verify, and the oldest of all, which may have been revoked.
    pub fn with_oldest(newest: Key, others: Vec<Key>, oldest: Key) -> Self {
        Self { newest, others, oldest }
    }

    /// What the ring is recognised by, without telling anything of its keys. It does not change when keys are rotated or revoked with
    /// the oldest key kept.
    pub fn fingerprint(&self) -> String {
        hex(&self.oldest.seal("fingerprint", &[]))
    }

    /// The recipient of a token, from the address. It does not change when keys are rotated or revoked with the oldest key kept.
    pub fn recipient(&self, address: &Address) -> Recipient {
        let seal = self.oldest.seal("recipient", address.key().as_bytes());
        Recipient([seal[0], seal[1], seal[2], seal[3]])
    }

    /// Writes a token as lower-case base32. Numbers beyond 40 bits are cut, which no desk reaches.
    pub fn write(&self, token: &Token) -> String {
        let mut bytes = vec![token.tag() << 4 | (self.newest.id & 0x0f)];
        token.write_body(&mut bytes);
        let seal = self.newest.seal("token", &bytes);
        bytes.extend_from_slice(&seal);
        base32(&bytes)
    }

    /// Reads a token in either case. `None` when it is not one of ours: wrong length, unknown key, wrong seal.
    pub fn read(&self, text: &str) -> Option<Token> {
        if text.len() > 64 {
            return None;
        }
        let bytes = from_base32(text)?;
        let (content, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL_LENGTH)?)?;
        let (&head, body) = content.split_first()?;
        let mut keys = std::iter::once(&self.newest).chain(&self.others);
        let key = keys.find(|key| key.id & 0x0f == head & 0x0f)?;
        if !key.verify("token", content, seal) {
            return None;
        }
        Token::read_body(head >> 4, body)
    }
}

impl Token {
    fn tag(&self) -> u8 {
        match self {
            Token::Reply { purpose, .. } => purpose.tag(),
            Token::Bounce { .. } => 3,
            Token::Message { .. } => 4,
            Token::Probe { .. } => PROBE,
        }
    }

    fn write_body(&self, bytes: &mut Vec<u8>) {
        match *self {
            Token::Reply { ticket, recipient, day, .. } => {
                put_number(bytes, ticket);
                bytes.extend_from_slice(&recipient.0);
                bytes.extend_from_slice(&day.to_be_bytes());
            }
            Token::Bounce { arrival, recipient } => {
                put_number(bytes, arrival);
                bytes.extend_from_slice(&recipient.0);
            }
            Token::Message { ticket, recipient, day, arrival, event } => {
                put_number(bytes, ticket);
                bytes.extend_from_slice(&recipient.0);
                bytes.extend_from_slice(&day.to_be_bytes());
                put_number(bytes, arrival);
                bytes.push(event);
            }
            Token::Probe { second, chance } => {
                put_number(bytes, second);
                bytes.extend_from_slice(&chance);
            }
        }
    }

    fn read_body(tag: u8, body: &[u8]) -> Option<Token> {
        let recipient = |at: usize| body.get(at..at + 4)?.try_into().ok().map(Recipient);
        let day = |at: usize| body.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes);
        let purpose = Purpose::ALL.into_iter().find(|purpose| purpose.tag() == tag);
        match (tag, body.len()) {
            (PROBE, 11) => Some(Token::Probe { second: number(body, 0)?, chance: body.get(5..11)?.try_into().ok()? }),
            (_, 11) => Some(Token::Reply { purpose: purpose?, ticket: number(body, 0)?, recipient: recipient(5)?, day: day(9)? }),
            (3, 9) => Some(Token::Bounce { arrival: number(body, 0)?, recipient: recipient(5)? }),
            (4, 17) => Some(Token::Message {
                ticket: number(body, 0)?,
                recipient: recipient(5)?,
                day: day(9)?,
                arrival: number(body, 11)?,
                event: body[16],
            }),
            _ => None,
        }
    }
}

fn put_number(bytes: &mut Vec<u8>, number: i64) {
    bytes.extend_from_slice(&number.to_be_bytes()[3..]);
}

fn number(body: &[u8], at: usize) -> Option<i64> {
    let bytes = body.get(at..at + 5)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte)))
}

/// The signed address of a department: `<local part>+<token>@<domain>`.
pub fn signed_address(department: &Address, token: &str) -> Option<Address> {
    Address::parse(&format!("{}+{token}@{}", department.local(), department.domain()))
}

/// The token in a signed address and the address without it; `None` when there is no `+`.
pub fn split_signed(address: &Address) -> Option<(Address, &str)> {
    let (local, token) = address.local().rsplit_once('+')?;
    Some((Address::parse(&format!("{local}@{}", address.domain()))?, token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(id: u8) -> Key {
        Key::new(id, &[id; 32])
    }

    fn keys() -> Keyring {
        Keyring::new(key(1), Vec::new())
    }

    fn tokens() -> impl Strategy<Value = Token> {
        let number = || 0_i64..1 << 40;
        let parts = (number(), number(), any::<[u8; 4]>(), any::<u16>(), any::<u8>(), 0..7_usize);
        parts.prop_map(|(ticket, arrival, recipient, day, event, kind)| {
            let recipient = Recipient(recipient);
            match kind {
                0..4 => Token::Reply { purpose: Purpose::ALL[kind], ticket, recipient, day },
                4 => Token::Bounce { arrival, recipient },
                5 => Token::Probe { second: ticket, chance: [event, 0, recipient.0[0], 7, 255, recipient.0[3]] },
                _ => Token::Message { ticket, recipient, day, arrival, event },
            }
        })
    }

    proptest! {
        #[test]
        fn a_token_is_read_back_as_it_was_in_either_case(token in tokens()) {
            let text = keys().write(&token);
            prop_assert_eq!(keys().read(&text), Some(token));
            prop_assert_eq!(keys().read(&text.to_uppercase()), Some(token));
        }

        #[test]
        fn a_token_with_any_bit_changed_is_none(token in tokens(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut bytes = from_base32(&keys().write(&token)).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            prop_assert_eq!(keys().read(&base32(&bytes)), None);
        }

        #[test]
        fn a_token_cut_or_lengthened_is_none(token in tokens(), more in "[a-z2-7]{1,9}", cut in 1..20_usize) {
            let text = keys().write(&token);
            prop_assert_eq!(keys().read(&text[..text.len() - cut]), None);
            prop_assert_eq!(keys().read(&format!("{text}{more}")), None);
        }

        #[test]
        fn foreign_text_is_none(text in "\\PC{0,80}", words in "[a-z2-7]{30,50}") {
            prop_assert_eq!(keys().read(&text), None);
            prop_assert_eq!(keys().read(&words), None);
        }

        #[test]
        fn a_token_of_another_key_is_none_and_one_of_an_older_key_still_good(token in tokens()) {
            let old = keys().write(&token);
            prop_assert_eq!(Keyring::new(Key::new(1, &[9; 32]), Vec::new()).read(&old), None);
            prop_assert_eq!(Keyring::new(key(2), Vec::new()).read(&old), None);
            prop_assert_eq!(Keyring::new(key(2), vec![key(1)]).read(&old), Some(token));
        }

        #[test]
        fn a_signed_address_fits_and_gives_its_token_back(token in tokens(), local in "[a-z]{1,24}") {
            prop_assume!(!matches!(token, Token::Message { .. }));
            let department = Address::parse(&format!("{local}@desk.example.org")).unwrap();
            let text = keys().write(&token);
            prop_assert!(text.len() < LONGEST_SUFFIX);
            let signed = signed_address(&department, &text).unwrap();
            prop_assert!(signed.local().len() <= 64);
            prop_assert_eq!(split_signed(&signed), Some((department, text.as_str())));
        }
    }
}
