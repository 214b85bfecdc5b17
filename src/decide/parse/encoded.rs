//! Encoded words (RFC 2047) as programs really write them: cut within a character, without spaces between them, in quotes, with spaces in
//! them, folded in the middle, never ended.
//!
//! A run of words in one charset is decoded as one sequence of octets. What is no encoded word stays as it is, and what comes out is
//! never decoded again. Linear: every octet is looked at by one word only.

use std::borrow::Cow;

use memchr::memmem;

use super::{charset, transfer};

/// Octets of the name of a charset, its language included.
const LONGEST_CHARSET: usize = 60;

/// One encoded word within a value.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    charset: &'a str,
    is_base64: bool,
    text: &'a str,
    /// Octets of the value that it takes.
    length: usize,
}

/// Words that belong together: their octets, before these are made characters.
#[derive(Debug, Default)]
struct Run<'a> {
    charset: &'a str,
    octets: Vec<u8>,
    /// Base64 of the last word that made no full group: some programs cut the encoded text wherever a line is full.
    open: String,
}

/// The value with its encoded words decoded. It may still have the line breaks of a folded field.
pub(super) fn decode(value: &str) -> Cow<'_, str> {
    if memmem::find(value.as_bytes(), b"=?").is_none() {
        return Cow::Borrowed(value);
    }
    let mut decoded = String::with_capacity(value.len());
    each(value, |piece| match piece {
        Piece::Plain(text) => decoded.push_str(text),
        Piece::Decoded(text) => decoded.push_str(&text),
    });
    Cow::Owned(decoded)
}

/// What the encoded words of a value say, without what stands around them.
pub(super) fn hidden(value: &str) -> Vec<String> {
    let mut hidden = Vec::new();
    each(value, |piece| {
        if let Piece::Decoded(text) = piece {
            hidden.push(text);
        }
    });
    hidden
}

/// A piece of a value in which encoded words stand.
enum Piece<'a> {
    Plain(&'a str),
    Decoded(String),
}

fn each<'a>(value: &'a str, mut take: impl FnMut(Piece<'a>)) {
    let (mut rest, mut run) = (value, None::<Run<'_>>);
    while let Some(start) = memmem::find(rest.as_bytes(), b"=?") {
        let (before, candidate) = rest.split_at(start);
        let Some(word) = Word::at(candidate) else {
            finish(&mut run, &mut take);
            take(Piece::Plain(&rest[..start + 2]));
            rest = &rest[start + 2..];
            continue;
        };
        // White space between two words is none of the text (RFC 2047 section 6.2).
        if !(run.is_some() && before.trim_ascii().is_empty()) {
            finish(&mut run, &mut take);
            take(Piece::Plain(before));
        }
        add(word, &mut run, &mut take);
        rest = &candidate[word.length..];
    }
    finish(&mut run, &mut take);
    take(Piece::Plain(rest));
}

/// How many octets an encoded word takes at the beginning of a text, if there is one.
pub(super) fn length_at(text: &str) -> Option<usize> {
    Word::at(text).map(|word| word.length)
}

impl<'a> Word<'a> {
    fn at(text: &'a str) -> Option<Self> {
        let after = text.strip_prefix("=?")?;
        let name_end = after.bytes().take(LONGEST_CHARSET).position(|octet| octet == b'?')?;
        let name = after.get(..name_end)?;
        if name.len() < 2 || !name.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>@,\"()".contains(&octet)) {
            return None;
        }
        let is_base64 = match after.as_bytes().get(name_end + 1)? {
            b'b' | b'B' => true,
            b'q' | b'Q' => false,
            _ => return None,
        };
        let payload = after.get(name_end + 2..)?.strip_prefix('?')?;
        let (length, end) = extent(payload, is_base64)?;
        let charset = name.split('*').next().unwrap_or(name);
        Some(Self { charset, is_base64, text: &payload[..length], length: 2 + name_end + 3 + length + end })
    }

    /// The text of a word of Q that holds characters beyond ASCII, which no word may: they were decoded with the line around them.
    fn raw_text(&self) -> String {
        let mut decoded = String::with_capacity(self.text.len());
        for piece in self.text.split_inclusive(|c: char| !c.is_ascii()) {
            let end = piece.char_indices().next_back().filter(|(_, last)| !last.is_ascii()).map_or(piece.len(), |(at, _)| at);
            let mut octets = Vec::with_capacity(end);
            unquoted(&piece[..end], &mut octets);
            decoded.push_str(&charset::decode(&octets, Some(self.charset)).text);
            decoded.push_str(&piece[end..]);
        }
        decoded
    }
}

