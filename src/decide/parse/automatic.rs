//! How automatic answers look that have no mark in their header: their subjects, and turns in their texts.
//!
//! Both are people's words too, so neither decides alone: `screen::machine` weighs them with each other and with what the header says. What
//! is known is a table, by language; the text is looked at near its beginning only.

mod subjects;
mod turns;

use super::dialect::Row;
use super::dialect::pattern::{beginning, begins_like, is_like, plain};

/// Lines that are not empty among which an automatic answer says that it is one.
const LINES: usize = 12;
/// Octets of a subject that are looked at.
const SUBJECT: usize = 300;

/// Subjects of people that begin like one of an automatic answer.
const OF_PEOPLE: [&str; 2] = ["out of office hours*", "*?"];

/// Language of the form that a subject has of an automatic answer.
pub(super) fn subject(subject: &str) -> Option<&'static str> {
    let subject = plain(&subject[..subject.floor_char_boundary(SUBJECT)]);
    if OF_PEOPLE.iter().any(|pattern| is_like(&subject, pattern)) {
        return None;
    }
    subjects::SUBJECTS.iter().find(|Row(_, _, pattern, _)| is_like(&subject, pattern)).map(|Row(language, ..)| *language)
}

/// Whether a text has a turn of automatic answers near its beginning.
pub(super) fn says_so(text: &str) -> bool {
    let lines = beginning(text);
    lines.iter().take(LINES).any(|line| turns::TURNS.iter().any(|Row(_, _, pattern, _)| begins_like(line, pattern)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_and_every_turn_is_found_by_its_example() {
        let subjects = subjects::SUBJECTS.iter().filter(|Row(_, _, pattern, example)| !is_like(&plain(example), pattern));
        let is_missed = |Row(_, _, pattern, example): &&Row| !beginning(example).iter().any(|line| begins_like(line, pattern));
        let missed: Vec<_> = subjects.chain(turns::TURNS.iter().filter(is_missed)).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn what_people_write_of_the_same_things_has_another_form() {
        for words in [
            "Re: Automatic reply: Broken kettle",
            "Out of office hours?",
            "Out of office hours",
            "Out of office?",
            "Vacation request",
            "Automatic kettle",
            "Office chair",
            "Away game tickets",
        ] {
            assert_eq!(subject(words), None, "{words}");
        }
        for words in ["How do I set up an answer for my holiday?", "My kettle is out of order"] {
            assert!(!says_so(words), "{words}");
        }
    }
}
