//! HTML as tags and text, in linear time and without copies. Comments and what is no text (scripts, styles) are passed over.
//!
//! It reads as browsers do (HTML Living Standard section 13.2.5), but where they would throw away the rest of a broken page, because a
//! comment, a quotation mark or a style never ends, this goes on: a mail was cut or mangled on its way, and its words still count.

use memchr::{memchr, memchr3, memmem};

use super::element::Element;

/// Attributes of one tag that are looked at.
const ATTRIBUTES: usize = 64;

/// A piece of HTML.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'a> {
    /// With its entities.
    Text(&'a str),
    /// The element and what stands behind its name in the tag.
    Open(Element, &'a str),
    Close(Element),
}

/// The pieces of a page in order.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    html: &'a str,
    at: usize,
    /// What is known not to come any more, so that nobody looks for it again.
    no_comment_end: bool,
    no_double_quote: bool,
    no_single_quote: bool,
    no_tag_end: bool,
    /// Silent elements whose closing tag does not come any more.
    unclosed: Vec<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(html: &'a str) -> Self {
        Self {
            html,
            at: 0,
            no_comment_end: false,
            no_double_quote: false,
            no_single_quote: false,
            no_tag_end: false,
            unclosed: Vec::new(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.html[self.at..]
    }

    fn text(&mut self, length: usize) -> Token<'a> {
        let text = &self.rest()[..length];
        self.at += length;
        Token::Text(text)
    }

    /// The token that begins with `<`; `None` for a comment and its like.
    fn markup(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        let is_letter = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
        match rest.as_bytes().get(1) {
            Some(b'!') if rest.starts_with("<!--") => self.comment(),
            Some(b'!' | b'?') => self.pass(),
            Some(b'/') if is_letter(2) => self.closing_tag(),
            Some(b'/') => self.pass(),
            Some(_) if is_letter(1) => self.opening_tag(),
            _ => Some(self.text(1)),
        }
    }

    /// Passes over a declaration.
    fn pass(&mut self) -> Option<Token<'a>> {
        match memchr(b'>', self.rest().as_bytes()) {
            Some(end) => self.at += end + 1,
            // Nothing more ends, so all of it is text.
            None => return Some(self.text(self.rest().len())),
        }
        None
    }

    fn comment(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        if rest.starts_with("<!-->") || rest.starts_with("<!--->") || self.no_comment_end {
            return self.pass();
        }
        match memmem::find(&rest.as_bytes()[4..], b"-->") {
            Some(end) => {
                self.at += 4 + end + 3;
                None
            }
            None => {
                self.no_comment_end = true;
                self.pass()
            }
        }
    }

    fn closing_tag(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        let Some(end) = memchr(b'>', rest.as_bytes()) else { return Some(self.text(rest.len())) };
        self.at += end + 1;
        Some(Token::Close(Element::named(name(&rest[2..end]))))
    }

    fn opening_tag(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        let name = name(&rest[1..]);
        // Addresses in angle brackets that nobody escaped.
        if self.no_tag_end || name.contains('@') || (name.ends_with(':') && rest[1 + name.len()..].starts_with("//")) {
            return Some(self.text(1));
        }
        let begin = 1 + name.len();
        let Some(end) = self.tag_end(begin) else {
            self.no_tag_end = true;
            return Some(self.text(1));
        };
        let element = Element::named(name);
        self.at += end + 1;
        if let Element::Silent(name) = element {
            self.silence(name);
            return None;
        }
        Some(Token::Open(element, &rest[begin..end]))
    }

    /// The offset of the `>` that ends the tag: not one between quotation marks around a value.
    fn tag_end(&mut self, from: usize) -> Option<usize> {
        let bytes = self.rest().as_bytes();
        let mut at = from;
        loop {
            let found = at + memchr3(b'>', b'"', b'\'', &bytes[at..])?;
            let mark = bytes[found];
            if mark == b'>' {
                return Some(found);
            }
            let before = bytes[at..found].trim_ascii_end();
            at = found + 1;
            let missing = if mark == b'"' { &mut self.no_double_quote } else { &mut self.no_single_quote };
            if before.ends_with(b"=") && !*missing {
                match memchr(mark, &bytes[at..]) {
                    Some(length) => at += length + 1,
                    None => *missing = true,
                }
            }
        }
    }

    /// Passes over the content of an element that is no text.
    fn silence(&mut self, name: &'static str) {
        let content = self.rest();
        if !self.unclosed.contains(&name) {
            if let Some(end) = closing(content, name) {
                self.at += end;
                return;
            }
            self.unclosed.push(name);
        }
        // A style has no tag in it, so the next one is the text's. Of a script nobody can tell.
        self.at += match name {
            "script" => content.len(),
            _ => next_tag(content),
        };
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while self.at < self.html.len() {
            let rest = self.rest();
            match memchr(b'<', rest.as_bytes()) {
                Some(0) => {
                    if let Some(token) = self.markup() {
                        return Some(token);
                    }
                }
                Some(length) => return Some(self.text(length)),
                None => return Some(self.text(rest.len())),
            }
        }
        None
    }
}