/// The octets that a text of Q stands for.
fn unquoted(text: &str, octets: &mut Vec<u8>) {
    // A line break within a word was put there on the way, with the white space behind it.
    let unfolded = if text.contains('\n') {
        Cow::Owned(text.replace('\r', "").replace("\n ", "").replace("\n\t", ""))
    } else {
        Cow::Borrowed(text)
    };
    let text = unfolded.as_bytes();
    let mut at = 0;
    while let Some(octet) = text.get(at) {
        match octet {
            b'=' => match (transfer::digit(text.get(at + 1)), transfer::digit(text.get(at + 2))) {
                (Some(high), Some(low)) => {
                    octets.push(high * 16 + low);
                    at += 2;
                }
                _ => octets.push(b'='),
            },
            b'_' => octets.push(b' '),
            other => octets.push(*other),
        }
        at += 1;
    }
}

/// How long the payload of a word is, and how many octets end it. One that is never ended goes to the next white space.
fn extent(payload: &str, is_base64: bool) -> Option<(usize, usize)> {
    let octets = payload.as_bytes();
    let mut at = 0;
    while let Some(octet) = octets.get(at) {
        match (octet, octets.get(at + 1)) {
            (b'?', Some(b'=')) => return Some((at, 2)),
            (b'=', Some(b'?')) if octets.get(at + 2) != Some(&b'=') => break,
            _ => at += 1,
        }
    }
    let stop = at;
    let length = octets[..stop].iter().position(u8::is_ascii_whitespace).unwrap_or(stop);
    let payload = payload.get(..length)?;
    let is_likely = if is_base64 {
        length >= 4 && payload.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(&octet))
    } else {
        payload.contains('=') && !payload.contains(['<', '"', ','])
    };
    // The end may have been cut in the middle, too.
    let payload = payload.strip_suffix('?').unwrap_or(payload);
    is_likely.then_some((payload.len(), length - payload.len()))
}

fn add<'a>(word: Word<'a>, run: &mut Option<Run<'a>>, take: &mut impl FnMut(Piece<'a>)) {
    let is_raw = !word.is_base64 && !word.text.is_ascii();
    if run.as_ref().is_some_and(|run| is_raw || !run.charset.eq_ignore_ascii_case(word.charset)) {
        finish(run, take);
    }
    if is_raw {
        take(Piece::Decoded(word.raw_text()));
        *run = Some(Run { charset: word.charset, ..Run::default() });
        return;
    }
    let run = run.get_or_insert_with(|| Run { charset: word.charset, ..Run::default() });
    if word.is_base64 {
        run.open.extend(word.text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')));
        if run.open.len().is_multiple_of(4) || run.open.ends_with('=') {
            run.close();
        }
    } else {
        run.close();
        unquoted(word.text, &mut run.octets);
    }
}

impl Run<'_> {
    fn close(&mut self) {
        self.octets.extend(transfer::base64(self.open.as_bytes()));
        self.open.clear();
    }
}

