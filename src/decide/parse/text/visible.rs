//! What is seen of a mail, piece by piece, and the cut between what its author newly wrote and the rest.

use super::bounded;
use crate::decide::parse::cut;
use crate::decide::parse::html::{self, Page};
use crate::model::desk::Limits;

/// Octets between the pieces of a text.
const JOINTS: usize = 8;

/// What is seen, before the reply is cut off.
#[derive(Debug, Default)]
pub(in crate::decide::parse) struct Visible {
    /// The text, perhaps with its quotation.
    pub(super) text: String,
    /// Signatures and lines above quotations that the HTML itself marks.
    pub(super) aside: String,
    /// What the HTML itself marks as the mail that is answered; nothing the author wrote comes after it.
    pub(super) tail: String,
    /// Where the text is shown of a mail that has HTML too: what the HTML marks as no words of the author's, in its order.
    pub(in crate::decide::parse) marked: String,
    /// The HTML, where that has not been found out yet, and may be.
    pub(super) unread: String,
    /// The HTML, safe to show; `None` where there is none.
    pub(in crate::decide::parse) html: Option<String>,
}

impl Visible {
    /// Everything before the mail that is answered.
    pub(in crate::decide::parse) fn text(&self) -> &str {
        &self.text
    }

    /// A text that stands for the mail's own.
    pub(in crate::decide::parse) fn of(text: &str, limits: &Limits) -> Self {
        Self { text: bounded(text, limits.text_size, limits, &mut Vec::new()), ..Self::default() }
    }

    /// Whether there is nothing to read.
    pub(in crate::decide::parse) fn is_blank(&self) -> bool {
        [&self.text, &self.aside, &self.tail].iter().all(|piece| piece.trim().is_empty())
    }

    /// With the text changed, if there is a change; the tail stays.
    pub(in crate::decide::parse) fn changed(mut self, change: impl FnOnce(&str) -> Option<String>) -> Self {
        self.text = change(&self.text).unwrap_or(self.text);
        self
    }

    /// With another text below it.
    pub(in crate::decide::parse) fn followed_by(self, other: Visible) -> Self {
        Self {
            text: join(self.text, other.text),
            aside: join(self.aside, other.aside),
            tail: join(self.tail, other.tail),
            marked: join(self.marked, other.marked),
            unread: join(self.unread, other.unread),
            html: self.html.or(other.html),
        }
    }

    /// Everything that is seen.
    pub(in crate::decide::parse) fn whole(self) -> String {
        join(join(self.text, self.aside), self.tail)
    }

    /// What the author newly wrote and the rest.
    pub(in crate::decide::parse) fn cut(self, passes_on: bool) -> (String, String) {
        if self.text.trim().is_empty() {
            return cut::cut(&join(join(self.aside, self.text), self.tail), passes_on);
        }
        if passes_on {
            let (text, quoted) = cut::cut(&join(self.text, self.tail), passes_on);
            return (text, join(self.aside, quoted));
        }
        let (text, quoted) = cut::cut(&self.text, passes_on);
        // The HTML tells in a language that no table knows what its program quoted.
        let marked = if is_perhaps_whole(&text, &quoted) { marked(self.marked, &self.unread) } else { String::new() };
        let (text, quoted) = match cut::cut_marked(&text, &marked) {
            Some((text, marked)) => {
                let (text, above) = cut::cut(&text, passes_on);
                (text, join(above, join(marked, quoted)))
            }
            None => (text, quoted),
        };
        (text, join(join(self.aside, quoted), self.tail))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.aside.is_empty() && self.tail.is_empty()
    }

    /// Octets that it takes, with what joins its pieces.
    pub(super) fn length(&self) -> usize {
        self.text.len() + self.aside.len() + self.tail.len() + JOINTS
    }

    pub(super) fn add(&mut self, page: Page) {
        self.text = join(std::mem::take(&mut self.text), page.text);
        self.aside = join(std::mem::take(&mut self.aside), page.aside);
        self.tail = join(std::mem::take(&mut self.tail), page.tail);
    }

    /// The lines that are not quoted, and those that are, with all else that is marked.
    pub(super) fn divided(&self) -> (String, String) {
        let (mut own, mut quoted) = (String::new(), self.aside.clone());
        for line in self.text.split_inclusive('\n') {
            if line.starts_with('>') { &mut quoted } else { &mut own }.push_str(line);
        }
        (own, join(quoted, self.tail.clone()))
    }
}

/// Whether a quotation may be left at the end of a text: none was found for certain, or what is left ends like the line above one.
fn is_perhaps_whole(text: &str, quoted: &str) -> bool {
    let found = quoted.len() > text.len() || quoted.starts_with('>') || quoted.contains("\n>");
    !found || text.trim_end().ends_with([':', '：'])
}

/// What the HTML marks as no words of the author's.
fn marked(known: String, unread: &str) -> String {
    if unread.is_empty() {
        return known;
    }
    let mut page = Visible::default();
    page.add(html::to_text(unread, false));
    page.divided().1
}

/// Two texts with an empty line between them, unless one of them is empty.
pub(in crate::decide::parse) fn join(mut first: String, second: String) -> String {
    if first.is_empty() {
        return second;
    }
    if !second.is_empty() {
        first.push_str("\n\n");
        first.push_str(&second);
    }
    first
}
