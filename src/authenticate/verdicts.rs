//! The verdicts on a sender, in words.

use crate::model::arrival::{Authenticity, Findings};

/// Verdicts on one mail: as many as the steps can have, with what a mail may make of them.
const MOST: usize = 40;
/// Characters of one verdict: a mail names domains and selectors of any length.
const LONGEST: usize = 300;

/// What was said so far. Each verdict is one line without control characters, whatever the mail says.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdicts(Vec<String>);

impl Verdicts {
    /// Adds one.
    pub(super) fn say(&mut self, verdict: String) {
        let clean = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
        if self.0.len() < MOST {
            self.0.push(verdict.chars().map(clean).take(LONGEST).collect());
        }
    }

    /// Adds one about something that is not there.
    pub(super) fn none<T>(&mut self, verdict: &str) -> Option<T> {
        self.say(verdict.to_owned());
        None
    }

    /// All of them, with what they come to.
    pub(super) fn findings(self, authenticity: Authenticity) -> Findings {
        Findings { authenticity, verdicts: self.0 }
    }
}
