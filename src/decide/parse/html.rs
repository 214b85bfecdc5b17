//! HTML to plain text by its structure, and to HTML that is safe to show. Both are linear in time and never fail: whatever the octets are,
//! every word that a reader would see is found again, in the text or in what is cut from it.

mod element;
mod entities;
mod lines;
mod links;
mod reader;
mod sanitised;
mod signs;
mod style;
mod tag;
mod thinned;
mod tokens;

use super::text::normalised;

/// What a page says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// What its author wrote, and quotations that answers may stand between, as lines with `> `.
    pub(super) text: String,
    /// Signatures and lines above quotations, which are no words of the author's.
    pub(super) aside: String,
    /// What it marks as the mail that is answered; nothing the author wrote comes after it.
    pub(super) tail: String,
}

/// The text of a page, and what the HTML itself marks as no part of it. A mail that `passes_on` another is one text. Hidden text, which
/// says again what is seen or is there for programs, is left out unless there is no other.
pub(super) fn to_text(html: &str, passes_on: bool) -> Page {
    let page = read(html, passes_on, false);
    if page.text.is_empty() && page.aside.is_empty() && page.tail.is_empty() { read(html, passes_on, true) } else { page }
}

/// What stands in every page that marks a quotation by its structure.
const QUOTING: [&[u8]; 8] = [b"quote", b"cite", b"border-top", b"RplyFwd", b"append", b"zwchr", b"eply", b"OLK_SRC"];

/// Whether a page may mark something as quoted; most do not.
pub(super) fn may_quote(html: &str) -> bool {
    QUOTING.iter().any(|sign| memchr::memmem::find(html.as_bytes(), sign).is_some())
}

/// Every word of a page, also the hidden ones.
pub(super) fn words(html: &str) -> String {
    let page = read(html, true, true);
    [page.text, page.aside, page.tail].join("\n\n")
}

fn read(html: &str, passes_on: bool, shows_hidden: bool) -> Page {
    let pages = reader::read(html, passes_on, shows_hidden);
    Page { text: normalised(&pages.text), aside: normalised(&pages.aside), tail: normalised(&pages.tail) }
}

/// The page as it may be stored and shown, quotations included: no script, no form, nothing that is fetched from elsewhere; without
/// control characters. And whether all of it: a page made to be slow is cut.
pub(super) fn sanitised(html: &str) -> (String, bool) {
    sanitised::sanitised(html)
}

#[cfg(test)]
mod tests;
