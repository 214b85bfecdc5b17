//! Everything that is promised of a mail, whatever octets it was made from. The properties ask it of what they make up, and the fuzz
//! targets (`fuzz/`) of what they find.
//!
//! It panics where a promise is broken, and says which.

use postdesk::decide::parse::parse;
use postdesk::model::desk::Limits;
use postdesk::model::mail::{Enclosed, Mail};
use postdesk::model::message::Attachment;

/// Small, so that what is made up reaches them.
pub(crate) const LIMITS: Limits = Limits {
    header_size: 64 * 1024,
    header_fields: 200,
    nesting: 10,
    parts: 50,
    references: 10,
    received: 100,
    text_size: 20_000,
    followers: 10,
    attached: 20_000,
};

/// Characters of a file name.
const NAME: usize = 120;
/// Elements that have no place in stored HTML: what runs, asks, or fetches.
const ELEMENTS: [&str; 17] = [
    "applet", "audio", "base", "button", "embed", "form", "frame", "iframe", "input", "link", "math", "meta", "object", "script",
    "style", "svg", "video",
];

/// Reads a mail and holds it against the promises.
pub(crate) fn check(raw: &[u8]) -> Mail {
    let mail = parse(raw, &LIMITS);
    for value in header_values(&mail) {
        assert!(!value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')), "a header value: {value:?}");
        assert!(!value.chars().any(is_bidi), "a header value that turns the text around it: {value:?}");
    }
    assert!(mail.references.len() <= LIMITS.references);
    assert!(mail.text.len() + mail.quoted.len() <= LIMITS.text_size + 4);
    [&mail.text, &mail.quoted].into_iter().for_each(|text| check_text(text));
    if let Some(forwarded) = &mail.forwarded {
        [&forwarded.words, &forwarded.text].into_iter().for_each(|text| check_text(text));
    }
    mail.html.iter().for_each(|html| check_html(html));
    mail.attachments.iter().for_each(|file| check_file(file, raw));
    check_enclosed(&mail.enclosed, mail.attachments.len());
    for defect in &mail.defects {
        let is_name = |b: u8| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit();
        assert!(defect.name.bytes().all(is_name) && !defect.detail.is_empty(), "{defect:?}");
    }
    mail
}

/// The words of a text, sorted: cutting moves them, and loses none.
pub(crate) fn words(texts: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = texts.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect();
    words.sort_unstable();
    words
}

fn check_text(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
}

fn check_file(file: &Attachment, raw: &[u8]) {
    assert!(0 <= file.start && file.start <= file.end && file.end as usize <= raw.len(), "{file:?}");
    assert!(!file.name.is_empty() && file.name.len() <= NAME, "{:?}", file.name);
    let has_no_place = |c: char| c.is_control() || is_bidi(c) || "/\\:*?\"<>|\u{200b}\u{feff}".contains(c);
    assert!(!file.name.chars().any(has_no_place) && !file.name.starts_with('.'), "{:?}", file.name);
    assert!(file.media_type.contains('/') && file.media_type.is_ascii(), "{:?}", file.media_type);
    assert!(file.size >= 0, "{file:?}");
    if let Some(inner) = file.inner {
        assert!(0 <= inner.start && inner.start <= inner.end, "{inner:?}");
    }
}

fn check_enclosed(enclosed: &[Enclosed], files: usize) {
    let length: usize = enclosed.iter().map(|enclosed| enclosed.text.len()).sum();
    assert!(length <= LIMITS.text_size + 2, "{length} octets of text in files");
    for enclosed in enclosed {
        assert!(enclosed.file < files && enclosed.tokens.len() <= 200, "{enclosed:?}");
        check_text(&enclosed.text);
    }
}

/// Reads HTML as a strict writer writes it, attributes in double quotes; anything else is a broken promise too.
fn check_html(html: &str) {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(name) = rest.strip_prefix('/') {
            rest = &name[name.find('>').unwrap_or_else(|| panic!("an end tag that does not end: {name:?}")) + 1..];
            continue;
        }
        let end =
            rest.find(|c: char| c == '>' || c.is_whitespace()).unwrap_or_else(|| panic!("a tag that does not end: {rest:?}"));
        let name = rest[..end].to_ascii_lowercase();
        assert!(!ELEMENTS.contains(&name.as_str()) && !name.starts_with('!') && !name.is_empty(), "an element <{name}>");
        rest = rest[end..].trim_start();
        while !rest.starts_with('>') {
            let (attribute, value) =
                rest.split_once("=\"").unwrap_or_else(|| panic!("an attribute without quoted value in <{name}>: {rest:?}"));
            let (value, after) = value.split_once('"').unwrap_or_else(|| panic!("a value that does not end: {value:?}"));
            check_attribute(&name, attribute.trim(), value);
            rest = after.trim_start();
        }
    }
}

fn check_attribute(element: &str, name: &str, value: &str) {
    let name = name.to_ascii_lowercase();
    // A browser ignores white space and control characters in the name of a scheme.
    let bare: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>().to_ascii_lowercase();
    assert!(!name.starts_with("on") && !["srcset", "srcdoc", "formaction", "ping"].contains(&name.as_str()), "{element} {name}");
    match name.as_str() {
        "href" => {
            let runs = ["javascript:", "vbscript:", "data:", "file:"];
            assert!(!runs.iter().any(|scheme| bare.starts_with(scheme)), "a link that does more than lead: {value:?}");
        }
        "src" | "background" | "poster" => {
            let ours = bare.is_empty() || bare.starts_with("cid:") || bare.starts_with("data:image/");
            assert!(ours, "{element} fetches {value:?}");
        }
        "style" => assert!(!["url(", "expression(", "@import"].iter().any(|word| bare.contains(word)), "a style: {value:?}"),
        _ => {}
    }
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn header_values(mail: &Mail) -> Vec<String> {
    let people = [&mail.from, &mail.to, &mail.cc, &mail.reply_to];
    let people = people.into_iter().flatten().map(ToString::to_string);
    let original = mail.forwarded.iter().map(|forwarded| &forwarded.original);
    let passed_on = original.clone().flat_map(|original| [original.subject.clone(), original.date.clone()]);
    let wrote_it = original.filter_map(|original| original.from.as_ref()).map(ToString::to_string);
    let others = [Some(mail.subject.clone()), Some(mail.date.clone()), mail.message_id.clone()].into_iter().flatten();
    let ids = mail.references.clone().into_iter().chain(mail.delivered_to.iter().map(ToString::to_string));
    people.chain(others).chain(ids).chain(passed_on).chain(wrote_it).collect()
}
