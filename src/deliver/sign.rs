//! DKIM (RFC 6376): notices are signed by the domain that stands in From, so that its DMARC record is met whoever relays them.
//!
//! What is signed depends on the notice alone, the time in `t=` too, which is when it was queued; and both kinds of signature are
//! deterministic. So a notice has the same octets at each attempt. A mail whose domain has no key leaves unsigned, which `check` warns of.
//! One that cannot be signed though there is a key does not leave: it is tried again, and the outbox says why.

pub mod key;

use std::sync::Arc;

use mail_auth::common::crypto::{Algorithm, SigningKey};
use mail_auth::common::headers::{HeaderWriter, Writable, Writer};
use mail_auth::common::to_a_label;
use mail_auth::dkim::{Canonicalization, Signature};

pub use self::key::{Key, Kind, Record};
use crate::model::time::Time;
use crate::store::Fault;

/// Fields that are signed where a mail has them: all that a reader sees or a mail program acts on. Those that hosts on the way add or
/// change (Received, Return-Path) are not among them.
const FIELDS: [&str; 14] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
];

/// The keys of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signers {
    keys: Arc<[Key]>,
}

impl Signers {
    /// In the order of the configuration.
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys: keys.into() }
    }

    /// All keys.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys that sign for a domain: its own, else those of the nearest domain above it, which are aligned with it unless its DMARC
    /// record asks for more (`adkim=s`, RFC 7489 section 3.1.1). RSA first: its signature stands on top, where readers of one look.
    pub fn of(&self, domain: &str) -> Vec<&Key> {
        let domain = to_a_label(domain).to_ascii_lowercase();
        let is_above = |key: &&Key| domain.strip_suffix(&key.domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let nearest = self.keys.iter().filter(is_above).map(|key| key.domain.len()).max();
        let mut keys: Vec<&Key> = self.keys.iter().filter(is_above).filter(|key| Some(key.domain.len()) == nearest).collect();
        keys.sort_by_key(|key| key.kind);
        keys
    }

    /// The signatures of a mail, as fields to stand above it; empty when its domain has no key. Takes some 0.7 ms for each RSA key, and
    /// a millisecond for each half MiB.
    ///
    /// # Errors
    /// Words for the operator. Keys that could be read fail for want of nothing but working memory.
    pub fn signatures(&self, octets: &[u8], queued_at: Time) -> Result<String, String> {
        let mail = Mail::read(octets);
        let keys = mail.author().map(|domain| self.of(&domain)).unwrap_or_default();
        let Some(first) = keys.first() else { return Ok(String::new()) };
        // One digest will do: all keys sign the same form of the body, with the same function.
        let body = first.secret.hash(Canonicalization::Relaxed.canonical_body(mail.body, u64::MAX));
        let at = u64::try_from(queued_at.0 / 1_000_000).unwrap_or_default();
        let signatures = keys.iter().map(|key| mail.signature(key, body.as_ref(), at));
        signatures.collect::<Result<Vec<_>, _>>().map(|signatures| signatures.concat())
    }
}

/// A mail, taken apart as far as signing needs it. Each field is a name and a value with its line end.
struct Mail<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
    body: &'a [u8],
}

impl<'a> Mail<'a> {
    /// Reads octets of our own making: every line ends with CRLF.
    fn read(octets: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        let mut rest = octets;
        while !rest.is_empty() && !rest.starts_with(b"\r\n") {
            let (field, behind) = rest.split_at(field_length(rest));
            let colon = field.iter().position(|octet| *octet == b':').unwrap_or(field.len() - 1);
            fields.push((&field[..colon], &field[colon + 1..]));
            rest = behind;
        }
        Self { fields, body: rest.strip_prefix(b"\r\n").unwrap_or(rest) }
    }

    fn values(&self, name: &str) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        // From the last to the first, as RFC 6376 section 5.4.2 asks where there are several.
        self.fields.iter().rev().copied().filter(move |(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The domain in From. The address stands last there, and no address holds an angle bracket.
    fn author(&self) -> Option<String> {
        let (_, value) = self.values("From").next()?;
        let value = String::from_utf8_lossy(value);
        let address = value.rsplit_once('<').map_or(value.as_ref(), |(_, address)| address);
        let (_, domain) = address.rsplit_once('@')?;
        Some(domain.trim_end_matches(|c: char| c == '>' || c.is_whitespace()).to_owned())
    }

    fn signature(&self, key: &Key, body: &[u8], at: u64) -> Result<String, String> {
        let fields: Vec<_> = FIELDS.iter().flat_map(|name| self.values(name).map(move |field| (*name, field))).collect();
        // From once more than there is one (RFC 6376 section 8.15): a second one that is added breaks the signature.
        let names = fields.iter().map(|(name, _)| *name).chain(["From"]).map(str::to_owned).collect();
        let mut signature = Signature {
            v: 1,
            a: match key.kind {
                Kind::Rsa => Algorithm::RsaSha256,
                Kind::Ed25519 => Algorithm::Ed25519Sha256,
            },
            d: key.domain.clone(),
            s: key.selector.clone(),
            bh: body.to_vec(),
            h: names,
            t: at,
            ..Signature::default()
        };
        let signed = Signed { fields: fields.into_iter().map(|(_, field)| field).collect(), signature: &signature };
        let failed = |error| format!("the key {} of {} does not sign: {error}", key.selector, key.domain);
        signature.b = key.secret.sign(signed).map_err(failed)?;
        Ok(signature.to_header())
    }
}

/// Octets of the first field, the lines that go on with it included.
fn field_length(octets: &[u8]) -> usize {
    let mut length = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if length > 0 && !matches!(line.first(), Some(b' ' | b'\t')) {
            break;
        }
        length += line.len();
    }
    length
}

/// What a signature is made over: the fields, then itself without a value (RFC 6376 section 3.7).
struct Signed<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
    signature: &'a Signature,
}

impl Writable for Signed<'_> {
    fn write(self, writer: &mut impl Writer) {
        Canonicalization::Relaxed.canonicalize_headers(self.fields.into_iter(), writer);
        self.signature.write(writer, false);
    }
}

/// A mail with its signatures on top, the time at which it was queued in them. Signing is done off the async threads: a large mail takes
/// tens of milliseconds, in which its thread would read and write for nobody.
///
/// # Errors
/// [`Fault::Refused`] when there is a key and it does not sign: the notice is tried again.
pub async fn signed(signers: &Signers, octets: Vec<u8>, queued_at: Time) -> Result<Vec<u8>, Fault> {
    if signers.keys.is_empty() {
        return Ok(octets);
    }
    let signers = signers.clone();
    let signing = move || {
        let mut signed = signers.signatures(&octets, queued_at)?.into_bytes();
        signed.extend_from_slice(&octets);
        Ok(signed)
    };
    let ended = tokio::task::spawn_blocking(signing).await;
    ended.unwrap_or_else(|_| Err("signing did not end".to_owned())).map_err(Fault::Refused)
}
