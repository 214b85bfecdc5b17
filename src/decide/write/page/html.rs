//! A page as HTML: the same lines and blocks as its plain text, with a look.
//!
//! A document of its own, in one column that is as readable at 320 pixels as on a wide screen; it fetches nothing and has no script.
//! To a customer it looks like the mail of a person, to an agent like a work sheet: the words of others stand in boxes, so that none of
//! them pass for ours.

use super::{Blocks, CLOSE, Page, Piece, flow, foreign, style};
use crate::decide::parse::cut::MARKERS;

/// Characters of a line of a text that goes on in the next one: its writer broke it where the editor ended.
const FULL_LINE: usize = 100;

/// Who reads it.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// In which language, as `lang` has it.
    pub language: &'a str,
    /// Whether the reader is an agent.
    pub to_agent: bool,
}

impl Page<'_> {
    /// The page as an HTML document.
    pub fn html(&self, look: Look<'_>) -> String {
        let room = self.rendered.len() + self.blocks.text.len() + self.blocks.html.map_or(0, str::len);
        let mut html = String::with_capacity(room + room / 8 + 4_096);
        html.push_str(style::BEGINNING);
        flow::escaped(look.language, &mut html);
        html.push_str(style::HEAD);
        let mut writer = Writer { html, blocks: &self.blocks, look, kind: Kind::None, goes_on: false, in_foot: false };
        for piece in self.pieces() {
            match piece {
                Piece::Foot => writer.foot(),
                Piece::Block(name) => writer.block(name),
                Piece::Line(line) if line.contains(CLOSE) => self.inlined(line).lines().for_each(|line| writer.line(line)),
                Piece::Line(line) => writer.line(line),
            }
        }
        writer.finish()
    }
}

/// What kind of lines is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Words,
    Monospace,
}

struct Writer<'a> {
    html: String,
    blocks: &'a Blocks<'a>,
    look: Look<'a>,
    kind: Kind,
    /// Whether the last line was a full one.
    goes_on: bool,
    in_foot: bool,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        if line.trim().is_empty() {
            self.is(Kind::None);
        } else if is_marker(line) {
            self.is(Kind::None);
            self.pale(line);
        } else if let Some(own) = line.strip_prefix(flow::INDENT) {
            if !self.is(Kind::Monospace) {
                self.html.push('\n');
            }
            flow::with_links(own, &mut self.html);
        } else {
            if !self.is(Kind::Words) {
                self.html.push_str(if self.goes_on { "\n" } else { "<br>\n" });
            }
            flow::with_links(line, &mut self.html);
            self.goes_on = line.chars().count() >= FULL_LINE;
        }
    }

    /// Goes on with lines of a kind; whether they begin here.
    fn is(&mut self, kind: Kind) -> bool {
        let before = std::mem::replace(&mut self.kind, kind);
        if before == kind {
            return false;
        }
        self.html.push_str(match before {
            Kind::None => "",
            Kind::Words => "</p>\n",
            Kind::Monospace => "</pre>\n",
        });
        self.html.push_str(match kind {
            Kind::None => "",
            Kind::Words => style::OWN,
            Kind::Monospace => style::MONOSPACE,
        });
        true
    }

    fn pale(&mut self, line: &str) {
        self.html.push_str(style::PALE);
        flow::with_links(line, &mut self.html);
        self.html.push_str("</p>\n");
    }

    fn foot(&mut self) {
        self.is(Kind::None);
        if !std::mem::replace(&mut self.in_foot, true) {
            self.html.push_str(if self.look.to_agent { style::FOOT_OF_AGENT } else { style::FOOT_OF_CUSTOMER });
        }
    }

    fn block(&mut self, name: &str) {
        self.is(Kind::None);
        let blocks = self.blocks;
        match (name, blocks.html) {
            ("text", Some(html)) => self.within(style::BOX, "</div>\n", |out| foreign::page(html, &blocks.inside, out)),
            ("text", None) => {
                let around = if self.look.to_agent { style::BOX } else { style::PLAIN };
                self.within(around, "</div>\n", |out| flow::words(&blocks.text, &blocks.pictures, out));
            }
            ("note_above", _) => self.within(style::BOX, "</div>\n", |out| flow::words(blocks.note_above, &[], out)),
            ("own_words", _) => {
                self.within(style::QUOTATION, "</blockquote>\n", |out| flow::words(blocks.own_words, &[], out));
            }
            ("facts", _) => self.within(style::FACTS, "</table>\n", |out| facts(&blocks.facts, out)),
            ("history", _) => {
                for (above, text) in &blocks.history {
                    self.pale(above);
                    self.within(style::QUOTATION, "</blockquote>\n", |out| flow::words(text, &[], out));
                }
            }
            _ if blocks.files.is_empty() => {}
            _ => self.within(style::FILES, "</ul>\n", |out| files(&blocks.files, out)),
        }
    }

    fn within(&mut self, begins: &str, ends: &str, write: impl FnOnce(&mut String)) {
        self.html.push_str(begins);
        write(&mut self.html);
        self.html.push_str(ends);
    }

    fn finish(mut self) -> String {
        self.is(Kind::None);
        if self.in_foot {
            self.html.push_str("</div>\n");
        }
        self.html.push_str(style::END);
        self.html
    }
}

