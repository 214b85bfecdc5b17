//! The words of a page by its structure: what the author wrote, what is quoted, what is a signature.
//!
//! No tree is built. The elements that are open are on a stack of limited height, so time is linear and memory bounded.

mod marks;

use super::super::cut;
use super::element::{Element, Ends, ended_by_closing, ended_by_opening};
use super::entities::decoded;
use super::lines::{Gap, Open, Place, Side, Written, is_joiner};
use super::links;
use super::signs::meaning;
use super::tag::Tag;
use super::tokens::{Token, Tokens};
use marks::{is_attribution, is_header};

/// Elements within each other that are told apart; deeper ones are transparent.
const DEPTH: usize = 200;
/// Octets of a link's text that are compared with its address.
const LINK_TEXT: usize = 600;

/// What was read, before white space and characters are normalised.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) text: String,
    pub(super) aside: String,
    pub(super) tail: String,
}

/// Reads a page. Where the mail `passes_on` another, nothing of that one is quoted.
pub(super) fn read(html: &str, passes_on: bool, shows_hidden: bool) -> Pages {
    let mut reader = Reader { passes_on, shows_hidden, ..Reader::default() };
    for token in Tokens::of(html) {
        match token {
            Token::Text(text) => reader.text(text),
            Token::Open(element, tag) => reader.opens(element, tag),
            Token::Close(element) => reader.closes(element),
        }
    }
    reader.finished()
}

/// An element that is open.
#[derive(Debug)]
struct Frame {
    element: Element,
    /// It or one around it is hidden.
    hidden: bool,
    /// Its letters have no size.
    sizeless: bool,
    preserves: bool,
    narrow: bool,
    effect: Effect,
    /// Lines begun before it: of a row.
    begun: usize,
    /// The number of the next item: of a list.
    next: i64,
}

/// What an element does to the lines in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Quotation,
    Enclosed,
    Aside,
    /// With whether a quotation has begun in it.
    Frame(bool),
    /// Word writes the mark of a list item into the text; it begins at this offset, or with the next line.
    ItemMark(Option<usize>),
}

#[derive(Debug)]
struct Link {
    address: String,
    text: String,
}

#[derive(Debug, Default)]
struct Reader {
    passes_on: bool,
    shows_hidden: bool,
    open: Vec<Frame>,
    /// Elements deeper than the stack is high.
    deeper: usize,
    line: Open,
    text: Written,
    aside: Written,
    tail: Written,
    link: Option<Link>,
    quotes: usize,
    enclosed: usize,
    asides: usize,
    lists: usize,
    in_rest: bool,
    /// The rest is quoted only if this line is one of a header.
    rest_needs_header: bool,
    /// Something has been marked and no line of it been seen: it may be a mail that is passed on.
    is_first: bool,
    /// The lines are those of a mail that is passed on.
    is_passed_on: bool,
    after_attribution: bool,
}

impl Reader {
    fn text(&mut self, text: &str) {
        let top = self.open.last();
        if top.is_some_and(|top| top.hidden || (top.sizeless && !self.shows_hidden)) {
            return;
        }
        let preserves = top.is_some_and(|top| top.preserves);
        for c in decoded(text).chars() {
            match c {
                '\n' if preserves => self.line.breaks(),
                ' ' | '\t' if preserves => self.line_space(c),
                c if c.is_ascii_whitespace() => self.line.space(),
                '\u{a0}' => self.line_space(' '),
                '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {}
                // They join letters and pictures; without a neighbour they are there to be invisible.
                '\u{200c}' | '\u{200d}' if !self.line.has_text() || self.line.text().is_empty() => {}
                c if c.is_control() && c != '\u{85}' => {}
                c => self.character(c),
            }
        }
    }

    fn character(&mut self, c: char) {
        if self.line.is_due() {
            self.line_is_complete();
        }
        if let Some(link) = self.link.as_mut().filter(|link| link.text.len() < LINK_TEXT) {
            link.text.push(c);
        }
        let place = || Place {
            side: side(self.in_rest || self.enclosed > 0, self.asides > 0 && self.quotes == 0),
            quotes: self.quotes,
            lists: self.lists,
            preserves: self.open.last().is_some_and(|top| top.preserves),
            heads_frame: self.open.iter().rev().any(|frame| frame.effect == Effect::Frame(false)),
            is_first: self.is_first,
        };
        self.line.character(c, place);
    }

    fn line_space(&mut self, c: char) {
        if self.open.last().is_some_and(|top| top.preserves) && self.line.is_at_start() {
            return self.character(c);
        }
        self.line.kept_space(c);
        if let Some(link) = &mut self.link {
            link.text.push(' ');
        }
    }

