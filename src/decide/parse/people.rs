//! Address lists (RFC 5322 section 3.4) as programs really write them: names with commas and without quotes, brackets that nobody closes,
//! semicolons between addresses, addresses without brackets behind a name.
//!
//! Encoded words are decoded after the list is taken apart, so that nothing in them changes whose address it is. Whether another reader
//! finds the same author is not decided here but in `author`. Linear; every text gives a list.

use super::encoded;
use crate::model::address::Address;

/// One person of a list.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Display name, decoded, perhaps on several lines and empty.
    pub(super) name: String,
    /// The address; `None` when there is nothing that could be one.
    pub(super) address: Option<Address>,
}

/// What stands between two separators.
#[derive(Debug, Default)]
struct Entry {
    /// Everything outside of brackets and comments, quotes and all.
    phrase: String,
    /// What stands in angle brackets.
    bracketed: Vec<String>,
    comments: Vec<String>,
    /// Whether there is an `@` outside of quotes.
    has_at: bool,
}

#[derive(Debug)]
struct List<'a> {
    text: &'a str,
    at: usize,
    entry: Entry,
    people: Vec<Person>,
    /// Entries without any address, which may be the first half of a name with a comma in it.
    halves: Vec<String>,
    /// From here on, quotes (comments) are not closed, and stand for themselves.
    quotes_end: bool,
    comments_end: bool,
}

/// Reads the value of a field, folded or not.
pub(super) fn read(value: &str) -> Vec<Person> {
    let mut list = List {
        text: value,
        at: 0,
        entry: Entry::default(),
        people: Vec::new(),
        halves: Vec::new(),
        quotes_end: false,
        comments_end: false,
    };
    while let Some(octet) = value.as_bytes().get(list.at) {
        list.step(*octet);
    }
    list.finish(false);
    list.people
}

impl List<'_> {
    fn step(&mut self, octet: u8) {
        match octet {
            b'"' if !self.quotes_end => self.quoted(),
            b'(' if !self.comments_end => self.comment(),
            b'<' => self.bracket(),
            b',' => {
                self.at += 1;
                self.finish(true);
            }
            b';' => {
                self.at += 1;
                self.finish(false);
            }
            // The name of a group, or the scheme of a link.
            b':' if !self.entry.has_at && self.entry.bracketed.is_empty() => {
                self.at += 1;
                self.entry = Entry::default();
            }
            b'=' if self.text[self.at..].starts_with("=?") => {
                let length = encoded::length_at(&self.text[self.at..]).unwrap_or(2);
                self.entry.phrase.push_str(&self.text[self.at..self.at + length]);
                self.at += length;
            }
            b'"' | b'>' => self.at += 1,
            _ => self.plain(),
        }
    }

    /// One character that means nothing.
    fn plain(&mut self) {
        if let Some(character) = self.text[self.at..].chars().next() {
            self.entry.has_at |= character == '@';
            self.entry.phrase.push(character);
            self.at += character.len_utf8();
        }
    }

    fn quoted(&mut self) {
        match end_of_quoted(self.text, self.at) {
            Some(end) => {
                self.entry.phrase.push_str(&self.text[self.at..end]);
                self.at = end;
            }
            None => self.quotes_end = true,
        }
    }

    fn comment(&mut self) {
        let (mut depth, mut escaped) = (0_usize, false);
        for (length, octet) in self.text.as_bytes()[self.at..].iter().enumerate() {
            match octet {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'(' => depth += 1,
                b')' if depth == 1 => {
                    self.entry.comments.push(self.text[self.at + 1..self.at + length].to_owned());
                    self.at += length + 1;
                    // One within an address is read in many ways: then it is none.
                    if self.text.as_bytes().get(self.at) == Some(&b'@') {
                        self.entry.phrase.push('(');
                    }
                    return;
                }
                b')' => depth -= 1,
                _ => {}
            }
        }
        self.comments_end = true;
        self.at += 1;
    }

    /// What stands in angle brackets; they end with the entry when nobody closed them.
    fn bracket(&mut self) {
        let start = self.at + 1;
        let mut at = start;
        let is_route = self.text[start..].trim_start().starts_with('@');
        while let Some(octet) = self.text.as_bytes().get(at) {
            match octet {
                b'"' if !self.quotes_end => match end_of_quoted(self.text, at) {
                    Some(end) => at = end,
                    None => self.quotes_end = true,
                },
                b'>' | b'<' => break,
                b',' | b';' if !is_route => break,
                _ => at += 1,
            }
        }
        self.entry.bracketed.push(self.text[start..at].to_owned());
        self.at = if self.text.as_bytes().get(at) == Some(&b'>') { at + 1 } else { at };
    }

    /// Ends an entry. Behind a comma, one without an address may go with the next.
    fn finish(&mut self, at_comma: bool) {
        let entry = std::mem::take(&mut self.entry);
        let is_nothing = entry.phrase.trim().is_empty() && entry.bracketed.is_empty() && entry.comments.is_empty();
        if !is_nothing {
            if entry.bracketed.is_empty() && !entry.has_at && at_comma {
                self.halves.push(entry.phrase);
                return;
            }
            let mut person = entry.person();
            if !self.halves.is_empty() && !entry.bracketed.is_empty() && !entry.phrase.trim().is_empty() {
                let halves: Vec<String> = self.halves.drain(..).map(|half| name_of(&half)).collect();
                person.name = format!("{}, {}", halves.join(", "), person.name);
            }
            self.drop_halves();
            self.people.push(person);
            return;
        }
        if !at_comma {
            self.drop_halves();
        }
    }

    /// Names without addresses.
    fn drop_halves(&mut self) {
        self.people.extend(self.halves.drain(..).map(|half| Entry { phrase: half, ..Entry::default() }.person()));
    }
}

