//! A page reduced to what may be shown, before it is sanitised: well nested, of limited depth and size, without comments, styles, hidden
//! parts and attributes that nobody needs.
//!
//! The sanitiser builds a tree as browsers do, which takes time in the square of the depth, of open formatting and of what stands at the
//! wrong place in a table. Here all of that is put right in linear time first, so what comes to it is small and harmless; it remains
//! the one that decides what is safe.

use super::element::{Block, Element, Ends, Inline, Section, ended_by_closing, ended_by_opening};
use super::entities::decoded;
use super::style::declarations;
use super::tag::Tag;
use super::tokens::{Token, Tokens};

/// Elements within each other that are kept; the words of deeper ones stand in these.
const DEPTH: usize = 60;
/// Tags that are kept of one page.
const TAGS: usize = 40_000;
/// Characters that must be written as entities, which the sanitiser is slow to read. What comes after so many is left out.
const ESCAPES: usize = 40_000;
/// Octets of the longest address and of the longest other value.
const LONGEST_ADDRESS: usize = 2_000;
const LONGEST_VALUE: usize = 400;

/// Properties of a style that change nothing but how the words look, and cannot fetch anything or lie over something else.
const PROPERTIES: [&str; 10] = [
    "color",
    "background-color",
    "font-weight",
    "font-style",
    "text-align",
    "text-decoration",
    "text-decoration-line",
    "vertical-align",
    "white-space",
    "direction",
];

/// The page without what may not or need not be shown, and whether all of it; with `shows_hidden` also with its hidden parts.
pub(super) fn thinned(html: &str, shows_hidden: bool) -> (String, bool) {
    let mut thinner = Thinner { html: String::with_capacity(html.len().min(64 * 1024)), shows_hidden, ..Thinner::default() };
    for token in Tokens::of(html) {
        if thinner.escapes > ESCAPES {
            break;
        }
        match token {
            Token::Text(text) => thinner.text(text),
            Token::Open(element, tag) => thinner.opens(element, tag),
            Token::Close(element) => thinner.closes(element),
        }
    }
    while !thinner.open.is_empty() {
        thinner.pops();
    }
    let is_whole = thinner.escapes <= ESCAPES;
    (thinner.html, is_whole)
}

#[derive(Debug, Default)]
struct Thinner {
    html: String,
    shows_hidden: bool,
    open: Vec<Frame>,
    deeper: usize,
    tags: usize,
    escapes: usize,
    /// A first end of line in preformatted text is none.
    after_pre: bool,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    element: Element,
    /// What it is called in the result; empty where its tags are left out.
    name: &'static str,
    hidden: bool,
    sizeless: bool,
}

impl Thinner {
    fn text(&mut self, text: &str) {
        if self.open.last().is_some_and(|top| top.hidden || top.sizeless) {
            return;
        }
        let text = decoded(text);
        let mut text = text.as_ref();
        if std::mem::take(&mut self.after_pre) {
            text = text.trim_start_matches(['\r', '\n']);
            self.after_pre = text.is_empty();
        }
        if self.is_between_cells() {
            if text.chars().all(char::is_whitespace) {
                return;
            }
            self.opens(Element::Cell, "");
        }
        self.escaped(text);
    }

    /// Where a table takes nothing but rows and cells.
    fn is_between_cells(&self) -> bool {
        self.kept().next_back().is_some_and(|top| matches!(top, Element::Table | Element::TableSection(_) | Element::Row))
    }

