//! File names that are safe on any file system and in any header.

mod endings;

use super::characters::{is_bidi_control, is_invisible, nfc, shorten};

/// Octets of a name, its ending included.
const LONGEST_NAME: usize = 120;
/// Octets of an ending that are kept when a name is shortened, the dot included.
const LONGEST_ENDING: usize = 17;

/// A safe name from the one that the sender gave, if any; `number` tells nameless files apart.
pub(super) fn safe_name(given: Option<&str>, media_type: &str, content: &[u8], number: usize) -> String {
    let by_type = endings::of_type(media_type);
    let is_mail = media_type.starts_with("message/") && by_type == Some("eml");
    let mut name = cleaned(given.unwrap_or_default());
    if name.is_empty() {
        let stem = if is_mail { "message" } else { "attachment" };
        let ending = by_type.or_else(|| endings::of_content(content)).unwrap_or("bin");
        name = format!("{stem}-{number}.{ending}");
    }
    // A nested message is often named by its subject; what opens it goes by the ending.
    if is_mail && !name.to_ascii_lowercase().ends_with(".eml") {
        shorten(&mut name, LONGEST_NAME - ".eml".len());
        name.push_str(".eml");
    } else if !has_ending(&name) {
        // `README` is a name, so a plain text is left alone.
        let known = by_type.filter(|ending| *ending != "txt").or_else(|| endings::of_content(content));
        if let Some(ending) = known {
            name = format!("{}.{ending}", name.trim_end_matches('.'));
        }
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    shortened(name)
}

/// The media type that goes with a name's ending, for files that come with a name only.
pub(super) fn media_type_of(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.and_then(|ending| endings::type_of(&ending)).unwrap_or("application/octet-stream")
}

/// Whether a name ends with a dot and what may be an ending: `.pdf`, `.7z`, `.001`, not the `.2` of a version.
fn has_ending(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        let is_number = ending.len() < 3 && ending.bytes().all(|octet| octet.is_ascii_digit());
        (1..LONGEST_ENDING).contains(&ending.len()) && ending.bytes().all(|octet| octet.is_ascii_alphanumeric()) && !is_number
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_ending_of_its_kind() {
        let name = |given, media_type, content: &[u8]| safe_name(given, media_type, content, 3);
        assert_eq!(name(None, "application/octet-stream", b"%PDF-1.7"), "attachment-3.pdf");
        assert_eq!(name(None, "application/octet-stream", b"??"), "attachment-3.bin");
        assert_eq!(name(Some("scan"), "application/pdf", b""), "scan.pdf");
        assert_eq!(name(Some("Plan v1.2"), "application/pdf", b""), "Plan v1.2.pdf");
        assert_eq!(name(Some("README"), "text/plain", b"read me"), "README");
        assert_eq!(name(Some("a.docx"), "application/pdf", b""), "a.docx");
        assert_eq!(name(Some("disk.001"), "application/zip", b""), "disk.001");
        assert_eq!(name(Some("Re: Kettle."), "message/rfc822", b""), "Re_ Kettle.eml");
        assert_eq!(name(Some(&"long ".repeat(60)), "message/rfc822", b"").len(), LONGEST_NAME);
    }
}