fn is_marker(line: &str) -> bool {
    let words = line.trim_matches(['-', ' ']);
    MARKERS.iter().any(|marker| marker.words == words)
}

fn facts(facts: &[(String, String)], out: &mut String) {
    for (label, value) in facts {
        out.push_str(style::LABEL);
        flow::escaped(label, out);
        out.push(':');
        out.push_str(style::VALUE);
        flow::escaped(value, out);
        out.push_str("</td></tr>\n");
    }
}

fn files(files: &[String], out: &mut String) {
    for file in files {
        out.push_str("<li dir=\"auto\">");
        flow::escaped(file, out);
        out.push_str("</li>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::Inside;
    use super::*;
    use proptest::prelude::*;

    fn html(rendered: &str, blocks: Blocks<'_>, to_agent: bool) -> String {
        Page::new(rendered.to_owned(), blocks).html(Look { language: "en", to_agent })
    }

    #[test]
    fn the_words_of_others_stand_in_boxes_for_agents_and_plainly_for_customers() {
        let blocks = || Blocks { text: "Hello <b>\n\n> I asked\n".into(), ..Blocks::default() };
        let rendered = "-- Write your answer above this line. --\n\nMia wrote:\n\n\u{e000}text\u{e001}\n-- \nbelow\n    #close\n";
        let (agent, customer) = (html(rendered, blocks(), true), html(rendered, blocks(), false));
        assert!(agent.contains(style::BOX) && !customer.contains(style::BOX));
        assert!(agent.contains(&format!("{}-- Write your answer above this line. --</p>", style::PALE)));
        assert!(agent.contains(&format!("{}Hello &lt;b&gt;</p>\n{}", style::PARAGRAPH, style::QUOTATION)));
        assert!(agent.contains(&format!("{}{}below</p>\n{}#close</pre>", style::FOOT_OF_AGENT, style::OWN, style::MONOSPACE)));
    }

    #[test]
    fn the_html_of_the_author_stands_in_the_box_with_its_pictures() {
        let blocks = Blocks {
            text: "See".into(),
            html: Some("<b>See <img src=\"cid:a@x\" alt=\"\"></div></b>"),
            inside: vec![Inside { content_id: "a@x", name: "a.png" }],
            files_inside: vec!["Attached: a.png".to_owned()],
            ..Blocks::default()
        };
        let html = html("\u{e000}text\u{e001}\n\n\u{e000}files\u{e001}\n", blocks, true);
        let inner = "<b>See <img src=\"cid:a@x\" alt=\"a.png\" style=\"max-width:100%;height:auto\"></b></div>\n</div>\n</body>";
        assert!(html.contains(&format!("{}{inner}", style::BOX)) && !html.contains("<ul"), "{html}");
    }

    proptest! {
        #[test]
        fn every_element_is_closed_whatever_is_told(text in "[<>&\"a \n>-]{0,60}", value in any::<String>(), foreign in "(<(/?)(div|p|b)>|[a<>\"]){0,20}") {
            let blocks = Blocks {
                text: text.clone().into(),
                html: Some(&foreign),
                note_above: &text,
                own_words: &text,
                facts: vec![(value.clone(), value.clone())],
                history: vec![(value.clone(), &text)],
                files: vec![value.clone()],
                ..Blocks::default()
            };
            let rendered: String = super::super::NAMES.iter().map(|name| format!("a\n    b\n\u{e000}{name}\u{e001}\n-- \n")).collect();
            let html = html(&rendered, blocks, true);
            for name in ["div", "p", "b", "blockquote", "table", "tr", "td", "ul", "li", "pre"] {
                let opened = html.matches(&format!("<{name}>")).count() + html.matches(&format!("<{name} ")).count();
                prop_assert_eq!(opened, html.matches(&format!("</{name}>")).count(), "{} in {}", name, html);
            }
            let is_clean = !html.contains([super::super::OPEN, CLOSE]) || value.contains([super::super::OPEN, CLOSE]);
            prop_assert!(is_clean);
        }
    }
}
