//! Mail that is held because an agent's authority was lacking: the agent is told, at the address on file and never at the one that the mail
//! claims to be from.

use super::recall::{Facts, cap_key};
use super::write::held::refusal;
use super::{Case, Decision, Rules};
use crate::model::arrival::Cause;
use crate::model::desk::{Agent, Desk};
use crate::model::notice::Event;

/// The decision to hold a mail, with the notices to the agents whom it concerns.
pub(super) fn refused(
    case: &Case,
    cause: Cause,
    ticket: Option<i64>,
    facts: &Facts,
    rules: Rules<'_>,
    mut reasons: Vec<String>,
) -> Decision {
    let mut notices = Vec::new();
    // Nobody is told of what was refused long ago.
    let concerned = if case.is_archived() { Vec::new() } else { concerned(case, cause, rules.desk) };
    for agent in concerned {
        match may_be_told(agent, facts, rules.desk) {
            Ok(()) => {
                reasons.push(format!("{} is told at {}", agent.key, agent.address));
                notices.extend(refusal(case, cause, agent, rules));
            }
            Err(why) => reasons.push(format!("{} is not told: {why}", agent.key)),
        }
    }
    Decision { notices, ..Decision::held(case, cause, ticket, reasons) }
}

/// The agents whose authority was lacking or tried.
fn concerned<'a>(case: &Case, cause: Cause, desk: &'a Desk) -> Vec<&'a Agent> {
    let with_token = matches!(cause, Cause::TokenOfAnother);
    let by_name = matches!(
        cause,
        Cause::AgentUnproven | Cause::AgentWithoutToken | Cause::TokenOfAnother | Cause::AgentMayNotWrite | Cause::SeveralSenders
    );
    let mut agents: Vec<&Agent> = Vec::new();
    for agent in involved(case, desk, by_name, with_token) {
        if !agents.iter().any(|known| known.key == agent.key) {
            agents.push(agent);
        }
    }
    agents
}

/// Agents that a mail names in From, and those whose tokens it brings.
pub(super) fn involved<'a>(case: &Case, desk: &'a Desk, by_name: bool, with_token: bool) -> impl Iterator<Item = &'a Agent> {
    let named = case.mail.from.iter().filter_map(|mailbox| desk.agent_by_address(&mailbox.address));
    let sealed = case.links.sealed.iter().map(|link| link.recipient).chain(case.links.held);
    let linked = sealed.filter_map(|recipient| desk.agent_by_token(recipient));
    let named: Vec<&Agent> = if by_name { named.collect() } else { Vec::new() };
    let linked: Vec<&Agent> = if with_token { linked.collect() } else { Vec::new() };
    named.into_iter().chain(linked)
}

/// Whoever forges an agent's name must not flood the agent: what caps acknowledgements caps these too.
fn may_be_told(agent: &Agent, facts: &Facts, desk: &Desk) -> Result<(), String> {
    let told = cap_key(Event::Held, &agent.address).and_then(|key| facts.acknowledged.get(&key).copied());
    let told = told.unwrap_or_default();
    if facts.dead.contains(&agent.address.key()) {
        Err(format!("nothing reaches {}", agent.address))
    } else if told.hour >= desk.caps.per_hour {
        Err(format!("{} such mails within the hour (`[acknowledgements] per_hour`)", told.hour))
    } else if told.day >= desk.caps.per_day {
        Err(format!("{} such mails within the day (`[acknowledgements] per_day`)", told.day))
    } else {
        Ok(())
    }
}
