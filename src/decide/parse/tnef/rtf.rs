//! RTF to text, or to the HTML that it encapsulates ([MS-OXRTFEX]).
//!
//! One pass, without recursion: groups are kept in a list, beyond a depth they are only counted. Tables of fonts and colours, pictures
//! and everything that a reader may pass over is passed over.

mod tokens;

use super::codepage::Codepage;
use tokens::{Token, Tokens};

/// Groups within each other that are told apart. Deeper ones are read like the one that holds them.
const DEEPEST: usize = 200;
/// Fonts whose charset is kept.
const MOST_FONTS: usize = 500;
/// Octets of the result that are kept.
const MOST_OUTPUT: usize = 8 * 1024 * 1024;

/// Groups whose content is not text.
const SILENT: [&str; 18] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "headerl",
    "headerr",
    "headerf",
    "footer",
    "footerl",
    "footerr",
    "footerf",
    "footnote",
    "listtable",
    "listoverridetable",
    "datastore",
];

/// Words that stand for characters.
const CHARACTERS: [(&str, char); 14] = [
    ("tab", '\t'),
    ("cell", '\t'),
    ("emdash", '\u{2014}'),
    ("endash", '\u{2013}'),
    ("bullet", '\u{2022}'),
    ("lquote", '\u{2018}'),
    ("rquote", '\u{2019}'),
    ("ldblquote", '\u{201c}'),
    ("rdblquote", '\u{201d}'),
    ("emspace", ' '),
    ("enspace", ' '),
    ("par", '\n'),
    ("line", '\n'),
    ("row", '\n'),
];

/// What an RTF text holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// Plain text with LF line ends.
    Text(String),
    /// The HTML that it was made from.
    Html(String),
}

/// Reads any octets.
pub(super) fn read(rtf: &[u8]) -> Document {
    let mut writer = Writer::default();
    for token in Tokens::new(rtf) {
        writer.token(&token);
        if writer.out.len() > MOST_OUTPUT {
            break;
        }
    }
    writer.flush();
    if writer.is_html { Document::Html(writer.out) } else { Document::Text(writer.out) }
}

/// What holds within a group.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    silent: bool,
    /// Its words are for readers of RTF only, not of the HTML.
    rtf_only: bool,
    /// It is a piece of HTML.
    tag: bool,
    fonts: bool,
    /// The next word may say that the group can be passed over.
    starred: bool,
    /// Characters that follow `\u`, for readers that know no Unicode.
    fallback: usize,
    codepage: Option<Codepage>,
}

struct Writer {
    out: String,
    is_html: bool,
    group: Group,
    outer: Vec<Group>,
    deeper: usize,
    codepage: Codepage,
    fonts: Vec<(i32, Codepage)>,
    font: i32,
    default_font: Option<i32>,
    /// Octets whose text is not known before the last of them was seen.
    octets: Vec<u8>,
    units: Vec<u16>,
    skip: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            out: String::new(),
            is_html: false,
            group: Group { fallback: 1, ..Group::default() },
            outer: Vec::new(),
            deeper: 0,
            codepage: Codepage::default(),
            fonts: Vec::new(),
            font: 0,
            default_font: None,
            octets: Vec::new(),
            units: Vec::new(),
            skip: 0,
        }
    }
}

impl Writer {
    fn token(&mut self, token: &Token<'_>) {
        if let Token::Octet(octet) = token {
            return self.octet(*octet);
        }
        if let Token::Word("u", Some(number)) = token {
            self.flush_octets();
            return self.unit(*number);
        }
        self.flush();
        match token {
            Token::Begin => self.begin(),
            Token::End => self.end(),
            Token::Star => self.group.starred = true,
            Token::Word(word, number) => self.word(word, *number),
            Token::Symbol(symbol) => self.symbol(*symbol),
            Token::Octet(_) => {}
        }
    }

    fn begin(&mut self) {
        self.skip = 0;
        if self.outer.len() < DEEPEST {
            self.outer.push(self.group);
            self.group.starred = false;
        } else {
            self.deeper += 1;
        }
    }

    fn end(&mut self) {
        self.skip = 0;
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(group) = self.outer.pop() {
            self.group = group;
        }
    }

    fn is_seen(&self) -> bool {
        let is_for_others = self.is_html && self.group.rtf_only && !self.group.tag;
        !self.group.silent && !is_for_others
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        let starred = std::mem::take(&mut self.group.starred);
        match word {
            "htmltag" if starred && self.is_html => self.group.tag = true,
            "fromhtml" => self.is_html = number != Some(0),
            "htmlrtf" => self.group.rtf_only = number != Some(0),
            "ansicpg" => self.codepage = Codepage(number.and_then(|number| u32::try_from(number).ok()).unwrap_or(1252)),
            "uc" => self.group.fallback = number.and_then(|number| usize::try_from(number).ok()).unwrap_or(1).min(16),
            "deff" => self.default_font = number,
            "f" => self.font(number.unwrap_or(0)),
            "fcharset" if self.group.fonts => self.charset(number.unwrap_or(0)),
            "plain" => self.group.codepage = self.of_font(self.default_font.unwrap_or(0)),
            _ if SILENT.contains(&word) || starred => {
                self.group.silent = true;
                self.group.fonts = word == "fonttbl";
            }
            _ => {
                if let Some((_, c)) = CHARACTERS.iter().find(|(known, _)| *known == word) {
                    self.character(*c);
                }
            }
        }
    }

