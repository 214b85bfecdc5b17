//! Whether a line is a sentence of somebody. In doubt it is: what is taken for a signature must have none.

/// Words with a small first letter from which on a line with a full stop, or a long line, is a sentence. Names, titles and
/// addresses have few of them.
const SMALL_WORDS: usize = 4;
/// Characters from which on a line is long.
const LONG: usize = 60;
/// The same for scripts without capitals and spaces.
const LONG_UNSPACED: usize = 25;

/// Whether the line is a sentence, or may be one.
pub(super) fn is_sentence(line: &str) -> bool {
    let line = line.trim();
    // What a colon announces is meant to be read: `Delivery address:`.
    if line.ends_with(['?', '？', '…', ':', '：']) || is_postscript(line) {
        return true;
    }
    if line.ends_with('。') || (line.ends_with('！') && !line.is_ascii()) {
        return true;
    }
    let small = line.split_whitespace().filter(|word| is_small(word)).take(SMALL_WORDS + 3).count();
    let length = line.chars().take(LONG + 1).count();
    let unspaced = line.chars().filter(|c| matches!(*c, '\u{3040}'..='\u{30ff}')).take(LONG_UNSPACED + 1).count();
    let stops = line.ends_with(['.', '!']);
    (stops && small >= SMALL_WORDS) || (length > LONG && small >= SMALL_WORDS + 2) || unspaced > LONG_UNSPACED
}

/// What is written below the name because it was forgotten above it.
fn is_postscript(line: &str) -> bool {
    let start: String = line.chars().take(8).filter(|c| !c.is_whitespace() && *c != '.').take(3).collect();
    matches!(start.as_str(), "PS:" | "Ps:" | "ps:" | "NB:" | "PS-" | "P:S" | "ЗЫ:" | "PPS")
        || line.starts_with("P.S")
        || line.starts_with("PS ")
}

fn is_small(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_lowercase)
        && letters.next().is_some_and(char::is_alphabetic)
        && !word.contains(['@', '/', '\\'])
        && !word.contains("www.")
}

#[cfg(test)]
mod tests {
    use super::is_sentence;

    #[test]
    fn sentences_are_told_from_names_titles_and_addresses() {
        for line in [
            "Please call before you come.",
            "Ich bin ab Montag wieder da und melde mich.",
            "Can you deliver on Monday?",
            "P.S. the lid too",
            "PS: the lid is broken, too",
            "ご確認をお願いします。",
            "the handle of the kettle came off when I lifted it and the water went everywhere",
        ] {
            assert!(is_sentence(line), "{line}");
        }
        for line in [
            "Mia Berg",
            "Head of sales and marketing",
            "Harbour Street 1, 20095 Hamburg, Germany",
            "Geschäftsführer: Max Muster, Sitz der Gesellschaft: Hamburg, Amtsgericht Hamburg, HRB 12345",
            "Tel.: +49 40 1234567",
            "株式会社サンプル 営業部",
            "We care.",
        ] {
            assert!(!is_sentence(line), "{line}");
        }
    }
}
