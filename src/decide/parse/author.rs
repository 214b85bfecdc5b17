//! Whether another reader must find the same author in From.
//!
//! Signatures are checked by one program, authority is given by another, people are shown a third one's reading. Who writes a From field
//! that they read differently is proven as one and taken for another. So this reads the header once more, strictly and knowing nothing of
//! the other reading: whatever is not one field `From:` with one plain address makes the author doubtful. Linear.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use memchr::memchr_iter;

use super::encoded;
use crate::model::mail::Mail;

/// Why the author is doubtful, in words. `whole` tells whether all of the header was read.
pub(super) fn doubt(header: &[u8], whole: bool, mail: &Mail) -> Option<&'static str> {
    let value = match the_field(header) {
        Ok(Some(value)) => value,
        // Without From there is nothing to disagree about, unless somebody finds one where this does not look.
        Ok(None) => return (!mail.from.is_empty() || !whole).then_some("From is not where everybody looks for it"),
        Err(why) => return Some(why),
    };
    if !whole {
        return Some("the header is longer than is read, and may have another From field");
    }
    let Ok(text) = std::str::from_utf8(value) else { return Some("From holds octets that are no text") };
    let address = match plain_address(text) {
        Ok(address) => address,
        Err(why) => return Some(why),
    };
    match mail.from.as_slice() {
        [only] if only.address.as_str().eq_ignore_ascii_case(address) => None,
        [] => Some("no address can be read from From"),
        _ => Some("two readers find different addresses in From"),
    }
}

/// The value of the one From field, unfolded lines and all; `None` when there is none.
fn the_field(header: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    let mut found: Option<(usize, usize)> = None;
    let (mut at, mut open) = (0, false);
    for end in memchr_iter(b'\n', header).map(|at| at + 1).chain([header.len()]).filter(|end| *end > 0) {
        let line = &header[at..end];
        let (start, is_first) = (at, at == 0);
        at = end;
        if matches!(line.first(), Some(b' ' | b'\t')) {
            // A continuation; but some trim their lines before they look for a colon.
            if named_from(line.trim_ascii_start()).is_some() && (is_first || line.contains(&b'@')) {
                return Err("the name of the From field has white space before it");
            }
            if open && let Some((_, until)) = &mut found {
                *until = end;
            }
            continue;
        }
        open = false;
        if hides_from(line) {
            return Err("a line of the header holds a control character and a From field behind it");
        }
        let Some(name) = named_from(line) else {
            let is_stray = !line.trim_ascii().is_empty() && memchr::memchr(b':', line).is_none();
            if is_stray && !is_first {
                return Err("a line of the header is no field, and what is below it is read differently");
            }
            continue;
        };
        if name != b"From".len() {
            return Err("the name of the From field has something behind it");
        }
        if found.is_some() {
            return Err("there is more than one From field");
        }
        (found, open) = (Some((start + name + 1, end)), true);
    }
    Ok(found.map(|(start, end)| &header[start..end]))
}

/// Where the colon is in a line that some reader takes for a From field.
fn named_from(line: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', line)?;
    let name: Vec<u8> = line[..colon].iter().copied().filter(u8::is_ascii_graphic).take(5).collect();
    name.eq_ignore_ascii_case(b"From").then_some(colon)
}

/// Whether a line is two for somebody who takes another octet for the end of a line.
fn hides_from(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut pieces = line.split(|octet| matches!(octet, b'\r' | 0 | 0x0b | 0x0c));
    pieces.next();
    pieces.any(|piece| named_from(piece.trim_ascii_start()).is_some())
}

/// The address of a field with one plain mailbox: an address alone, or a name and an address in angle brackets.
fn plain_address(value: &str) -> Result<&str, &'static str> {
    let unfolded = value.trim_end_matches(['\r', '\n']);
    if is_controlled(unfolded) {
        return Err("From holds a control character");
    }
    if hides_address(unfolded) {
        return Err("an encoded word in From hides an address");
    }
    let (name, rest) = name_of(unfolded)?;
    let Some(rest) = rest.strip_prefix('<') else { return bare_address(name, rest) };
    let (address, behind) = rest.split_once('>').ok_or("From has an angle bracket without an end")?;
    if !only_comments(behind) {
        return Err(if behind.contains(',') {
            "From names more than one address"
        } else {
            "From has something behind its address"
        });
    }
    address_only(address)
}

/// A line break may only stand before white space, and nothing else that is no text may stand at all.
fn is_controlled(value: &str) -> bool {
    let unfolded = value.replace("\r\n ", " ").replace("\r\n\t", " ").replace("\n ", " ").replace("\n\t", " ");
    unfolded.chars().any(|c| c.is_control() && c != '\t')
}

/// The name in front of an angle bracket, and the rest from there. Without a bracket everything is name.
fn name_of(value: &str) -> Result<(&str, &str), &'static str> {
    let mut characters = value.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => skip_quoted(&mut characters)?,
            '(' => skip_comment(&mut characters)?,
            '<' if outside_quotes(&value[..at], '@') && !is_same(&value[..at], in_brackets(value)) => {
                return Err("From has an address in front of its address");
            }
            '<' => return Ok((&value[..at], &value[at..])),
            ',' => return Err("From names more than one address"),
            ':' | ';' => return Err("From names a group"),
            '\\' => return Err("From has a backslash outside of quotes"),
            '>' => return Err("From has an angle bracket without a beginning"),
            _ => {}
        }
    }
    Ok((value, ""))
}

