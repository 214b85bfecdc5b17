//! A notice as a person sees it: lines, and blocks that have a look of their own.
//!
//! A text is rendered once. Where it names a block there stands a placeholder, and what is foreign can neither hold one nor begin a line of
//! its own; so the form of a notice is ours whatever it speaks of.

mod flow;
pub(super) mod foreign;
mod html;
mod style;

use std::borrow::Cow;

use minijinja::Value;

pub use html::Look;

/// Stands around the name of a block in a rendered text. In the private use area: no mail means anything by it.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';
/// The line below which a mail program leaves everything out when it quotes (RFC 3676 section 4.3).
const FOOT: &str = "-- ";

/// What has several lines in a notice. An empty one is left out.
#[derive(Debug, Clone, Default)]
pub struct Blocks<'a> {
    /// What the author newly wrote.
    pub text: Cow<'a, str>,
    /// The HTML of the author, sanitised, where it says the same and may be shown instead.
    pub html: Option<&'a str>,
    /// The pictures that stand within the text, by its order; those of the HTML are all in `inside`.
    pub pictures: Vec<Picture<'a>>,
    /// The pictures that are shown within the words of the author.
    pub inside: Vec<Inside<'a>>,
    /// What an agent noted above a customer's mail that the agent passed on.
    pub note_above: &'a str,
    /// The reader's own words, given back.
    pub own_words: &'a str,
    /// What an agent needs to know of the ticket: labels and values.
    pub facts: Vec<(String, String)>,
    /// The messages before this one: who wrote when, and the words.
    pub history: Vec<(String, &'a str)>,
    /// The files that come along, and those that do not, a line each.
    pub files: Vec<String>,
    /// The files that are shown within the text, a line each, for who cannot see them there.
    pub files_inside: Vec<String>,
}

/// A picture that is shown within the words of the author.
#[derive(Debug, Clone, Copy)]
pub struct Inside<'a> {
    /// Its Content-ID as the notice has it.
    pub content_id: &'a str,
    /// Its file name.
    pub name: &'a str,
}

impl Inside<'_> {
    /// Whether it has this Content-ID, given in lower case and without `%` codes.
    pub(super) fn is(&self, id: &str) -> bool {
        plain_id(self.content_id) == id
    }
}

/// A Content-ID as two of them are compared.
pub(super) fn plain_id(id: &str) -> String {
    String::from_utf8_lossy(&crate::decide::parse::references::without_percent(id.trim().as_bytes())).into_owned()
}

/// A picture in place of the mark that a mail program left for it in the plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture<'a> {
    /// First octet of the mark in the text.
    pub start: usize,
    /// The octet after its last.
    pub end: usize,
    /// Content-ID of the picture.
    pub content_id: &'a str,
    /// Its file name.
    pub name: &'a str,
}

/// The blocks, by the names that texts have for them.
const NAMES: [&str; 6] = ["text", "note_above", "own_words", "facts", "history", "files"];

impl Blocks<'_> {
    /// The names of all blocks, each with what stands for it in a rendered text: nothing when it is empty.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = (&'static str, Value)> {
        NAMES.into_iter().map(|name| {
            let empty = self.is_empty(name);
            (name, Value::from_safe_string(if empty { String::new() } else { format!("{OPEN}{name}{CLOSE}") }))
        })
    }

    fn is_empty(&self, name: &str) -> bool {
        match name {
            "text" => self.text.trim_end().is_empty() && self.html.is_none(),
            "note_above" => self.note_above.trim_end().is_empty(),
            "own_words" => self.own_words.trim_end().is_empty(),
            "facts" => self.facts.is_empty(),
            "history" => self.history.is_empty(),
            _ => self.files.is_empty() && self.files_inside.is_empty(),
        }
    }

    /// A block as plain text.
    fn lines(&self, name: &str) -> Vec<String> {
        let plain = |text: &str| text.trim_end().lines().map(str::to_owned).collect();
        let quoted = |text: &str| text.trim_end().lines().map(quoted_line).collect::<Vec<_>>();
        match name {
            "text" => plain(&self.text),
            "note_above" => plain(self.note_above),
            "own_words" => quoted(self.own_words),
            "facts" => aligned(&self.facts),
            "history" => {
                let mut lines = Vec::new();
                for (above, text) in &self.history {
                    if !lines.is_empty() {
                        lines.push(String::new());
                    }
                    lines.push(above.clone());
                    lines.extend(quoted(text));
                }
                lines
            }
            _ => self.files.iter().chain(&self.files_inside).cloned().collect(),
        }
    }
}

