//! Charsets of seven bits that switch to pairs of octets and back: HZ (RFC 1843), ISO-2022-KR (RFC 1557), ISO-2022-CN (RFC 1922).
//! Both are the same characters as in a charset of eight bits, so the eighth bit is set and that one is decoded.

use encoding_rs::{Encoding, GBK};

const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// Text between `~{` and `~}` is in pairs; `~~` is a tilde, and a tilde at the end of a line joins it to the next.
pub(super) fn hz(octets: &[u8]) -> String {
    let mut eight_bit = Vec::with_capacity(octets.len());
    let (mut at, mut shifted) = (0, false);
    while let Some(octet) = octets.get(at) {
        match (octet, octets.get(at + 1)) {
            (b'~', Some(b'{')) if !shifted => (shifted, at) = (true, at + 1),
            (b'~', Some(b'}')) if shifted => (shifted, at) = (false, at + 1),
            (b'~', Some(b'~')) if !shifted => {
                eight_bit.push(b'~');
                at += 1;
            }
            (b'~', Some(b'\n')) if !shifted => at += 1,
            // No pair goes over the end of a line.
            (b'\n', _) => {
                eight_bit.push(b'\n');
                shifted = false;
            }
            (octet, _) => eight_bit.push(if shifted { set(*octet) } else { *octet }),
        }
        at += 1;
    }
    GBK.decode_without_bom_handling(&eight_bit).0.into_owned()
}

/// Text between SO and SI is in pairs; an escape says which set they are of, and is left out.
pub(super) fn iso_2022(octets: &[u8], encoding: &'static Encoding) -> String {
    let mut eight_bit = Vec::with_capacity(octets.len());
    let (mut at, mut shifted) = (0, false);
    while let Some(octet) = octets.get(at) {
        match *octet {
            0x1b if matches!(octets.get(at + 1..at + 3), Some(b"$)" | b"$*")) => at += 3,
            SHIFT_OUT => shifted = true,
            SHIFT_IN => shifted = false,
            b'\n' => {
                eight_bit.push(b'\n');
                shifted = false;
            }
            octet => eight_bit.push(if shifted { set(octet) } else { octet }),
        }
        at += 1;
    }
    encoding.decode_without_bom_handling(&eight_bit).0.into_owned()
}

fn set(octet: u8) -> u8 {
    if octet.is_ascii_graphic() { octet | 0x80 } else { octet }
}
