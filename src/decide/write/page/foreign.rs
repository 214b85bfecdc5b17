//! The HTML of a mail within a notice: its structure, its links and the pictures that came with it; not its colours and sizes, which would
//! be unreadable on a dark page, nor anything that is fetched.
//!
//! It has been sanitised when the mail was read. What is not known here goes all the same, and nothing that it holds closes
//! an element which it has not opened: what stands behind it is ours.

use super::flow::{escaped, image};
use super::{Inside, style};

/// Elements that may stand, in the order of how often they are met.
const ELEMENTS: [&str; 34] = [
    "p",
    "div",
    "span",
    "b",
    "a",
    "td",
    "tr",
    "table",
    "tbody",
    "li",
    "ul",
    "em",
    "i",
    "strong",
    "blockquote",
    "u",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "ol",
    "pre",
    "code",
    "s",
    "small",
    "sub",
    "sup",
    "thead",
    "tfoot",
    "caption",
    "ins",
    "dl",
    "center",
];
/// Properties of a style that are as readable on a dark page as on a white one.
const PROPERTIES: [&str; 7] =
    ["font-weight", "font-style", "text-align", "text-decoration", "text-decoration-line", "vertical-align", "direction"];
const SCHEMES: [&str; 4] = ["http://", "https://", "mailto:", "tel:"];

/// Writes the page. Of its pictures those that are inside the mail are shown, of others the words that stand for them.
pub(super) fn page(html: &str, inside: &[Inside<'_>], out: &mut String) {
    let mut open: Vec<&'static str> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let Some(end) = end_of_tag(rest) else {
            // Not a tag, and so there is none after it either.
            out.push_str("&lt;");
            out.push_str(&rest.replace('<', "&lt;"));
            rest = "";
            break;
        };
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        match tag.strip_prefix('/') {
            Some(name) => closes(name.trim(), &mut open, out),
            None => opens(tag, inside, &mut open, out),
        }
    }
    out.push_str(rest);
    open.iter().rev().for_each(|name| close(name, out));
}

/// The `>` that ends a tag: none within quotes.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn closes(name: &str, open: &mut Vec<&'static str>, out: &mut String) {
    if open.last() == Some(&name) {
        open.pop();
        close(name, out);
    }
}

fn close(name: &str, out: &mut String) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn opens(tag: &str, inside: &[Inside<'_>], open: &mut Vec<&'static str>, out: &mut String) {
    let (name, attributes) = tag.split_once([' ', '\n', '\t']).unwrap_or((tag, ""));
    match name {
        "br" => out.push_str("<br>\n"),
        "hr" => out.push_str("<hr>\n"),
        "img" => shown(attributes, inside, out),
        _ => {
            let Some(name) = ELEMENTS.into_iter().find(|known| *known == name) else { return };
            out.push('<');
            out.push_str(name);
            let mut look = String::from(style::OF_AUTHOR.iter().find(|(styled, _)| *styled == name).map_or("", |(_, look)| look));
            for (attribute, value) in self::attributes(attributes) {
                match attribute {
                    "style" => readable(value, &mut look),
                    _ if may_stay(name, attribute, value) => write(attribute, value, out),
                    _ => {}
                }
            }
            if !look.is_empty() {
                write("style", &look, out);
            }
            out.push('>');
            open.push(name);
        }
    }
}

/// Whether an attribute stays; its value is as it was escaped when it was sanitised.
fn may_stay(element: &str, attribute: &str, value: &str) -> bool {
    let begins = |scheme: &&str| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let is_known = match (element, attribute) {
        ("a", "href") => SCHEMES.iter().any(begins),
        ("td", "colspan" | "rowspan") => true,
        _ => false,
    };
    is_known && !value.is_empty() && !value.contains(['<', '>'])
}

fn write(attribute: &str, value: &str, out: &mut String) {
    for piece in [" ", attribute, "=\"", value, "\""] {
        out.push_str(piece);
    }
}

/// Adds the declarations of a style that a dark page bears.
fn readable(style: &str, look: &mut String) {
    for declaration in style.split(';') {
        let name = declaration.split(':').next().unwrap_or_default().trim();
        let is_readable = PROPERTIES.iter().any(|property| property.eq_ignore_ascii_case(name));
        if is_readable && !declaration.contains(['(', '&', '\\', '<', '>']) {
            if !look.is_empty() {
                look.push(';');
            }
            look.push_str(declaration.trim());
        }
    }
}

fn shown(attributes: &str, inside: &[Inside<'_>], out: &mut String) {
    let (mut source, mut alternative) = ("", "");
    for (attribute, value) in self::attributes(attributes) {
        match attribute {
            "src" => source = value,
            "alt" => alternative = value,
            _ => {}
        }
    }
    let file = content_id(source).and_then(|id| inside.iter().find(|file| file.is(&id)));
    let words = plain(alternative);
    match file {
        Some(file) => image(file.content_id, if words.trim().is_empty() { file.name } else { &words }, out),
        None if words.trim().is_empty() => {}
        None => {
            out.push('[');
            escaped(&words, out);
            out.push(']');
        }
    }
}

/// The names and values of a tag, as a sanitised page has them: in double quotes.
fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, behind) = rest.split_once("=\"")?;
        let (value, after) = behind.split_once('"')?;
        rest = after;
        Some((name.trim(), value))
    })
}