impl Entry {
    fn person(&self) -> Person {
        let comment = self.comments.first().map(|comment| encoded::decode(&unescaped(comment)).trim().to_owned());
        if let Some(address) = self.bracketed.iter().rev().find_map(|text| address(text)) {
            return Person { name: named(name_of(&self.phrase), comment, address.as_str()), address: Some(address) };
        }
        let words = words(&self.phrase);
        if let Some((index, found)) = words.iter().enumerate().rev().find_map(|(index, word)| Some((index, address(word)?))) {
            let others: Vec<&str> = words.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, word)| *word).collect();
            return Person { name: named(name_of(&others.join(" ")), comment, found.as_str()), address: Some(found) };
        }
        match address(&self.phrase) {
            Some(found) => Person { name: named(String::new(), comment, found.as_str()), address: Some(found) },
            None => Person { name: named(name_of(&self.phrase), comment, ""), address: None },
        }
    }
}

/// The name, with a comment behind it. An address that stands in place of a name is none.
fn named(name: String, comment: Option<String>, address: &str) -> String {
    let name = if name.eq_ignore_ascii_case(address) { String::new() } else { name };
    match comment.filter(|comment| !comment.is_empty()) {
        Some(comment) if name.is_empty() => comment,
        Some(comment) => format!("{name} ({comment})"),
        None => name,
    }
}

/// The end of the quoted string that begins here, behind its last quote.
fn end_of_quoted(text: &str, start: usize) -> Option<usize> {
    let mut escaped = false;
    let octets = text.as_bytes().get(start + 1..)?;
    let length = octets.iter().position(|octet| match octet {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        octet => *octet == b'"',
    })?;
    Some(start + 1 + length + 1)
}

/// The words of a phrase; a quoted string holds together, and with what touches it.
fn words(phrase: &str) -> Vec<&str> {
    let (mut words, mut start, mut at) = (Vec::new(), None, 0);
    while let Some(octet) = phrase.as_bytes().get(at) {
        if octet.is_ascii_whitespace() {
            words.extend(start.take().map(|start| &phrase[start..at]));
            at += 1;
            continue;
        }
        start = start.or(Some(at));
        at = if *octet == b'"' { end_of_quoted(phrase, at).unwrap_or(at + 1) } else { at + 1 };
    }
    words.extend(start.map(|start| &phrase[start..]));
    words
}

/// What a phrase says: without quotes, encoded words decoded.
fn name_of(phrase: &str) -> String {
    let mut plain = String::with_capacity(phrase.len());
    let mut characters = phrase.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {}
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    let name = encoded::decode(&plain);
    let name = name.trim();
    // Outlook writes an address that has no name as its own name, between apostrophes.
    let within = name.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
    within.filter(|name| !name.is_empty() && !name.contains('\'')).unwrap_or(name).to_owned()
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}

/// The address that a text is, perhaps with what people and programs put around it.
fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &text[7..],
        _ => text.strip_prefix("smtp:").or_else(|| text.strip_prefix("SMTP:")).unwrap_or(text),
    };
    if text.starts_with("=?") {
        return readable(&encoded::decode(text));
    }
    // A route says which way the mail is to go (RFC 5322 section 4.4); nobody goes it any more.
    let text = if text.starts_with('@') { text.split_once(':').map_or(text, |(_, address)| address) } else { text };
    if !text.contains('@') {
        return None;
    }
    readable(text).or_else(|| readable(&without_gaps(text)))
}

fn readable(text: &str) -> Option<Address> {
    let text = text.trim();
    let around = |c: char| matches!(c, '\'' | '"' | '[' | ']' | '(' | ')' | '.' | ':' | '*');
    let plain = || Address::parse(text.trim_matches(around));
    let address = Address::parse(text).or_else(|| plain().filter(|address| address.as_str().len() + 4 >= text.len()))?;
    // What Exchange makes of an address that is none of the internet (MS-OXCMAIL section 2.1.3.1).
    let local = address.local();
    let is_exchange = local.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("IMCEAE"));
    // Of a local part with quoted characters, every program makes another.
    (!is_exchange && !local.contains('\\')).then_some(address)
}

/// Without the white space and the comments that RFC 822 allowed around `@` and dots.
fn without_gaps(text: &str) -> String {
    let (mut plain, mut depth) = (String::with_capacity(text.len()), 0_usize);
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '@' | '.' => {
                plain.truncate(plain.trim_end().len());
                plain.push(character);
            }
            gap if gap.is_whitespace() && plain.ends_with(['@', '.']) => {}
            other => plain.push(other),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

#[cfg(test)]
mod tests;
