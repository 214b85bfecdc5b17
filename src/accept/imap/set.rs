//! Sets of UIDs as commands take them: `1:5,9` (RFC 3501, sequence-set).

use std::fmt::Write as _;

/// The UIDs in sets of at most `most` each, ascending; only these, never one in between.
pub(super) fn sets(uids: &[u32], most: usize) -> Vec<String> {
    let mut sorted: Vec<u32> = uids.iter().copied().filter(|uid| *uid != 0).collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.chunks(most.max(1)).map(set).collect()
}

fn set(sorted: &[u32]) -> String {
    let mut text = String::new();
    for run in sorted.chunk_by(|one, next| one.checked_add(1) == Some(*next)) {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a text cannot fail.
        let _ = match run {
            [one] => write!(text, "{comma}{one}"),
            [first, .., last] => write!(text, "{comma}{first}:{last}"),
            [] => Ok(()),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_asked_and_nothing_else_in_runs() {
        assert_eq!(sets(&[9, 1, 3, 2, 2, 0, 5], 200), ["1:3,5,9"]);
        assert_eq!(sets(&[1, 2, 3, 4, 5], 2), ["1:2", "3:4", "5"]);
        assert_eq!(sets(&[u32::MAX, u32::MAX - 1], 200), ["4294967294:4294967295"]);
        assert!(sets(&[], 200).is_empty() && sets(&[0], 200).is_empty());
    }
}
