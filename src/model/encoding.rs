//! Text forms of bytes: base32 for what must survive lower-casing, hexadecimal for digests, base64 for MIME.
//! The only user of `data_encoding`.

use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER};

/// Base32 (RFC 4648 section 6) in lower case without padding: the local part of an address survives a server that changes its case.
pub fn base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

/// The bytes of a base32 text in either case; `None` for anything else, trailing bits included.
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The bytes of a lower-case hexadecimal text.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER.decode(text.as_bytes()).ok()
}

/// Base64 (RFC 4648 section 4) on one line.
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The bytes of base64 on one line, padded; `None` for anything else.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok()
}

/// Base64 as a MIME body: lines of 76 characters, each ended by CRLF (RFC 2045 section 6.8).
pub fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len() / 57 * 78 + 80);
    for chunk in bytes.chunks(57) {
        lines.extend_from_slice(BASE64.encode(chunk).as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    lines
}
