//! Makes private keys. The only user of `rsa`, and for this alone: the crate's timing tells of a key that somebody lets it use again and
//! again (RUSTSEC-2023-0071), while here a key is made once, on a terminal, and then used by `ring`, which cannot make any.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rsa::pkcs8::{EncodePrivateKey, LineEnding};

use crate::model::encoding::base64;

/// What a key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// RSA with so many bits, from 2048 to 4096.
    Rsa {
        /// Of the modulus.
        bits: usize,
    },
    /// Ed25519.
    Ed25519,
}

/// A new private key in PEM (PKCS#8). RSA takes from a tenth of a second to some seconds.
pub(super) fn private_key(recipe: Recipe) -> io::Result<String> {
    match recipe {
        Recipe::Ed25519 => ed25519(),
        Recipe::Rsa { bits } => {
            let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).map_err(io::Error::other)?;
            key.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(io::Error::other)
        }
    }
}

/// An Ed25519 key is 32 octets of chance (RFC 8032 section 5.1.5), which PKCS#8 wraps (RFC 8410 section 7): without the public half,
/// since OpenSSL does not read the form that has it.
fn ed25519() -> io::Result<String> {
    const WRAPPING: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let mut secret = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut secret)?;
    let text = base64(&[&WRAPPING[..], &secret].concat());
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"))
}

/// Writes a file that was not there before, for its owner alone. One that cannot be written whole is removed again.
pub(super) fn keep(file: &Path, text: &str) -> io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let written = opened.write_all(text.as_bytes()).and_then(|()| opened.sync_all());
    if written.is_err() {
        // The first fault is the one to tell.
        let _ = fs::remove_file(file);
    }
    written
}