/// The name that a tag begins with. A long one is cut: no element has it.
fn name(tag: &str) -> &str {
    const LONGEST: usize = 256;
    let ends = |octet: &u8| octet.is_ascii_whitespace() || matches!(octet, b'/' | b'>');
    let length = tag.bytes().take(LONGEST).position(|octet| ends(&octet)).unwrap_or(tag.len().min(LONGEST));
    &tag[..tag.floor_char_boundary(length)]
}

/// The offset of the tag that closes a silent element.
fn closing(html: &str, name: &str) -> Option<usize> {
    let bytes = html.as_bytes();
    memmem::find_iter(bytes, b"</").find(|at| {
        let found = bytes.get(at + 2..at + 2 + name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// The offset of the next tag, or the end.
fn next_tag(html: &str) -> usize {
    let bytes = html.as_bytes();
    let begins = |at: &usize| bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphabetic() || *next == b'/');
    memchr::memchr_iter(b'<', bytes).find(begins).unwrap_or(html.len())
}

/// The names and values of a tag's attributes, values with their entities and without their quotation marks.
pub(super) fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = tag;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '"' | '\''));
        if rest.is_empty() {
            return None;
        }
        // A name may begin with `=`: else it would have no length.
        let length = rest.bytes().skip(1).position(|octet| octet.is_ascii_whitespace() || matches!(octet, b'=' | b'/'));
        let (name, behind) = rest.split_at_checked(length.map_or(rest.len(), |length| length + 1)).unwrap_or((rest, ""));
        let Some(value) = behind.trim_ascii_start().strip_prefix('=') else {
            rest = behind;
            return Some((name, ""));
        };
        let value = value.trim_ascii_start();
        let quoted = value.chars().next().filter(|c| matches!(c, '"' | '\'')).and_then(|mark| value[1..].split_once(mark));
        let (value, behind) =
            quoted.unwrap_or_else(|| value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len())));
        rest = behind;
        Some((name, value))
    })
    .take(ATTRIBUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        let piece = |token| match token {
            Token::Text(text) => text.to_owned(),
            Token::Open(element, rest) => format!("<{element:?}{rest}>"),
            Token::Close(element) => format!("</{element:?}>"),
        };
        Tokens::of(html).map(piece).collect()
    }

    #[test]
    fn comments_styles_and_conditions_of_outlook_are_passed_over() {
        for (html, text) in [
            ("a<!-- <p> -->b<!-->c<!--->d", "abcd"),
            ("<!--[if mso]><p>no</p><![endif]-->yes<![if !vml]>and<![endif]>", "yesand"),
            ("<!--[if !mso]><!-- -->shown<!--<![endif]-->", "shown"),
            (
                "<style>p{}</STYLE >a<script>if(a<b){}</script>b<title>T</title>",
                "</Silent(\"style\")>a</Silent(\"script\")>b</Silent(\"title\")>",
            ),
            ("<!DOCTYPE html><?xml:namespace prefix=o />a</>b", "ab"),
        ] {
            assert_eq!(shown(html), text, "{html}");
        }
    }

    #[test]
    fn what_never_ends_takes_no_words_with_it() {
        for (html, text) in [
            ("a <!-- b> c", "a  c"),
            ("<style>p{} <b>word</b>", "<Inline(Bold)>word</Inline(Bold)>"),
            ("<a href=\"x>word</a>", "<Anchor href=\"x>word</Anchor>"),
            ("3 < 4 and 5 <6, a <b", "3 < 4 and 5 <6, a <b"),
            (
                "Mia <mia@customer.example> <https://customer.example/a> x",
                "Mia <mia@customer.example> <https://customer.example/a> x",
            ),
        ] {
            assert_eq!(shown(html), text, "{html}");
        }
    }

    #[test]
    fn attributes_are_read_in_every_way_they_are_written() {
        let found: Vec<_> = attributes(" a=1 B = 'two words' c d=\"x > y\"e=/f/ =g \"h / i=\"open").collect();
        let want =
            [("a", "1"), ("B", "two words"), ("c", ""), ("d", "x > y"), ("e", "/f/"), ("=g", ""), ("h", ""), ("i", "\"open")];
        assert_eq!(found, want);
    }
}