    /// Words that no token holds: what stands for a picture.
    fn words(&mut self, words: &str) {
        words.chars().for_each(|c| if c == ' ' { self.line.space() } else { self.character(c) });
    }

    fn line_is_complete(&mut self) {
        self.address_of_link();
        let mut line = self.line.finish();
        let words = line.text.trim_matches(is_joiner);
        if words.is_empty() {
            return self.line.ends_as_empty();
        }
        if line.place.is_first {
            self.is_first = false;
            if cut::is_forward(words) {
                self.passes_on_from_here(&mut line);
            } else if std::mem::take(&mut self.rest_needs_header) && !is_header(words) {
                self.in_rest = false;
                line.place.side = Side::Text;
            }
        }
        let heads = line.place.side == Side::Text && line.place.quotes == 0 && line.place.heads_frame;
        self.after_attribution = line.place.side == Side::Aside || is_attribution(line.text.trim());
        if heads && self.after_attribution && !self.is_passed_on {
            line.place.side = Side::Aside;
        }
        if line.place.side != Side::Text {
            self.text.skips(&line);
        }
        match line.place.side {
            Side::Text => self.text.push(&line),
            Side::Aside => self.aside.push(&line),
            Side::Tail => self.tail.push(&line),
        }
    }

    fn opens(&mut self, element: Element, tag: &str) {
        let tag = Tag::of(element, tag);
        let hidden = self.open.last().is_some_and(|top| top.hidden) || tag.look.hidden;
        match element {
            Element::Unknown | Element::Silent(_) => return,
            Element::Break if !hidden || self.shows_hidden => self.line.breaks(),
            Element::Image if !hidden || self.shows_hidden => self.image(&tag),
            Element::Rule => self.rule(&tag),
            _ => {}
        }
        if element.is_void() {
            return;
        }
        let ended = ended_by_opening(self.open.iter().map(|frame| frame.element), element);
        (0..ended).for_each(|_| self.pops());
        if self.open.len() >= DEPTH {
            self.deeper += 1;
            return;
        }
        let is_seen = !hidden || self.shows_hidden;
        if is_seen {
            self.begins(element, &tag);
        }
        let effect = if is_seen { self.effect(element, &tag) } else { Effect::None };
        let top = self.open.last();
        let frame = Frame {
            element,
            hidden: !is_seen,
            sizeless: tag.look.font.unwrap_or(top.is_some_and(|top| top.sizeless)),
            preserves: tag.look.preserves.unwrap_or(top.is_some_and(|top| top.preserves)),
            narrow: tag.look.narrow || tag.class.starts_with("MsoNormal") || tag.class.starts_with("MsoList"),
            effect,
            begun: self.line.begun,
            next: if matches!(element, Element::List { .. }) { tag.number.trim().parse().unwrap_or(1) } else { 1 },
        };
        self.open.push(frame);
    }

    /// What the beginning of an element means for the line.
    fn begins(&mut self, element: Element, tag: &Tag<'_>) {
        match element {
            Element::Paragraph if self.lists == 0 && !(tag.look.narrow || tag.class.starts_with("Mso")) => {
                self.line.ends(Gap::Empty)
            }
            Element::Heading(_) | Element::Preformatted => self.line.ends(Gap::Empty),
            Element::Blockquote => self.line.ends(Gap::Line),
            Element::List { .. } => {
                self.line.ends(if self.lists == 0 { Gap::Empty } else { Gap::Line });
                self.lists += 1;
            }
            Element::Item => self.item(tag),
            Element::Cell => self.cell(),
            Element::Anchor => {
                self.link_ends();
                self.link = links::shown(&decoded(tag.href)).map(|address| Link { address, text: String::new() });
            }
            Element::Inline(_) => {}
            _ => self.line.ends(Gap::Line),
        }
    }

    fn item(&mut self, tag: &Tag<'_>) {
        self.line.ends(Gap::Line);
        let list = self.open.iter_mut().rev().find(|frame| matches!(frame.element, Element::List { .. }));
        let mark = match list {
            Some(Frame { element: Element::List { ordered: true }, next, .. }) => {
                let number = tag.number.trim().parse().unwrap_or(*next);
                *next = number.saturating_add(1);
                format!("{number}. ")
            }
            _ => "- ".to_owned(),
        };
        self.line.begins_item(mark);
    }

    fn cell(&mut self) {
        match self.open.last() {
            Some(row) if row.element == Element::Row => self.line.begins_cell(row.begun),
            _ => self.line.ends(Gap::Line),
        }
    }

