//! `text/enriched` (RFC 1896) and `text/richtext` (RFC 1341 section 7.1.3), which programs of the nineties wrote, to plain text.

/// The words without their commands, in linear time. What is no command stays.
pub(super) fn to_text(source: &str, is_richtext: bool) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    let mut in_parameter = false;
    while let Some(at) = rest.find('<') {
        if !in_parameter {
            words(&rest[..at], is_richtext, &mut text);
        }
        let tag = &rest[at + 1..];
        if !is_richtext && tag.starts_with('<') {
            text.push('<');
            rest = &tag[1..];
            continue;
        }
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-')).take(60).collect();
        if !tag[name.len()..].starts_with('>') {
            text.push('<');
            rest = tag;
            continue;
        }
        rest = &tag[name.len() + 1..];
        match name.to_ascii_lowercase().as_str() {
            "param" => in_parameter = true,
            "/param" => in_parameter = false,
            "nl" | "/paragraph" | "np" => text.push('\n'),
            "lt" => text.push('<'),
            _ => {}
        }
    }
    // A parameter that never ends takes no words with it.
    words(rest, is_richtext, &mut text);
    text
}

/// A single end of line is a space, of more the first is none (RFC 1896 section 3.2).
fn words(part: &str, is_richtext: bool, text: &mut String) {
    let mut ends = 0;
    for c in part.chars().filter(|c| *c != '\r') {
        match c {
            '\n' => ends += 1,
            c => {
                end_lines(ends, is_richtext, text);
                ends = 0;
                text.push(c);
            }
        }
    }
    end_lines(ends, is_richtext, text);
}

fn end_lines(ends: usize, is_richtext: bool, text: &mut String) {
    match ends {
        0 => {}
        1 => text.push(' '),
        _ if is_richtext => text.push(' '),
        ends => text.extend(std::iter::repeat_n('\n', ends - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_go_and_words_stay() {
        let enriched = "<bold>Hello</bold>\nMia,\n\n<fontfamily><param>Arial</param>two</fontfamily> <<kettles>, 3 < 4";
        assert_eq!(to_text(enriched, false), "Hello Mia,\ntwo <kettles>, 3 < 4");
        assert_eq!(to_text("one<nl>two <lt>three>", true), "one\ntwo <three>");
        assert_eq!(to_text("<param>never ends", false), "never ends");
    }
}
