//! The known name that somebody probably meant: to be named in an error, never to be taken without asking.

/// The nearest of the known names, when it is near enough that a slip of the fingers explains it.
pub fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let written = plain(written);
    // A key is some twenty characters long: what is much longer is not looked at, so that the table below stays small.
    if written.len() > 64 {
        return None;
    }
    let (distance, name) = known.map(|name| (distance(&written, &plain(name)), name)).min()?;
    (distance <= 1 + written.chars().count() / 4).then_some(name)
}

/// How many characters must be put in, taken out or changed to make one text of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = change.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
