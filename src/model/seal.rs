//! Digests and keyed seals. The only user of `ring` and `subtle`.

use ring::{digest, hmac};
use subtle::ConstantTimeEq;

/// Octets of a seal that travel in addresses and Message-IDs: 96 bits.
pub const SEAL_LENGTH: usize = 12;

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha256_of(&[bytes])
}

/// SHA-256 of what comes piece by piece.
#[derive(Clone)]
pub struct Digester(digest::Context);

impl Default for Digester {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Digester {
    /// The next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all of them, one behind the other.
    pub fn finish(self) -> [u8; 32] {
        array(self.0.finish().as_ref())
    }
}

/// SHA-256 over several pieces, each preceded by its length so that no two lists of pieces look alike.
pub fn sha256_of_pieces(pieces: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for piece in pieces {
        context.update(&(piece.len() as u64).to_be_bytes());
        context.update(piece);
    }
    array(context.finish().as_ref())
}

fn sha256_of(pieces: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for piece in pieces {
        context.update(piece);
    }
    array(context.finish().as_ref())
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}

/// A secret key with the number that tokens name it by. It cannot be printed.
#[derive(Clone)]
pub struct Key {
    /// Number of the key, carried by every token it sealed.
    pub id: u8,
    key: hmac::Key,
}

impl Key {
    /// A key from its number and 32 secret octets.
    pub fn new(id: u8, secret: &[u8; 32]) -> Self {
        Self { id, key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// The first 96 bits of HMAC-SHA-256 over the purpose and the content.
    pub fn seal(&self, purpose: &str, content: &[u8]) -> [u8; SEAL_LENGTH] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(purpose.len() as u64).to_be_bytes());
        context.update(purpose.as_bytes());
        context.update(content);
        array(context.sign().as_ref())
    }

    /// Whether the seal is the one for this purpose and content; takes the same time for every wrong seal.
    pub fn verify(&self, purpose: &str, content: &[u8], seal: &[u8]) -> bool {
        self.seal(purpose, content).ct_eq(seal).into()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key {{ id: {}, .. }}", self.id)
    }
}
