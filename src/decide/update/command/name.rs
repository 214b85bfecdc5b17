//! Which agent a name means: by key, then address, then whole name, then first or last name, without regard to case and marks. A name
//! that two agents go by means neither.

use super::Reader;
use crate::decide::parse::folded;
use crate::decide::phrase::{Phrase, Value};
use crate::model::address::Address;
use crate::model::desk::{Agent, Desk};
use crate::model::suggestion::nearest;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// The agent.
    One(&'a Agent),
    /// Several go by this name.
    Several(Vec<&'a Agent>),
    /// Nobody does; perhaps this one was meant, and these there are.
    Nobody(Option<String>, Vec<&'a Agent>),
}

impl Found<'_> {
    /// The key of the one, or the rest of a sentence that begins with the line.
    pub fn key(self) -> Result<String, Phrase> {
        match self {
            Found::One(agent) => Ok(agent.key.clone()),
            Found::Several(agents) => Err(Phrase::new("refused.several").value("agents", listed(&agents, "list.or"))),
            Found::Nobody(Some(name), _) => Err(Phrase::new("refused.nobody-near").with("name", name)),
            Found::Nobody(None, agents) => Err(Phrase::new("refused.nobody").value("agents", listed(&agents, "list.comma"))),
        }
    }
}

/// Agents that a receipt lists at most.
const LISTED: usize = 20;

/// Names with what is good for naming each without doubt.
pub fn listed(agents: &[&Agent], between: &'static str) -> Value {
    let named = |agent: &&Agent| Value::Foreign(format!("{} ({}, {})", agent.name, agent.key, agent.address));
    let mut items: Vec<Value> = agents.iter().take(LISTED).map(named).collect();
    if agents.len() > LISTED {
        items.push(Value::Phrase(Phrase::counted("list.more", agents.len() - LISTED)));
    }
    Value::List { between, items }
}

/// The address in `ana@staff.example`, `Ana <ana@staff.example>`, and in what mail programs make of HTML:
/// `ana@staff.example <mailto:ana@staff.example>`.
pub(super) fn address(written: &str) -> Option<Address> {
    let inner = written.split_once('<').map_or(written, |(_, rest)| rest.split_once('>').map_or(rest, |(inner, _)| inner));
    let inner = inner.trim().trim_end_matches('.');
    let scheme = inner.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:"));
    Address::parse(scheme.and_then(|_| inner.get(7..)).unwrap_or(inner))
}

/// Finds the agent that an argument names; `me` is who writes.
pub(super) fn agent<'a>(written: &str, reader: Reader<'a>) -> Found<'a> {
    let bare = written.trim().trim_start_matches(['@', '＠']).trim_end_matches(['.', ' ']);
    if folded(bare) == "me" {
        return Found::One(reader.me);
    }
    let found = find(bare, reader.desk);
    match found {
        Some(found) => found,
        None => {
            let known =
                reader.desk.agents.iter().flat_map(|agent| std::iter::once(agent.key.as_str()).chain(agent.name.split(' ')));
            let meant = nearest(&folded(bare), known).map(str::to_owned);
            Found::Nobody(meant, reader.desk.agents.iter().collect())
        }
    }
}

/// Finds an agent by name; `None` when nobody goes by it.
pub(super) fn find<'a>(written: &str, desk: &'a Desk) -> Option<Found<'a>> {
    let plain = folded(written);
    if plain.is_empty() {
        return None;
    }
    if let Some(agent) = address(written).and_then(|address| desk.agent_by_address(&address)) {
        return Some(Found::One(agent));
    }
    by(desk, |agent| folded(&agent.key) == plain)
        .or_else(|| by(desk, |agent| folded(&agent.name) == plain))
        .or_else(|| by(desk, |agent| folded(&agent.name).split(' ').any(|word| word == plain)))
}

fn by<'a>(desk: &'a Desk, is_it: impl Fn(&Agent) -> bool) -> Option<Found<'a>> {
    let found: Vec<&Agent> = desk.agents.iter().filter(|agent| is_it(agent)).collect();
    match found.as_slice() {
        [] => None,
        [agent] => Some(Found::One(agent)),
        _ => Some(Found::Several(found)),
    }
}
