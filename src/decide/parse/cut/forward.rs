//! Mail that is passed on within the text of another: where it begins, who wrote it, when, and what about. It never fails: what
//! cannot be read is empty.

use super::forms::{self, Block};
use crate::decide::parse::characters::{one_line, shorten};
use crate::model::address::{Address, Mailbox};
use crate::model::mail::Forwarded;
use crate::model::message::Original;

/// Octets of the longest subject prefix, and how many labels in brackets may stand before it.
const PREFIX: usize = 40;
const LABELS: usize = 4;
/// Octets of the longest sender that is read, and of a date.
const SENDER: usize = 500;
/// Octets of a subject that are kept.
const SUBJECT: usize = 2_000;
/// Lines between the banner and the header lines below it.
const GAP: usize = 5;

/// Whether a subject says that its mail passes another on: the first prefix counts, behind labels such as `[SUP-7]`.
/// `Re: Fwd: x` answers.
pub fn is_forward_subject(subject: &str) -> bool {
    let mut rest = subject.trim_start();
    for _ in 0..LABELS {
        let Some(label) = rest.strip_prefix('[') else { break };
        // `[Fwd: x]` is what old programs write.
        if prefix(label).is_some_and(forms::is_forward_prefix) {
            return true;
        }
        let Some((_, behind)) = label.split_once(']') else { break };
        rest = behind.trim_start();
    }
    prefix(rest).is_some_and(forms::is_forward_prefix)
}

/// What stands before the first colon, without a number: `Fwd[2]`, `FW(2)`.
fn prefix(subject: &str) -> Option<&str> {
    let start = &subject[..subject.floor_char_boundary(PREFIX.min(subject.len()))];
    let word = start[..start.find([':', '：'])?].trim();
    let number = |c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | ' ' | '.');
    Some(word.trim_end_matches(number))
}

/// The mail that a text passes on: below a banner, or below a header block where the subject says that it `passes_on` one.
/// Below a quotation or the line that names its author nothing is passed on: there it is quoted.
pub(in crate::decide::parse) fn find(text: &str, passes_on: bool) -> Option<Forwarded> {
    let lines: Vec<&str> = text.split('\n').collect();
    let start = start(&lines, passes_on)?;
    let quoted = is_quoted(lines[start]);
    let below: Vec<&str> = lines[start..].iter().map(|line| if quoted { unquoted(line) } else { line }).collect();
    let is_banner = forms::is_forward(below[0]);
    let (block, end, quoted_below) = header(&below);
    let mut original = Original {
        from: sender(&block.from).or_else(|| if is_banner { sender(banner_name(below[0])) } else { None }),
        date: one_line(&block.date),
        subject: one_line(&block.subject),
    };
    shorten(&mut original.date, SENDER);
    shorten(&mut original.subject, SUBJECT);
    let rest = below[end..].iter().map(|line| if quoted_below { unquoted(line) } else { line });
    let rest: Vec<&str> = rest.collect();
    Some(Forwarded { original, words: trimmed(&lines[..start].join("\n")), text: trimmed(&rest.join("\n")) })
}

/// The line with which it begins.
fn start(lines: &[&str], passes_on: bool) -> Option<usize> {
    let at = (0..lines.len()).find(|at| {
        let line = lines[*at];
        // Lines that anybody else quotes are an answer's.
        is_quoted(line) || forms::is_forward(line) || (passes_on && forms::separates(lines, *at))
    })?;
    // Some programs quote what they pass on, banner and all.
    let few: Vec<&str> = lines[at..].iter().take(30).map(|line| unquoted(line)).collect();
    let begins = forms::is_forward(few[0]) || (passes_on && forms::separates(&few, 0));
    let names_author = || (0..at).any(|line| forms::attribution(&lines[line..]) > 0);
    (begins && !names_author()).then_some(at)
}

/// The header block below the first line or at it, the line behind it, and whether it is quoted one level deeper.
fn header(lines: &[&str]) -> (Block, usize, bool) {
    if let Some(block) = forms::header_block(lines) {
        let end = block.lines;
        return (block, end, false);
    }
    let first = (1..lines.len().min(GAP)).find(|at| !unquoted(lines[*at]).trim().is_empty());
    let Some(first) = first else { return (Block::default(), 1.min(lines.len()), false) };
    let quoted = is_quoted(lines[first]);
    let few: Vec<&str> = lines[first..].iter().take(40).map(|line| if quoted { unquoted(line) } else { line }).collect();
    match forms::find_below_rule(&few).or_else(|| forms::notes_block(&few)) {
        Some(block) => {
            let end = first + block.lines;
            (block, end, quoted)
        }
        None => (Block::default(), first, quoted),
    }
}

