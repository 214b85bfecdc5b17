//! The reply cut off from its quotation: what the author newly wrote, and the rest.
//!
//! It works on whole lines and only ever decides whether a line is kept, so nothing can be lost. Every decision looks
//! at a bounded number of lines around it: time is linear in the size of the text, whatever it holds. If
//! cutting would leave nothing, nothing is cut.

mod forms;
pub(in crate::decide::parse) mod forward;
mod known;
mod marker;
mod shape;
mod signature;

pub use forward::is_forward_subject;
pub use known::cut_known;

use shape::{Role, Shape};

/// Every notice to an agent begins with this line, between `-- ` and ` --`. What is below it is ours.
pub const MARKER: &str = "Write your answer above this line.";

/// Whether a text holds that line, quoted or wrapped: it is, or repeats, a notice of ours.
pub fn has_marker(text: &str) -> bool {
    marker::find(&text.split('\n').collect::<Vec<_>>()).is_some()
}

/// How often the result is cut again. Two rounds are enough for what people send; a text made for the purpose may
/// need more, and must still end.
const ROUNDS: usize = 8;

/// Cuts a text with LF line ends: what its author newly wrote, and what was cut from it, both in their own order and
/// without empty lines at the ends. Where the author `passes_on` another mail, that mail is not cut off: it is meant to be read.
pub fn cut(text: &str, passes_on: bool) -> (String, String) {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut kept: Vec<usize> = (0..lines.len()).collect();
    for _ in 0..ROUNDS {
        let view: Vec<&str> = kept.iter().map(|index| lines[*index]).collect();
        let keep = once(&view, passes_on);
        let before = kept.len();
        let mut decisions = keep.into_iter();
        kept.retain(|_| decisions.next().unwrap_or(true));
        if kept.len() == before {
            break;
        }
    }
    let mut is_kept = vec![false; lines.len()];
    kept.iter().for_each(|index| is_kept[*index] = true);
    let side = |wanted: bool| joined(lines.iter().zip(&is_kept).filter(|(_, kept)| **kept == wanted).map(|(line, _)| *line));
    (side(true), side(false))
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    let start = text.len() - text.trim_start_matches('\n').len();
    let end = text.trim_end_matches('\n').len().max(start);
    text[start..end].to_owned()
}

/// Which lines are kept, by every rule in turn; each rule sees what the one before it left.
fn once(lines: &[&str], passes_on: bool) -> Vec<bool> {
    let mut end = lines.len();
    let mut shape = Shape::of(lines, passes_on);
    if let Some(marker) = marker::find(lines) {
        let start = shape.start_of_quotation(marker);
        if shape.has_own_text(start) {
            end = start;
        }
    }
    shape.truncate(end);
    let ends = |at: &usize| signature::begins(&lines[..end], *at) || forms::separates(&lines[..end], *at);
    if let Some(separator) = (0..shape.quotable).find(|at| shape.roles[*at] == Role::Own && ends(at)) {
        end = separator;
    }
    if let Some(attribution) = shape.attribution_of_tail() {
        end = end.min(attribution);
    }
    if shape.has_own_text(end) {
        shape.truncate(end);
    }
    let mut keep = shape.without_quotes(lines.len());
    drop_closing_lines(lines, &shape, &mut keep);
    // An empty line goes with the line above it.
    for at in 1..keep.len() {
        keep[at] = if lines[at].trim().is_empty() { keep[at - 1] } else { keep[at] };
    }
    keep
}

/// Takes `Sent from my iPhone` and its like off the end.
fn drop_closing_lines(lines: &[&str], shape: &Shape, keep: &mut [bool]) {
    let own: Vec<usize> = (0..shape.roles.len()).filter(|at| keep[*at] && shape.roles[*at] == Role::Own).collect();
    let last_kept = (0..keep.len()).rev().find(|at| keep[*at] && !lines[*at].trim().is_empty());
    let closing = own.iter().rev().take_while(|at| signature::is_closing_line(lines[**at])).count();
    // Only where nothing else comes after it, and something is left.
    if last_kept == own.last().copied() && closing < own.len() {
        own.iter().rev().take(closing).for_each(|at| keep[*at] = false);
    }
}
