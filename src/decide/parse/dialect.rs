//! Delivery reports in words only, as programs write them that are older than RFC 3464 or do not follow it: how they begin, whom they
//! name, and what they say has happened.

use super::report::{MOST_RECIPIENTS, usable_id, words_of};
use crate::model::address::Address;
use crate::model::mail::{Action, Reported, StatusCode};

/// How reports begin, in lower case: qmail, Postfix before it had a form, Exim, Exchange, Yahoo, and what others write.
const OPENINGS: [&str; 12] = [
    "hi. this is the qmail-send program at",
    "this is the postfix program at",
    "this is the mail system at host",
    "this message was created automatically by mail delivery software",
    "your message did not reach some or all of the intended recipients",
    "delivery has failed to these recipients",
    "sorry, we were unable to deliver your message to the following address",
    "this report relates to a message you sent",
    "the following message to",
    "the original message was received at",
    "i'm sorry to have to inform you that your message could not",
    "the following addresses had permanent fatal errors",
];

/// What only reports speak of, whatever they begin with.
const TOPICS: [&str; 9] = [
    "deliver",
    "undeliverable",
    "returned",
    "permanent",
    "recipient",
    "mailbox",
    "user unknown",
    "did not reach",
    "host unknown",
];

/// Words for a mail that may still arrive. They are looked for before the others: such texts say `could not be delivered` as well.
const DELAYED: [&str; 7] = [
    "you do not need to resend",
    "will be retried",
    "will be kept trying",
    "has been delayed",
    "has not yet been delivered",
    "still being retried",
    "warning message only",
];

/// Octets at the beginning that an opening is looked for in, and at the beginning of a line.
const OPENING: usize = 2_000;
/// Lines that belong to the recipient above them.
const LINES_OF_A_RECIPIENT: usize = 8;

/// Whether a text begins as a report does.
pub(super) fn begins_as_report(text: &str) -> bool {
    let start = text[..text.floor_char_boundary(OPENING)].to_lowercase();
    start.lines().any(|line| OPENINGS.iter().any(|opening| line.trim_start().starts_with(opening)))
}

/// Whether a text of a mail program speaks of a delivery: a postmaster who is a person may write about anything.
pub(super) fn speaks_of_delivery(text: &str) -> bool {
    let start = text[..text.floor_char_boundary(OPENING)].to_lowercase();
    begins_as_report(text) || code_in(text).is_some() || TOPICS.iter().filter(|topic| start.contains(*topic)).count() >= 2
}

/// What a text says as a whole: delayed, or failed with the first code and line that tell more.
pub(super) fn verdict(text: &str) -> Reported {
    let lower = text.to_lowercase();
    let action = if DELAYED.iter().any(|words| lower.contains(words)) { Action::Delayed } else { Action::Failed };
    let told = own_part(text).lines().find(|line| code_in(line).is_some());
    let status = told.and_then(code_in);
    Reported { addresses: Vec::new(), action, status, diagnostic: told.map(words_of).unwrap_or_default() }
}

/// The recipients that a text names at the beginning of a line, `<mia@customer.example>:` or `mia@customer.example`, with the lines below.
pub(super) fn recipients(text: &str) -> Vec<Reported> {
    let whole = verdict(text);
    let lines: Vec<&str> = own_part(text).lines().collect();
    let mut found: Vec<Reported> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some((address, said)) = named(line) else { continue };
        let below = lines[index + 1..].iter().take(LINES_OF_A_RECIPIENT).map(|line| line.trim());
        let said: Vec<&str> =
            std::iter::once(said).chain(below.take_while(|line| !line.is_empty() && named(line).is_none())).collect();
        let said = said.join(" ");
        let status = code_in(&said).or(whole.status);
        let diagnostic = if said.trim().is_empty() { whole.diagnostic.clone() } else { words_of(&said) };
        if !found.iter().any(|known| known.addresses.contains(&address)) {
            found.push(Reported { addresses: vec![address], action: whole.action, status, diagnostic });
        }
        if found.len() == MOST_RECIPIENTS {
            break;
        }
    }
    found
}

/// The Message-ID in the returned mail below the report's own words.
pub(super) fn returned_id(text: &str) -> Option<String> {
    let mut lines = text.lines().map(|line| line.trim_start_matches(['>', ' ', '\t']));
    lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        // Exchange writes `Message-ID:` in its report of the header too.
        name.trim().eq_ignore_ascii_case("Message-ID").then(|| usable_id(value))?
    })
}

/// What comes before the returned mail.
fn own_part(text: &str) -> &str {
    const BORDERS: [&str; 4] =
        ["--- below this line is a copy", "------ this is a copy of", "original message header", "--- original message"];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let plain = line.trim().to_lowercase();
        if BORDERS.iter().any(|border| plain.starts_with(border)) {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

/// An address alone at the beginning of a line, and what follows it.
fn named(line: &str) -> Option<(Address, &str)> {
    let line = line.trim();
    // An address has at most 320 octets.
    let end = line[..line.floor_char_boundary(330)].find([' ', '\t', ':', '(', ',']).unwrap_or(line.len());
    let (word, said) = (&line[..end], &line[end..]);
    let word = word.trim_matches(['<', '>', '"', '\'', ';']);
    let address = Address::parse(word).filter(|address| address.domain().contains('.'))?;
    Some((address, said.trim_start_matches([':', ' ', '\t', ','])))
}

/// The first enhanced status code of a failure or delay in a text: `5.1.1`, `#5.2.2`, `550-5.7.1`. Without one, the first reply code of
/// SMTP is taken for its class alone.
fn code_in(text: &str) -> Option<StatusCode> {
    let words = || text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|word| word.trim_matches('.'));
    let enhanced = words().filter_map(StatusCode::parse).find(|code| matches!(code.0, 4 | 5));
    enhanced.or_else(|| {
        let reply = words().find(|word| word.len() == 3 && matches!(word.as_bytes(), [b'4' | b'5', b'0'..=b'5', b'0'..=b'9']))?;
        let class = if reply.starts_with('4') { 4 } else { 5 };
        Some(StatusCode(class, 0, 0))
    })
}
