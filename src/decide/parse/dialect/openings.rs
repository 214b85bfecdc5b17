//! How delivery reports begin that have no form: what each program says of itself, by language.

mod eastern;
mod english;
mod western;

use super::Row;
use super::pattern::begins_like;

/// The first of the lines, in the form of `pattern::beginning`, that a report begins with.
pub(in crate::decide::parse) fn opening(lines: &[String]) -> Option<usize> {
    lines.iter().position(|line| rows().any(|Row(_, _, pattern, _)| begins_like(line, pattern)))
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [english::ENGLISH, western::WESTERN, eastern::EASTERN].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::parse::dialect::pattern::beginning;

    #[test]
    fn every_opening_is_found_by_its_example() {
        let is_missed = |Row(_, _, pattern, example): &&Row| !beginning(example).iter().any(|line| begins_like(line, pattern));
        let missed: Vec<_> = rows().filter(is_missed).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }
}
