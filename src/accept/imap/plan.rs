//! What is to be done about a folder: the numbers on the server held against those in the ledger. Pure.
//!
//! Promise: every number on the server that is ours is in the ledger or in what is to be fetched, and none is in both.

use std::collections::{BTreeSet, HashMap};

use crate::model::ledger::Stage;
use crate::store::ledger::{Left, Noted};

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// On the server, ours, and not in the ledger.
    pub(super) fetch: BTreeSet<u32>,
    /// In the ledger, and not on the server any more.
    pub(super) gone: Vec<u32>,
    /// The same, and on the server again.
    pub(super) back: Vec<u32>,
    /// On the server, and left there for their size.
    pub(super) large: Vec<u32>,
    /// How many are in the ledger and on the server.
    pub(super) known: usize,
}

/// Compares. `server` and `noted` hold what is known from the number `from` on, of which those from `first` on are ours. Only numbers count:
/// neither flags, which other clients set, nor the order in which numbers have come up.
pub(super) fn compare(server: &[u32], noted: &HashMap<u32, Noted>, first: u32) -> Plan {
    let there: BTreeSet<u32> = server.iter().copied().collect();
    let mut plan = Plan::default();
    for uid in &there {
        match noted.get(uid) {
            None if *uid >= first => drop(plan.fetch.insert(*uid)),
            None => {}
            Some(line) => {
                plan.known += 1;
                if line.is_gone {
                    plan.back.push(*uid);
                }
                if line.stage == Stage::Left && line.left == Some(Left::TooLarge) {
                    plan.large.push(*uid);
                }
            }
        }
    }
    plan.gone = noted.iter().filter(|(uid, line)| !line.is_gone && !there.contains(uid)).map(|(uid, _)| *uid).collect();
    plan.gone.sort_unstable();
    plan
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn noted(lines: &[(u32, u8, bool)]) -> HashMap<u32, Noted> {
        let line = |(uid, stage, is_gone): &(u32, u8, bool)| {
            let (stage, left) = match stage % 4 {
                0 => (Stage::Taken, None),
                1 => (Stage::Done, None),
                2 => (Stage::Left, Some(Left::TooLarge)),
                _ => (Stage::Left, Some(Left::BeforeUs)),
            };
            (*uid, Noted { stage, left, is_gone: *is_gone })
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn a_number_that_comes_up_late_is_fetched_though_higher_ones_are_known() {
        let plan = compare(&[3, 5, 4, 9], &noted(&[(5, 1, false), (9, 0, false), (7, 1, false)]), 4);
        assert_eq!(plan.fetch, BTreeSet::from([4]));
        assert_eq!((plan.gone, plan.known), (vec![7], 2));
    }

    proptest! {
        #[test]
        fn nothing_is_missed_and_nothing_fetched_twice(
            server in proptest::collection::vec(1_u32..60, 0..60),
            lines in proptest::collection::vec((1_u32..60, 0_u8..4, any::<bool>()), 0..60),
            first in 0_u32..60,
        ) {
            let noted = noted(&lines);
            let plan = compare(&server, &noted, first);
            for uid in 1..60 {
                let (is_there, line) = (server.contains(&uid), noted.get(&uid));
                prop_assert_eq!(plan.fetch.contains(&uid), is_there && line.is_none() && uid >= first);
                prop_assert_eq!(plan.gone.contains(&uid), !is_there && line.is_some_and(|line| !line.is_gone));
                prop_assert_eq!(plan.back.contains(&uid), is_there && line.is_some_and(|line| line.is_gone));
            }
            // When all of that is in the ledger, there is nothing left to fetch.
            let mut after = noted.clone();
            after.extend(plan.fetch.iter().map(|uid| (*uid, Noted { stage: Stage::Taken, left: None, is_gone: false })));
            prop_assert!(compare(&server, &after, first).fetch.is_empty());
        }
    }
}
