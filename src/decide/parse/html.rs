//! HTML to plain text, in linear time and without building a tree.
//!
//! `mail_parser::decoders::html::html_to_text` decodes entities and joins white space, but knows no blocks and no
//! quotations. So the markup is first reduced to `<br>` alone; quotations become lines with `> `, which
//! are then cut like those of a plain text.

use mail_parser::decoders::html::html_to_text;

/// Stands on a line of its own where a quotation begins and ends; control characters of the author are dropped.
const QUOTE_BEGINS: char = '\u{2}';
const QUOTE_ENDS: char = '\u{3}';
/// Deeper quotations are shown as this deep.
const DEEPEST_QUOTE: usize = 10;

/// Elements whose content is not text.
const SILENT: [&str; 6] = ["script", "style", "head", "title", "template", "xml"];
/// Elements that begin and end a line.
const BLOCKS: [&str; 24] = [
    "address", "article", "aside", "body", "center", "dd", "div", "dl", "dt", "footer", "form", "header", "hr", "html", "main",
    "nav", "section", "table", "tbody", "tr", "ul", "ol", "li", "pre",
];
/// Elements with an empty line after them.
const PARAGRAPHS: [&str; 7] = ["p", "h1", "h2", "h3", "h4", "h5", "h6"];
/// What Outlook, its web and phone versions and Yahoo put above the mail that is answered.
const REPLY_MARKS: [&str; 4] = ["divrplyfwdmsg", "appendonsend", "mail-editor-reference-message-container", "yahoo_quoted"];

/// The text, and what the HTML itself marks as the mail that is answered.
pub(super) fn to_text(html: &str) -> (String, String) {
    let mut writer = Writer::default();
    writer.run(html);
    (finished(&writer.text), finished(&writer.tail))
}

#[derive(Default)]
struct Writer {
    text: String,
    tail: String,
    in_tail: bool,
    quotes: usize,
    in_pre: bool,
    line_has_text: bool,
    /// The paragraph that is open has no empty line after it.
    narrow: bool,
    /// After a quotation mark that never ends, tags end at their first `>`.
    quotation_marks_are_text: bool,
}

impl Writer {
    fn run(&mut self, html: &str) {
        let mut at = 0;
        while let Some(length) = html[at..].find('<') {
            self.characters(&html[at..at + length]);
            at += length;
            let rest = &html[at..];
            if rest.starts_with("<!--") {
                let Some(end) = rest.find("-->") else { return };
                at += end + 3;
            } else if !rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
                self.characters("<");
                at += 1;
            } else if let Some(end) = self.tag_end(rest) {
                let name = self.tag(&rest[1..end]);
                at += end + 1;
                if SILENT.contains(&name.as_str()) {
                    let Some(closing) = closing_tag(&html[at..], &name) else { return };
                    at += closing;
                }
            } else {
                break;
            }
        }
        self.characters(&html[at..]);
    }

    fn out(&mut self) -> &mut String {
        if self.in_tail { &mut self.tail } else { &mut self.text }
    }

    fn characters(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '<' => self.out().push_str("&lt;"),
                '>' => self.out().push_str("&gt;"),
                '\n' if self.in_pre => {
                    self.line_has_text = true;
                    self.line();
                    continue;
                }
                c if c.is_ascii_whitespace() => {
                    self.out().push(' ');
                    continue;
                }
                c if c.is_control() => continue,
                c => self.out().push(c),
            }
            self.line_has_text = true;
        }
    }

    /// The offset of the `>` that ends the tag.
    fn tag_end(&mut self, rest: &str) -> Option<usize> {
        if self.quotation_marks_are_text {
            return rest.find('>');
        }
        let (mut mark, mut first) = (None, None);
        for (index, octet) in rest.bytes().enumerate() {
            match (octet, mark) {
                (b'>', None) => return Some(index),
                (b'>', Some(_)) => first = first.or(Some(index)),
                (b'"' | b'\'', None) => mark = Some(octet),
                (_, Some(open)) if octet == open => mark = None,
                _ => {}
            }
        }
        self.quotation_marks_are_text = true;
        first
    }

    /// Writes what a tag means for the lines, and gives its name when it opens an element.
    fn tag(&mut self, tag: &str) -> String {
        let (closes, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let length = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let name = tag[..length].to_ascii_lowercase();
        match name.as_str() {
            "br" => {
                self.line_has_text = true;
                self.line();
            }
            "blockquote" => self.quotation(!closes),
            "td" | "th" => self.out().push(' '),
            name if PARAGRAPHS.contains(&name) => {
                self.line();
                // Outlook writes one paragraph for each line, and styles the gap away.
                if !closes {
                    self.narrow = ["MsoNormal", "margin:0", "margin: 0"].iter().any(|sign| tag.contains(sign));
                } else if !self.narrow {
                    self.out().push_str("<br>");
                }
            }
            name if BLOCKS.contains(&name) => self.block(name, closes, tag),
            _ => {}
        }
        if closes { String::new() } else { name }
    }

    fn block(&mut self, name: &str, closes: bool, tag: &str) {
        self.line();
        if name == "pre" {
            self.in_pre = !closes;
        }
        if name == "li" && !closes {
            self.out().push_str("- ");
        }
        if name == "div" && !closes && self.quotes == 0 && !self.in_tail {
            let tag = tag.to_ascii_lowercase();
            self.in_tail = REPLY_MARKS.iter().any(|mark| tag.contains(mark));
        }
    }

    fn quotation(&mut self, begins: bool) {
        self.line();
        if !begins && self.quotes == 0 {
            return;
        }
        self.quotes = if begins { self.quotes + 1 } else { self.quotes - 1 };
        let mark = if begins { QUOTE_BEGINS } else { QUOTE_ENDS };
        self.out().push(mark);
        self.out().push_str("<br>");
    }

    /// Ends the line when something stands on it.
    fn line(&mut self) {
        if self.line_has_text {
            self.out().push_str("<br>");
            self.line_has_text = false;
        }
    }
}

/// The offset of the tag that closes a silent element.
fn closing_tag(html: &str, name: &str) -> Option<usize> {
    let bytes = html.as_bytes();
    let mut at = 0;
    while let Some(length) = html[at..].find("</") {
        at += length;
        let found = bytes.get(at + 2..at + 2 + name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            return Some(at);
        }
        at += 2;
    }
    None
}

/// Decodes entities, joins white space, writes quotations as lines with `> `.
fn finished(reduced: &str) -> String {
    let mut text = String::with_capacity(reduced.len());
    let (mut depth, mut blank) = (0_usize, 0);
    for line in html_to_text(reduced).split('\n') {
        let line = line.replace('\u{a0}', " ");
        let line = line.trim();
        if let Some(mark) = line.chars().next().filter(|c| line.len() == 1 && matches!(*c, QUOTE_BEGINS | QUOTE_ENDS)) {
            depth = if mark == QUOTE_BEGINS { depth + 1 } else { depth.saturating_sub(1) };
            continue;
        }
        // More than one empty line is the work of nested blocks, not of the author.
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank < 2 {
            (0..depth.min(DEEPEST_QUOTE)).for_each(|_| text.push('>'));
            if depth > 0 && !line.is_empty() {
                text.push(' ');
            }
            text.push_str(line);
            text.push('\n');
        }
    }
    super::text::normalised(&text)
}
