//! What an element marks: a quotation, a signature, a mail that is passed on; and the lines by which that is told where no program marks it.

use super::super::super::cut;
use super::super::element::{Element, Inline};
use super::super::lines::{Line, Side};
use super::super::signs::{Meaning, meaning};
use super::super::tag::Tag;
use super::{Effect, Reader};

impl Reader {
    /// Nothing that is open marks a quotation: it is a mail that is passed on.
    pub(super) fn passes_on_from_here(&mut self, line: &mut Line) {
        self.is_passed_on = true;
        self.in_rest = false;
        self.rest_needs_header = false;
        (self.quotes, self.enclosed, self.asides) = (0, 0, 0);
        self.open.iter_mut().for_each(|frame| frame.effect = Effect::None);
        line.place.side = Side::Text;
        line.place.quotes = 0;
    }

    pub(super) fn effect(&mut self, element: Element, tag: &Tag<'_>) -> Effect {
        if element == Element::Inline(Inline::Span) && tag.style.contains("mso-list") && tag.style.contains("gnore") {
            return Effect::ItemMark(self.line.offset());
        }
        match meaning(element, tag) {
            Some(found) => self.mark(found),
            None if element == Element::Blockquote && self.is_quotation() => self.mark(Meaning::Quotation),
            None => Effect::None,
        }
    }

    /// A quotation in the sense of HTML that no program has marked: indented by its author, unless somebody is named right above it.
    pub(super) fn is_quotation(&self) -> bool {
        let above = self.line.text();
        if above.is_empty() { self.after_attribution } else { is_attribution(above) }
    }

    pub(super) fn mark(&mut self, found: Meaning) -> Effect {
        let is_quotation = !matches!(found, Meaning::Signature | Meaning::Indentation);
        if found == Meaning::PassedOn || (self.passes_on && is_quotation && !self.is_passed_on) {
            self.is_passed_on = true;
            return Effect::None;
        }
        if self.is_passed_on && found != Meaning::Quotation {
            return Effect::None;
        }
        let is_outermost = self.quotes + self.enclosed + self.asides == 0 && !self.in_rest;
        match found {
            Meaning::Quotation => {
                if is_outermost && is_attribution(self.line.text()) {
                    self.line.goes_aside();
                }
                self.quotes += 1;
                self.open
                    .iter_mut()
                    .filter(|frame| frame.effect == Effect::Frame(false))
                    .for_each(|frame| frame.effect = Effect::Frame(true));
            }
            Meaning::Enclosed if self.quotes == 0 => self.enclosed += 1,
            Meaning::Attribution | Meaning::Signature => self.asides += 1,
            Meaning::Rest | Meaning::RestIfHeader if self.quotes == 0 && !self.in_rest => {
                self.in_rest = true;
                self.rest_needs_header = found == Meaning::RestIfHeader;
            }
            _ => {}
        }
        self.is_first |= is_outermost && is_quotation;
        match found {
            Meaning::Quotation => Effect::Quotation,
            Meaning::Enclosed if self.quotes == 0 => Effect::Enclosed,
            Meaning::Attribution | Meaning::Signature => Effect::Aside,
            Meaning::Frame => Effect::Frame(false),
            _ => Effect::None,
        }
    }
}

/// Whether a line is `From: …` in any language.
pub(super) fn is_header(line: &str) -> bool {
    line.chars().take(40).any(|c| matches!(c, ':' | '：'))
}

/// Whether a line names who wrote what stands below it, in any language: with a time or an
/// address, and a colon.
pub(super) fn is_attribution(line: &str) -> bool {
    const LONGEST: usize = 300;
    if line.is_empty() || line.len() > LONGEST {
        return false;
    }
    let is_timed = line.as_bytes().windows(4).any(|part| {
        part[0].is_ascii_digit() && matches!(part[1], b':' | b'.' | b'h') && part[2].is_ascii_digit() && part[3].is_ascii_digit()
    });
    let ends = line.trim_end_matches(['*', ' ', '\u{a0}']).ends_with([':', '：']) || line.ends_with("---");
    (ends && (is_timed || line.contains('@'))) || cut::begins_quotation(line)
}
