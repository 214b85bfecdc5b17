//! `[[agent]]` and `[[department]]`: who is at the desk, and how they fit together.

use std::path::Path;

use super::document::Node;
use super::gateway::language;
use super::hours::hours;
use super::register::Register;
use super::table::{Place, Report, Table, at_least_a_second};
use super::value::{self, Read};
use crate::model::address::Address;
use crate::model::desk::{Access, Agent, Department, REMIND_BEFORE, REOPEN_WITHIN, Stranger};
use crate::model::suggestion::nearest;
use crate::model::token::{LONGEST_SUFFIX, split_signed};

/// Octets of a local part (RFC 5321 section 4.5.3.1.1).
const LOCAL_PART: usize = 64;

/// What the sections may not have in common.
struct Registers<'a> {
    addresses: Register<'a>,
    agents: Register<'a>,
    departments: Register<'a>,
    prefixes: Register<'a>,
}

/// Who is at the desk.
pub(super) struct People {
    pub(super) departments: Vec<Department>,
    pub(super) agents: Vec<Agent>,
    /// Keys of the departments, those included that have faults.
    pub(super) department_keys: Vec<String>,
}

/// Reads every `[[agent]]` and `[[department]]` of the file.
pub(super) fn people(root: &Table<'_>, texts: Option<&Path>) -> People {
    let once = |rule| Register::new(root.report, rule);
    let mut registers = Registers {
        addresses: once("an address belongs to one department or one agent"),
        agents: once("every agent needs a key of its own"),
        departments: once("every department needs a key of its own"),
        prefixes: once("a prefix belongs to one department"),
    };
    for (key, example) in [("department", "the group that takes the mail"), ("agent", "a person who answers it")] {
        if !root.has(key) {
            root.report.doubt(&root.place(key), format!("is missing; add at least one [[{key}]], {example}"));
        }
    }
    let tables = root.tables("agent");
    // Known before the departments are read, and kept when another key of the agent is at fault.
    let keys: Vec<Option<String>> = tables.iter().map(|table| table.required("key", key)).collect();
    let names: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
    let departments = root.tables("department");
    let departments = departments.iter().filter_map(|table| department(table, texts, &names, &mut registers)).collect();
    let agents =
        tables.iter().zip(&keys).filter_map(|(table, key)| agent(table, texts, key.as_deref(), &mut registers)).collect();
    People { departments, agents, department_keys: registers.departments.names() }
}

/// Reads one agent, whose key has been read already.
fn agent(table: &Table<'_>, texts: Option<&Path>, key: Option<&str>, registers: &mut Registers<'_>) -> Option<Agent> {
    if let Some(key) = key {
        registers.agents.take(key, &table.place("key"));
    }
    let name = table.required("name", value::text);
    let address = table.required("address", value::address);
    let others = table.list("other_addresses", value::address);
    let own = address.iter().map(|address| (address.clone(), table.place("address")));
    for (address, place) in own.chain(others.iter().cloned()) {
        registers.addresses.take(address.as_str(), &place);
        refuse_signed(&address, &place, table.report, &registers.addresses);
    }
    let access = table.optional("access", access).unwrap_or(Access::Agent);
    let language = table.optional("language", |node| language(node, texts));
    table.finish(&[]);
    let other_addresses = others.into_iter().map(|(address, _)| address).collect();
    Some(Agent { key: key?.to_owned(), name: name?, address: address?, other_addresses, access, language })
}

/// `support+anything@…` comes to us as `support@…` does: no agent can be written to there.
fn refuse_signed(address: &Address, place: &Place, report: &Report, addresses: &Register<'_>) {
    let Some((base, _)) = split_signed(address) else { return };
    if addresses.place_of(base.as_str()).is_some_and(|owner| owner.key.starts_with("department")) {
        report.fault(place, format!("`{address}` comes to the department of `{base}`; give the agent another address"));
    }
}

fn access(node: &Node) -> Read<Access> {
    match value::text(node)?.as_str() {
        "admin" => Ok(Access::Admin),
        "agent" => Ok(Access::Agent),
        "viewer" => Ok(Access::Viewer),
        other => Err(format!("takes \"admin\", \"agent\" or \"viewer\", not `{other}`")),
    }
}