fn skip_quoted(characters: &mut std::str::CharIndices<'_>) -> Result<(), &'static str> {
    while let Some((_, character)) = characters.next() {
        match character {
            '"' => return Ok(()),
            '\\' => drop(characters.next()),
            _ => {}
        }
    }
    Err("From has a quotation mark without an end")
}

/// A comment may hold words, and nothing that another reader takes for an address or the end of something.
fn skip_comment(characters: &mut std::str::CharIndices<'_>) -> Result<(), &'static str> {
    for (_, character) in characters {
        match character {
            ')' => return Ok(()),
            '(' | '@' | '<' | '>' | '\\' | '"' | ',' | ';' | ':' => return Err("a comment in From holds more than words"),
            _ => {}
        }
    }
    Err("From has a comment without an end")
}

fn outside_quotes(text: &str, wanted: char) -> bool {
    let mut characters = text.char_indices();
    while let Some((_, character)) = characters.next() {
        match character {
            '"' if skip_quoted(&mut characters).is_err() => return true,
            '(' if skip_comment(&mut characters).is_err() => return true,
            found if found == wanted => return true,
            _ => {}
        }
    }
    false
}

/// An address without brackets, with comments in front of it or behind it at most.
fn bare_address<'a>(value: &'a str, rest: &str) -> Result<&'a str, &'static str> {
    if !rest.is_empty() {
        return Err("From has something behind its address");
    }
    let start = value.find('(').filter(|start| value[..*start].trim().is_empty());
    let begin = match start {
        Some(start) => start + value[start..].find(')').map_or(0, |end| end + 1),
        None => 0,
    };
    let text = &value[begin..];
    let end = text.find('(').unwrap_or(text.len());
    if !only_comments(&text[end..]) {
        return Err("From has a comment within its address");
    }
    address_only(&text[..end])
}

fn only_comments(text: &str) -> bool {
    let mut characters = text.char_indices();
    while let Some((_, character)) = characters.next() {
        match character {
            '(' if skip_comment(&mut characters).is_err() => return false,
            '(' => {}
            character if character.is_whitespace() => {}
            _ => return false,
        }
    }
    true
}

/// An address as everybody reads it: no quotes, comments, routes or white space in it.
fn address_only(text: &str) -> Result<&str, &'static str> {
    let address = text.trim();
    let is_literal = |c: char| matches!(c, '[' | ']') && address.ends_with(']');
    if address.contains(['(', ')']) {
        return Err("From has a comment within its address");
    }
    if address.contains(['"', '\\']) {
        return Err("From has quotes or a quoted character within its address");
    }
    if address.contains("=?") {
        return Err("From has an encoded word within its address");
    }
    if address.matches('@').count() != 1
        || address.chars().any(|c| c.is_whitespace() || ("<>,;".contains(c)) || (c == ':' && !address.ends_with(']')))
    {
        return Err("From has something other than one plain address");
    }
    if address.chars().any(|c| matches!(c, '[' | ']') && !is_literal(c)) {
        return Err("From has something other than one plain address");
    }
    Ok(address)
}

/// Whether an encoded word (RFC 2047) decodes to what is an address for a reader who decodes before he looks for one.
fn hides_address(value: &str) -> bool {
    let own = in_brackets(value);
    let mut rest = value;
    while let Some(start) = rest.find("=?") {
        rest = &rest[start + 2..];
        let mut parts = rest.splitn(3, '?');
        let (Some(charset), Some(encoding), Some(text)) = (parts.next(), parts.next(), parts.next()) else { break };
        let Some(end) = text.find("?=") else { continue };
        let charset = charset.split('*').next().unwrap_or(charset);
        if is_address(&decoded(charset, encoding, &text[..end]), own) {
            return true;
        }
    }
    // Others know fewer charsets, or none of the ways to break a word that are mended here: an address counts in either reading.
    encoded::hidden(value).iter().any(|decoded| is_address(decoded, own))
}

/// Whether a decoded text would be another address, or end the field, for a reader who decodes first.
fn is_address(decoded: &str, own: Option<&str>) -> bool {
    decoded.contains(['@', '<', '>', '\0', '\r', '\n', '\u{ff20}', '\u{fe6b}']) && !is_same(decoded, own)
}

/// What stands in the last angle brackets.
fn in_brackets(value: &str) -> Option<&str> {
    value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address)
}

/// Many programs repeat the address where a name belongs: whichever of the two is read, it is the same.
fn is_same(name: &str, address: Option<&str>) -> bool {
    address.is_some_and(|address| name.trim().eq_ignore_ascii_case(address.trim()))
}

fn decoded(charset: &str, encoding: &str, text: &str) -> String {
    let octets = if encoding.eq_ignore_ascii_case("b") {
        base64_decode(text.as_bytes()).unwrap_or_else(|| text.as_bytes().to_vec())
    } else {
        unquoted(text.as_bytes())
    };
    match charset_decoder(charset.as_bytes()) {
        Some(decode) => decode(&octets),
        None => String::from_utf8_lossy(&octets).into_owned(),
    }
}

fn unquoted(text: &[u8]) -> Vec<u8> {
    let digit =
        |octet: Option<&u8>| octet.and_then(|octet| char::from(*octet).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let mut octets = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(octet) = text.get(at) {
        match (octet, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'=', Some(high), Some(low)) => {
                octets.push(high * 16 + low);
                at += 3;
                continue;
            }
            (b'_', ..) => octets.push(b' '),
            (other, ..) => octets.push(*other),
        }
        at += 1;
    }
    octets
}

#[cfg(test)]
mod tests;
