//! What may stand in a configuration once only: keys, prefixes, addresses.

use std::collections::HashMap;

use super::table::{Place, Report};

/// Names that were taken, each with the place that took it.
pub(super) struct Register<'a> {
    report: &'a Report,
    rule: &'static str,
    taken: HashMap<String, Place>,
}

impl<'a> Register<'a> {
    /// An empty register. The rule is told to whoever breaks it.
    pub(super) fn new(report: &'a Report, rule: &'static str) -> Self {
        Self { report, rule, taken: HashMap::new() }
    }

    /// Takes a name. One that is taken already is reported, with the place that has it.
    pub(super) fn take(&mut self, name: &str, place: &Place) {
        // Spellings that differ in case alone are one: people and servers change it on the way.
        let key = name.to_lowercase();
        if let Some(first) = self.taken.get(&key) {
            let message = format!("`{name}` is taken by {} in line {}; {}", first.key, first.line, self.rule);
            self.report.fault(place, message);
            return;
        }
        self.taken.insert(key, place.clone());
    }

    /// The place that took a name.
    pub(super) fn place_of(&self, name: &str) -> Option<&Place> {
        self.taken.get(&name.to_lowercase())
    }
}
