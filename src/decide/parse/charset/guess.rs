//! What charset octets are in when they do not say so, or say it wrongly.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_KR, Encoding, GBK, ISO_2022_JP, WINDOWS_1252};
use memchr::memchr_iter;

/// Octets that are looked at, from the first beyond ASCII on: a detector runs two dozen decoders, and more octets hardly make it surer.
const MOST: usize = 4 * 1024;

/// The most likely charset, which is never UTF-8.
pub(super) fn of(octets: &[u8]) -> &'static Encoding {
    if octets.is_ascii() && has_escapes(octets) {
        return ISO_2022_JP;
    }
    // Octets of ASCII tell nothing and cost time: what is looked at begins before the first that is none.
    let first = octets.iter().position(|octet| !octet.is_ascii()).unwrap_or(octets.len());
    let start = first.saturating_sub(64);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&octets[start..octets.len().min(start + MOST)], true);
    let found = detector.guess(None, Utf8Detection::Deny);
    if found == WINDOWS_1252 { short_words_of_east_asia(octets).unwrap_or(found) } else { found }
}

/// A subject of a few characters is too short for frequencies: where all octets beyond ASCII make pairs of the commonest characters of
/// Chinese or Korean and never stand alone, it is hardly French.
fn short_words_of_east_asia(octets: &[u8]) -> Option<&'static Encoding> {
    let runs: Vec<&[u8]> = octets.split(u8::is_ascii).filter(|run| !run.is_empty()).take(200).collect();
    let is_paired = |low: u8, high: u8| {
        runs.iter().all(|run| run.len() % 2 == 0 && run.chunks(2).all(|pair| (low..=high).contains(&pair[0]) && pair[1] >= 0xa1))
    };
    if !runs.iter().any(|run| run.len() >= 4) {
        return None;
    }
    // The syllables of KS X 1001 are between 0xB0 and 0xC8, the characters of GB 2312 between 0xB0 and 0xF7.
    if is_paired(0xb0, 0xc8) {
        return Some(EUC_KR);
    }
    is_paired(0xb0, 0xf7).then_some(GBK)
}

/// Whether there are the escapes of ISO-2022-JP (RFC 1468, and those of half-width kana and JIS X 0212).
pub(super) fn has_escapes(octets: &[u8]) -> bool {
    memchr_iter(0x1b, octets).take(64).any(|at| {
        let after = &octets[at + 1..];
        [b"$B".as_slice(), b"$@", b"(J", b"(I", b"$(D"].iter().any(|escape| after.starts_with(escape))
    })
}

/// The text when the octets are UTF-8 although they are declared as something else: one character is enough where each of them would
/// stand for two odd ones, several are needed where pairs of octets are usual.
pub(super) fn evident_utf_8<'a>(octets: &'a [u8], declared: &'static Encoding) -> Option<&'a str> {
    let text = std::str::from_utf8(octets).ok()?;
    if declared == ISO_2022_JP {
        return (!text.is_ascii() && !has_escapes(octets)).then_some(text);
    }
    let needed = if is_latin(declared) { 1 } else { 3 };
    if declared.is_single_byte() {
        return (text.chars().filter(|c| !c.is_ascii()).take(needed).count() == needed).then_some(text);
    }
    // Of three octets, as the characters of Asia are, and nothing in two that a pair might be.
    let long = text.chars().filter(|c| c.len_utf8() == 3).take(2).count();
    let pairs = text.chars().filter(|c| c.len_utf8() == 2).count();
    (long == 2 && pairs <= text.len() / 20).then_some(text)
}

fn is_latin(encoding: &'static Encoding) -> bool {
    let latin = [
        "windows-1252",
        "ISO-8859-15",
        "windows-1250",
        "ISO-8859-2",
        "windows-1254",
        "windows-1257",
        "ISO-8859-3",
        "ISO-8859-4",
        "ISO-8859-10",
        "ISO-8859-13",
        "ISO-8859-14",
        "ISO-8859-16",
        "windows-1258",
        "macintosh",
    ];
    latin.contains(&encoding.name())
}

/// Whether a text that is declared as Western European is hardly that: long runs of letters that are all beyond ASCII.
pub(super) fn is_not_latin(octets: &[u8]) -> bool {
    let (mut high, mut in_runs) = (0_usize, 0_usize);
    for run in octets[..octets.len().min(MOST)].split(|octet| *octet < 0x80).filter(|run| !run.is_empty()) {
        high += run.len();
        if run.len() >= 3 && !run.iter().all(|octet| *octet == run[0]) {
            in_runs += run.len();
        }
    }
    in_runs >= 6 && in_runs * 10 >= high * 6
}
