//! The attributes of one tag that mean something to a reader, gathered in one pass.

use super::element::Element;
use super::style::{Style, is_dot};
use super::tokens::attributes;

/// Values as they stand, with their entities; empty where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tag<'a> {
    pub(super) class: &'a str,
    pub(super) id: &'a str,
    pub(super) style: &'a str,
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) cite: &'a str,
    /// `data-marker` of Zimbra.
    pub(super) marker: &'a str,
    /// `data-smartmail` of Gmail.
    pub(super) smartmail: &'a str,
    pub(super) href: &'a str,
    pub(super) src: &'a str,
    pub(super) alt: &'a str,
    /// Of an ordered list or one of its items.
    pub(super) number: &'a str,
    /// Columns and rows that a cell takes.
    pub(super) columns: &'a str,
    pub(super) rows: &'a str,
    /// What the style says, and the attributes that say the same.
    pub(super) look: Style,
}

impl<'a> Tag<'a> {
    pub(super) fn of(element: Element, tag: &'a str) -> Self {
        let mut found = Self::default();
        let (mut hidden, mut dot) = (false, false);
        for (name, value) in attributes(tag) {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            match name.len() {
                5 if is("class") => found.class = value,
                5 if is("style") => found.style = value,
                2 if is("id") => found.id = value,
                4 if is("name") => found.name = value,
                4 if is("type") => found.kind = value,
                4 if is("cite") => found.cite = value,
                4 if is("href") => found.href = value,
                3 if is("src") => found.src = value,
                3 if is("alt") => found.alt = value,
                5 if is("start") || is("value") => found.number = value,
                11 if is("data-marker") => found.marker = value,
                14 if is("data-smartmail") => found.smartmail = value,
                7 if is("colspan") => found.columns = value,
                7 if is("rowspan") => found.rows = value,
                6 if is("hidden") => hidden = true,
                5 | 6 if is("width") || is("height") => dot |= is_dot(value),
                _ => {}
            }
        }
        if !found.style.is_empty() {
            found.look = Style::of(found.style);
        }
        found.look.hidden |= hidden;
        found.look.tiny |= dot;
        if element == Element::Preformatted {
            found.look.preserves = found.look.preserves.or(Some(true));
        }
        found
    }
}
