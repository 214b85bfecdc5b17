//! What may stand in a configuration once only: keys, prefixes, addresses.

use std::collections::HashMap;

use super::table::{Place, Report};

/// Names that were taken, each with the place that took it.
pub(super) struct Register<'a> {
    report: &'a Report,
    rule: &'static str,
    is_exact: bool,
    taken: HashMap<String, Place>,
}

impl<'a> Register<'a> {
    /// An empty register. The rule is told to whoever breaks it.
    pub(super) fn new(report: &'a Report, rule: &'static str) -> Self {
        Self { report, rule, is_exact: false, taken: HashMap::new() }
    }

    /// One of names whose case tells them apart: of files, and of folders at a server.
    pub(super) fn exact(report: &'a Report, rule: &'static str) -> Self {
        Self { is_exact: true, ..Self::new(report, rule) }
    }

    /// Takes a name. One that is taken already is reported, with the place that has it.
    pub(super) fn take(&mut self, name: &str, place: &Place) {
        let key = self.key_of(name);
        if let Some(first) = self.taken.get(&key) {
            let message = format!("`{name}` is taken by {} in line {}; {}", first.key, first.line, self.rule);
            self.report.fault(place, message);
            return;
        }
        self.taken.insert(key, place.clone());
    }

    /// The place that took a name.
    pub(super) fn place_of(&self, name: &str) -> Option<&Place> {
        self.taken.get(&self.key_of(name))
    }

    /// Of addresses and keys, spellings that differ in case alone are one: people and servers change it on the way.
    fn key_of(&self, name: &str) -> String {
        if self.is_exact { name.to_owned() } else { name.to_lowercase() }
    }

    /// The names that were taken, in the order of the alphabet.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.taken.keys().cloned().collect();
        names.sort();
        names
    }
}
