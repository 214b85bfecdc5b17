//! Mail that is passed on.

use super::forms;

/// Whether a subject says that its mail passes another on.
pub fn is_forward_subject(subject: &str) -> bool {
    let end = subject.find([':', '：']).unwrap_or(0);
    forms::is_forward_prefix(&subject[..end])
}
