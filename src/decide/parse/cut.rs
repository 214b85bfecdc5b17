//! The reply cut off from its quotation: what the author newly wrote, and the rest.
//!
//! It works on whole lines and only ever decides whether a line is kept, so nothing can be lost. Every decision looks
//! at a bounded number of lines around it: time is linear in the size of the text, whatever it holds. If
//! cutting would leave nothing, nothing is cut.

mod banner;
mod closing;
mod contact;
mod disclaimer;
mod forms;
pub(in crate::decide::parse) mod forward;
mod known;
mod marker;
mod prefix;
mod program;
mod prose;
mod shape;
mod signature;
mod spelling;
mod tail;

pub use forward::is_forward_subject;
pub use known::{cut_known, cut_marked};
pub use marker::{MARKERS, Marker};
pub(in crate::decide) use program::is_picture;

use shape::{Role, Shape};

/// Every notice to an agent begins with this line, in the agent's language, between `-- ` and ` --`. What is below it is ours.
pub fn marker_in(language: &str) -> &'static str {
    MARKERS.iter().find(|marker| marker.language == language).map_or(MARKERS[0].words, |marker| marker.words)
}

/// Whether a text holds that line in any language, quoted or wrapped: it is, or repeats, a notice of ours.
pub fn has_marker(text: &str) -> bool {
    let possible = marker::possible(text);
    !possible.is_empty() && marker::find(&text.split('\n').collect::<Vec<_>>(), &possible).is_some()
}

/// Whether a line stands above a mail that is passed on.
pub(super) fn is_forward(line: &str) -> bool {
    forms::is_forward(line)
}

/// Whether a line stands above a quotation, whatever is below it.
pub(super) fn begins_quotation(line: &str) -> bool {
    forms::attribution(&[line]) > 0 || forms::separates(&[line], 0)
}

/// How often the result is cut again. Two rounds are enough for what people send; a text made for the purpose may
/// need more, and must still end.
const ROUNDS: usize = 8;
/// The same for a text of more lines than anybody writes.
const ROUNDS_OF_MANY: usize = 2;
const MANY_LINES: usize = 20_000;

/// Cuts a text with LF line ends: what its author newly wrote, and what was cut from it, both in their own order and
/// without empty lines at the ends. Where the author `passes_on` another mail, that mail is not cut off: it is meant to be read.
pub fn cut(text: &str, passes_on: bool) -> (String, String) {
    // Empty lines at the ends are nobody's, and no rule is to look at them.
    let lines: Vec<&str> = text.trim_matches('\n').split('\n').collect();
    let mut kept: Vec<usize> = (0..lines.len()).collect();
    let markers = marker::possible(text);
    for _ in 0..if lines.len() > MANY_LINES { ROUNDS_OF_MANY } else { ROUNDS } {
        let view: Vec<&str> = kept.iter().map(|index| lines[*index]).collect();
        let keep = once(&view, passes_on, &markers);
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
fn once(lines: &[&str], passes_on: bool, markers: &[&Marker]) -> Vec<bool> {
    let mut shape = Shape::of(lines, passes_on);
    if let Some(marker) = marker::find(lines, markers) {
        let start = shape.start_of_quotation(marker);
        if shape.has_own_text(start) {
            shape.truncate(start);
        }
    }
    let top = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(0);
    let banner = banner::length(&lines[top..]).min(shape.quotable.saturating_sub(top));
    shape.set_aside(top, top + banner);
    end_at_separator(lines, &mut shape);
    if let Some(attribution) = shape.attribution_of_tail().filter(|start| shape.has_own_text(*start)) {
        shape.truncate(attribution);
    }
    tail::set_aside(lines, &mut shape);
    let mut keep = shape.without_quotes(lines.len());
    // An empty line goes with the line above it.
    for at in 1..keep.len() {
        keep[at] = if lines[at].trim().is_empty() { keep[at - 1] } else { keep[at] };
    }
    keep
}

/// Cuts at the first line below which nothing is the author's; a signature above a quotation that he answers in goes alone.
fn end_at_separator(lines: &[&str], shape: &mut Shape) {
    let end = shape.roles.len();
    // At the top, such a line is the beginning of another desk's own mail.
    let first = shape.roles.iter().position(|role| *role == Role::Own);
    let asks = |at: usize| Some(at) > first && forms::is_reply_line(lines[at]);
    let ends = |at: usize| signature::is_delimiter(lines[at]) || forms::separates(&lines[..end], at) || asks(at);
    let Some(start) = (0..shape.quotable).find(|at| shape.roles[*at] == Role::Own && ends(*at)) else { return };
    if !shape.has_own_text(start) {
        return;
    }
    if signature::is_delimiter(lines[start]) {
        let passed_on = Some(shape.quotable).filter(|end| *end < shape.roles.len());
        if let Some(end) = passed_on.or_else(|| shape.end_of_signature(start)) {
            shape.set_aside(start, end);
            return;
        }
    }
    shape.truncate(start);
}
