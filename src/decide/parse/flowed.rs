//! Text whose lines a mail program broke and marked as broken (`format=flowed`, RFC 3676), made whole again. Linear; never fails.

/// Joins each line that ends in a space with the next one of the same depth of quotation (section 4.1) and takes away the space that was
/// stuffed in front (section 4.4). With `deletes_space` (DelSp, section 4.1) the space that marks a broken line is not the author's.
pub(super) fn unfolded(text: &str, deletes_space: bool) -> String {
    let mut whole = String::with_capacity(text.len() + 16);
    let mut broken: Option<usize> = None;
    for (number, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let depth = line.bytes().take_while(|octet| *octet == b'>').count();
        let content = line[depth..].strip_prefix(' ').unwrap_or(&line[depth..]);
        // The line above a signature ends in a space, and nobody broke it (section 4.3).
        let is_signature = content == "-- ";
        if broken != Some(depth) || is_signature {
            if number > 0 {
                whole.push('\n');
            }
            whole.extend(std::iter::repeat_n('>', depth));
            // Also in front of what would else be taken for a deeper quotation, or a quotation at all.
            if !content.is_empty() && (depth > 0 || (content.starts_with('>') && line.starts_with(' '))) {
                whole.push(' ');
            }
        }
        let is_broken = content.ends_with(' ') && !is_signature;
        whole.push_str(if is_broken && deletes_space { &content[..content.len() - 1] } else { content });
        broken = is_broken.then_some(depth);
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn broken_lines_are_joined_by_depth_and_signatures_are_left() {
        for (flowed, deletes, whole) in [
            ("one \ntwo \nthree\nfour", false, "one two three\nfour"),
            ("one \r\ntwo\r\n", false, "one two\n"),
            ("日本 \n語", true, "日本語"),
            (">> a \n>> b\n> c \nd", false, ">> a b\n> c \nd"),
            ("text \n-- \nMia", false, "text \n-- \nMia"),
            (" From here\n  indented", false, "From here\n indented"),
            ("> a\n>\n> b", false, "> a\n>\n> b"),
            (" > no quotation", false, " > no quotation"),
        ] {
            assert_eq!(unfolded(flowed, deletes), whole, "{flowed:?}");
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-z> \n\r-]{0,80}") {
            let words = |text: &str| text.replace('>', " ").split_whitespace().collect::<Vec<_>>().concat();
            prop_assert_eq!(words(&unfolded(&text, false)), words(&text));
        }
    }
}