    /// The elements that are open in the result.
    fn kept(&self) -> impl DoubleEndedIterator<Item = Element> + Clone + '_ {
        self.open.iter().filter(|frame| !frame.name.is_empty()).map(|frame| frame.element)
    }

    fn opens(&mut self, element: Element, tag: &str) {
        if matches!(element, Element::Unknown | Element::Silent(_)) {
            return;
        }
        let tag = Tag::of(element, tag);
        let top = self.open.last().copied();
        let hidden = !self.shows_hidden && (top.is_some_and(|top| top.hidden) || tag.look.hidden);
        let ended = ended_by_opening(self.open.iter().map(|frame| frame.element), element);
        (0..ended).for_each(|_| self.pops());
        if element.is_void() {
            if !hidden && self.tags < TAGS {
                self.after_pre = false;
                self.void(element, &tag);
            }
            return;
        }
        if self.open.len() >= DEPTH {
            self.deeper += 1;
            return;
        }
        let sizeless = !self.shows_hidden && tag.look.font.unwrap_or(top.is_some_and(|top| top.sizeless));
        let is_kept = !hidden && self.tags < TAGS;
        if is_kept {
            self.makes_room(element);
        }
        let name = if is_kept { self.place(element) } else { "" };
        if !name.is_empty() {
            self.tag(name, element, &tag);
        }
        self.open.push(Frame { element, name, hidden, sizeless });
    }

    /// Opens what the element cannot be without.
    fn makes_room(&mut self, element: Element) {
        let is_of_table = matches!(element, Element::Row | Element::TableSection(_) | Element::Block(Block::Caption));
        if element == Element::Cell {
            let top = self.kept().next_back();
            if matches!(top, Some(Element::Table | Element::TableSection(_))) {
                self.opens(Element::Row, "");
            }
        } else if !is_of_table && self.is_between_cells() {
            self.opens(Element::Cell, "");
        }
    }

    /// The name of the element, where it may stand here.
    fn place(&self, element: Element) -> &'static str {
        let top = self.kept().next_back();
        let is_right = match element {
            Element::Cell => top == Some(Element::Row),
            Element::Row => matches!(top, Some(Element::Table | Element::TableSection(_))),
            Element::TableSection(_) | Element::Block(Block::Caption) => top == Some(Element::Table),
            Element::Anchor => !self.kept().any(|above| above == Element::Anchor),
            // No heading in a heading, no paragraph in one that goes on.
            Element::Paragraph => !self.kept().any(|above| above == Element::Paragraph),
            _ => true,
        };
        match (is_right, element) {
            (true, element) => name(element),
            // A cell without a table still stands apart from the next.
            (false, Element::Cell) => "div",
            (false, _) => "",
        }
    }

    fn void(&mut self, element: Element, tag: &Tag<'_>) {
        if self.is_between_cells() {
            self.opens(Element::Cell, "");
        }
        self.tags += 1;
        match element {
            Element::Image => self.image(tag),
            Element::Rule => self.html.push_str("<hr>"),
            _ => self.html.push_str("<br>"),
        }
    }

    /// A picture that came with the mail; of any other the words that stand for it.
    fn image(&mut self, tag: &Tag<'_>) {
        let source = decoded(tag.src);
        let source = source.trim();
        let is_enclosed = source.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid:"));
        let alt = decoded(tag.alt);
        if !is_enclosed && (tag.look.tiny || alt.trim().is_empty()) {
            return;
        }
        self.html.push_str("<img");
        if is_enclosed {
            self.attribute("src", source, LONGEST_ADDRESS);
        }
        self.attribute("alt", &alt, LONGEST_VALUE);
        self.html.push('>');
    }

    fn tag(&mut self, name: &'static str, element: Element, tag: &Tag<'_>) {
        self.tags += 1;
        self.after_pre = element == Element::Preformatted;
        self.html.push('<');
        self.html.push_str(name);
        if element == Element::Anchor {
            let address: String = decoded(tag.href).chars().filter(|c| !c.is_control()).collect();
            let address = address.trim();
            let is_safe = |scheme: &&str| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
            if ["http://", "https://", "mailto:", "tel:"].iter().any(is_safe) {
                self.attribute("href", address, LONGEST_ADDRESS);
            }
        }
        for (attribute, value) in [("colspan", tag.columns), ("rowspan", tag.rows)] {
            let is_number = !value.is_empty() && value.len() <= 3 && value.bytes().all(|octet| octet.is_ascii_digit());
            if element == Element::Cell && is_number {
                self.attribute(attribute, value, LONGEST_VALUE);
            }
        }
        if !tag.style.is_empty() {
            let style = safe_style(tag.style);
            if !style.is_empty() {
                self.attribute("style", &style, LONGEST_VALUE);
            }
        }
        self.html.push('>');
    }

    /// Left out where it is longer than anybody needs.
    fn attribute(&mut self, name: &str, value: &str, longest: usize) {
        if value.len() <= longest {
            self.html.push(' ');
            self.html.push_str(name);
            self.html.push_str("=\"");
            self.escaped(value);
            self.html.push('"');
        }
    }

    /// Text as it is written in HTML, without control characters: a database takes no NUL, and a reader no others.
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            let entity = match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\n' | '\t' => {
                    self.html.push(c);
                    continue;
                }
                c if c.is_control() => continue,
                c => {
                    self.html.push(c);
                    continue;
                }
            };
            self.escapes += 1;
            if self.escapes <= ESCAPES {
                self.html.push_str(entity);
            }
        }
    }

    fn closes(&mut self, element: Element) {
        if matches!(element, Element::Unknown | Element::Silent(_)) || element.is_void() {
            return;
        }
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        match ended_by_closing(self.open.iter().map(|frame| frame.element), element) {
            Ends::Innermost(count) => (0..count).for_each(|_| self.pops()),
            Ends::Below(count) => {
                let at = self.open.len() - 1 - count;
                self.open[at..].iter_mut().for_each(|frame| (frame.hidden, frame.sizeless) = (false, false));
            }
            Ends::Nothing => {}
        }
    }

    fn pops(&mut self) {
        let Some(frame) = self.open.pop() else { return };
        if !frame.name.is_empty() {
            self.after_pre = false;
            self.html.push_str("</");
            self.html.push_str(frame.name);
            self.html.push('>');
        }
    }
}

