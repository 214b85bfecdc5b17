//! `postdesk.toml(5)`, made of config/postdesk.toml, which is the manual of every key: a section for each table, an entry for each key with
//! the line that shows its default or an example.

use super::escaped;

const CONFIGURATION: &str = include_str!("../../../config/postdesk.toml");

/// The page in roff.
pub(super) fn page() -> String {
    let mut page = format!(
        ".TH postdesk.toml 5 \"\" \"postdesk {}\" postdesk\n.SH NAME\npostdesk.toml \\- the configuration of \\fBpostdesk\\fR(1)\n\
         .SH DESCRIPTION\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut comment: Vec<&str> = Vec::new();
    for line in CONFIGURATION.lines() {
        let set = line.strip_prefix('#').unwrap_or(line);
        if is_header(set) {
            let heading = set.trim();
            page.push_str(&format!(".SH \"{}\"\n{}", escaped(heading), paragraph(&comment)));
            comment.clear();
        } else if let Some(key) = key(set) {
            page.push_str(&format!(".TP\n.B {}\n{}{}", escaped(key), shown(line), paragraph(&comment)));
            comment.clear();
        } else if let Some(words) = line.strip_prefix('#') {
            comment.push(words.strip_prefix(' ').unwrap_or(words));
        } else if !comment.is_empty() && line.is_empty() {
            page.push_str(&format!(".PP\n{}", paragraph(&comment)));
            comment.clear();
        }
    }
    page.push_str(".SH SEE ALSO\n\\fBpostdesk\\fR(1), \\fBpostdesk\\-check\\fR(1), /usr/share/doc/postdesk/README.md\n");
    page
}

/// `[smtp]`, `[[imap]]`.
fn is_header(line: &str) -> bool {
    let name = line.trim_start_matches('[').trim_end_matches(']');
    line.starts_with('[')
        && line.ends_with(']')
        && !name.is_empty()
        && name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_')
}

/// The key of a line `key = value`, which text is not.
fn key(line: &str) -> Option<&str> {
    let (key, value) = line.split_once(" = ")?;
    let is_name =
        !key.is_empty() && key.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_');
    (is_name && !value.is_empty()).then_some(key)
}

/// The line of a key as it stands in the file.
fn shown(line: &str) -> String {
    format!(".nf\n{}\n.fi\n", escaped(line))
}

/// Comments as running text; lines that are set in by more than a blank are kept as they are.
fn paragraph(comment: &[&str]) -> String {
    let mut text = String::new();
    let mut is_table = false;
    for line in comment {
        let set_in = line.starts_with("  ");
        if set_in != is_table {
            text.push_str(if set_in { ".nf\n" } else { ".fi\n" });
            is_table = set_in;
        }
        text.push_str(&format!("{}\n", escaped(line)));
    }
    if is_table {
        text.push_str(".fi\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_manual_of_keys_is_in_the_page() {
        let page = page();
        for line in CONFIGURATION.lines().filter(|line| !line.is_empty()) {
            let bare = line.strip_prefix('#').map_or(line, |words| words.strip_prefix(' ').unwrap_or(words));
            assert!(page.contains(escaped(bare).trim_start_matches("\\&")), "{line}");
        }
        assert!(page.contains(".SH \"[[imap]]\"\n"), "a section that is not set is a section, too");
        assert!(page.contains(".TP\n.B backlog\n.nf\n#backlog = 1024\n.fi\nConnections that wait to be accepted."));
    }

    #[test]
    fn words_are_no_key() {
        assert_eq!(key("access = \"admin\""), Some("access"));
        assert_eq!(key(" are the agents with access = \"admin\". \"0s\": never"), None);
    }
}
