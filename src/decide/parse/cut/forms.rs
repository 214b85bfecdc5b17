//! The forms in which mail programs quote, one table for each language. Adding a language is adding a row.

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
}

const LANGUAGES: [Language; 1] = [Language {
    attributions: &[("On ", "wrote:")],
    originals: &["original message", "original appointment", "reply message"],
    forwards: &["forwarded message", "begin forwarded message:"],
    header: [&["From:"], &["Sent:", "Date:"], &["To:"], &["Subject:"]],
}];

/// Lines that an attribution may be wrapped to.
const ATTRIBUTION_LINES: usize = 4;
/// Octets of the longest attribution: a date, a name and an address.
const ATTRIBUTION_LENGTH: usize = 500;
/// Lines within which a header block must be complete.
const HEADER_LINES: usize = 12;
/// Underscores that Outlook on the web draws above a header block.
const RULE_LENGTH: usize = 20;

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

/// Whether the quotation begins at this line and goes on to the end.
pub(super) fn separates(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    is_original(line) || {
        let below = if is_rule(line) { next_line(lines, at) } else { Some(at) };
        below.is_some_and(|at| is_header_block(&lines[at..]))
    }
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