    fn image(&mut self, tag: &Tag<'_>) {
        let alt = decoded(tag.alt);
        let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
        if alt.is_empty() || tag.look.tiny {
            return;
        }
        let is_smiley = alt.chars().count() <= 8 && !alt.chars().any(char::is_alphanumeric);
        let alt: String = alt.chars().filter(|c| !c.is_control()).collect();
        if is_smiley { self.words(&alt) } else { self.words(&format!("[{alt}]")) }
    }

    fn rule(&mut self, tag: &Tag<'_>) {
        self.line.ends(Gap::Empty);
        if let Some(found) = meaning(Element::Rule, tag) {
            self.mark(found);
        }
    }

    fn closes(&mut self, element: Element) {
        if element == Element::Break {
            return self.line.breaks();
        }
        if matches!(element, Element::Unknown | Element::Silent(_)) || element.is_void() {
            return;
        }
        if self.deeper > 0 {
            self.deeper -= 1;
            return self.line.ends(if element.is_inline() { Gap::None } else { Gap::Line });
        }
        match ended_by_closing(self.open.iter().map(|frame| frame.element), element) {
            Ends::Innermost(count) => (0..count).for_each(|_| self.pops()),
            // Its end is out of order: what it hides is seen again, and its own words end.
            Ends::Below(count) => {
                let at = self.open.len() - 1 - count;
                self.open[at..].iter_mut().for_each(|frame| (frame.hidden, frame.sizeless) = (false, false));
                if element == Element::Anchor {
                    self.link_ends();
                }
            }
            Ends::Nothing if !element.is_inline() => self.line.ends(Gap::Line),
            Ends::Nothing => {}
        }
    }

    /// The innermost element ends.
    fn pops(&mut self) {
        let Some(frame) = self.open.pop().filter(|frame| !frame.hidden) else { return };
        match frame.effect {
            Effect::Quotation => self.quotes = self.quotes.saturating_sub(1),
            Effect::Enclosed => self.enclosed = self.enclosed.saturating_sub(1),
            Effect::Aside => self.asides = self.asides.saturating_sub(1),
            Effect::ItemMark(Some(offset)) if self.line.begun == frame.begun => self.item_of_word(offset),
            Effect::ItemMark(None) if self.line.begun == frame.begun + 1 => self.item_of_word(0),
            Effect::None | Effect::Frame(_) | Effect::ItemMark(_) => {}
        }
        match frame.element {
            Element::Anchor => self.link_ends(),
            Element::Item => {
                self.line.ends(Gap::Line);
                self.line.begins_item(String::new());
            }
            Element::Inline(_) | Element::Cell => {}
            Element::Paragraph if frame.narrow || self.lists > 0 => self.line.ends(Gap::Line),
            Element::Paragraph | Element::Heading(_) | Element::Preformatted => self.line.ends(Gap::Empty),
            Element::Row => self.line.ends_row(self.line.begun == frame.begun + 1),
            Element::List { .. } => {
                self.lists = self.lists.saturating_sub(1);
                self.line.ends(if self.lists == 0 { Gap::Empty } else { Gap::Line });
            }
            _ => self.line.ends(Gap::Line),
        }
    }

    /// `·` in a font of symbols, or `1.`, with spaces behind it.
    fn item_of_word(&mut self, offset: usize) {
        let written = self.line.take_from(offset);
        let mark = written.trim();
        let is_number = mark.chars().any(|c| c.is_alphanumeric()) && mark != "o";
        if !mark.is_empty() {
            let mark = if is_number { format!("{mark} ") } else { "- ".to_owned() };
            self.words(mark.trim_end());
            self.line.space();
        }
    }

    fn link_ends(&mut self) {
        self.address_of_link();
        self.link = None;
    }

    /// Writes the address behind the text of the link that is open, once.
    fn address_of_link(&mut self) {
        let Some(link) = self.link.take_if(|link| !link.text.trim().is_empty()) else { return };
        if !links::says(&link.text, &link.address) && self.line.has_text() {
            self.line.append(&format!(" ({})", link.address));
        }
    }

    fn finished(mut self) -> Pages {
        self.address_of_link();
        if self.line.has_text() {
            self.line_is_complete();
        }
        Pages { text: self.text.text, aside: self.aside.text, tail: self.tail.text }
    }
}

fn side(is_quoted: bool, is_aside: bool) -> Side {
    match (is_quoted, is_aside) {
        (true, _) => Side::Tail,
        (false, true) => Side::Aside,
        (false, false) => Side::Text,
    }
}
