//! The pieces of an RTF text: groups, words, symbols and characters.

/// Letters of a word that are looked at; no word in use has as many.
const LONGEST_WORD: usize = 32;
/// Digits of a number.
const LONGEST_NUMBER: usize = 10;

/// One piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{`
    Begin,
    /// `}`
    End,
    /// `\*`: whoever does not know the next word may pass over the group.
    Star,
    /// A word with its number.
    Word(&'a str, Option<i32>),
    /// A backslash and another sign.
    Symbol(u8),
    /// An octet of text, in the code page of its place.
    Octet(u8),
}

/// The pieces in order.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) fn new(rtf: &'a [u8]) -> Self {
        Self { rest: rtf }
    }

    fn step(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    fn escaped(&mut self) -> Option<Token<'a>> {
        let first = *self.rest.get(1)?;
        match first {
            b'\'' => {
                let digit = |at: usize| self.rest.get(at).and_then(|octet| char::from(*octet).to_digit(16));
                let octet = digit(2).zip(digit(3)).map(|(high, low)| (high * 16 + low) as u8);
                self.step(if octet.is_some() { 4 } else { 2 });
                Some(octet.map_or(Token::Symbol(first), Token::Octet))
            }
            b'*' => {
                self.step(2);
                Some(Token::Star)
            }
            b'a'..=b'z' | b'A'..=b'Z' => Some(self.word()),
            symbol => {
                self.step(2);
                Some(Token::Symbol(symbol))
            }
        }
    }

    fn word(&mut self) -> Token<'a> {
        let letters = &self.rest[1..];
        let length = letters.iter().take(LONGEST_WORD).take_while(|octet| octet.is_ascii_alphabetic()).count();
        let word = std::str::from_utf8(&letters[..length]).unwrap_or_default();
        let behind = &letters[length..];
        let sign = usize::from(behind.first() == Some(&b'-'));
        let digits = behind[sign..].iter().take(LONGEST_NUMBER).take_while(|octet| octet.is_ascii_digit()).count();
        let (number, used) = if digits > 0 {
            let text = std::str::from_utf8(&behind[..sign + digits]).unwrap_or_default();
            (text.parse().ok(), sign + digits)
        } else {
            (None, 0)
        };
        // One space belongs to the word.
        let space = usize::from(behind.get(used) == Some(&b' '));
        self.step(1 + length + used + space);
        if word == "bin" {
            self.step(number.and_then(|number: i32| usize::try_from(number).ok()).unwrap_or(0));
        }
        Token::Word(word, number)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        // Line ends are no text.
        while let [b'\r' | b'\n' | 0, ..] = self.rest {
            self.step(1);
        }
        match self.rest.first()? {
            b'{' => {
                self.step(1);
                Some(Token::Begin)
            }
            b'}' => {
                self.step(1);
                Some(Token::End)
            }
            b'\\' => self.escaped(),
            octet => {
                self.step(1);
                Some(Token::Octet(*octet))
            }
        }
    }
}
