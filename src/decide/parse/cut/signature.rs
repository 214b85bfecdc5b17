//! Where signatures begin that have a line of their own above them: `-- ` (RFC 3676 section 4.3), what programs and people
//! make of it, and the rules of mailing lists.

use super::closing::is_formula;
use super::contact::is_contact;
use super::prose::is_sentence;
use super::spelling::plain;

/// Written lines of a signature whose delimiter lost its space on the way, or is another rule.
const SIGNATURE_LINES: usize = 12;
/// Octets of its longest line.
const LONGEST: usize = 200;
/// Characters of a rule that mailing lists draw, at least.
const LIST_RULE: usize = 20;
/// Written lines below it.
const LIST_LINES: usize = 12;

/// What the footers of mailing lists say, in plain spelling.
const LIST_WORDS: &str = "mailing list|unsubscribe|mailman|listinfo|postorius|list archive|abmelden|abbestellen|mailingliste|\
     liste de diffusion|desabonner|desinscri|cancellar|darse de baja|lista de correo|отписаться";

/// Whether the line is the delimiter of RFC 3676, also as OpenPGP writes it within signed text.
pub(super) fn is_delimiter(line: &str) -> bool {
    line == "-- " || matches!(line.trim_end(), "- --")
}

/// Where the signature begins that goes on to the end of these lines, below a rule of another kind than `-- `.
pub(super) fn begins(lines: &[&str]) -> Option<usize> {
    let mut written = lines.iter().enumerate().rev().filter(|(_, line)| !line.trim().is_empty()).take(SIGNATURE_LINES + 1);
    let (at, rule) = written.find_map(|(at, line)| Some((at, Rule::of(line.trim())?)))?;
    let below: Vec<&str> = lines[at + 1..].iter().copied().filter(|line| !line.trim().is_empty()).collect();
    let first = below.first()?;
    if below.iter().any(|line| line.len() > LONGEST) {
        return None;
    }
    let sentences = below.iter().filter(|line| is_sentence(line)).count();
    let is_one = match rule {
        // People write lists below two dashes, but no letters.
        Rule::Dashes => sentences <= 1 && !is_sentence(first),
        Rule::Other => {
            sentences == 0 && {
                let certain = below.iter().filter(|line| is_contact(line)).count();
                certain >= 2 || (certain == 1 && follows_formula(&lines[..at]))
            }
        }
    };
    is_one.then_some(at)
}

enum Rule {
    /// `--`, or the one long dash that phones make of it.
    Dashes,
    /// Any other line of one sign.
    Other,
}

impl Rule {
    fn of(line: &str) -> Option<Self> {
        if matches!(line, "--" | "—" | "–" | "- --" | "—-" | "-—") {
            return Some(Self::Dashes);
        }
        let signs = line.chars().take(100).filter(|c| *c != ' ').count();
        let is_rule = (2..100).contains(&signs)
            && line.chars().all(|c| matches!(c, '-' | '_' | '=' | '*' | '~' | '–' | '—' | '─' | '━' | '＿' | '#' | '+' | ' '));
        is_rule.then_some(Self::Other)
    }
}

/// Whether a formula of closing stands at the end, perhaps with a name below it.
fn follows_formula(lines: &[&str]) -> bool {
    lines.iter().rev().take(6).filter(|line| !line.trim().is_empty()).take(2).any(|line| is_formula(line))
}

/// Where the footer of a mailing list begins, below a long rule.
pub(super) fn list_footer(lines: &[&str]) -> Option<usize> {
    let mut written = lines.iter().enumerate().rev().filter(|(_, line)| !line.trim().is_empty()).take(LIST_LINES + 1);
    let (at, _) = written.find(|(_, line)| is_list_rule(line.trim()))?;
    let below = &lines[at + 1..];
    let says_so = |line: &&str| {
        let spelled = plain(line);
        LIST_WORDS.split('|').any(|word| spelled.contains(word))
    };
    (below.iter().all(|line| line.len() <= LONGEST) && below.iter().any(says_so)).then_some(at)
}

fn is_list_rule(line: &str) -> bool {
    let signs =
        line.len() >= LIST_RULE && line.len() <= 120 && line.bytes().all(|octet| matches!(octet, b'_' | b'-' | b'=' | b'*'));
    signs || (line.starts_with("-=-=-") && line.bytes().all(|octet| matches!(octet, b'-' | b'=')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_other_kinds_need_contact_data_below_them() {
        assert_eq!(begins(&["Hello", "____", "Mia Berg", "Tel. 040 1234567", "mia@customer.example"]), Some(1));
        assert_eq!(begins(&["Regards", "Mia", "***", "Mia Berg", "Tel. 040 1234567"]), Some(2));
        assert_eq!(begins(&["My order", "-----", "two kettles", "three cups"]), None);
        assert_eq!(begins(&["Hello", "—", "Mia Berg"]), Some(1));
        assert_eq!(begins(&["Hello", "--", "The lid is broken, and I need a new one."]), None);
    }

    #[test]
    fn the_footer_of_a_list_is_told_from_a_table() {
        let rule = "_______________________________________________";
        assert_eq!(list_footer(&["yes", rule, "Kettles mailing list", "https://lists.example.org/listinfo/kettles"]), Some(1));
        assert_eq!(list_footer(&["prices", rule, "kettle 20", "cup 3"]), None);
    }
}
