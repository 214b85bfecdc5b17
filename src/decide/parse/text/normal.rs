//! Lines as they are kept.

use memchr::memchr;

use crate::decide::parse::characters::nfc;

/// LF line ends, Unicode NFC, no control characters but LF and tab, no spaces at line ends but the one that marks a
/// signature, no empty lines at either end.
pub(in crate::decide::parse) fn normalised(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + 1);
    let mut rest = text;
    loop {
        let end = memchr(b'\n', rest.as_bytes());
        let line = &rest[..end.unwrap_or(rest.len())];
        // The CR of a CRLF is part of the line end; any other ends a line of its own.
        let line = line.strip_suffix('\r').unwrap_or(line);
        if has_only_text(line) {
            push_line(&nfc(line), &mut lines)
        } else {
            push_cleaned(line, &mut lines)
        }
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => break,
        }
    }
    lines.truncate(lines.trim_end_matches('\n').len());
    let start = lines.len() - lines.trim_start_matches('\n').len();
    lines.drain(..start);
    lines
}

/// Whether nothing in the line must be left out or ends a line.
fn has_only_text(line: &str) -> bool {
    // Without a branch for each octet, so that many are looked at in one step.
    let plain = line.bytes().fold(true, |plain, octet| plain & (matches!(octet, b' '..=b'~') | (octet == b'\t')));
    plain || !line.chars().any(|c| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

fn push_cleaned(line: &str, lines: &mut String) {
    let mut plain = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\x0b' | '\x0c' => plain.push('\n'),
            '\t' => plain.push('\t'),
            '\u{feff}' => {}
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    nfc(&plain).split('\n').for_each(|line| push_line(line, lines));
}

fn push_line(line: &str, lines: &mut String) {
    let end = line.trim_end();
    lines.push_str(end);
    if end == "--" && line.starts_with("-- ") {
        lines.push(' ');
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    /// The same character by character, without any short way.
    fn plainly(text: &str) -> String {
        let ends_line = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\x0b' | '\x0c');
        let text = text.replace("\r\n", "\n");
        let lines = text.split(ends_line).map(|line| {
            let kept: String = line.chars().filter(|c| *c == '\t' || (!c.is_control() && *c != '\u{feff}')).collect();
            let kept: String = kept.nfc().collect();
            let trimmed = kept.trim_end();
            if trimmed == "--" && kept.starts_with("-- ") { "-- ".to_owned() } else { trimmed.to_owned() }
        });
        lines.collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned()
    }

    proptest! {
        #[test]
        fn the_short_ways_lead_to_the_same_text(
            pieces in prop::collection::vec(prop_oneof![
                "[ -~]{0,12}", "[čße\u{301}\u{feff}\u{2028}\u{85}]{0,4}",
                prop::sample::select(vec!["\r\n", "\n", "\r", "\t", "\0", "-- ", " "]).prop_map(str::to_owned),
            ], 0..30)
        ) {
            let text = pieces.concat();
            prop_assert_eq!(normalised(&text), plainly(&text));
        }
    }
}
