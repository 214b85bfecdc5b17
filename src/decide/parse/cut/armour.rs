//! OpenPGP in the text itself (RFC 9580 section 7): its armour is no word of the author's.

use super::shape::{Role, Shape};

/// Lines between the first of a signed text and the words: `Hash: SHA256`.
const HASH_LINES: usize = 6;

/// Sets the armour of signatures, keys and encrypted texts aside, unless nothing else is there. Armour that does not end stays.
pub(super) fn set_aside(lines: &[&str], shape: &mut Shape) {
    let lines = &lines[..shape.quotable];
    let mut at = 0;
    while let Some(begins) =
        (at..lines.len()).find(|at| shape.roles[*at] == Role::Own && lines[*at].starts_with("-----BEGIN PGP "))
    {
        let Some(length) = length(&lines[begins..]) else { return };
        shape.set_aside(begins, begins + length);
        at = begins + length;
    }
}

/// How many lines the armour has that begins with the first; none when nothing below ends an armour.
fn length(lines: &[&str]) -> Option<usize> {
    if lines[0].contains("SIGNED MESSAGE") {
        let hashes = lines.iter().skip(1).take(HASH_LINES).take_while(|line| line.contains(": "));
        return Some(1 + hashes.count());
    }
    // Any end will do, so that a text of nothing but beginnings is read once.
    lines.iter().position(|line| line.starts_with("-----END PGP ")).map(|last| last + 1)
}
