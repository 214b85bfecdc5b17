//! What is needed of a mail to check its signatures: the header, and the digests of its body.

use mail_auth::AuthenticatedMessage;
use mail_auth::common::crypto::HashAlgorithm;
use mail_auth::dkim::Canonicalization;

/// Octets of a header whose signatures are looked at. A signature may name each field, so this bounds the work for one.
const LARGEST_HEADER: usize = 256 * 1024;
/// Fields of a header whose signatures are looked at.
const MOST_FIELDS: usize = 1_000;

/// A header and the digests of the body below it, so that the body need not be kept while DNS is asked.
pub(super) struct Letter {
    header: Vec<u8>,
    digests: Vec<(Canonicalization, HashAlgorithm, u64, Vec<u8>)>,
}

impl Letter {
    /// Reads a mail. Linear: the body is gone over once for each canonicalisation and digest that a signature names, at most four times.
    pub(super) fn read(raw: &[u8]) -> Result<Self, &'static str> {
        if header_end(raw) > LARGEST_HEADER {
            return Err("the header is larger than 256 KiB");
        }
        let message = AuthenticatedMessage::parse(raw).ok_or("there is no header")?;
        if message.headers.len() > MOST_FIELDS {
            return Err("the header has more than 1,000 fields");
        }
        let header = raw.get(..message.body_offset()).unwrap_or(raw);
        if header.len() > LARGEST_HEADER {
            return Err("the header is larger than 256 KiB");
        }
        Ok(Self { header: header.to_vec(), digests: message.body_hashes.clone() })
    }

    /// The mail as its signatures see it.
    pub(super) fn message(&self) -> Option<AuthenticatedMessage<'_>> {
        let mut message = AuthenticatedMessage::parse(&self.header)?;
        message.body_hashes.clone_from(&self.digests);
        Some(message)
    }
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("octets", &self.header.len()).finish_non_exhaustive()
    }
}

/// Where the first empty line ends, if it is not beyond what is read.
fn header_end(raw: &[u8]) -> usize {
    let head = &raw[..raw.len().min(LARGEST_HEADER + 4)];
    let end = memchr::memchr_iter(b'\n', head).find(|at| {
        let rest = &head[at + 1..];
        rest.first() == Some(&b'\n') || rest.starts_with(b"\r\n")
    });
    end.map_or(raw.len(), |at| at + 1)
}

/// How many fields of a name there are.
pub(super) fn count(message: &AuthenticatedMessage<'_>, name: &str) -> usize {
    let is_called = |field: &[u8]| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
    message.headers.iter().filter(|(field, _)| is_called(field)).count()
}