    fn font(&mut self, number: i32) {
        self.font = number;
        if !self.group.fonts {
            self.group.codepage = self.of_font(number);
        }
    }

    fn of_font(&self, number: i32) -> Option<Codepage> {
        self.fonts.iter().find(|(known, _)| *known == number).map(|(_, codepage)| *codepage)
    }

    fn charset(&mut self, charset: i32) {
        if let Some(codepage) = Codepage::of_font(charset).filter(|_| self.fonts.len() < MOST_FONTS) {
            self.fonts.push((self.font, codepage));
        }
    }

    fn symbol(&mut self, symbol: u8) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        match symbol {
            b'~' => self.character('\u{a0}'),
            b'_' => self.character('-'),
            b'\r' | b'\n' => self.character('\n'),
            b'{' | b'}' | b'\\' => self.character(char::from(symbol)),
            _ => {}
        }
    }

    fn octet(&mut self, octet: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.is_seen() {
            self.flush_units();
            self.octets.push(octet);
        }
    }

    /// A UTF-16 unit. Its number is signed.
    fn unit(&mut self, number: i32) {
        self.skip = self.group.fallback;
        if self.is_seen() {
            self.units.push((number & 0xffff) as u16);
        }
    }

    fn flush(&mut self) {
        self.flush_octets();
        self.flush_units();
    }

    fn flush_octets(&mut self) {
        if !self.octets.is_empty() {
            let octets = std::mem::take(&mut self.octets);
            let text = self.group.codepage.unwrap_or(self.codepage).decoded(&octets);
            self.text(&text);
        }
    }

    fn flush_units(&mut self) {
        if !self.units.is_empty() {
            let units = std::mem::take(&mut self.units);
            let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            self.text(&text);
        }
    }

    fn character(&mut self, c: char) {
        if self.is_seen() {
            self.text(c.encode_utf8(&mut [0; 4]));
        }
    }

    /// In HTML, what does not stand in a tag is text and not markup.
    fn text(&mut self, text: &str) {
        if !self.is_html || self.group.tag {
            return self.out.push_str(text);
        }
        for c in text.chars() {
            match c {
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '&' => self.out.push_str("&amp;"),
                c => self.out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(rtf: &str) -> String {
        match read(rtf.as_bytes()) {
            Document::Text(text) | Document::Html(text) => text,
        }
    }

    #[test]
    fn text_is_read_without_what_is_about_it() {
        let rtf = "{\\rtf1\\ansi\\ansicpg1250\\deff0{\\fonttbl{\\f0\\fnil Arial;}{\\f1\\fcharset204 Arial;}}{\\colortbl;\\red0;}\r\n{\\*\\generator X;}\
            \\pard Ra\\'e8un\\par\r\n{\\f1\\'cf\\'f0\\'e8}\\tab 5 \\u8364?\\line \\{x\\}\\~y{\\pict 0102}\\par}";
        assert_eq!(text(rtf), "Ra\u{10d}un\nПри\t5 €\n{x}\u{a0}y\n");
    }

    #[test]
    fn surrogates_and_fallbacks_of_any_length_make_one_character() {
        assert_eq!(text("{\\rtf1\\uc1 \\u-10179?\\u-8704?!}"), "😀!");
        assert_eq!(text("{\\rtf1{\\uc2 \\u9731\\'81\\'40.}{\\uc0\\u9731 .}}"), "☃.☃.");
    }

    #[test]
    fn html_comes_out_as_it_went_in() {
        let rtf = "{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf {\\b \\htmlrtf0 a < b\\htmlrtf }\\htmlrtf0{\\*\\htmltag84 &nbsp;}\
            {\\*\\mhtmltag84 <img>}\\htmlrtf \\par\\htmlrtf0{\\*\\htmltag72 </p>\\par }}";
        assert_eq!(read(rtf.as_bytes()), Document::Html("<p>a &lt; b&nbsp;</p>\n".to_owned()));
    }

    #[test]
    fn groups_beyond_the_depth_are_closed_again() {
        let deep = format!("{{\\rtf1 a{}b{}c}}d", "{".repeat(10_000), "}".repeat(10_000));
        assert_eq!(text(&deep), "abcd");
    }

    proptest! {
        #[test]
        fn any_octets_can_be_read(pieces in prop::collection::vec(prop_oneof![
            prop::sample::select(vec!["{", "}", "\\", "\\*", "\\u", "\\u8364", "\\u-1", "\\'", "\\'e", "\\'e8", "\\bin99", "\\htmltag", "\\fromhtml1", "\\htmlrtf",
                "\\uc9", "\\f1", "\\fcharset204", "{\\fonttbl", "\\par", " ", "\r\n", "-", "99999999999"]).prop_map(|piece| piece.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..5),
        ], 0..40)) {
            let _ = read(&pieces.concat());
        }
    }
}
