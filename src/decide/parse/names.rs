//! File names that are safe on any file system and in any header.

use super::characters::{is_bidi_control, is_invisible, nfc};

/// Octets of a name, its ending included.
const LONGEST_NAME: usize = 120;
/// Octets of an ending that are kept when a name is shortened, the dot included.
const LONGEST_ENDING: usize = 17;

/// Endings for files without a name.
const ENDINGS: [(&str, &str); 24] = [
    ("message/rfc822", "eml"),
    ("message/global", "eml"),
    ("message/delivery-status", "txt"),
    ("message/disposition-notification", "txt"),
    ("text/plain", "txt"),
    ("text/rfc822-headers", "txt"),
    ("text/html", "html"),
    ("text/csv", "csv"),
    ("text/calendar", "ics"),
    ("text/vcard", "vcf"),
    ("text/x-vcard", "vcf"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/heic", "heic"),
    ("image/tiff", "tif"),
    ("image/svg+xml", "svg"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/json", "json"),
    ("application/pgp-signature", "asc"),
    ("application/pkcs7-signature", "p7s"),
    ("application/msword", "doc"),
];

/// A safe name from the one that the sender gave, if any; `number` tells nameless files apart.
pub(super) fn safe_name(given: Option<&str>, media_type: &str, number: usize) -> String {
    let ending = ENDINGS.iter().find(|(known, _)| *known == media_type).map_or("bin", |(_, ending)| *ending);
    let mut name = cleaned(given.unwrap_or_default());
    if name.is_empty() {
        let stem = if ending == "eml" { "message" } else { "attachment" };
        name = format!("{stem}-{number}.{ending}");
    }
    // A nested message is often named by its subject; what opens it goes by the ending.
    if media_type.starts_with("message/") && ending == "eml" && !name.to_ascii_lowercase().ends_with(".eml") {
        name.push_str(".eml");
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    shortened(name)
}

/// The last component of a path in either spelling, without what is not seen and what a file system may not like.
fn cleaned(given: &str) -> String {
    let visible: String = given.chars().filter(|c| !c.is_control() && !is_bidi_control(*c) && !is_invisible(*c)).collect();
    let last = visible.rsplit(['/', '\\']).find(|component| !component.trim_matches([' ', '.']).is_empty()).unwrap_or_default();
    let replaced = last.chars().map(|c| match c {
        ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\u{2028}' | '\u{2029}' => '_',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    // Normalising comes last but for the trimming: it may not bring back what was taken out, and does not.
    nfc(&replaced.collect::<String>()).trim_matches([' ', '.']).to_owned()
}

/// Names that Windows keeps for devices, whatever their ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim().to_ascii_uppercase();
    let numbered =
        |port: &str| stem.strip_prefix(port).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()));
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

fn shortened(name: String) -> String {
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let ending = name.rfind('.').map(|dot| &name[dot..]).filter(|ending| ending.len() <= LONGEST_ENDING).unwrap_or_default();
    let stem = &name[..name.floor_char_boundary(LONGEST_NAME - ending.len())];
    format!("{}{ending}", stem.trim_end_matches([' ', '.']))
}
