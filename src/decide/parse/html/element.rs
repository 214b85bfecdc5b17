//! The elements of HTML that mean something to a reader, and how they end where nobody closes them. What is not named here is
//! transparent: its tags go, its words stay.

/// An element (HTML Living Standard section 4). Those that are treated alike share a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Anchor,
    Block(Block),
    Blockquote,
    Break,
    Cell,
    Definition,
    Heading(u8),
    Image,
    Inline(Inline),
    Item,
    List {
        ordered: bool,
    },
    Paragraph,
    Preformatted,
    Row,
    Rule,
    /// Its content is no text of the mail, and ends at its closing tag only.
    Silent(&'static str),
    Table,
    TableSection(Section),
    Unknown,
}

/// Elements that begin and end a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Caption,
    Center,
    Division,
    /// Of a form: a button, a choice, a field.
    Field,
    DefinitionList,
    /// `section`, `article` and their like: shown as a division.
    Section,
}

/// Elements within a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inline {
    Bold,
    Code,
    Deleted,
    Emphasis,
    Font,
    Inserted,
    Small,
    Span,
    Strong,
    Subscript,
    Superscript,
    Underlined,
    Italic,
}

/// The parts of a table between it and its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Body,
    Foot,
    Head,
}

/// The longest name that is known.
const LONGEST_NAME: usize = 10;

impl Element {
    /// By name in any case.
    pub(super) fn named(name: &str) -> Element {
        let mut letters = [0; LONGEST_NAME];
        let Some(lower) = letters.get_mut(..name.len()) else { return Element::Unknown };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        match &*lower {
            b"a" => Element::Anchor,
            b"blockquote" => Element::Blockquote,
            b"br" => Element::Break,
            b"td" | b"th" => Element::Cell,
            b"dd" | b"dt" => Element::Definition,
            b"h1" => Element::Heading(1),
            b"h2" => Element::Heading(2),
            b"h3" => Element::Heading(3),
            b"h4" => Element::Heading(4),
            b"h5" | b"h6" => Element::Heading(5),
            b"img" => Element::Image,
            b"li" => Element::Item,
            b"ol" => Element::List { ordered: true },
            b"ul" | b"menu" | b"dir" => Element::List { ordered: false },
            b"p" => Element::Paragraph,
            b"pre" | b"xmp" | b"listing" | b"plaintext" => Element::Preformatted,
            b"tr" => Element::Row,
            b"hr" => Element::Rule,
            b"table" => Element::Table,
            b"tbody" => Element::TableSection(Section::Body),
            b"tfoot" => Element::TableSection(Section::Foot),
            b"thead" => Element::TableSection(Section::Head),
            other => block(other).or_else(|| inline(other)).or_else(|| silent(other)).unwrap_or(Element::Unknown),
        }
    }

    /// Whether it has no content and so no end.
    pub(super) fn is_void(self) -> bool {
        matches!(self, Element::Break | Element::Image | Element::Rule)
    }

    /// Whether it stands within a line.
    pub(super) fn is_inline(self) -> bool {
        matches!(self, Element::Anchor | Element::Inline(_))
    }

    /// Whether an element that is closed from within cannot be outside of it.
    fn is_wall(self) -> bool {
        matches!(self, Element::Cell | Element::Table | Element::Block(Block::Caption))
    }
}

fn block(name: &[u8]) -> Option<Element> {
    let block = match name {
        b"div" => Block::Division,
        b"center" => Block::Center,
        b"caption" => Block::Caption,
        b"dl" => Block::DefinitionList,
        b"address" | b"article" | b"aside" | b"details" | b"fieldset" | b"figcaption" | b"figure" | b"footer" | b"form"
        | b"header" | b"hgroup" | b"legend" | b"main" | b"nav" | b"section" | b"summary" => Block::Section,
        b"button" | b"option" | b"select" | b"textarea" => Block::Field,
        _ => return None,
    };
    Some(Element::Block(block))
}

