//! An admin's reply to a digest of held mail: what is to become of each.
//!
//! The rule of commands holds here too: what looks like a command and is not understood stops the whole mail. A number that is held no
//! more stops nothing: the receipt says so.

use crate::decide::phrase::Phrase;
use crate::decide::recall::Facts;
use crate::decide::screen::Writer;
use crate::decide::write::held::{Answer, receipt};
use crate::decide::{Action, Case, Decision, Operation, Rules};
use crate::model::arrival::{Cause, Outcome};
use crate::model::desk::{Access, Agent, Desk};
use crate::model::token::Recipient;

/// How many held mails one mail may speak of.
pub const MOST: usize = 200;

/// The commands that are known here, as receipts list them.
pub const KNOWN: &[&str] = &["#release 17", "#release 17 onto SUP-3", "#retry 17", "#discard 17 18 19"];

/// A command: what is to become of some held mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What.
    pub action: Action,
    /// Of which arrivals.
    pub arrivals: Vec<i64>,
}

/// A line that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// The line; empty when the mail as a whole is meant.
    pub line: String,
    /// What is wrong with it, as the rest of a sentence that begins with the line.
    pub why: Phrase,
}

/// The commands at the top of a text. The first line that is none ends them.
pub fn wishes(text: &str) -> Result<Vec<Wish>, Unclear> {
    let mut wishes: Vec<Wish> = Vec::new();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut count = 0;
    for line in lines.by_ref() {
        if !line.starts_with(['#', '＃']) {
            break;
        }
        let wish = wish(line)?;
        count += wish.arrivals.len();
        if count > MOST {
            return Err(Unclear::new(line, Phrase::counted("unclear.many", MOST)));
        }
        wishes.push(wish);
    }
    // What is a command, and stands where it would be overlooked, was surely meant as one.
    if let Some(line) = lines.find(|line| wish(line).is_ok()) {
        return Err(Unclear::new(line, Phrase::new("unclear.below")));
    }
    if wishes.is_empty() {
        return Err(Unclear::new("", Phrase::new("unclear.none")));
    }
    Ok(wishes)
}

impl Unclear {
    fn new(line: &str, why: Phrase) -> Self {
        Self { line: line.to_owned(), why }
    }
}

/// One line: `#release 17, 18 onto SUP-3`.
fn wish(line: &str) -> Result<Wish, Unclear> {
    let unclear = |key| Unclear::new(line, Phrase::new(key));
    let words = line.strip_prefix('#').ok_or_else(|| unclear("unclear.unknown"))?;
    let mut words = words.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let verb = words.next().unwrap_or_default().to_lowercase();
    let mut arrivals = Vec::new();
    let mut onto = None;
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case("onto") {
            let number = words.next().and_then(reference).filter(|_| words.next().is_none());
            onto = Some(number.ok_or_else(|| unclear("unclear.onto"))?);
            break;
        }
        arrivals.push(number(word).ok_or_else(|| unclear("unclear.number"))?);
    }
    let action = match (verb.as_str(), onto) {
        ("release", onto) => Action::Release { onto },
        ("retry", None) => Action::Retry,
        ("discard", None) => Action::Discard,
        ("retry" | "discard", Some(_)) => return Err(unclear("unclear.onto-release")),
        _ => return Err(unclear("unclear.unknown")),
    };
    if arrivals.is_empty() {
        return Err(unclear("unclear.no-number"));
    }
    Ok(Wish { action, arrivals })
}

/// A number as a person writes it. `parse` would take a sign.
fn number(word: &str) -> Option<i64> {
    let plain = !word.is_empty() && word.len() <= 12 && word.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| word.parse().ok())?
}

/// `SUP-3` or `3`.
fn reference(word: &str) -> Option<i64> {
    number(word.rsplit_once('-').map_or(word, |(_, digits)| digits))
}

/// Whether this writer may decide what becomes of held mail: an admin, proven, who answers to a digest of the admin's own.
pub fn admin<'a>(writer: &Writer<'a>, recipient: Recipient, desk: &Desk, reasons: &mut Vec<String>) -> Result<&'a Agent, Cause> {
    let (Writer::Agent { agent, .. } | Writer::Member { agent, .. }) = *writer else {
        reasons.push("it answers to a digest of held mail that was sent to somebody else".to_owned());
        return Err(Cause::TokenOfAnother);
    };
    let own = std::iter::once(&agent.address).chain(&agent.other_addresses);
    if !own.map(|address| desk.keys.recipient(address)).any(|own| own == recipient) {
        reasons.push(format!("the agent {} answers to a digest of held mail that was sent to somebody else", agent.key));
        return Err(Cause::TokenOfAnother);
    }
    if agent.access != Access::Admin {
        reasons.push(format!("{} is not an admin, and only admins decide what becomes of held mail", agent.key));
        return Err(Cause::AgentMayNotWrite);
    }
    reasons.push(format!("the admin {} answers to a digest of held mail", agent.key));
    Ok(agent)
}

