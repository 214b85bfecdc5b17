//! Whether a text part stands for nothing: programs that write HTML add a text only because they must, and say in it that there is
//! nothing to see. Then the HTML is what the author wrote.

/// Words of the longest text that is looked through for one of the phrases: a letter that mentions one is longer.
const STUB_WORDS: usize = 60;
/// A text with less than one in so many of the HTML's words is no copy of it.
const SHARE: usize = 10;
/// From so many words on, the share means something.
const FEWEST_WORDS: usize = 40;

/// What programs write in place of a text, in lower case, by language.
const PHRASES: [(&str, &str); 38] = [
    ("en", "does not support html"),
    ("en", "doesn't support html"),
    ("en", "not support html"),
    ("en", "cannot display html"),
    ("en", "unable to display html"),
    ("en", "this is an html message"),
    ("en", "this is an html email"),
    ("en", "this is an html e-mail"),
    ("en", "this email is in html"),
    ("en", "this message is in html"),
    ("en", "html-enabled"),
    ("en", "html compatible"),
    ("en", "html-compatible"),
    ("en", "html enabled"),
    ("en", "to view this message, please use"),
    ("en", "to view the message, please use"),
    ("en", "view this email in your browser"),
    ("en", "view this email online"),
    ("en", "view it in your browser"),
    ("en", "alternate text"),
    ("de", "kein html"),
    ("de", "html-fähig"),
    ("de", "im html-format"),
    ("de", "nicht korrekt angezeigt"),
    ("fr", "ne supporte pas le html"),
    ("fr", "au format html"),
    ("es", "no soporta html"),
    ("es", "en formato html"),
    ("it", "non supporta html"),
    ("it", "in formato html"),
    ("pt", "não suporta html"),
    ("nl", "geen html"),
    ("pl", "nie obsługuje html"),
    ("sv", "stöder inte html"),
    ("da", "understøtter ikke html"),
    ("ru", "не поддерживает html"),
    ("ja", "htmlメール"),
    ("zh", "不支持html"),
];

/// Whether the HTML is to be read in place of the text: `own` are the words its author wrote in it, without what it quotes. A text that
/// is short because only the new words stand in it is a text.
pub(super) fn is_stub(text: &str, own: &str) -> bool {
    let written = own.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    if written == 0 {
        return false;
    }
    // Of long texts nothing is counted.
    let most = (FEWEST_WORDS.max(written) / SHARE).max(STUB_WORDS) + 1;
    let words = words(text).take(most).count();
    if words == 0 || (written >= FEWEST_WORDS && words * SHARE < written) {
        return true;
    }
    words <= STUB_WORDS && {
        let text = text.to_lowercase();
        PHRASES.iter().any(|(_, phrase)| text.contains(phrase) && !own.to_lowercase().contains(phrase))
    }
}

/// Whether a text has so many words that it is none, without a look at the HTML of so many octets: on average a word takes four of them at
/// least, with its tags and spaces.
pub(super) fn is_surely_a_text(text: &str, html: usize) -> bool {
    let enough = (html / 4 / SHARE).max(STUB_WORDS) + 1;
    words(text).take(enough).count() == enough
}

/// Words that are neither punctuation nor what programs write for a picture or a link.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_picture = false;
    text.split_whitespace().filter(move |word| {
        in_picture |= word.starts_with("[image:") || word.starts_with("[cid:");
        let is_word = !in_picture && !word.starts_with("<http") && !word.starts_with("http");
        in_picture &= !word.ends_with(']');
        is_word && word.chars().any(char::is_alphanumeric)
    })
}

/// Whether a text that is declared as plain is the source of a page.
pub(super) fn is_html_source(text: &str) -> bool {
    const PAGES: [&str; 6] = ["<!doctype html", "<html", "<head>", "<body", "<meta ", "<style"];
    const PIECES: [&str; 9] = ["<div", "<p>", "<p ", "<table", "<span", "<font", "<h1", "<h2", "<center"];
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let begins = |with: &&str| start.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    if !start.starts_with('<') {
        return false;
    }
    // A piece is one only if it is closed: a person may ask about a tag.
    PAGES.iter().any(begins) || (PIECES.iter().any(begins) && text.trim_end().ends_with('>') && text.contains("</"))
}

/// Whether a text that is declared as HTML has no tag and no entity.
pub(super) fn is_plain(text: &str) -> bool {
    let begins = |at: usize| {
        text.as_bytes().get(at + 1).is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'))
    };
    !memchr::memchr_iter(b'<', text.as_bytes()).any(begins) && !text.contains("&nbsp;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_in_place_of_a_text_is_none() {
        let own = "Dear shop, the kettle does not boil.";
        for (language, phrase) in PHRASES {
            assert!(is_stub(&format!("Sorry: {phrase}!"), own), "{language}: {phrase}");
        }
        for text in ["", " \n", "[image: image.png]", "[cid:ii_1] <https://shop.example/a>", "--"] {
            assert!(is_stub(text, own), "{text:?}");
        }
        assert!(is_stub("View online", &"word ".repeat(200)));
    }

    #[test]
    fn a_text_is_kept_where_it_says_what_the_html_says() {
        let own = "Dear shop, the kettle does not boil.";
        for text in [own, "Yes.", "My printer does not boil either"] {
            assert!(!is_stub(text, own), "{text}");
        }
        let asked = "Why does my mail program say that it does not support HTML?";
        assert!(!is_stub(asked, asked));
        assert!(!is_stub("Text", ""));
    }

    #[test]
    fn source_is_told_from_text() {
        for html in ["<html><body>x", " \n<!DOCTYPE HTML PUBLIC", "<div>Hello</div>\n", "<p>Hello<br>Mia</p>"] {
            assert!(is_html_source(html), "{html}");
        }
        for text in ["<div> is what I cannot centre", "<p", "Hello <b>Mia</b>", "<mia@customer.example> wrote"] {
            assert!(!is_html_source(text), "{text}");
        }
        assert!(is_plain("a < b\nc > d & e") && !is_plain("a<br>b"));
    }
}
