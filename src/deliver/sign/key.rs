//! A private key that signs mail (RFC 6376, RFC 8463), and the DNS record of its public half.
//!
//! What is no RSA key of 2048 to 4096 bits and no Ed25519 key is refused in words that never repeat what stands in the file.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use mail_auth::common::crypto::{Algorithm, DkimKey, Ed25519Key, RsaKey, Sha256, SigningKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::model::encoding::base64;

/// Octets of a file with one key; 4096 bits of RSA need a twentieth of it.
const LARGEST_FILE: u64 = 64 * 1024;
/// Octets of one string of a TXT record (RFC 1035 section 3.3).
const LONGEST_STRING: usize = 255;

/// Kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// RSA with SHA-256: what everybody verifies.
    Rsa,
    /// Ed25519 (RFC 8463): short records; not everybody verifies it yet.
    Ed25519,
}

impl Kind {
    /// The name in records (`k=`).
    pub fn name(self) -> &'static str {
        match self {
            Kind::Rsa => "rsa",
            Kind::Ed25519 => "ed25519",
        }
    }
}

/// A key of a domain. It cannot be printed.
pub struct Key {
    /// The domain that it signs for, in lower case (`d=`).
    pub domain: String,
    /// Its name below that domain (`s=`).
    pub selector: String,
    /// RSA or Ed25519.
    pub kind: Kind,
    /// Whether everybody on this machine may read its file.
    pub exposed: bool,
    pub(super) secret: DkimKey,
    public: Vec<u8>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("domain", &self.domain).field("selector", &self.selector).finish_non_exhaustive()
    }
}

/// The same name and the same public half: what is private follows from that.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        (&self.domain, &self.selector, self.kind, &self.public) == (&other.domain, &other.selector, other.kind, &other.public)
    }
}

impl Eq for Key {}

impl Key {
    /// Reads a key from its file.
    ///
    /// # Errors
    /// Words for the operator: the file, and what is wrong with it.
    pub fn open(domain: &str, selector: &str, file: &Path) -> Result<Self, String> {
        let unreadable = |error| format!("{} cannot be read: {error}", file.display());
        let opened = File::open(file).map_err(unreadable)?;
        let metadata = opened.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(format!("{} is not a file", file.display()));
        }
        let mut pem = Vec::new();
        opened.take(LARGEST_FILE).read_to_end(&mut pem).map_err(unreadable)?;
        let key = Self::from_pem(domain, selector, &pem).map_err(|why| format!("{} {why}", file.display()))?;
        // Not the group's bits: systemd shows the right of the service to its credential there.
        Ok(Self { exposed: metadata.mode() & 0o007 != 0, ..key })
    }

    /// Reads a key in PEM, as PKCS#8 or PKCS#1.
    ///
    /// # Errors
    /// What is wrong with it, to stand behind its name.
    pub fn from_pem(domain: &str, selector: &str, pem: &[u8]) -> Result<Self, String> {
        let der = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| "holds no private key in PEM; `postdesk dkim key` makes one".to_owned())?;
        let wanted = "is no key to sign with: it takes RSA of 2048 to 4096 bits or Ed25519, without a passphrase";
        let (secret, public) = read(der).ok_or_else(|| wanted.to_owned())?;
        let kind = match secret.algorithm() {
            Algorithm::Ed25519Sha256 => Kind::Ed25519,
            Algorithm::RsaSha256 | Algorithm::RsaSha1 => Kind::Rsa,
        };
        let (domain, selector) = (domain.to_ascii_lowercase(), selector.to_owned());
        Ok(Self { domain, selector, kind, exposed: false, secret, public })
    }

    /// What its domain has to publish.
    pub fn record(&self) -> Record {
        let public = match self.kind {
            Kind::Rsa => subject_public_key_info(&self.public),
            Kind::Ed25519 => self.public.clone(),
        };
        Record {
            name: format!("{}._domainkey.{}", self.selector, self.domain),
            value: format!("v=DKIM1; k={}; p={}", self.kind.name(), base64(&public)),
        }
    }
}

/// The key and its public half; `None` when it is of another kind or length.
fn read(der: PrivateKeyDer<'_>) -> Option<(DkimKey, Vec<u8>)> {
    // Files without the public half are normal: OpenSSL writes them.
    if let PrivateKeyDer::Pkcs8(pkcs8) = &der
        && let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.secret_pkcs8_der())
    {
        let public = key.public_key();
        return Some((key.into(), public));
    }
    let key = RsaKey::<Sha256>::from_key_der(der).ok()?;
    let public = key.public_key();
    Some((key.into(), public))
}

/// An RSA public key as records hold it: RFC 6376 section 3.6.1 speaks of RSAPublicKey alone, and its examples, like everybody, publish
/// it within a SubjectPublicKeyInfo (RFC 5280 section 4.1).
fn subject_public_key_info(public: &[u8]) -> Vec<u8> {
    /// rsaEncryption, with parameters that are null (RFC 8017 appendix A.1).
    const ALGORITHM: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = tagged(0x03, &[&[0], public].concat());
    tagged(0x30, &[&ALGORITHM[..], &bits].concat())
}

/// A value in DER: tag, length, content.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|octet| **octet == 0).count()..];
    let mut out = vec![tag];
    match (content.len(), u8::try_from(significant.len())) {
        (short @ 0..=127, _) => out.push(short as u8),
        (_, count) => {
            out.push(0x80 | count.unwrap_or_default());
            out.extend_from_slice(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

/// What has to stand in DNS for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Name of the TXT record, without the last dot.
    pub name: String,
    /// Its value, whole.
    pub value: String,
}

impl Record {
    /// The value in strings that a TXT record can hold; readers join them without anything between.
    pub fn strings(&self) -> Vec<&str> {
        // ASCII throughout, so that no cut falls into a character.
        let cuts = (0..self.value.len()).step_by(LONGEST_STRING);
        cuts.filter_map(|at| self.value.get(at..self.value.len().min(at + LONGEST_STRING))).collect()
    }

    /// As a zone file writes it.
    pub fn zone(&self) -> String {
        let strings: Vec<String> = self.strings().iter().map(|string| format!("\"{string}\"")).collect();
        let value = strings.join("\n    ");
        let open = if strings.len() > 1 { format!("(\n    {value} )") } else { value };
        format!("{}. IN TXT {open}", self.name)
    }
}
