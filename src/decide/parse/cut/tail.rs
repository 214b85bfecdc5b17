//! What stands below the author's last words and is none of them, block by block from the end: lines of programs, footers of lists,
//! disclaimers, signatures, contact data. Every rule looks at a bounded number of lines.

use super::shape::{Role, Shape};
use super::{contact, disclaimer, program, signature};

/// Lines above the end that the rules are shown.
const VIEW: usize = 80;
/// Blocks that are taken off; people's mails have three or four.
const MOST_BLOCKS: usize = 48;

/// Says where a block begins that goes on to the end of the lines.
type Rule = fn(&[&str]) -> Option<usize>;

const RULES: [Rule; 5] = [program::begins, signature::list_footer, signature::begins, disclaimer::begins, contact::block];

/// Sets those blocks aside, above and below quotations, as long as something of the author's is left.
pub(super) fn set_aside(lines: &[&str], shape: &mut Shape) {
    above_attributions(lines, shape);
    let mut end = shape.quotable;
    for _ in 0..MOST_BLOCKS {
        let Some(last) = shape.roles[..end].iter().rposition(|role| *role == Role::Own) else { return };
        let floor = floor(shape, last);
        let region = &lines[floor..=last];
        let Some(at) = RULES.iter().filter_map(|rule| rule(region)).min().map(|at| floor + at) else { return };
        if !shape.set_aside(at, last + 1) {
            return;
        }
        end = at;
    }
}

/// Phones put their line above the attribution, and the answer may be below the quotation.
fn above_attributions(lines: &[&str], shape: &mut Shape) {
    for at in 1..shape.roles.len() {
        let opens = shape.roles[at] == Role::Attribution && shape.roles[at - 1] != Role::Attribution;
        let last = (at.saturating_sub(3)..at).rev().find(|above| shape.roles[*above] != Role::Blank);
        if let Some(last) = last.filter(|last| opens && shape.roles[*last] == Role::Own) {
            let floor = floor(shape, last).max((last + 1).saturating_sub(8));
            if let Some(found) = program::begins(&lines[floor..=last]) {
                shape.set_aside(floor + found, last + 1);
            }
        }
    }
}

/// The first line of the author's words that end there; at most so many lines above.
fn floor(shape: &Shape, last: usize) -> usize {
    let top = (last + 1).saturating_sub(VIEW);
    let border = shape.roles[top..last].iter().rposition(|role| !matches!(role, Role::Own | Role::Blank));
    border.map_or(top, |border| top + border + 1)
}
