//! Texts in which UTF-8 and something else stand together: a gateway has put a line of its own below them, or a character was cut in two.

use super::{escapes, guess};

/// The text when most of what is beyond ASCII is UTF-8: lines that are not are decoded by a guess of their own.
pub(super) fn utf_8_with_others(octets: &[u8]) -> Option<String> {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in octets.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += chunk.invalid().len();
    }
    if good == 0 || good < bad {
        return None;
    }
    let foreign: Vec<u8> =
        octets.split_inclusive(|octet| *octet == b'\n').filter(|line| is_foreign(line)).flatten().copied().collect();
    let encoding = guess::of(&foreign);
    let mut text = String::with_capacity(octets.len() + 16);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if is_foreign(line) {
            text.push_str(&escapes::decode(encoding, line).0);
        } else {
            text.push_str(&String::from_utf8_lossy(line));
        }
    }
    Some(text)
}

/// Whether a line holds nothing of UTF-8 but octets that are none.
fn is_foreign(line: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in line.utf8_chunks() {
        good += usize::from(!chunk.valid().is_ascii());
        bad += chunk.invalid().len();
    }
    bad > 0 && good == 0
}
