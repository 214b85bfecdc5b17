//! `@name` in an answer or a note: agents who are brought in. An `@` may be innocent, so nothing is ever stopped for one.

use super::name::{Found, find, listed};
use crate::decide::parse::is_invisible;
use crate::decide::phrase::Phrase;
use crate::model::desk::{Agent, Desk};

/// How many are looked at in one text: each is compared with every agent.
pub const MOST_MENTIONS: usize = 50;

/// Characters of a name behind an `@`.
const LONGEST: usize = 200;

/// The agents that a text brings in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions<'a> {
    /// Each once, in the order of the text.
    pub agents: Vec<&'a Agent>,
    /// Names that could mean several, in sentences.
    pub remarks: Vec<Phrase>,
}

/// Finds them. An `@` counts at the beginning of a word only, so that no part of a mail address does.
pub fn mentions<'a>(text: &str, desk: &'a Desk) -> Mentions<'a> {
    let mut found = Mentions::default();
    for (at, _) in text.match_indices('@').filter(|(at, _)| begins_a_word(text, *at)).take(MOST_MENTIONS) {
        let rest = &text[at + 1..];
        match whole_name(rest).and_then(|name| Some((name, find(name, desk)?))).or_else(|| one_word(rest, desk)) {
            Some((_, Found::One(agent))) => {
                if !found.agents.contains(&agent) {
                    found.agents.push(agent);
                }
            }
            Some((name, Found::Several(agents))) => {
                let remark = Phrase::new("remark.several").with("name", name).value("agents", listed(&agents, "list.or"));
                if !found.remarks.contains(&remark) {
                    found.remarks.push(remark);
                }
            }
            Some((_, Found::Nobody(..))) | None => {}
        }
    }
    found
}

fn begins_a_word(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let starts = before
        .is_none_or(|c| c.is_whitespace() || is_invisible(c) || matches!(c, '(' | '[' | ',' | ';' | ':' | '"' | '\'' | '/'));
    starts && text[at + 1..].starts_with(char::is_alphabetic)
}

/// Two words on one line: `@Ana Kovač`.
fn whole_name(rest: &str) -> Option<&str> {
    let first = word(rest);
    let gap = rest[first.len()..].strip_prefix(' ')?;
    let second = word(gap);
    let end = first.len() + 1 + second.len();
    (!second.is_empty()).then(|| rest[..end].trim_end_matches('.'))
}

fn one_word<'a, 't>(rest: &'t str, desk: &'a Desk) -> Option<(&'t str, Found<'a>)> {
    let length =
        rest.char_indices().take(LONGEST).find(|(_, c)| c.is_whitespace()).map_or_else(|| word(rest).len(), |(end, _)| end);
    let whole = rest.get(..length)?.trim_end_matches(|c: char| !c.is_alphanumeric());
    let name = if whole.contains('@') { whole } else { word(rest).trim_end_matches('.') };
    find(name, desk).map(|found| (name, found))
}

/// Letters and what names hold between them.
fn word(text: &str) -> &str {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '’' | '\'');
    let end = text.char_indices().take(LONGEST).find(|(_, c)| !inside(*c)).map(|(end, _)| end);
    let end = end.unwrap_or_else(|| text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end));
    &text[..end]
}
