//! What a check has to say of a place in the repository.

use std::fmt;

/// A rule that does not hold at a place.
pub(crate) struct Violation {
    /// Path below the root of the repository.
    pub(crate) file: String,
    /// Line, counted from 1.
    pub(crate) line: usize,
    /// What is there.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

impl Violation {
    /// A rule that does not hold at a line of a file.
    pub(crate) fn new(file: &str, line: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}: {}; {}", self.file, self.line, self.what, self.remedy)
    }
}

/// Fails with all of them, one a line.
pub(crate) fn assert_none(violations: &[Violation]) {
    let list: Vec<String> = violations.iter().map(Violation::to_string).collect();
    assert!(list.is_empty(), "{} violations:\n{}", list.len(), list.join("\n"));
}
