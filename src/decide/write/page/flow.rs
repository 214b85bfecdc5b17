//! Plain words as HTML: paragraphs, quotations, links and pictures where the text has marks for them.
//!
//! Whatever the words are, they stay words: each of `& < > "` is escaped, and nothing that they hold becomes a tag or an attribute but
//! the address of a link that begins with `http://` or `https://`. One pass, linear in the text.

use memchr::{memchr3, memmem};

use super::{Picture, style};

/// Quotations within each other that are shown as such.
const DEPTH: usize = 8;
/// What lines begin with that stand in columns.
pub(super) const INDENT: &str = "    ";
/// Octets of the longest address that becomes a link.
const LONGEST_LINK: usize = 2_000;

/// Writes a text as HTML. The pictures are in the order of the text.
pub(super) fn words(text: &str, pictures: &[Picture<'_>], out: &mut String) {
    let mut flow = Flow { out, pictures, depth: 0, is_open: false };
    let mut start = 0;
    let text = text.trim_end();
    for line in text.split('\n') {
        flow.line(line, start);
        start += line.len() + 1;
    }
    flow.closes();
    flow.goes_to(0);
}

struct Flow<'a> {
    out: &'a mut String,
    /// Those that are still to come.
    pictures: &'a [Picture<'a>],
    depth: usize,
    /// Whether a paragraph is open.
    is_open: bool,
}

impl Flow<'_> {
    /// A line and where it begins in the text.
    fn line(&mut self, line: &str, start: usize) {
        let (depth, own) = unquoted(line);
        self.goes_to(depth);
        if own.trim().is_empty() {
            self.closes();
            return;
        }
        if self.is_open {
            self.out.push_str("<br>\n");
        } else {
            self.out.push_str(style::PARAGRAPH);
            self.is_open = true;
        }
        let is_aligned = own.starts_with(INDENT);
        if is_aligned {
            self.out.push_str(style::ALIGNED);
        }
        self.with_pictures(own, start + line.len() - own.len());
        if is_aligned {
            self.out.push_str("</span>");
        }
    }

    fn goes_to(&mut self, depth: usize) {
        if depth != self.depth {
            self.closes();
        }
        while self.depth < depth {
            self.out.push_str(style::QUOTATION);
            self.depth += 1;
        }
        while self.depth > depth {
            self.out.push_str("</blockquote>\n");
            self.depth -= 1;
        }
    }

    fn closes(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.out.push_str("</p>\n");
        }
    }

    fn with_pictures(&mut self, line: &str, start: usize) {
        let mut written = 0;
        while let Some((picture, rest)) = self.pictures.split_first() {
            if picture.start >= start + line.len() {
                break;
            }
            self.pictures = rest;
            let (from, to) = (picture.start.saturating_sub(start), picture.end.saturating_sub(start));
            let Some(before) = line.get(written..from).filter(|_| to <= line.len()) else { continue };
            with_links(before, self.out);
            image(picture.content_id, picture.name, self.out);
            written = to;
        }
        with_links(&line[written..], self.out);
    }
}

/// How deep a line is quoted, and what stands behind the marks.
fn unquoted(line: &str) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line);
    while depth < DEPTH {
        let Some(behind) = rest.strip_prefix('>').or_else(|| rest.strip_prefix(" >").filter(|_| depth > 0)) else { break };
        (depth, rest) = (depth + 1, behind);
    }
    (depth, if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest })
}

/// An image of the mail itself.
pub(super) fn image(content_id: &str, name: &str, out: &mut String) {
    out.push_str("<img src=\"cid:");
    for octet in content_id.bytes() {
        // As RFC 2392 has it: what may not stand in an address is written as its number.
        if octet.is_ascii_alphanumeric() || b"-._~@!$*+,:;=".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out.push_str("\" alt=\"");
    escaped(name, out);
    out.push_str("\" style=\"max-width:100%;height:auto\">");
}

/// Words with their web addresses as links.
pub(super) fn with_links(text: &str, out: &mut String) {
    let (mut written, mut from) = (0, 0);
    while let Some(found) = memmem::find(&text.as_bytes()[from..], b"://") {
        let slashes = from + found;
        from = slashes + 3;
        let Some(start) = start_of_scheme(&text[written..slashes]).map(|start| written + start) else { continue };
        let end = from + end_of_address(&text[from..]);
        if end == from || end - start > LONGEST_LINK {
            continue;
        }
        escaped(&text[written..start], out);
        out.push_str("<a href=\"");
        escaped(&text[start..end], out);
        out.push_str("\">");
        escaped(&text[start..end], out);
        out.push_str("</a>");
        (written, from) = (end, end);
    }
    escaped(&text[written..], out);
}

/// Where `http` or `https` at the end of a text begins, when no word goes on into it.
fn start_of_scheme(text: &str) -> Option<usize> {
    let length = ["https", "http"].into_iter().map(str::len).find(|length| {
        let end = text.len().checked_sub(*length).and_then(|start| text.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case("http") || end.eq_ignore_ascii_case("https"))
    })?;
    let start = text.len() - length;
    (!text[..start].ends_with(char::is_alphanumeric)).then_some(start)
}

/// Octets up to what no address holds, without the punctuation of the sentence that it stands in.
fn end_of_address(text: &str) -> usize {
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '[' | ']' | '|' | '“' | '”' | '«' | '»');
    let address = &text[..text.find(ends).unwrap_or(text.len())];
    let bare = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '…', '*']);
    // A bracket that was opened before the address is closed behind it.
    let closes = |bracket: char, open: char| bare.ends_with(bracket) && !bare.contains(open);
    let bare = if closes(')', '(') || closes('}', '{') { &bare[..bare.len() - 1] } else { bare };
    bare.trim_end_matches(['.', ',', ';']).len()
}

