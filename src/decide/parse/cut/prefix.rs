//! Quotations that do not look like one line by line: other signs than `>`, initials, wrapped lines that lost their sign, an
//! attribution in a language of no table, and `>From`, which is no quotation at all.

use memchr::memchr;

use super::shape::Role;

/// Octets of the longest line that is looked at.
const LONGEST: usize = 500;
/// Lines that an attribution may have above a quotation.
const ATTRIBUTION_LINES: usize = 3;
/// Characters of a line that a program may have wrapped, at least, and of what it left for the next line, at most.
const WRAPPED: usize = 60;
const REMAINDER: usize = 30;
/// Lines with one sign in front that are a quotation without anybody being named.
const FEWEST_LINES: usize = 3;
/// Letters in front of `>`: initials, or a first name.
const INITIALS: usize = 12;

/// Gives the lines of quotations their roles.
pub(super) fn find(lines: &[&str], roles: &mut [Role]) {
    from_lines(lines, roles);
    let is_named = roles.contains(&Role::Attribution);
    // What quotes below an attribution quotes everywhere.
    let mut seen = None;
    let mut at = 0;
    while at < lines.len() {
        let length = if roles[at] == Role::Own { run(lines, roles, at) } else { 0 };
        let below_name = roles[..at].iter().rev().take(3).find(|role| **role != Role::Blank) == Some(&Role::Attribution);
        let is_named_here = length > 0 && (below_name || attribution_above(lines, roles, at).is_some());
        let sign = if length > 0 { sign(lines[at]) } else { None };
        seen = if is_named_here { sign } else { seen };
        let enough = sign.is_some_and(|sign| match sign {
            _ if seen == Some(sign) => true,
            Sign::Initials(_) => is_named && length >= FEWEST_LINES,
            Sign::Mark(mark) => mark == '|' && length >= FEWEST_LINES && is_end(&roles[at + length..]),
        });
        if enough {
            roles[at..at + length].fill(Role::Quote);
        }
        at += length.max(1);
    }
    remainders(lines, roles);
    attributions(lines, roles);
}

/// Whether nothing but empty lines follows.
fn is_end(roles: &[Role]) -> bool {
    roles.iter().all(|role| *role == Role::Blank)
}

/// A line that mail stores have marked because it begins with `From `.
fn from_lines(lines: &[&str], roles: &mut [Role]) {
    for at in 0..lines.len() {
        let beside = |at: Option<usize>| at.and_then(|at| roles.get(at)) == Some(&Role::Quote);
        if lines[at].starts_with(">From ") && !beside(at.checked_sub(1)) && !beside(Some(at + 1)) {
            roles[at] = Role::Own;
        }
    }
}

/// What stands in front of a line that is quoted in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign<'a> {
    /// `| `, `: `, `} `.
    Mark(char),
    /// `MB> `.
    Initials(&'a str),
}

fn sign(line: &str) -> Option<Sign<'_>> {
    let line = line.trim_start();
    let mut characters = line.chars();
    let first = characters.next()?;
    if matches!(first, '|' | ':' | '}' | '│' | '┃') {
        let is_table = first == '|' && line.len() > 1 && line[1..].contains('|');
        return (characters.next().is_none_or(|c| c == ' ' || c == first) && !is_table).then_some(Sign::Mark(first));
    }
    without_initials(line).map(|rest| Sign::Initials(&line[..line.len() - rest.len()]))
}

/// The line from its `>` on, where a name or initials stand in front of it.
pub(super) fn without_initials(line: &str) -> Option<&str> {
    let end = memchr(b'>', &line.as_bytes()[..line.len().min(INITIALS + 1)])?;
    let initials = &line[..end];
    let is_name = initials.starts_with(char::is_uppercase) && initials.chars().all(char::is_alphabetic);
    is_name.then(|| &line[end..])
}

/// How many lines from there on have the same sign in front.
fn run(lines: &[&str], roles: &[Role], start: usize) -> usize {
    let Some(first) = sign(lines[start]) else { return 0 };
    lines[start..].iter().zip(&roles[start..]).take_while(|(line, role)| **role == Role::Own && sign(line) == Some(first)).count()
}

/// The end of a quoted line that a program wrapped without quoting it again.
fn remainders(lines: &[&str], roles: &mut [Role]) {
    for at in 1..lines.len().saturating_sub(1) {
        if roles[at] != Role::Own || roles[at - 1] != Role::Quote || roles[at + 1] != Role::Quote {
            continue;
        }
        let (above, line) = (lines[at - 1].trim_end(), lines[at].trim());
        let small = line.chars().next().is_some_and(|c| !c.is_uppercase());
        let is_full = above.len() <= LONGEST && above.chars().count() >= WRAPPED && !above.ends_with(['.', '?', '!', ':']);
        if is_full && small && line.len() <= 4 * REMAINDER && line.chars().count() <= REMAINDER {
            roles[at] = Role::Quote;
        }
    }
}