/// Makes characters of a run.
fn finish<'a>(run: &mut Option<Run<'a>>, take: &mut impl FnMut(Piece<'a>)) {
    if let Some(mut run) = run.take() {
        run.close();
        take(Piece::Decoded(charset::decode(&run.octets, Some(run.charset)).text.into_owned()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_read_as_they_are_meant() {
        for (written, meant) in [
            ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus =?utf-8?Q?K=C3=B6ln?=", "Grüße aus Köln"),
            ("=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=", "Grüße"),
            ("=?utf-8?B?R3LDvA==?=\r\n =?UTF-8?B?w59l?=", "Grüße"),
            ("=?utf-8?B?R3LDvM?= =?utf-8?B?OfZQ==?=", "Grüße"),
            ("=?utf-8?B?R3LDvA?==?utf-8?Q?=C3=9Fe?=", "Grüße"),
            ("=?iso-8859-1*de?q?Gr=FC=DFe?=", "Grüße"),
            ("=?utf-8?Q?two words?= more", "two words more"),
            ("\"=?utf-8?Q?quoted=20one?=\"", "\"quoted one\""),
            ("=?utf-8?Q?a=?=", "a="),
            ("=?utf-8?Q?=?=", "="),
            ("=?utf-8?Q?why=3F?= x", "why? x"),
            ("=?utf-8?Q??= x", " x"),
            ("=?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?=", "=?utf-8?Q?x?="),
            ("x=?utf-8?Q?=C3=BC?=y", "xüy"),
            ("=?utf-8?Q?Gr=C3=BC=\r\n C3=9Fe?=", "Grüße"),
            ("=?utf-8?B?R3LD\r\n vMOfZQ==?=", "Grüße"),
            ("=?utf-8?Q?Gr=C3=BC=C3=9Fe", "Grüße"),
            ("=?utf-8?Q?Gr=C3=BC=C3=9Fe and more", "Grüße and more"),
            ("=?utf-8?B?R3LDvMOfZQ==", "Grüße"),
            ("=?us-ascii?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
            ("=?x-unknown?Q?Gr=FC=DFe?=", "Grüße"),
            ("=?iso-8859-1?Q?Gr\u{fc}=DFe?=", "Grüße"),
            ("=?ISO-2022-JP?B?GyRCJDgbKEI=?=", "じ"),
            ("=?ISO-2022-JP?B?GyRCJDgbKEI=?= =?ISO-2022-JP?B?GyRCJDgbKEI=?=", "じじ"),
            ("is 1 =? 2", "is 1 =? 2"),
            ("=?", "=?"),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
            ("=?a@b?Q?c?=", "=?a@b?Q?c?="),
            ("=?utf-8?Q?a?= =?bad =?utf-8?Q?b?=", "a =?bad b"),
        ] {
            assert_eq!(decode(written), meant, "{written}");
        }
    }

    proptest! {
        #[test]
        fn a_text_that_is_cut_anywhere_is_read_as_the_same(text in "\\PC{1,30}", cuts in prop::collection::vec(0..90_usize, 0..5), base64 in any::<bool>()) {
            prop_assume!(!text.starts_with('\u{feff}'));
            let octets = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(octets.len())).chain([0, octets.len()]).collect();
            cuts.sort_unstable();
            let words: Vec<String> = cuts.windows(2).map(|ends| {
                let piece = &octets[ends[0]..ends[1]];
                let quoted: String = piece.iter().map(|octet| format!("={octet:02X}")).collect();
                if base64 { format!("=?utf-8?B?{}?=", encoded(piece)) } else { format!("=?utf-8?Q?{quoted}?=") }
            }).collect();
            let value = words.join("\r\n ");
            prop_assert_eq!(decode(&value), text);
        }

        #[test]
        fn any_value_is_decoded(pieces in prop::collection::vec(prop::sample::select(vec![
            "=?", "?=", "?", "=", "utf-8", "Q", "b", "?Q?", "?B?", "=C3", "R3LD", " ", "\r\n ", "ü", "=?utf-8?Q?", "=?gbk?b?", "x",
        ]), 0..30)) {
            let value = pieces.concat();
            decode(&value);
            if let Some(length) = length_at(&value) {
                prop_assert!(length <= value.len() && value.is_char_boundary(length));
            }
        }
    }

    fn encoded(octets: &[u8]) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        octets
            .chunks(3)
            .map(|group| {
                let bits = group.iter().fold(0_u32, |bits, octet| (bits << 8) | u32::from(*octet)) << (8 * (3 - group.len()));
                let letter =
                    |at: usize| if at <= group.len() { char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]) } else { '=' };
                (0..4).map(letter).collect::<String>()
            })
            .collect()
    }
}
