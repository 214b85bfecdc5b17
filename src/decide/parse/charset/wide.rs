//! UTF-16 and UTF-32, by their mark (Unicode section 23.8), by their name, or by the zeros between Latin letters.

use std::borrow::Cow;

/// Octets of one unit, and which of them comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Two, in the order that the text shows.
    Two,
    TwoBigEnd,
    TwoLittleEnd,
    /// Four, in the order that the text shows.
    Four,
    FourBigEnd,
    FourLittleEnd,
}

/// Octets by which it is told where the zeros are.
const SNIFFED: usize = 1024;

/// The text behind a byte order mark; `None` when there is none.
pub(super) fn marked(octets: &[u8]) -> Option<Cow<'_, str>> {
    match octets {
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
        [0xff, 0xfe, 0, 0, rest @ ..] => Some(four(rest, u32::from_le_bytes)),
        [0, 0, 0xfe, 0xff, rest @ ..] => Some(four(rest, u32::from_be_bytes)),
        [0xff, 0xfe, rest @ ..] => Some(two(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Some(two(rest, u16::from_be_bytes)),
        _ => None,
    }
}

/// The text without a mark. What is named so but was made into UTF-8 on the way is that.
pub(super) fn unmarked(octets: &[u8], unit: Unit) -> Cow<'_, str> {
    let without_zeros = memchr::memchr(0, octets).is_none();
    if without_zeros && let Ok(text) = std::str::from_utf8(octets) {
        return Cow::Borrowed(text);
    }
    match unit {
        Unit::TwoBigEnd => two(octets, u16::from_be_bytes),
        Unit::TwoLittleEnd => two(octets, u16::from_le_bytes),
        Unit::FourBigEnd => four(octets, u32::from_be_bytes),
        Unit::FourLittleEnd => four(octets, u32::from_le_bytes),
        // RFC 2781 section 4.3: the big end, where nothing shows otherwise.
        Unit::Two if zeros(octets, 1, 2) > zeros(octets, 0, 2) => two(octets, u16::from_le_bytes),
        Unit::Two => two(octets, u16::from_be_bytes),
        Unit::Four if zeros(octets, 3, 4) > zeros(octets, 0, 4) => four(octets, u32::from_le_bytes),
        Unit::Four => four(octets, u32::from_be_bytes),
    }
}

/// The text when every other octet of its beginning is zero, as in Latin letters of UTF-16.
pub(super) fn unmarked_but_evident(octets: &[u8]) -> Option<Cow<'_, str>> {
    let half = octets.len().min(SNIFFED) / 2;
    if half < 4 {
        return None;
    }
    let (first, second) = (zeros(octets, 0, 2), zeros(octets, 1, 2));
    if second * 10 >= half * 7 && first * 10 < half {
        return Some(two(octets, u16::from_le_bytes));
    }
    (first * 10 >= half * 7 && second * 10 < half).then(|| two(octets, u16::from_be_bytes))
}

fn zeros(octets: &[u8], offset: usize, step: usize) -> usize {
    let start = &octets[..octets.len().min(SNIFFED)];
    start.iter().skip(offset).step_by(step).filter(|octet| **octet == 0).count()
}

fn two(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let units = octets.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    Cow::Owned(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn four(octets: &[u8], unit: fn([u8; 4]) -> u32) -> Cow<'static, str> {
    let units = octets.chunks_exact(4).map(|four| unit([four[0], four[1], four[2], four[3]]));
    Cow::Owned(units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}
