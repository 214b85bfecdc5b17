//! Octets to text, whatever charset they say they are in. The only user of `encoding_rs` and `chardetng`.
//!
//! What a mail declares is believed as long as the octets allow it. A mark at their beginning goes before it; UTF-8 that is declared as
//! something else is still UTF-8, because no other charset gives octets that look like it by chance; and where nothing usable is
//! declared, it is guessed. Every sequence of octets gives a text, in linear time.

mod escapes;
mod guess;
mod label;
mod mixed;
mod shifted;
mod table;
mod utf7;
mod wide;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use label::Label;

/// A text, and what was wrong with its declaration.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    /// The text. It may begin with a byte order mark only where that is a character of the text.
    pub(super) text: Cow<'a, str>,
    /// What the declaration said wrongly, if anything.
    pub(super) finding: Option<Finding>,
}

/// What is wrong with a declared charset, and what was taken instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// The name is not known.
    Unknown(&'static str),
    /// The octets are plainly in another one.
    Wrong(&'static str),
}

impl<'a> Decoded<'a> {
    fn right(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), finding: None }
    }
}

/// Decodes octets that are declared to be in a charset, or in none.
pub(super) fn decode<'a>(octets: &'a [u8], declared: Option<&str>) -> Decoded<'a> {
    let declared = declared.map(label::cleaned).filter(|name| !name.is_empty());
    let label = declared.as_deref().map(Label::of);
    if octets.is_ascii() && label.is_none_or(Label::begins_with_ascii) && !guess::has_escapes(octets) {
        let finding = label.filter(|label| *label == Label::Unknown).map(|_| Finding::Unknown("US-ASCII"));
        return Decoded { text: ascii(octets), finding };
    }
    if let Some(text) = wide::marked(octets) {
        return Decoded::right(text);
    }
    match label {
        None | Some(Label::Ascii) => undeclared(octets, label),
        Some(Label::Unknown) => {
            let (text, taken) = guessed(octets);
            Decoded { text, finding: Some(Finding::Unknown(taken)) }
        }
        Some(Label::Of(encoding)) if encoding == UTF_8 => in_utf_8(octets),
        Some(Label::Of(encoding)) => in_charset(octets, encoding),
        Some(Label::Utf7) => Decoded::right(utf7::decode(octets)),
        Some(Label::Wide(unit)) => Decoded::right(wide::unmarked(octets, unit)),
        Some(Label::Hz) => Decoded::right(shifted::hz(octets)),
        Some(Label::Shifted(encoding)) => Decoded::right(shifted::iso_2022(octets, encoding)),
        Some(Label::Table(upper)) => match std::str::from_utf8(octets) {
            Ok(text) if text.chars().filter(|c| !c.is_ascii()).nth(1).is_some() => {
                Decoded { text: Cow::Borrowed(text), finding: Some(Finding::Wrong("UTF-8")) }
            }
            _ => Decoded::right(table::decode(octets, upper)),
        },
    }
}

/// Decodes octets that cannot say what they are in.
pub(super) fn guessed(octets: &[u8]) -> (Cow<'_, str>, &'static str) {
    if let Some(text) = wide::marked(octets).or_else(|| wide::unmarked_but_evident(octets)) {
        return (text, "a Unicode charset");
    }
    match std::str::from_utf8(octets) {
        Ok(text) if !(text.is_ascii() && guess::has_escapes(octets)) => (Cow::Borrowed(text), UTF_8.name()),
        _ => mixed::utf_8_with_others(octets).map(|text| (Cow::Owned(text), UTF_8.name())).unwrap_or_else(|| {
            let encoding = guess::of(octets);
            (escapes::decode(encoding, octets).0, encoding.name())
        }),
    }
}