/// The name of an element that may be shown.
fn name(element: Element) -> &'static str {
    match element {
        Element::Anchor => "a",
        Element::Block(Block::Caption) => "caption",
        Element::Block(_) | Element::Definition => "div",
        Element::Blockquote => "blockquote",
        Element::Cell => "td",
        Element::Heading(1) => "h1",
        Element::Heading(2) => "h2",
        Element::Heading(3) => "h3",
        Element::Heading(4) => "h4",
        Element::Heading(_) => "h5",
        Element::Inline(inline) => inline_name(inline),
        Element::Item => "li",
        Element::List { ordered: true } => "ol",
        Element::List { ordered: false } => "ul",
        Element::Paragraph => "p",
        Element::Preformatted => "pre",
        Element::Row => "tr",
        Element::Table => "table",
        Element::TableSection(Section::Body) => "tbody",
        Element::TableSection(Section::Foot) => "tfoot",
        Element::TableSection(Section::Head) => "thead",
        Element::Break | Element::Image | Element::Rule | Element::Silent(_) | Element::Unknown => "",
    }
}

fn inline_name(inline: Inline) -> &'static str {
    match inline {
        Inline::Bold => "b",
        Inline::Code => "code",
        Inline::Deleted => "s",
        Inline::Emphasis => "em",
        Inline::Font | Inline::Span => "span",
        Inline::Inserted => "ins",
        Inline::Italic => "i",
        Inline::Small => "small",
        Inline::Strong => "strong",
        Inline::Subscript => "sub",
        Inline::Superscript => "sup",
        Inline::Underlined => "u",
    }
}

/// The declarations that may stay, as they were written.
fn safe_style(style: &str) -> String {
    let mut safe = String::new();
    for (name, value) in declarations(style) {
        let name = PROPERTIES.iter().find(|property| property.eq_ignore_ascii_case(name));
        // Neither an address nor an escape can be written in these; parentheses only around the numbers of a colour.
        let is_plain = value.bytes().all(|octet| octet.is_ascii_alphanumeric() || b" #%.,-()".contains(&octet));
        let is_function = value.contains('(') && !["rgb(", "rgba(", "hsl("].iter().any(|start| value.starts_with(start));
        if let Some(name) = name.filter(|_| is_plain && !is_function && !value.is_empty() && value.len() <= 60) {
            if !safe.is_empty() {
                safe.push(';');
            }
            safe.push_str(name);
            safe.push(':');
            safe.push_str(value);
        }
    }
    safe
}
