//! UTF-7 (RFC 2152): ASCII, and UTF-16 in base64 between `+` and `-`. Linear; what is no UTF-7 stays as it is.

use crate::model::transfer::six_bits;

/// Decodes the octets. Those beyond ASCII, which UTF-7 does not have, are taken for UTF-8 or Windows-1252.
pub(super) fn decode(octets: &[u8]) -> String {
    let source = super::guessed(octets).0;
    let mut text = String::with_capacity(source.len());
    let mut rest = source.as_ref();
    while let Some((before, after)) = rest.split_once('+') {
        text.push_str(before);
        let length = after.bytes().take_while(|octet| six_bits(*octet).is_some()).count();
        let (shifted, behind) = after.split_at(length);
        rest = behind.strip_prefix('-').unwrap_or(behind);
        if shifted.is_empty() {
            // `+-` is a plus sign; so is one that begins nothing.
            text.push('+');
        } else if let Some(decoded) = unshifted(shifted) {
            text.push_str(&decoded);
        } else {
            text.push('+');
            text.push_str(shifted);
            rest = behind;
        }
    }
    text.push_str(rest);
    text
}

/// The characters of a shifted run; `None` when it is too short for one, as in `1+1`.
fn unshifted(run: &str) -> Option<String> {
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut units = Vec::with_capacity(run.len() * 3 / 8 + 1);
    for six in run.bytes().filter_map(six_bits) {
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 16 {
            held -= 16;
            units.push((bits >> held) as u16);
            bits &= (1 << held) - 1;
        }
    }
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>();
    (!text.is_empty()).then_some(text)
}