/// Guesses what several pieces are in. `nearby` is what is declared elsewhere in the same mail.
pub(super) fn guess_of(octets: &[u8], nearby: Option<&str>) -> Guess {
    let declared = nearby.map(|name| Label::of(&label::cleaned(name))).and_then(|label| match label {
        Label::Of(encoding) if encoding != UTF_8 && !(encoding == WINDOWS_1252 && guess::is_not_latin(octets)) => Some(encoding),
        _ => None,
    });
    let declared = declared.filter(|encoding| encoding.decode_without_bom_handling_and_without_replacement(octets).is_some());
    let encoding = declared.unwrap_or_else(|| guess::of(octets));
    Guess { encoding, keeps_ascii: encoding.is_single_byte() }
}

/// A guess that holds for several pieces of octets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guess {
    encoding: &'static Encoding,
    /// Whether every octet of ASCII stays what it is.
    pub(super) keeps_ascii: bool,
}

impl Guess {
    /// Decodes one of the pieces.
    pub(super) fn decode<'a>(&self, octets: &'a [u8]) -> Cow<'a, str> {
        escapes::decode(self.encoding, octets).0
    }

    /// The name of the charset.
    pub(super) fn name(&self) -> &'static str {
        self.encoding.name()
    }
}

/// Whether octets of ASCII hold the escapes of ISO-2022-JP, which older Japanese programs write without saying so.
pub(super) fn has_escapes(octets: &[u8]) -> bool {
    guess::has_escapes(octets)
}

/// The charset that an HTML document names in its head (HTML section 13.2.3.2).
pub(super) fn of_html(octets: &[u8]) -> Option<String> {
    label::of_html(octets)
}

/// Whether the octets of ASCII mean themselves in a charset: where they do not, a text of ASCII must be decoded.
pub(super) fn begins_with_ascii(declared: &str) -> bool {
    Label::of(&label::cleaned(declared)).begins_with_ascii()
}

/// Whether a name stands for no charset.
pub(super) fn is_unknown(declared: &str) -> bool {
    let name = label::cleaned(declared);
    !name.is_empty() && Label::of(&name) == Label::Unknown
}

fn ascii(octets: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(octets)
}

/// Without a declaration, or with one that says that there is nothing to decode.
fn undeclared<'a>(octets: &'a [u8], label: Option<Label>) -> Decoded<'a> {
    let (text, taken) = guessed(octets);
    // Nothing is wrong with a charset that nobody named; ISO-2022-JP is told by its escapes.
    Decoded { text, finding: label.map(|_| Finding::Wrong(taken)) }
}

fn in_utf_8(octets: &[u8]) -> Decoded<'_> {
    if let Ok(text) = std::str::from_utf8(octets) {
        if text.is_ascii() && guess::has_escapes(octets) {
            let (text, taken) = guessed(octets);
            return Decoded { text, finding: Some(Finding::Wrong(taken)) };
        }
        return Decoded::right(text);
    }
    let (text, taken) = guessed(octets);
    Decoded { text, finding: Some(Finding::Wrong(taken)) }
}

fn in_charset<'a>(octets: &'a [u8], encoding: &'static Encoding) -> Decoded<'a> {
    if let Some(text) = guess::evident_utf_8(octets, encoding) {
        return Decoded { text: Cow::Borrowed(text), finding: Some(Finding::Wrong(UTF_8.name())) };
    }
    let (text, had_errors) = escapes::decode(encoding, octets);
    let is_suspect = if had_errors { is_mostly_broken(&text) } else { encoding == WINDOWS_1252 && guess::is_not_latin(octets) };
    if is_suspect {
        let other = guess::of(octets);
        let (better, still_errors) = escapes::decode(other, octets);
        if other != encoding && !still_errors {
            return Decoded { text: better, finding: Some(Finding::Wrong(other.name())) };
        }
    }
    Decoded::right(text)
}

/// Whether so much of a text could not be decoded that another charset is likely.
fn is_mostly_broken(text: &str) -> bool {
    let (mut foreign, mut broken) = (0_usize, 0_usize);
    for character in text.chars().filter(|c| !c.is_ascii()) {
        foreign += 1;
        broken += usize::from(character == char::REPLACEMENT_CHARACTER);
    }
    broken * 8 > foreign
}

#[cfg(test)]
mod tests;
