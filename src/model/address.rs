//! Mail addresses, as RFC 5321 section 4.1.2 writes them. The only user of `idna`.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::Serialize;

/// An address `local@domain`. It keeps the local part as it was written and compares without regard to case,
/// because servers change the case of local parts on the way. A domain in letters beyond ASCII is the same as its form in ASCII
/// (RFC 5890), which servers make of it.
#[derive(Debug, Clone)]
pub struct Address {
    text: String,
    at: usize,
}

impl Address {
    /// Reads an address without display name or angle brackets. `None` when it has no local part or domain, holds
    /// white space, control characters or angle brackets, or is longer than 64 and 255 octets (RFC 5321 section 4.5.3.1).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let at = text.rfind('@')?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        if local.is_empty() || local.len() > 64 || domain.is_empty() || domain.len() > 255 {
            return None;
        }
        if !is_local_part(local) || !is_domain(domain) {
            return None;
        }
        let mut text = text.to_owned();
        if domain.is_ascii() {
            text[at..].make_ascii_lowercase();
        } else {
            text.replace_range(at + 1.., &domain.to_lowercase());
        }
        Some(Self { text, at })
    }

    /// The part before the `@`, as it was written.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The whole address, local part as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form in which two spellings of one address are equal: lower case, the domain in ASCII where it has such a form.
    pub fn key(&self) -> String {
        if self.text.is_ascii() {
            return self.text.to_ascii_lowercase();
        }
        format!("{}@{}", self.local().to_lowercase(), in_ascii(self.domain()))
    }

    /// The address as mail carries it: the domain in ASCII where that makes the whole ASCII, which every server takes. Where the local part
    /// is not, nothing is gained, and the address stands as it is (RFC 6531 section 3.2).
    pub fn on_the_wire(&self) -> Cow<'_, str> {
        if self.text.is_ascii() || !self.local().is_ascii() {
            return Cow::Borrowed(&self.text);
        }
        Cow::Owned(format!("{}@{}", self.local(), in_ascii(self.domain())))
    }

    /// The address for a log line: enough to recognise a customer, too little to write to one.
    pub fn shortened(&self) -> String {
        // At most half of it, so that no short one stands there whole.
        let first: String = self.local().chars().take((self.local().chars().count() / 2).min(2)).collect();
        format!("{first}…@{}", self.domain())
    }
}

/// The form of a domain in ASCII (RFC 5891). A domain that would be changed into another by it keeps its own form: what only looks like a
/// domain is not the same.
pub(crate) fn in_ascii(domain: &str) -> Cow<'_, str> {
    match idna::domain_to_ascii(domain) {
        Ok(ascii) if idna::domain_to_unicode(&ascii).0 == domain => Cow::Owned(ascii),
        _ => Cow::Borrowed(domain),
    }
}

fn is_local_part(local: &str) -> bool {
    if let Some(inner) = local.strip_prefix('"') {
        // A quoted local part may hold spaces, but never what would end a command or a header line.
        return inner.len() > 1 && inner.ends_with('"') && !inner.chars().any(|c| c.is_control());
    }
    if local.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_')) {
        return true;
    }
    let special = |c: char| matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '\\' | '"' | '@');
    !local.chars().any(|c| special(c) || c.is_whitespace() || c.is_control())
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[') {
        let Some(literal) = literal.strip_suffix(']') else { return false };
        return !literal.is_empty() && literal.chars().all(|c| c.is_ascii_alphanumeric() || ".:-".contains(c));
    }
    domain
        .split('.')
        .all(|label| !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_'))
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        // A letter beyond ASCII may have one of ASCII as its lower case: the Kelvin sign has `k`.
        let plain = self.text.is_ascii() && other.text.is_ascii();
        if plain { self.text.eq_ignore_ascii_case(&other.text) } else { self.text == other.text || self.key() == other.key() }
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// An address with the name that its owner goes by; the name is empty when none was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    /// Display name, decoded, on one line.
    pub name: String,
    /// The address itself.
    pub address: Address,
}

impl Mailbox {
    /// What to call this person: the name, or the address when there is none.
    pub fn called(&self) -> &str {
        if self.name.is_empty() { self.address.as_str() } else { &self.name }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { write!(f, "{}", self.address) } else { write!(f, "{} <{}>", self.name, self.address) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(address: &Address) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        address.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn case_makes_no_difference_and_is_kept_in_the_local_part_alone() {
        for (one, other) in
            [("Mia.Berg@Customer.Example", "mia.berg@customer.example"), ("ŽANETA@shop.example", "žaneta@SHOP.example")]
        {
            let (one, other) = (Address::parse(one).unwrap(), Address::parse(other).unwrap());
            assert_eq!(one, other);
            assert_eq!(hash(&one), hash(&other));
        }
        assert_eq!(Address::parse("Mia@Customer.Example").unwrap().as_str(), "Mia@customer.example");
    }

    #[test]
    fn a_domain_in_letters_is_the_same_as_in_ascii() {
        for (one, other) in
            [("mia@küche.example", "MIA@xn--kche-0ra.example"), ("mia@пример.example", "mia@xn--e1afmkfd.example")]
        {
            let (one, other) = (Address::parse(one).unwrap(), Address::parse(other).unwrap());
            assert_eq!(one, other);
            assert_eq!((hash(&one), one.key()), (hash(&other), other.key()));
            assert_ne!(one.as_str(), other.as_str());
        }
        let wide = Address::parse("mia@customer.ｅxample").unwrap();
        assert_ne!(wide, Address::parse("mia@customer.example").unwrap());
    }

    #[test]
    fn what_is_no_address_is_none() {
        let long = format!("{}@customer.example", "x".repeat(65));
        for text in
            ["", "mia", "@customer.example", "mia@", "mia@.example", "a b@customer.example", "<mia@customer.example>", &long]
        {
            assert!(Address::parse(text).is_none(), "{text:?}");
        }
        for text in ["\"a b\"@customer.example", "mia@[192.0.2.1]", "o'neil+x@customer.example"] {
            assert!(Address::parse(text).is_some(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_holds_nothing_that_ends_a_command_or_a_field(text in "\\PC{0,30}@[ -~]{0,30}", wild in any::<String>()) {
            for text in [text, wild] {
                if let Some(address) = Address::parse(&text) {
                    prop_assert!(!address.as_str().chars().any(|c| c.is_control() || matches!(c, '\r' | '\n')));
                    prop_assert!(!address.domain().contains(['<', '>', ' ', '@']));
                    let again = Address::parse(address.as_str()).unwrap();
                    prop_assert_eq!(again.as_str(), address.as_str());
                    prop_assert_eq!(format!("{}@{}", address.local(), address.domain()), address.as_str());
                }
            }
        }

        #[test]
        fn equal_addresses_have_equal_keys_and_hashes(
            one in "[a-zA-Zžßİ]{1,6}@(xn--)?[a-zA-Zžßİẞ]{1,3}", other in "[a-zA-Zžßİ]{1,6}@(xn--)?[a-zA-Zžßİẞ]{1,3}"
        ) {
            let (one, other) = (Address::parse(&one).unwrap(), Address::parse(&other).unwrap());
            prop_assert_eq!(one == other, one.key() == other.key());
            prop_assert!(one != other || hash(&one) == hash(&other));
        }
    }
}