/// What an admin's reply does.
pub fn reply(case: &Case, admin: &Agent, facts: &Facts, rules: Rules<'_>, mut reasons: Vec<String>) -> Decision {
    match wishes(&case.mail.text) {
        Err(unclear) => {
            let shown = if unclear.line.is_empty() { "the mail".to_owned() } else { format!("the line {:?}", unclear.line) };
            reasons.push(format!("{shown} {}: nothing was done", unclear.why));
            let mut decision = Decision::held(case, Cause::CommandNotUnderstood, None, reasons);
            decision.notices.extend(receipt(case, admin, &Answer::Unclear(&unclear), rules));
            decision
        }
        Ok(wishes) => {
            let mut operations: Vec<Operation> = Vec::new();
            let mut done = Vec::new();
            for (arrival, action) in wishes.iter().flat_map(|wish| wish.arrivals.iter().map(|arrival| (*arrival, wish.action))) {
                let again = operations.iter().any(|operation| operation.arrival == arrival);
                let said = match possible(arrival, action, again, facts, rules.desk) {
                    Ok(said) => {
                        operations.push(Operation { arrival, action, by: admin.key.clone() });
                        said
                    }
                    Err(why) => why,
                };
                reasons.push(format!("held mail {arrival}: {said}"));
                done.push((arrival, said));
            }
            let mut decision = Decision::of(case, Outcome::Command, reasons);
            decision.operations = operations;
            decision.notices.extend(receipt(case, admin, &Answer::Done(&done), rules));
            decision
        }
    }
}

/// What is done, or why it is not.
fn possible(arrival: i64, action: Action, again: bool, facts: &Facts, desk: &Desk) -> Result<Phrase, Phrase> {
    if again {
        return Err(Phrase::new("operated.twice"));
    }
    let held = facts.held.get(&arrival).ok_or_else(|| Phrase::new("operated.gone"))?;
    match action {
        Action::Release { .. } if held.cause == Cause::NoSender.name() => Err(Phrase::new("operated.no-sender")),
        Action::Release { onto: Some(number) } => {
            let ticket = facts.tickets.get(&number).ok_or_else(|| Phrase::new("operated.no-ticket").with("number", number))?;
            let prefix = desk.department(&ticket.department).map_or("", |department| &department.prefix);
            Ok(Phrase::new("operated.released-onto").with("reference", format!("{prefix}-{number}")))
        }
        Action::Release { onto: None } => Ok(Phrase::new("operated.released")),
        Action::Retry => Ok(Phrase::new("operated.retried")),
        Action::Discard => Ok(Phrase::new("operated.discarded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn release(arrivals: &[i64], onto: Option<i64>) -> Wish {
        Wish { action: Action::Release { onto }, arrivals: arrivals.to_vec() }
    }

    #[test]
    fn commands_stand_at_the_top_one_a_line_and_may_name_several_mails() {
        let text = "\n#release 17\n#Release 18, 19 ONTO sup-3\n\n#discard 20 21\n# retry\t22\n-- \nAna";
        let read = wishes(text).unwrap();
        assert_eq!(read[..2], [release(&[17], None), release(&[18, 19], Some(3))]);
        assert_eq!(
            read[2..],
            [Wish { action: Action::Discard, arrivals: vec![20, 21] }, Wish { action: Action::Retry, arrivals: vec![22] },]
        );
    }

    #[test]
    fn whatever_is_not_understood_stops_the_whole_mail() {
        for text in [
            "#relase 17",
            "#release",
            "#release all",
            "#release -1",
            "#release 17 onto",
            "#release 17 onto SUP",
            "#discard 17 onto 3",
            "#release 17 onto 3 4",
            "#discard 17\n#foo",
            "＃release 17",
            "#17",
            "Yes, please.",
            "",
            "Thanks!\n#release 17",
            "#release 9999999999999",
        ] {
            assert!(wishes(text).is_err(), "{text:?}");
        }
        let many = "#discard ".to_owned() + &"2 ".repeat(MOST + 1);
        assert!(wishes(&many).unwrap_err().why.to_string().contains("200"));
    }

    proptest! {
        #[test]
        fn no_text_whatever_makes_the_reader_panic(text in "\\PC{0,200}", lines in "(#(release|retry|discard|onto)? ?[0-9A-Z, -]{0,12}\n){0,6}") {
            let _ = wishes(&text);
            let _ = wishes(&lines);
        }
    }
}
