//! The line that every notice to an agent begins with, in the language of the agent, found again in whatever a mail program made of it.
//!
//! Letters and digits alone are compared: dashes of any kind, asterisks, bars of tables, prefixes and spaces that do not break
//! make no difference, nor do line breaks.

use memchr::{memchr2, memmem};

use super::prefix;
use crate::decide::parse::characters::is_invisible;

/// Octets of a line that are looked at: the marker begins a line, also one that a program joined from many.
const LOOKED_AT: usize = 400;

/// The line in one language.
#[derive(Debug)]
pub struct Marker {
    /// The language, as settings write it.
    pub language: &'static str,
    /// The line.
    pub words: &'static str,
    /// A piece of one of its words that few texts have, as it is and as some programs shout.
    rare: [&'static str; 2],
}

/// Every language's. What was once sent comes back for years, so a line may be added and never changed.
pub const MARKERS: [Marker; 6] = [
    Marker { language: "en", words: "Write your answer above this line.", rare: ["bove", "BOVE"] },
    Marker { language: "ro", words: "Scrieți răspunsul deasupra acestei linii.", rare: ["easupra", "EASUPRA"] },
    Marker { language: "hr", words: "Napišite odgovor iznad ove crte.", rare: ["znad", "ZNAD"] },
    Marker {
        language: "bg", words: "Напишете отговора си над този ред.", rare: ["апишете", "АПИШЕТЕ"]
    },
    Marker { language: "pt-BR", words: "Escreva sua resposta acima desta linha.", rare: ["screva", "SCREVA"] },
    Marker { language: "hu", words: "Válaszát e sor fölé írja.", rare: ["laszát", "LASZÁT"] },
];

/// The lines that a text may hold. Hardly any text holds one, and that is found at once.
pub(super) fn possible(text: &str) -> Vec<&'static Marker> {
    let holds = |marker: &&Marker| marker.rare.iter().any(|piece| memmem::find(text.as_bytes(), piece.as_bytes()).is_some());
    MARKERS.iter().filter(holds).collect()
}

/// The line on which the first of these begins, also when a program quoted it or wrapped it to several lines.
pub(super) fn find(lines: &[&str], markers: &[&Marker]) -> Option<usize> {
    markers.iter().filter_map(|marker| one(lines, marker.words)).min()
}

fn one(lines: &[&str], marker: &str) -> Option<usize> {
    let words: Vec<&str> = marker.split(' ').collect();
    let initial = marker.as_bytes()[0];
    let (mut matched, mut start) = (0, 0);
    for (index, line) in lines.iter().enumerate() {
        let line = &line[..line.floor_char_boundary(LOOKED_AT)];
        // Most lines have nothing in front that must be looked behind.
        let line = if memchr2(b'>', initial, line.as_bytes()).is_some() { without_name(line, words[0]) } else { line };
        if matched == 0 && bare(line).next() != bare(words[0]).next() {
            // Nothing is under way, and nothing can begin here.
            continue;
        }
        let mut first_in_line = true;
        for word in line.split(is_gap).filter(|word| bare(word).next().is_some()) {
            if matched > 0 && bare(word).eq(bare(words[matched])) && index < start + words.len() {
                matched += 1;
            } else {
                // Its first word begins a line; within a sentence it is somebody's own.
                matched = usize::from(first_in_line && bare(word).eq(bare(words[0])));
                start = index;
            }
            if matched == words.len() {
                return Some(start);
            }
            if matched == 0 {
                break;
            }
            first_in_line = false;
        }
    }
    None
}

/// Without who is quoted, and without the attribution that a program put on the same line: `On 12 Nov, Support wrote: -- Write`.
fn without_name<'a>(line: &'a str, first: &str) -> &'a str {
    if let Some(rest) = prefix::without_initials(line.trim_start()) {
        return rest;
    }
    let Some(at) = line.find(first) else { return line };
    let above = line[..at].trim_end();
    let dashes = above.trim_end_matches(['-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '*', ' ', '\u{a0}']);
    let is_attribution =
        dashes.ends_with([':', '：']) && dashes.len() < above.len() && dashes.bytes().any(|octet| octet.is_ascii_digit());
    if is_attribution { &line[at..] } else { line }
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '|' | '*' | '_' | '\u{2010}'..='\u{2015}' | '>')
}

/// The letters and digits of a text, without case.
fn bare(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric() && !is_invisible(*c)).flat_map(char::to_lowercase)
}
