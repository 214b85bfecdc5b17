//! Delivery reports in words only, as programs write them that are older than RFC 3464 or do not follow it: how they begin, whom they
//! name, and what they say has happened.
//!
//! What they begin with, what their subjects are and what their words mean are tables, by language. Nothing fails: what is not understood
//! is left open. Every pass is linear, over a beginning of the text that has a limit.

mod codes;
mod meanings;
mod openings;
pub(super) mod pattern;
mod returned;
mod subjects;

use super::report::{MOST_RECIPIENTS, words_of};
use crate::model::address::Address;
use crate::model::mail::{Action, Reported};

pub(super) use codes::{enhanced, status};
pub(super) use openings::opening;
use pattern::{BEGINNING, is_like, plain};

/// A row of a table: language (ISO 639-1), program, pattern, example.
#[derive(Debug)]
#[expect(dead_code, reason = "the program is for who reads the table, the example for the test of the row")]
pub(super) struct Row(pub(super) &'static str, pub(super) &'static str, pub(super) &'static str, pub(super) &'static str);

/// What only reports speak of, whatever they begin with and in whatever language.
const TOPICS: &[&str] = &[
    "deliver",
    "returned",
    "permanent",
    "recipient",
    "mailbox",
    "user unknown",
    "did not reach",
    "host unknown",
    "smtp",
    "bounce",
    "zustell",
    "empfänger",
    "postfach",
    "remis",
    "destinat",
    "boîte",
    "entreg",
    "buzón",
    "consegna",
    "recapit",
    "casella",
    "bezorg",
    "geadresseerde",
    "leverer",
    "mottag",
    "modtager",
    "toimit",
    "vastaanottaj",
    "dostarcz",
    "adresat",
    "doruč",
    "příjemc",
    "kézbesít",
    "isporuč",
    "достав",
    "получател",
    "адресат",
    "teslim",
    "退信",
    "收件人",
    "宛先",
];

/// Words for a mail that may still arrive. They are looked for before the others: such texts say `could not be delivered` as well.
const DELAYED: &[&str] = &[
    "do not need to resend",
    "will be retried",
    "will retry",
    "will be kept trying",
    "will keep trying",
    "will continue to try",
    "will continue for",
    "delivery attempts will continue",
    "has been delayed",
    "is delayed",
    "not yet been delivered",
    "still being retried",
    "still trying",
    "still undelivered",
    "warning message only",
    "warning only",
    "is only a warning",
    "temporary problem delivering",
    "technical details of temporary failure",
    "delivery incomplete",
    "noch nicht zugestellt",
    "wird weiterhin versucht",
    "weitere zustellversuche",
    "verzögert sich",
    "est retardée",
    "pas encore été",
    "sera réessayé",
    "se ha retrasado",
    "seguirá intentando",
    "in ritardo",
    "nog niet bezorgd",
    "будут продолжены",
    "ещё не доставлено",
    "稍后重试",
];

/// Lines that belong to the recipient above them.
const LINES_OF_A_RECIPIENT: usize = 8;
/// Octets of an address between angle brackets and a little more.
const LONGEST_WORD: usize = 330;

/// Whether a subject is one of delivery reports.
pub(super) fn is_subject(subject: &str) -> bool {
    let subject = plain(subject);
    subjects::SUBJECTS.iter().any(|Row(_, _, pattern, _)| is_like(&subject, pattern))
}

/// Whether a text of a mail program speaks of a delivery: a postmaster who is a person may write about anything.
pub(super) fn speaks_of_delivery(text: &str) -> bool {
    let own = own_beginning(text);
    let start = own.to_lowercase();
    codes::has_code(own) || TOPICS.iter().filter(|topic| start.contains(*topic)).count() >= 2
}

/// What a text says as a whole: delayed, or failed with the first code and line that tell more.
pub(super) fn verdict(text: &str) -> Reported {
    let own = own_beginning(text);
    let lower = own.to_lowercase();
    let action = if DELAYED.iter().any(|words| lower.contains(words)) { Action::Delayed } else { Action::Failed };
    let line = |holds: fn(&str) -> bool| own.lines().find(|line| holds(line));
    let told = line(|line| enhanced(line).is_some()).or_else(|| line(codes::has_code)).or_else(|| codes::telling_line(own));
    let is_late = action == Action::Delayed;
    let status = told.and_then(|told| codes::status(told, is_late)).filter(|(status, _)| status.1 != 0);
    let status = status.or_else(|| codes::status(own, is_late));
    let (status, inferred) = status.unzip();
    let diagnostic = told.map(words_of).unwrap_or_default();
    Reported { action, status, inferred: inferred.unwrap_or_default(), diagnostic, ..Reported::default() }
}

