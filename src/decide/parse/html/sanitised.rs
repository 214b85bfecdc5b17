//! HTML that is safe to store and to show: no script, no form, nothing that is fetched from elsewhere. The only user of `ammonia`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::thinned::thinned;

/// What may be shown. What is not here goes, and its words stay.
const TAGS: [&str; 38] = [
    "a",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "thead",
    "tr",
    "u",
    "ul",
    "center",
    "dl",
    "dd",
];

/// Pages that are sanitised in one way.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into_iter().collect())
        .clean_content_tags(HashSet::from(["script", "style", "title", "svg", "math"]))
        .generic_attributes(HashSet::from(["style"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("img", HashSet::from(["src", "alt"])),
            ("td", HashSet::from(["colspan", "rowspan"])),
        ]))
        // A picture that is fetched tells its sender who reads when and where; `cid` is a file of the mail itself.
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]))
        .attribute_filter(|element, attribute, value| {
            let is_remote = (element, attribute) == ("img", "src") && !value.starts_with("cid:") && !value.starts_with("CID:");
            (!is_remote).then_some(value.into())
        })
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);
    builder
});

/// The page as it may be shown, and whether all of it. Its hidden parts are left out unless there is nothing else.
pub(super) fn sanitised(html: &str) -> (String, bool) {
    let (mut thin, mut is_whole) = thinned(html, false);
    if is_empty(&thin) {
        (thin, is_whole) = thinned(html, true);
    }
    (SANITISER.clean(&thin).to_string(), is_whole)
}

/// Whether there is neither a word nor a picture.
fn is_empty(thin: &str) -> bool {
    let mut in_tag = false;
    !thin.contains("<img")
        && thin.chars().all(|c| {
            in_tag = (in_tag && c != '>') || c == '<';
            in_tag || c == '>' || c.is_whitespace()
        })
}