/// What names an author and a time directly above a quotation names its author, whatever the language.
fn attributions(lines: &[&str], roles: &mut [Role]) {
    for at in 1..lines.len() {
        if roles[at] == Role::Quote
            && let Some((start, end)) = attribution_above(lines, roles, at)
        {
            roles[start..end].fill(Role::Attribution);
        }
    }
}

/// The lines right above a quotation that name its author.
fn attribution_above(lines: &[&str], roles: &[Role], at: usize) -> Option<(usize, usize)> {
    let end = if at > 0 && roles[at - 1] == Role::Blank { at - 1 } else { at };
    if end == 0 || roles[end - 1] != Role::Own {
        return None;
    }
    let top = end.saturating_sub(ATTRIBUTION_LINES + 1);
    let above = roles[top..end].iter().rposition(|role| *role != Role::Own).map_or(top, |border| top + border + 1);
    let start = if end - above <= ATTRIBUTION_LINES { above } else { end - 1 };
    [start, end - 1].into_iter().find(|start| names_an_author(&lines[*start..end])).map(|start| (start, end))
}

/// A colon at the end, and a date with an address or with the time of day.
fn names_an_author(lines: &[&str]) -> bool {
    if lines.iter().any(|line| line.len() > LONGEST) {
        return false;
    }
    let ends = lines.last().is_some_and(|line| line.trim_end().ends_with([':', '：']));
    let has = |sign: fn(&[u8]) -> bool, width: usize| lines.iter().any(|line| line.as_bytes().windows(width).any(sign));
    let year = |octets: &[u8]| octets.iter().all(u8::is_ascii_digit) && matches!(octets[0], b'1' | b'2');
    let time = |octets: &[u8]| {
        octets[0].is_ascii_digit() && matches!(octets[1], b':' | b'.' | b'h') && octets[2..].iter().all(u8::is_ascii_digit)
    };
    let address = |octets: &[u8]| octets[0].is_ascii_alphanumeric() && octets[1] == b'@' && octets[2].is_ascii_alphanumeric();
    let number = |octets: &[u8]| octets[0].is_ascii_digit();
    ends && ((has(year, 4) && has(time, 4)) || (has(address, 3) && has(number, 1) && (has(year, 4) || has(time, 4))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(lines: &[&str]) -> Vec<Role> {
        super::super::shape::Shape::of(lines, false).roles
    }

    #[test]
    fn other_signs_quote_below_an_attribution_and_at_the_end() {
        use Role::{Attribution, Own, Quote};
        for sign in ["| ", ": ", "} ", "MB> ", "Mia> "] {
            let lines =
                ["On 12 Nov 2026 at 10:11, Mia wrote:".to_owned(), format!("{sign}one"), format!("{sign}two"), "yes".to_owned()];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            assert_eq!(roles(&lines), [Attribution, Quote, Quote, Own], "{sign}");
        }
        let answered = ["On 12 Nov 2026 at 10:11, Mia wrote:", "MB> one?", "yes", "MB> two?", "no"];
        assert_eq!(roles(&answered), [Attribution, Quote, Own, Quote, Own]);
        assert_eq!(roles(&["yes", "| one", "| two", "| three"])[1], Quote);
        assert_eq!(roles(&["yes", "| one", "| two", "| three", "", ""])[1], Quote);
        assert_eq!(roles(&["yes", "| one | 1 |", "| two | 2 |", "| three | 3 |"])[1], Own);
        assert_eq!(roles(&["it says", "SQL> select 1", "SQL> select 2", "SQL> select 3"])[1], Own);
    }

    #[test]
    fn what_a_program_wrapped_belongs_to_the_line_above() {
        let full = "> the quoted line is so long that the program of who answered wrapped";
        assert_eq!(roles(&[full, "it here", "> and goes on"])[1], Role::Quote);
        assert_eq!(roles(&["> Is it red?", "it is", "> Is it big?"])[1], Role::Own);
        assert_eq!(roles(&[full, "Yes", "> and goes on"])[1], Role::Own);
    }

    #[test]
    fn a_line_with_date_address_and_colon_above_a_quotation_names_its_author() {
        let lines =
            ["ok", "", "2026(e)ko aza. 12(a) 10:11, Mia Berg", "<mia@customer.example> erabiltzaileak idatzi du:", "", "> zer?"];
        assert_eq!(roles(&lines)[2..4], [Role::Attribution, Role::Attribution]);
        assert_eq!(roles(&["My order of today:", "> 2 kettles"])[0], Role::Own);
    }

    #[test]
    fn a_line_that_begins_with_from_is_no_quotation() {
        assert_eq!(roles(&["It works.", ">From now on I use it."])[1], Role::Own);
        assert_eq!(roles(&["> one", ">From now on"])[1], Role::Quote);
    }
}
