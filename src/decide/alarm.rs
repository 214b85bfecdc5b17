//! What admins are told of accounts from which no mail could be fetched for long: one mail with all that became an alarm together.

use std::collections::HashSet;

use super::Rules;
use super::digest::admins;
use super::write::held::{Slip, shown, shown_up_to, voice};
use super::write::phrases::Voice;
use super::write::words::{Account, AlarmWords, Words};
use crate::model::notice::{Event, Outgoing};
use crate::model::time::Time;

/// Characters of an error that are told: it is long where it names files and what a server said.
const ERROR: usize = 300;

/// An account without success for long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub account: String,
    /// Since when.
    pub since: Time,
    /// What went wrong last. Partly a foreign server's words.
    pub error: Option<String>,
}

/// Accounts that no admin has been told of since they were last well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The accounts, by name.
    pub alarms: Vec<Alarm>,
    /// The arrival that the mails are noted with: one that none of them is noted with yet.
    pub noted_with: i64,
    /// Addresses that are known to be dead, as `Address::key` writes them.
    pub dead: HashSet<String>,
}

/// A mail for each admin who can be reached. It leaves from the first department: an account may be for all of them.
pub fn alarm(untold: &Untold, rules: Rules<'_>) -> Vec<Outgoing> {
    let (Some(first), Some(department)) = (untold.alarms.first(), rules.desk.departments.first()) else { return Vec::new() };
    let reached = admins(rules.desk).filter(|admin| !untold.dead.contains(&admin.address.key()));
    let write = |agent| {
        let voice = voice(agent, department, rules);
        let words = Words {
            department: &department.name,
            alarm: AlarmWords {
                first: shown(&first.account),
                more: untold.alarms.len().saturating_sub(1),
                accounts: untold.alarms.iter().map(|alarm| account(alarm, voice)).collect(),
            },
            ..Words::default()
        };
        let arrival = untold.noted_with;
        Slip { event: Event::Alarm, text: "alarm", agent, department, arrival, answers: None, links: false }.finish(words, rules)
    };
    reached.map(write).collect()
}

fn account(alarm: &Alarm, voice: Voice<'_>) -> Account {
    let error = alarm.error.as_deref().map(|error| shown_up_to(error, ERROR)).unwrap_or_default();
    Account { name: shown(&alarm.account), since: voice.date(alarm.since), error }
}