/// Who is named in `----- Forwarded message from Mia Berg <mia@…> -----`.
fn banner_name(banner: &str) -> &str {
    let inner = banner.trim().trim_matches('-').trim();
    inner.split_once(" from ").or_else(|| inner.split_once(" von ")).map_or("", |(_, name)| name)
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// A line without one level of quotation.
fn unquoted(line: &str) -> &str {
    let Some(rest) = line.trim_start().strip_prefix('>') else { return line };
    rest.strip_prefix(' ').unwrap_or(rest)
}

/// Without empty lines and spaces at the ends.
fn trimmed(text: &str) -> String {
    text.trim_matches(['\n', ' ', '\t']).to_owned()
}

/// Name and address of a sender as programs write them in a text: `Mia <mia@…>`, `Mia [mailto:mia@…]`, `"Berg, Mia"
/// <mailto:mia@…>`, `mia@… (Mia Berg)`.
fn sender(value: &str) -> Option<Mailbox> {
    let value = &value[..value.floor_char_boundary(SENDER.min(value.len()))];
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '[' | ']' | '(' | ')' | '"' | ',' | ';' | ':' | '*' | '|');
    let (start, address) = value.match_indices('@').find_map(|(at, _)| {
        let start = value[..at].rfind(ends).map_or(0, |last| last + value[last..].chars().next().map_or(1, char::len_utf8));
        let end = value[at..].find(ends).map_or(value.len(), |length| at + length);
        Address::parse(&value[start..end]).map(|address| (start, address))
    })?;
    let before = value[..start].trim_end().trim_end_matches("mailto:");
    let filler = |c: char| c.is_whitespace() || matches!(c, '<' | '[' | '(' | '"' | '\'' | '*' | '“' | '”' | ',');
    let mut name = before.trim_matches(filler);
    if name.is_empty() {
        let behind = value.split_once('(').and_then(|(_, behind)| behind.split_once(')'));
        name = behind.map_or("", |(name, _)| name.trim_matches(filler));
    }
    if name.contains('@') {
        name = "";
    }
    Some(Mailbox { name: one_line(name), address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        for subject in
            ["Fwd: x", "FW: x", "[SUP-7] WG: x", "TR : x", "转发：x", "Fwd[2]: x", "[Fwd: x]", "[EXT] [SUP-7] Fw: x", "İLT: x"]
        {
            assert!(is_forward_subject(subject), "{subject}");
        }
        for subject in ["Re: Fwd: x", "AW: WG: x", "x", "", "Forward to me: x", "[SUP-7] Re: FW: x", "[", ":", "Fwd x"] {
            assert!(!is_forward_subject(subject), "{subject}");
        }
    }

    #[test]
    fn senders() {
        let cases = [
            ("Mia Berg <mia@customer.example>", "Mia Berg"),
            ("Mia Berg <mailto:mia@customer.example>", "Mia Berg"),
            ("Mia Berg [mailto:mia@customer.example]", "Mia Berg"),
            ("\"Berg, Mia\" <mia@customer.example>", "Berg, Mia"),
            ("mia@customer.example [mailto:mia@customer.example]", ""),
            ("mia@customer.example <mia@customer.example>", ""),
            ("<mia@customer.example>", ""),
            ("mia@customer.example (Mia Berg)", "Mia Berg"),
            ("**Mia Berg** <mia@customer.example<mailto:mia@customer.example>>", "Mia Berg"),
            ("Mia Bergé mia@customer.example", "Mia Bergé"),
        ];
        for (value, name) in cases {
            let found = sender(value).unwrap();
            assert_eq!((found.name.as_str(), found.address.as_str()), (name, "mia@customer.example"), "{value}");
        }
        for value in ["", "Mia Berg", "@", "Berg, Mia", "é@"] {
            assert_eq!(sender(value).map(|found| found.name), None, "{value}");
        }
    }

    #[test]
    fn quoted_banners_are_read_and_quotations_are_not() {
        let block = "From: Mia Berg <mia@customer.example>\nDate: 12.11.2026 10:11\nSubject: Kettle\n\nIt leaks.\n> No.";
        let quoted = |text: &str| text.split('\n').map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n");
        let banner = "---------- Forwarded message ---------";
        let all = format!("{banner}\n{block}");
        for text in [
            format!("Please.\n\n{all}"),
            format!("Please.\n\n{}", quoted(&all)),
            format!("Please.\n\n{banner}\n\n{}", quoted(block)),
        ] {
            let found = find(&text, false).unwrap();
            assert_eq!(found.words, "Please.");
            assert_eq!(found.text, "It leaks.\n> No.", "{text}");
            assert_eq!((found.original.date.as_str(), found.original.subject.as_str()), ("12.11.2026 10:11", "Kettle"));
        }
        let reply = format!("Thanks.\n\nOn 12 Nov 2026 at 10:20 Ana <ana@staff.example> wrote:\n{}", quoted(&all));
        assert_eq!(find(&reply, false), None);
        assert_eq!(find(&format!("> Well\n\n{all}"), false), None);
        assert_eq!(find(block, false), None);
        let notes = "----- Forwarded by Mia Berg/X on 11/12/2026 10:20 AM -----\n\n\nLena Horvat@X\n11/12/2026 09:00 AM\nTo: Mia Berg/X\ncc: \nSubject: Kettle\n\nIt leaks.";
        let found = find(notes, false).unwrap();
        assert_eq!((found.original.date.as_str(), found.original.subject.as_str()), ("11/12/2026 09:00 AM", "Kettle"));
        assert_eq!(found.text, "It leaks.");
        assert!(find(block, true).is_some());
    }
}
