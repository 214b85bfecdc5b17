//! By which element, class or style a mail program marks what its user did not write just now. Adding a program is adding a row.

mod table;

use super::element::{Block, Element};
use super::tag::Tag;
use table::SIGNS;

/// What an element is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// All in it is quoted; the author may write on behind it.
    Quotation,
    /// It holds the line above a quotation and quotations; what stands between these is the author's answer.
    Frame,
    /// It is quoted, and has no quotation in it that could be told from answers.
    Enclosed,
    /// All from here to the end of the mail is quoted.
    Rest,
    /// The same, when it begins with a line like `From: …`.
    RestIfHeader,
    /// The line above a quotation.
    Attribution,
    /// A signature.
    Signature,
    /// A mail that is passed on: meant to be read.
    PassedOn,
    /// A quotation in the sense of HTML that only moves a text to the right.
    Indentation,
}

/// Where a sign is looked for. Words are compared without case and without the `x_` that Outlook on the web puts before those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    /// One of the classes.
    Class(&'static str),
    /// One of the classes or the id begins and ends so.
    Ends(&'static str, &'static str),
    Id(&'static str),
    IdBegins(&'static str),
    Name(&'static str),
    Type(&'static str),
    Marker(&'static str),
    Smartmail(&'static str),
    /// Within the style, in lower case and without spaces.
    Style(&'static str),
    /// A left border, whatever its kind.
    LeftBorder,
    /// No border at all.
    NoBorder,
    /// `cite` names the mail that is quoted.
    Cite,
}

/// One sign of one program.
struct Sign {
    /// Whose it is.
    #[cfg_attr(not(test), expect(dead_code, reason = "said by the test over all rows, and to whoever reads the table"))]
    client: &'static str,
    /// Where; `None`: on any element.
    element: Option<Element>,
    test: Test,
    meaning: Meaning,
    /// The tag as it is written.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the test over all rows"))]
    example: &'static str,
}

/// What the tag marks; the first row that fits counts.
pub(super) fn meaning(element: Element, tag: &Tag<'_>) -> Option<Meaning> {
    let is_bare = tag.class.is_empty() && tag.id.is_empty() && tag.name.is_empty() && tag.style.is_empty();
    if is_bare && tag.kind.is_empty() && tag.marker.is_empty() && tag.cite.is_empty() && tag.smartmail.is_empty() {
        return None;
    }
    // Paragraphs of Word are the bulk of what Outlook writes, and mark nothing.
    if tag.id.is_empty() && tag.class.starts_with("Mso") && element != Element::Blockquote {
        return None;
    }
    let style = if has_told_style(element, tag.style) { squeezed(tag.style) } else { String::new() };
    let place = plain_kind(element);
    SIGNS
        .iter()
        .find(|sign| sign.element.is_none_or(|wanted| wanted == place) && sign.test.holds(tag, &style))
        .map(|sign| sign.meaning)
}

/// `section` and `div` are one to programs.
fn plain_kind(element: Element) -> Element {
    match element {
        Element::Block(Block::Section) => Element::Block(Block::Division),
        other => other,
    }
}

/// Whether a style may be one of those in the table.
fn has_told_style(element: Element, style: &str) -> bool {
    matches!(element, Element::Block(_) | Element::Rule) && style.contains('#')
}

fn squeezed(style: &str) -> String {
    style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

impl Test {
    fn holds(self, tag: &Tag<'_>, style: &str) -> bool {
        match self {
            Test::Class(word) => words(tag.class).any(|class| class.eq_ignore_ascii_case(word)),
            Test::Ends(start, end) => words(tag.class).chain(words(tag.id)).any(|word| {
                word.len() >= start.len() + end.len()
                    && word.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start))
                    && word.get(word.len() - end.len()..).is_some_and(|part| part.eq_ignore_ascii_case(end))
            }),
            Test::Id(id) => words(tag.id).any(|found| found.eq_ignore_ascii_case(id)),
            Test::IdBegins(start) => {
                words(tag.id).any(|id| id.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start)))
            }
            Test::Name(name) => tag.name.eq_ignore_ascii_case(name),
            Test::Type(kind) => tag.kind.eq_ignore_ascii_case(kind),
            Test::Marker(marker) => tag.marker.eq_ignore_ascii_case(marker),
            Test::Smartmail(name) => tag.smartmail.eq_ignore_ascii_case(name),
            Test::Style(part) => style.contains(part),
            Test::LeftBorder => tag.look.border_left,
            Test::NoBorder => tag.look.no_border,
            Test::Cite => !tag.cite.is_empty(),
        }
    }
}

/// The words of a class or id without the marks of programs that quoted them. At most so many are looked at.
fn words(value: &str) -> impl Iterator<Item = &str> {
    const WORDS: usize = 16;
    value.split_ascii_whitespace().take(WORDS).map(|word| {
        let mut word = word;
        while let Some(rest) = word.strip_prefix("x_") {
            word = rest;
        }
        word
    })
}

#[cfg(test)]
mod tests {
    use super::super::tokens::{Token, Tokens};
    use super::*;

    #[test]
    fn every_sign_is_found_in_its_example() {
        for sign in &SIGNS {
            let Some(Token::Open(element, rest)) = Tokens::of(sign.example).next() else { panic!("{}: no tag", sign.example) };
            let found = meaning(element, &Tag::of(element, rest));
            assert_eq!(found, Some(sign.meaning), "{}: {}", sign.client, sign.example);
        }
    }

    #[test]
    fn what_authors_write_themselves_marks_nothing() {
        for html in [
            "<div style=\"border-top: solid #E1E1E1 2pt; padding: 8px\">",
            "<div class=\"quotes\" id=\"reply\">",
            "<p class=\"MsoNormal\">",
            "<blockquote>",
            "<blockquote style=\"margin-right: 0px\" dir=\"ltr\">",
            "<hr>",
        ] {
            let Some(Token::Open(element, rest)) = Tokens::of(html).next() else { panic!("{html}: no tag") };
            assert_eq!(meaning(element, &Tag::of(element, rest)), None, "{html}");
        }
    }
}
