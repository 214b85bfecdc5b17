//! Lines of many programs brought to one spelling, so that the tables need each form once. Never fails.

/// A line without marks of bold type and of writing direction, with one kind of space and of colon. Case is kept.
pub(super) fn clean(line: &str, into: &mut String) {
    let mut after_space = into.is_empty() || into.ends_with(' ');
    for character in line.chars() {
        let character = match character {
            // Bold and italic type, where a program makes text of HTML.
            '*' | '_' => continue,
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}' => continue,
            '：' | '∶' | '﹕' => ':',
            '，' | '、' | '،' => ',',
            '（' => '(',
            '）' => ')',
            '＜' | '〈' => '<',
            '＞' | '〉' => '>',
            // Romanian is written with either of two letters; Russian often without the dots.
            'ș' => 'ş',
            'ț' => 'ţ',
            'Ș' => 'Ş',
            'Ț' => 'Ţ',
            'ё' => 'е',
            // Letters that look alike end up in one word when two keyboards are in use.
            'ˈ' | '’' | 'ʼ' => '\'',
            '\u{660}'..='\u{669}' => digit(character, 0x660),
            '\u{6f0}'..='\u{6f9}' => digit(character, 0x6f0),
            '０'..='９' => digit(character, 0xff10),
            character if character.is_whitespace() => ' ',
            character => character,
        };
        if character == ' ' && after_space {
            continue;
        }
        after_space = character == ' ';
        into.push(character);
    }
}

/// The ASCII digit for one of another script whose zero is at `zero`.
fn digit(character: char, zero: u32) -> char {
    char::from_digit((character as u32).wrapping_sub(zero), 10).unwrap_or(character)
}

/// A text in lower case, one character for one: `İ` is `i`, not two characters.
pub(super) fn lower(text: &str, into: &mut String) {
    into.clear();
    for character in text.chars() {
        match character {
            'İ' => into.push('i'),
            character if character.is_ascii() => into.push(character.to_ascii_lowercase()),
            character => into.extend(character.to_lowercase()),
        }
    }
}

/// A line as the tables spell what stands in it.
pub(super) fn folded(line: &str) -> String {
    let (mut cleaned, mut result) = (String::new(), String::new());
    clean(line, &mut cleaned);
    lower(cleaned.trim(), &mut result);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let cases = [
            ("*Von:*\u{a0}Mia", "von: mia"),
            ("发件人：Mia", "发件人:mia"),
            ("10:11\u{202f}AM", "10:11 am"),
            ("\u{200f}١٢ نوفمبر ٢٠٢٦", "12 نوفمبر 2026"),
            ("İLT", "ilt"),
            ("Redirecționat", "redirecţionat"),
            ("  a \t b ", "a b"),
            ("", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(folded(line), expected, "{line}");
        }
    }
}
