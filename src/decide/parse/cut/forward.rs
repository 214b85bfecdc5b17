//! Mail that is passed on.

/// What mail programs put before the subject of a mail that is passed on, in lower case.
const PREFIXES: [&str; 2] = ["fwd:", "fw:"];

/// Whether a subject says that its mail passes another on.
pub fn is_forward_subject(subject: &str) -> bool {
    let start = subject.trim_start();
    PREFIXES.iter().any(|prefix| start.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}
