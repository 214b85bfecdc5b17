//! The forms in which mail programs quote, one table for each language. Adding a language is adding a row.

use super::MARKER;

/// What mail programs write in one language.
struct Language {
    /// How the line above a quotation begins and ends.
    attributions: &'static [(&'static str, &'static str)],
    /// What stands between dashes above a quotation without prefix.
    originals: &'static [&'static str],
    /// What stands above a mail that is passed on: it is meant to be read, and is no quotation.
    forwards: &'static [&'static str],
    /// Names of the header lines that Outlook and phones put above a quotation: From, Sent, To, Subject.
    header: [&'static [&'static str]; 4],
    /// How the lines begin that programs and phones put below a mail.
    closings: &'static [&'static str],
}

const LANGUAGES: [Language; 1] = [Language {
    attributions: &[("On ", "wrote:")],
    originals: &["original message", "original appointment", "reply message"],
    forwards: &["forwarded message", "begin forwarded message:"],
    header: [&["From:"], &["Sent:", "Date:"], &["To:"], &["Subject:"]],
    closings: &[
        "Sent from my ",
        "Sent from Outlook",
        "Sent from Mail for Windows",
        "Sent from Yahoo Mail",
        "Sent from the all new AOL",
        "Sent from AOL Mobile Mail",
        "Sent from Samsung",
        "Sent from Proton",
        "Sent from K-9 Mail",
        "Sent with Proton Mail",
        "Sent with [Proton Mail]",
        "Sent via the Samsung Galaxy",
        "Get Outlook for ",
        "Get BlueMail for ",
        "Please excuse my brevity.",
    ],
}];

/// Lines that an attribution may be wrapped to.
const ATTRIBUTION_LINES: usize = 4;
/// Octets of the longest attribution: a date, a name and an address.
const ATTRIBUTION_LENGTH: usize = 500;
/// Lines within which a header block must be complete.
const HEADER_LINES: usize = 12;
/// Underscores that Outlook on the web draws above a header block.
const RULE_LENGTH: usize = 20;
/// Lines of a signature whose delimiter lost its space on the way.
const SIGNATURE_LINES: usize = 12;

/// How many lines, from the first on, are `On …, somebody wrote:`; 0 when they are not.
pub(super) fn attribution(lines: &[&str]) -> usize {
    let first = lines[0].trim_start();
    let forms = LANGUAGES.iter().flat_map(|language| language.attributions);
    for (_, end) in forms.filter(|(start, _)| first.starts_with(start)) {
        let mut length = 0;
        for (index, line) in lines.iter().take(ATTRIBUTION_LINES).enumerate() {
            length += line.len();
            if line.is_empty() || length > ATTRIBUTION_LENGTH {
                break;
            }
            if line.trim_end().ends_with(end) {
                // The date has a digit: `On reflection, I like what you wrote:` has none.
                let dated = lines[..=index].iter().any(|line| line.bytes().any(|octet| octet.is_ascii_digit()));
                return if dated { index + 1 } else { 0 };
            }
        }
    }
    0
}

/// Whether the quotation, or the signature, begins at this line and goes on to the end.
pub(super) fn separates(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    line == "-- " || (line == "--" && is_short_signature(&lines[at + 1..])) || is_original(line) || {
        let below = if is_rule(line) { next_line(lines, at) } else { Some(at) };
        below.is_some_and(|at| is_header_block(&lines[at..]))
    }
}

fn is_short_signature(below: &[&str]) -> bool {
    let written = |line: &&&str| !line.trim().is_empty();
    below.iter().take_while(|line| !line.starts_with('>')).filter(written).take(SIGNATURE_LINES + 1).count() <= SIGNATURE_LINES
}

/// `-----Original Message-----`, with any number of dashes from four on.
fn is_original(line: &str) -> bool {
    let line = line.trim();
    if line.len() > 80 || !line.starts_with("----") || !line.ends_with("----") {
        return false;
    }
    let inner = line.trim_matches('-');
    if line.len() < inner.len() + 8 {
        return false;
    }
    LANGUAGES.iter().flat_map(|language| language.originals).any(|original| inner.trim().eq_ignore_ascii_case(original))
}

/// `---------- Forwarded message ---------`, `Begin forwarded message:`.
pub(super) fn is_forward(line: &str) -> bool {
    let line = line.trim();
    let heads = line.starts_with('-') || line.ends_with(['-', ':']);
    if line.len() > 80 || !heads {
        return false;
    }
    let inner = line.trim_matches('-').trim();
    LANGUAGES.iter().flat_map(|language| language.forwards).any(|forward| inner.eq_ignore_ascii_case(forward))
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= RULE_LENGTH && line.bytes().all(|octet| octet == b'_')
}

/// The next line with something on it, when it is near.
fn next_line(lines: &[&str], at: usize) -> Option<usize> {
    (at + 1..lines.len().min(at + 4)).find(|index| !lines[*index].trim().is_empty())
}

/// From, Sent, To and Subject, all of them in one language: a form on a web page has two of them at most in a row.
fn is_header_block(lines: &[&str]) -> bool {
    LANGUAGES.iter().any(|language| {
        let [from, others @ ..] = &language.header;
        let names = |line: &str, names: &[&str]| {
            // Bold type becomes asterisks where a program makes text of HTML.
            let line = line.trim_start_matches([' ', '*']);
            names.iter().any(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
        };
        let block = &lines[..lines.len().min(HEADER_LINES)];
        names(block[0], from) && others.iter().all(|field| block.iter().any(|line| names(line, field)))
    })
}

/// Whether a program or a phone put this line below the mail.
pub(super) fn is_closing_line(line: &str) -> bool {
    let line = line.trim();
    line.len() <= 120 && LANGUAGES.iter().flat_map(|language| language.closings).any(|closing| line.starts_with(closing))
}

/// The line on which our marker begins, also when a program quoted it or wrapped it to several lines.
pub(super) fn marker(lines: &[&str]) -> Option<usize> {
    let words: Vec<&str> = MARKER.split(' ').collect();
    let first = bare(words[0]).next();
    let (mut matched, mut start) = (0, 0);
    for (index, line) in lines.iter().enumerate() {
        // A line of the marker is short: long ones are passed over without looking at their words.
        if line.len() > 400 {
            matched = 0;
            continue;
        }
        if matched == 0 && bare(line).next() != first {
            // Nothing is under way, and nothing can begin here.
            continue;
        }
        let mut first_in_line = true;
        for word in line.split_whitespace().filter(|word| bare(word).next().is_some()) {
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

/// The letters and digits of a text, without case.
fn bare(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}