/// The recipients that a text names at the beginning of a line, `<mia@customer.example>:` or `mia@customer.example`, with the lines below;
/// without any, the first address of the text. `own` are the addresses of who sent the mail, which is returned to them.
pub(super) fn recipients(text: &str, own: &[Address]) -> Vec<Reported> {
    let whole = verdict(text);
    let lines: Vec<&str> = returned::own_part(text).lines().collect();
    let mut found: Vec<(Address, String)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some((address, said)) = named(line) else { continue };
        if own.contains(&address) || found.iter().any(|(known, _)| *known == address) {
            continue;
        }
        let below = lines[index + 1..].iter().take(LINES_OF_A_RECIPIENT).map(|line| line.trim());
        let said: Vec<&str> =
            std::iter::once(said).chain(below.take_while(|line| !line.is_empty() && named(line).is_none())).collect();
        found.push((address, said.join(" ")));
        if found.len() == MOST_RECIPIENTS {
            break;
        }
    }
    if found.is_empty() {
        return mentioned(&lines, own).map(|address| Reported { addresses: vec![address], ..whole }).into_iter().collect();
    }
    // Of several, what the report says as a whole may be said of another.
    let whole = Reported { inferred: whole.inferred || found.len() > 1, ..whole };
    found.into_iter().map(|(address, said)| told(address, &said, &whole)).collect()
}

/// What is said of one recipient: its own code and words, else those of the whole report.
fn told(address: Address, said: &str, whole: &Reported) -> Reported {
    let own = codes::status(said, whole.action == Action::Delayed);
    let is_vague = own.is_none_or(|(status, _)| (status.1, status.2) == (0, 0));
    let theirs = whole.status.map(|status| (status, whole.inferred));
    let (status, inferred) = if is_vague { theirs.or(own) } else { own }.unzip();
    let diagnostic = if said.trim().is_empty() { whole.diagnostic.clone() } else { words_of(said) };
    Reported { addresses: vec![address], action: whole.action, status, inferred: inferred.unwrap_or_default(), diagnostic }
}

/// The Message-ID in the returned mail below the report's own words.
pub(super) fn returned_id(text: &str) -> Option<String> {
    returned::returned_id(text)
}

fn own_beginning(text: &str) -> &str {
    let own = returned::own_part(&text[..text.floor_char_boundary(2 * BEGINNING)]);
    // A text that is nothing but what it returns has its reason there.
    if own.trim().is_empty() { &text[..text.floor_char_boundary(BEGINNING)] } else { own }
}

/// An address alone at the beginning of a line, and what follows it.
fn named(line: &str) -> Option<(Address, &str)> {
    let line = line.trim().trim_start_matches(['*', '-', '|', '\u{2022}', ' ', '\t']);
    let end = line[..line.floor_char_boundary(LONGEST_WORD)].find(ends_word).unwrap_or(line.len());
    let (word, said) = (&line[..end], &line[end..]);
    let address = address_of(word)?;
    Some((address, said.trim_start_matches([':', ' ', '\t', ','])))
}

/// What may stand behind an address, in the widths of East Asia too.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, ':' | '(' | ')' | ',' | ';' | '：' | '（' | '）' | '，' | '；' | '、' | '。' | '「' | '」')
}

fn address_of(word: &str) -> Option<Address> {
    let word = word.trim_start_matches("mailto:").trim_matches(|c: char| "<>\"'`;:,.()[]«»“”„".contains(c));
    if word.len() > LONGEST_WORD {
        return None;
    }
    Address::parse(word).filter(|address| address.domain().contains('.'))
}

/// The first address in the report's own words that is neither a mail program's nor one of the sender's own.
fn mentioned(lines: &[&str], own: &[Address]) -> Option<Address> {
    let words = lines.iter().flat_map(|line| line.split(|c: char| ends_word(c) || "<>\"".contains(c)));
    let mut addresses = words.filter(|word| word.contains('@')).filter_map(address_of);
    addresses.find(|address| !own.contains(address) && !super::report::is_mail_program(address.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::mail::StatusCode;

    #[test]
    fn every_subject_is_found_by_its_example_and_by_no_reply_to_it() {
        let is_missed =
            |Row(_, _, pattern, example): &&Row| !is_like(&plain(example), pattern) || is_subject(&format!("Re: {example}"));
        let missed: Vec<_> = subjects::SUBJECTS.iter().filter(is_missed).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn a_recipient_is_found_within_a_sentence_where_no_line_begins_with_one() {
        let own = [Address::parse("help@shop.example").unwrap()];
        for text in [
            "The following message to <mia@customer.example> was undeliverable.",
            "From: help@shop.example\nYour message to mia@customer.example, couldn't be delivered.",
            "RCPT TO:<mia@customer.example> 550 no such user",
        ] {
            assert_eq!(recipients(text, &own)[0].addresses[0].as_str(), "mia@customer.example", "{text}");
        }
    }

    #[test]
    fn a_text_that_will_be_tried_again_is_a_delay() {
        let told = verdict("Could not be delivered: mailbox full. We will keep trying for 4 days.");
        assert_eq!((told.action, told.status, told.is_permanent()), (Action::Delayed, Some(StatusCode(4, 2, 2)), false));
        assert!(verdict("user unknown").is_permanent() && verdict("Sorry").is_permanent());
    }
}