fn quoted_line(line: &str) -> String {
    if line.is_empty() || line.starts_with('>') { format!(">{line}") } else { format!("> {line}") }
}

/// Labels and values in two columns.
fn aligned(facts: &[(String, String)]) -> Vec<String> {
    let widest = facts.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    facts.iter().map(|(label, value)| format!("{label}:{} {value}", " ".repeat(widest - label.chars().count()))).collect()
}

/// A piece of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'a> {
    /// A line of the text, perhaps empty.
    Line(&'a str),
    /// A block, by its name.
    Block(&'a str),
    /// What follows stands below the mail.
    Foot,
}

/// A rendered notice.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    rendered: String,
    blocks: Blocks<'a>,
}

impl<'a> Page<'a> {
    /// A page of a rendered text and what it has placeholders for.
    pub(super) fn new(rendered: String, blocks: Blocks<'a>) -> Self {
        Self { rendered, blocks }
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.rendered.lines().map(|line| match line.trim().strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)) {
            Some(name) => Piece::Block(name),
            None if line == FOOT => Piece::Foot,
            None => Piece::Line(line),
        })
    }

    /// The page as plain text: LF line ends, never more than one empty line after another.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.rendered.len() + self.blocks.text.len() + 64);
        let mut gap = true;
        for piece in self.pieces() {
            match piece {
                Piece::Block(name) => {
                    self.blocks.lines(name).iter().for_each(|line| push(&mut text, line));
                    gap = false;
                }
                Piece::Foot => {
                    push(&mut text, FOOT);
                    gap = false;
                }
                Piece::Line(line) if line.trim().is_empty() => {
                    if !std::mem::replace(&mut gap, true) {
                        push(&mut text, "");
                    }
                }
                Piece::Line(line) => {
                    // A placeholder within a line is a block on a line: its own lines, one after another.
                    push(&mut text, &self.inlined(line));
                    gap = false;
                }
            }
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// A line with every placeholder in it replaced by the block's lines.
    fn inlined<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if !line.contains(OPEN) {
            return Cow::Borrowed(line);
        }
        let mut whole = line.to_owned();
        for name in NAMES {
            whole = whole.replace(&format!("{OPEN}{name}{CLOSE}"), &self.blocks.lines(name).join("\n"));
        }
        Cow::Owned(whole)
    }
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// A value as it may stand within a line: no line ends, and nothing that a placeholder is made of.
pub(super) fn on_one_line(value: &str) -> Cow<'_, str> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !value.contains(|c: char| breaks(c) || matches!(c, OPEN | CLOSE)) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.chars().filter(|c| !matches!(*c, OPEN | CLOSE)).map(|c| if breaks(c) { ' ' } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page<'a>(rendered: &str, blocks: Blocks<'a>) -> Page<'a> {
        Page::new(rendered.to_owned(), blocks)
    }

    #[test]
    fn a_block_stands_where_it_is_named_and_an_empty_one_leaves_no_gap() {
        let blocks = Blocks {
            text: "one\n\n\ntwo\n".into(),
            own_words: "> a\n\nb",
            facts: vec![("To".to_owned(), "x".to_owned()), ("Status".to_owned(), "open".to_owned())],
            ..Blocks::default()
        };
        let rendered = "Above:\n\n\u{e000}text\u{e001}\n\n\n\n\u{e000}own_words\u{e001}\n-- \n\u{e000}facts\u{e001}\n";
        let wanted = "Above:\n\none\n\n\ntwo\n\n>> a\n>\n> b\n-- \nTo:     x\nStatus: open";
        assert_eq!(page(rendered, blocks).text(), wanted);
    }

    proptest! {
        #[test]
        fn no_value_makes_a_line_or_names_a_block(value in any::<String>(), wild in "[\u{e000}\u{e001}\r\n\u{2028}\u{85} a-z]{0,40}") {
            for value in [value, wild] {
                let line = on_one_line(&value);
                let whole = line.lines().count() <= 1 && !line.contains([OPEN, CLOSE, '\u{2028}', '\u{85}']);
                prop_assert!(whole);
            }
        }
    }
}