/// Reads one department. Keys that are wrong are stood in for until the end, so that all of them are looked at.
fn department(table: &Table<'_>, texts: Option<&Path>, names: &[&str], registers: &mut Registers<'_>) -> Option<Department> {
    let key = table.required("key", key);
    let prefix = table.required("prefix", prefix);
    let address = table.required("address", system_address);
    let mailboxes = table.list("mailboxes", value::address);
    if let Some(key) = &key {
        registers.departments.take(key, &table.place("key"));
    }
    if let Some(prefix) = &prefix {
        registers.prefixes.take(prefix, &table.place("prefix"));
    }
    let own = address.iter().map(|address| (address, table.place("address")));
    for (address, place) in own.chain(mailboxes.iter().map(|(mailbox, place)| (mailbox, place.clone()))) {
        registers.addresses.take(address.as_str(), &place);
    }
    let name = table.required("name", value::text);
    let agents = agents_of(table, names);
    let department = Department {
        assignee: one_agent(table, "assignee", names),
        internal_assignee: one_agent(table, "internal_assignee", names),
        language: table.optional("language", |node| language(node, texts)).unwrap_or_else(|| "en".to_owned()),
        detect_language: table.optional("detect_language", value::flag).unwrap_or(true),
        hours: hours(table),
        answer_within: table.optional("answer_within", at_least_a_second),
        reopen_within: table.optional("reopen_within", value::duration).unwrap_or(REOPEN_WITHIN),
        acknowledge: table.optional("acknowledge", value::flag).unwrap_or(true),
        tell_begun: table.optional("tell_begun", value::flag).unwrap_or(false),
        tell_closed: table.optional("tell_closed", value::flag).unwrap_or(true),
        remind_before: table.optional("remind_before", value::duration).unwrap_or(REMIND_BEFORE),
        stranger: table.optional("stranger", stranger).unwrap_or_default(),
        mailboxes: mailboxes.into_iter().map(|(mailbox, _)| mailbox).collect(),
        agents,
        key: key.unwrap_or_default(),
        name: name.unwrap_or_default(),
        prefix: prefix.unwrap_or_default(),
        address: address?,
    };
    table.finish(&[]);
    Some(department)
}

/// The agents of a department: at least one, or nobody would hear of the mail that it takes.
fn agents_of(table: &Table<'_>, names: &[&str]) -> Vec<String> {
    if !table.has("agents") || table.has_empty_list("agents") {
        table.report.doubt(&table.place("agents"), "is missing or empty; a department needs at least one agent");
    }
    let mut agents: Vec<String> = Vec::new();
    for (agent, place) in table.list("agents", value::text) {
        check_agent(&agent, &place, table.report, names);
        if agents.contains(&agent) {
            table.report.fault(&place, format!("`{agent}` stands in the list twice; remove one"));
        }
        agents.push(agent);
    }
    agents
}

fn one_agent(table: &Table<'_>, key: &'static str, names: &[&str]) -> Option<String> {
    let agent = table.optional(key, value::text)?;
    check_agent(&agent, &table.place(key), table.report, names);
    Some(agent)
}

/// Refers a department's word to the agents that there are.
fn check_agent(agent: &str, place: &Place, report: &Report, names: &[&str]) {
    if names.contains(&agent) {
        return;
    }
    let advice = match nearest(agent, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "add an [[agent]] with that key, or remove it here".to_owned(),
    };
    report.doubt(place, format!("there is no agent `{agent}`; {advice}"));
}

fn stranger(node: &Node) -> Read<Stranger> {
    match value::text(node)?.as_str() {
        "hold" => Ok(Stranger::Hold),
        "new-ticket" => Ok(Stranger::NewTicket),
        other => Err(format!("takes \"hold\" or \"new-ticket\", not `{other}`")),
    }
}

/// A key is typed in commands and stands in the ticket's history, where `postdesk` is ourselves.
pub(super) fn key(node: &Node) -> Read<String> {
    let key = value::text(node)?;
    let plain = key.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-_.".contains(&octet));
    if !plain || key.len() > 40 || !key.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err(format!(
            "`{key}` is not a key; use up to 40 lower-case letters a-z, digits, `-`, `_` and `.`, a letter or digit first"
        ));
    }
    if key == "postdesk" { Err("is what postdesk calls itself; choose another key".to_owned()) } else { Ok(key) }
}

/// Prefixes are looked for in subjects, so their form is narrow.
fn prefix(node: &Node) -> Read<String> {
    let prefix = value::text(node)?;
    let plain = prefix.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit());
    if plain && prefix.len() <= 10 && prefix.starts_with(|first: char| first.is_ascii_uppercase()) {
        return Ok(prefix);
    }
    Err(format!("`{prefix}` is not a prefix; use 1 to 10 upper-case letters A-Z and digits, a letter first: \"SUP\""))
}

/// A department's address grows by `+` and a token in every notice, and must stay an address.
fn system_address(node: &Node) -> Read<Address> {
    let address = value::address(node)?;
    let longest = LOCAL_PART - LONGEST_SUFFIX;
    let local = address.local();
    if local.len() > longest {
        return Err(format!(
            "has {} octets before the @; at most {longest} leave room for the signed part of reply addresses",
            local.len()
        ));
    }
    if local.contains('+') || local.starts_with('"') {
        return Err(
            "has a + or quotes before the @; the signed part of reply addresses begins at a +, so use an address without"
                .to_owned(),
        );
    }
    Ok(address)
}