fn inline(name: &[u8]) -> Option<Element> {
    let inline = match name {
        b"b" => Inline::Bold,
        b"code" | b"tt" | b"kbd" | b"samp" => Inline::Code,
        b"del" | b"s" | b"strike" => Inline::Deleted,
        b"em" => Inline::Emphasis,
        b"i" | b"cite" | b"var" | b"dfn" => Inline::Italic,
        b"font" => Inline::Font,
        b"ins" => Inline::Inserted,
        b"small" => Inline::Small,
        b"span" | b"label" | b"big" | b"nobr" | b"abbr" | b"acronym" | b"mark" | b"q" | b"bdo" | b"bdi" => Inline::Span,
        b"strong" => Inline::Strong,
        b"sub" => Inline::Subscript,
        b"sup" => Inline::Superscript,
        b"u" => Inline::Underlined,
        _ => return None,
    };
    Some(Element::Inline(inline))
}

fn silent(name: &[u8]) -> Option<Element> {
    let name = match name {
        b"script" => "script",
        b"style" => "style",
        b"title" => "title",
        b"template" => "template",
        b"xml" => "xml",
        b"iframe" => "iframe",
        b"noembed" => "noembed",
        _ => return None,
    };
    Some(Element::Silent(name))
}

/// How many of the open elements, from the innermost on, end where this one begins (section 13.2.6.4.7 and its like).
pub(super) fn ended_by_opening(open: impl DoubleEndedIterator<Item = Element> + Clone, element: Element) -> usize {
    let through = |found: fn(Element) -> bool, passes: fn(Element) -> bool| {
        for (count, above) in open.clone().rev().enumerate() {
            if found(above) {
                return count + 1;
            }
            if !passes(above) {
                return 0;
            }
        }
        0
    };
    let paragraph = || through(|above| above == Element::Paragraph, Element::is_inline);
    match element {
        Element::Anchor => through(|above| above == Element::Anchor, Element::is_inline),
        Element::Item => through(
            |above| above == Element::Item,
            |above| above.is_inline() || matches!(above, Element::Paragraph | Element::Block(Block::Division)),
        ),
        Element::Definition => through(
            |above| above == Element::Definition,
            |above| above.is_inline() || matches!(above, Element::Paragraph | Element::Block(Block::Division)),
        ),
        Element::Cell => through(|above| above == Element::Cell, |above| !matches!(above, Element::Row | Element::Table)),
        Element::Row => through(|above| above == Element::Row, |above| above != Element::Table),
        Element::TableSection(_) => through(|above| matches!(above, Element::TableSection(_)), |above| above != Element::Table)
            .max(through(|above| above == Element::Row, |above| above != Element::Table)),
        Element::Break | Element::Image | Element::Inline(_) | Element::Unknown | Element::Silent(_) => 0,
        _ => paragraph(),
    }
}

/// What a closing tag ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// So many of the open elements, from the innermost on.
    Innermost(usize),
    /// The one element within a line that has so many others in it, which go on.
    Below(usize),
    Nothing,
}

/// What ends where this element is closed: the innermost of its name, and all that are open in it.
pub(super) fn ended_by_closing(open: impl DoubleEndedIterator<Item = Element>, element: Element) -> Ends {
    let mut crosses_block = false;
    for (count, above) in open.rev().enumerate() {
        let is_it = match (above, element) {
            (Element::Heading(_), Element::Heading(_)) => true,
            (above, element) => above == element,
        };
        if is_it {
            return if crosses_block { Ends::Below(count) } else { Ends::Innermost(count + 1) };
        }
        crosses_block |= element.is_inline() && (!above.is_inline() || count > 0);
        let wall = match element {
            Element::Table => false,
            Element::Cell | Element::Row | Element::TableSection(_) => above == Element::Table,
            _ => above.is_wall(),
        };
        if wall {
            break;
        }
    }
    Ends::Nothing
}
