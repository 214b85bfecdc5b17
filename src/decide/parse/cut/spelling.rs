//! How the words of programs are spelled in the tables of this folder, so that a row matches whatever case, accents, dashes
//! and spaces a mail has: `MIT FREUNDLICHEN GRÜSSEN` and `Mit freundlichen Grüßen` are one row. Linear; never fails.

use unicode_normalization::UnicodeNormalization;

use crate::decide::parse::characters::is_invisible;

/// The text in lower case, with plain quote marks and dashes and single spaces; Latin and Greek letters without their marks.
/// Other scripts keep theirs, because `й` is no kind of `и` to who writes a table.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '\u{2018}' | '\u{2019}' | '`' | '´' | '\u{02bc}' => plain.push('\''),
            '"' | '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '\u{2010}'..='\u{2015}' => plain.push('-'),
            // Bold type of programs that make text of HTML.
            '*' => {}
            'ß' | 'ẞ' => plain.push_str("ss"),
            'æ' | 'Æ' => plain.push_str("ae"),
            'œ' | 'Œ' => plain.push_str("oe"),
            'đ' | 'Đ' => plain.push('d'),
            'ł' | 'Ł' => plain.push('l'),
            'ø' | 'Ø' => plain.push('o'),
            'ı' | 'İ' => plain.push('i'),
            'ς' => plain.push('σ'),
            c if c.is_whitespace() => {
                if !plain.is_empty() && !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            c if c.is_ascii() => plain.push(c.to_ascii_lowercase()),
            '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}' => {
                let base = std::iter::once(c).nfd().next().unwrap_or(c);
                plain.extend(base.to_lowercase());
            }
            '\u{300}'..='\u{36f}' => {}
            c if is_invisible(c) => {}
            c => plain.extend(c.to_lowercase()),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn case_accents_and_dashes_make_no_difference() {
        assert_eq!(plain("  MIT\u{a0}freundlichen  GRÜSSEN "), plain("Mit freundlichen Grüßen"));
        assert_eq!(plain("*Trimiţi* – Trimiți’"), "trimiti - trimiti'");
        assert_eq!(plain("Στάλθηκε ΑΠΌ"), "σταλθηκε απο");
        assert_eq!(plain("Мой ёж, iPhoneから"), "мой ёж, iphoneから");
    }
}
