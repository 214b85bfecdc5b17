//! What a person sees: one sentence, and perhaps a button. No script, nothing from elsewhere, readable at 320 px, light and dark.

use crate::decide::write::phrases::Voice;

/// The colours are those of the reader's browser.
const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;padding:10vh 1.25rem}\
    main{max-width:32rem;margin:0 auto}\
    h1{font-size:1.375rem;line-height:1.25}\
    button{font:inherit;padding:.625rem 1.25rem;margin-top:.5rem;max-width:100%}";

/// What the button posts (RFC 8058 section 3.1). Without `action` it goes to where the page is, whatever a web server in front has
/// put before the path.
const BUTTON: (&str, &str) =
    ("<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\"><button>", "</button></form>\n");

/// What stands around the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// A title above them, and the button below.
    Button,
    /// A title above them.
    Title,
    /// Nothing: what the reader wanted is not there.
    None,
}

/// A page with the phrase of this key.
pub(super) fn page(voice: Voice<'_>, words: &str, frame: Frame) -> String {
    let say = |key| escaped(&voice.say(key, &[]));
    let (language, words) = (escaped(voice.language), say(words));
    let title = if frame == Frame::None { words.clone() } else { say("unfollow.title") };
    let heading = if frame == Frame::None { String::new() } else { format!("<h1>{title}</h1>\n") };
    let form = if frame == Frame::Button { format!("{}{}{}", BUTTON.0, say("unfollow.button"), BUTTON.1) } else { String::new() };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{heading}<p>{words}</p>\n{form}</main>\n</body>\n</html>\n"
    )
}

/// Phrases may be an operator's own.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::write::texts::Texts;
    use crate::model::hours::Hours;

    fn shown(overrides: &str, words: &str, frame: Frame) -> String {
        let phrases = vec![("en/phrases".to_owned(), overrides.to_owned())];
        let (texts, hours) = (Texts::new(phrases).unwrap(), Hours::default());
        page(Voice { phrases: &texts.phrases, language: "en", zone: &hours.zone }, words, frame)
    }

    #[test]
    fn every_phrase_of_the_page_is_there() {
        let pages = ["question", "done", "unknown", "later"].map(|words| shown("", &format!("unfollow.{words}"), Frame::Button));
        for page in pages {
            // A phrase that no language has would stand there by its key.
            assert!(!page.contains("unfollow."), "{page}");
        }
    }

    #[test]
    fn there_is_no_script_and_nothing_from_elsewhere() {
        let page = shown("", "unfollow.question", Frame::Button);
        assert!(page.contains("value=\"One-Click\""), "{page}");
        for remote in ["<script", "http:", "https:", "src=", "url(", "href=", "@import"] {
            assert!(!page.contains(remote), "{remote}: {page}");
        }
    }

    #[test]
    fn a_phrase_of_the_operators_is_text_and_never_html() {
        let page = shown("unfollow.done = A <b>bold</b> \"word\" & more", "unfollow.done", Frame::Title);
        assert!(page.contains("<p>A &lt;b&gt;bold&lt;/b&gt; &quot;word&quot; &amp; more</p>"), "{page}");
    }
}