/// The pictures of a page that came with it: their Content-IDs and the words that stand for them.
pub(in crate::decide::write) fn pictures(html: &str) -> impl Iterator<Item = (String, String)> {
    memchr::memmem::find_iter(html.as_bytes(), b"<img ").filter_map(|start| {
        let tag = &html[start + 5..];
        let tag = &tag[..end_of_tag(tag)?];
        let value = |wanted: &str| attributes(tag).find(|(name, _)| *name == wanted).map(|(_, value)| value);
        Some((content_id(value("src")?)?, plain(value("alt").unwrap_or_default())))
    })
}

/// The Content-ID that an address names, in lower case and without `%` codes: both sides spell it as they like.
fn content_id(source: &str) -> Option<String> {
    let scheme = source.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("cid:"))?;
    Some(super::plain_id(&plain(&source[scheme.len()..])))
}

/// The value of an attribute.
fn plain(value: &str) -> String {
    if !value.contains('&') {
        return value.to_owned();
    }
    value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", "\u{a0}").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clean(html: &str) -> String {
        let inside = [Inside { content_id: "Photo@x", name: "photo.png" }];
        let mut out = String::new();
        page(html, &inside, &mut out);
        out
    }

    #[test]
    fn colours_and_sizes_go_and_structure_stays() {
        let link = "<a href=\"https://x.example/?a&amp;b\" rel=\"r\">b</a>";
        let styled = format!("<div style=\"color:#fff;background-color:black;font-weight:bold\">a {link}</div>");
        let link = "<a href=\"https://x.example/?a&amp;b\">b</a>";
        assert_eq!(clean(&styled), format!("<div style=\"font-weight:bold\">a {link}</div>"));
        let cell = format!("<td colspan=\"2\" style=\"{};text-align:right\">a</td>", style::OF_AUTHOR[1].1);
        let table = "<table><tbody><tr><td colspan=\"2\" style=\"color:red;text-align:right\">a";
        assert_eq!(clean(table), format!("<table><tbody><tr>{cell}</tr></tbody></table>"));
    }

    #[test]
    fn a_picture_of_the_mail_is_shown_and_any_other_is_its_words() {
        let image = "<img src=\"cid:Photo@x\" alt=\"the lid\" style=\"max-width:100%;height:auto\">";
        assert_eq!(clean("<img src=\"CID:photo%40x\" alt=\"the lid\">"), image);
        assert_eq!(clean("<img src=\"cid:other@x\" alt=\"lid &amp; pot\">"), "[lid &amp; pot]");
        assert_eq!(clean("<img src=\"https://x.example/pixel\" alt=\"\">"), "");
    }

    #[test]
    fn nothing_is_closed_that_was_not_opened_here() {
        assert_eq!(clean("</div></td>a<div>b</p></div></div>c<b>d"), "a<div>b</div>c<b>d</b>");
        assert_eq!(clean("<script>x</script><iframe src=\"a>b\">y<svg/onload=z>"), "xy");
    }

    proptest! {
        #[test]
        fn what_was_opened_is_closed_and_nothing_is_fetched(html in "(<(/?)(p|div|td|img|a|b|script|style)( (style|src|href|onload)=\"[a-z:/.;&<>]{0,12}\"){0,2}>|[a-z<>\"&]{0,4}){0,30}") {
            let clean = clean(&html);
            for name in ["p", "div", "td", "a", "b"] {
                let opened = clean.matches(&format!("<{name}>")).count() + clean.matches(&format!("<{name} ")).count();
                prop_assert_eq!(opened, clean.matches(&format!("</{name}>")).count(), "{}", clean);
            }
            for tag in clean.split('<').skip(1).filter_map(|tag| tag.split('>').next()) {
                prop_assert!(!tag.contains("script") && !tag.contains(" onload=") && !tag.contains(" src="), "{clean}");
            }
        }
    }
}