/// Words as they are written in HTML: nothing in them is a tag or ends an attribute. White space that HTML would lose is kept.
pub(super) fn escaped(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let at = memchr3(b'&', b'<', b'>', rest.as_bytes()).unwrap_or(rest.len());
        plain(&rest[..at], out);
        let Some(special) = rest.as_bytes().get(at) else { return };
        out.push_str(match special {
            b'&' => "&amp;",
            b'<' => "&lt;",
            _ => "&gt;",
        });
        rest = &rest[at + 1..];
    }
}

fn plain(text: &str, out: &mut String) {
    let is_simple = |octet: u8| octet >= b' ' && octet != b'"' && octet != 0x7f && octet < 0x80;
    if text.bytes().fold(true, |simple, octet| simple & is_simple(octet))
        && memmem::find(text.as_bytes(), b"  ").is_none()
        && !text.starts_with(' ')
    {
        out.push_str(text);
        return;
    }
    let mut after_space = out.ends_with(['\n', '>']);
    for c in text.chars() {
        match c {
            ' ' if after_space => out.push('\u{a0}'),
            '\t' => out.push_str("\u{a0}\u{a0}\u{a0} "),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {}
            c => out.push(c),
        }
        after_space = matches!(c, ' ' | '\t') && !after_space;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn html(text: &str) -> String {
        let mut out = String::new();
        words(text, &[], &mut out);
        out.replace(style::PARAGRAPH, "<p>").replace(style::QUOTATION, "<blockquote>").replace('\n', "")
    }

    #[test]
    fn lines_are_lines_and_an_empty_line_begins_a_paragraph() {
        assert_eq!(html("a\nb\n\n\nc\n"), "<p>a<br>b</p><p>c</p>");
        assert_eq!(html("> a\n>> b\nc"), "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><p>c</p>");
        assert_eq!(html("a  b\n  c"), "<p>a \u{a0}b<br>\u{a0} c</p>");
        assert_eq!(html("    a  b"), format!("<p>{}\u{a0} \u{a0} a \u{a0}b</span></p>", style::ALIGNED));
    }

    #[test]
    fn a_web_address_is_a_link_without_the_punctuation_around_it() {
        let link = |address: &str| format!("<a href=\"{address}\">{address}</a>");
        let address = link("https://shop.example/a?b=1&amp;c=(d)");
        assert_eq!(html("See (https://shop.example/a?b=1&c=(d)."), format!("<p>See ({address}.</p>"));
        assert_eq!(html("(https://shop.example/)."), format!("<p>({}).</p>", link("https://shop.example/")));
        assert_eq!(html("HTTP://a.example, b"), format!("<p>{}, b</p>", link("HTTP://a.example")));
        for none in ["javascript://a", "xhttp://a", "http://", "ftp://a", "://"] {
            assert!(!html(none).contains("<a"), "{none}");
        }
    }

    #[test]
    fn a_picture_stands_where_its_mark_stood() {
        let text = "a [cid:1] b\n> [cid:2]";
        let picture = |start, content_id| Picture { start, end: start + 7, content_id, name: "n\"" };
        let mut out = String::new();
        words(text, &[picture(2, "1"), picture(14, "2\"><b>")], &mut out);
        assert!(out.contains("a <img src=\"cid:1\" alt=\"n&quot;\" style"), "{out}");
        assert!(out.contains("<img src=\"cid:2%22%3E%3Cb%3E\""), "{out}");
    }

    proptest! {
        #[test]
        fn whatever_the_words_are_they_make_no_tag(text in any::<String>(), wild in "[<>&\"' a:/htps.()\n\t>]{0,200}") {
            for text in [text, wild] {
                let html = html(&text);
                for tag in html.split('<').skip(1) {
                    let ours = ["p>", "/p>", "br>", "span style=", "/span>", "blockquote>", "/blockquote>", "/a>", "a href=\"http", "a href=\"HTTP"];
                    let is_ours = ours.iter().any(|ours| tag.get(..ours.len()).is_some_and(|start| start.eq_ignore_ascii_case(ours)));
                    prop_assert!(is_ours, "{html}");
                }
                prop_assert_eq!(html.matches("<p>").count(), html.matches("</p>").count());
                prop_assert_eq!(html.matches("<blockquote>").count(), html.matches("</blockquote>").count());
            }
        }
    }
}
