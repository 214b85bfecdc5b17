//! Containers written field by field, and read again: whole, broken off anywhere, and with any octets changed.

use proptest::prelude::*;

use super::*;

/// Writes containers, field by field.
#[derive(Default, Clone)]
struct Builder(Vec<u8>);

impl Builder {
    fn new() -> Self {
        Self([&SIGNATURE[..], &[1, 0]].concat())
    }

    fn attribute(mut self, id: u32, data: &[u8]) -> Self {
        self.0.push(if matches!(id, attributes::BODY | attributes::MESSAGE_PROPERTIES | attributes::OEM_CODEPAGE) {
            1
        } else {
            2
        });
        self.0.extend_from_slice(&id.to_le_bytes());
        self.0.extend_from_slice(&(data.len() as u32).to_le_bytes());
        self.0.extend_from_slice(data);
        let sum = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        self.0.extend_from_slice(&sum.to_le_bytes());
        self
    }
}

fn property(id: u16, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut octets = [kind.to_le_bytes(), id.to_le_bytes()].concat();
    if !matches!(kind, 0x0003) {
        octets.extend_from_slice(&1_u32.to_le_bytes());
        octets.extend_from_slice(&(data.len() as u32).to_le_bytes());
    }
    octets.extend_from_slice(data);
    octets.resize(octets.len().div_ceil(4) * 4, 0);
    octets
}

fn properties(list: &[Vec<u8>]) -> Vec<u8> {
    [&(list.len() as u32).to_le_bytes()[..], &list.concat()].concat()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A container with a text and two files, as Outlook writes it.
fn example() -> Vec<u8> {
    let named = property(properties::LONG_NAME, 0x1f, &wide("Račun 2026.pdf\0"));
    let tag = property(properties::MIME_TAG, 0x1e, b"application/pdf\0");
    // A property with a name stands between the others.
    let mut other =
        [&[0x1f, 0, 1, 0x80][..], &[7; 16], &1_u32.to_le_bytes(), &6_u32.to_le_bytes(), &wide("abc"), &[0, 0]].concat();
    other.extend_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0, b'x', 0, 0, 0]);
    let message = properties(&[property(properties::BODY, 0x1e, b"Dobar dan, ra\xe8un.\0"), property(0x0017, 3, &[1, 0, 0, 0])]);
    Builder::new()
        .attribute(attributes::OEM_CODEPAGE, &[0xe2, 4, 0, 0, 0, 0, 0, 0])
        .attribute(attributes::MESSAGE_PROPERTIES, &message)
        .attribute(attributes::FILE_BEGINS, &[0; 14])
        .attribute(attributes::FILE_TITLE, b"RACUN2~1.PDF\0")
        .attribute(attributes::FILE_DATA, b"%PDF-1.4 one")
        .attribute(attributes::FILE_PROPERTIES, &properties(&[other, named, tag]))
        .attribute(attributes::FILE_BEGINS, &[0; 14])
        .attribute(attributes::FILE_TITLE, b"na\xe8rt.png\0")
        .attribute(attributes::FILE_DATA, b"two")
        .0
}

#[test]
fn text_and_files_are_found_under_their_long_names() {
    let octets = example();
    let container = open(&octets).unwrap_or_default();
    assert!(container.is_whole);
    assert_eq!(container.text.as_deref(), Some("Dobar dan, račun."));
    let files: Vec<_> =
        container.files.iter().map(|file| (file.name.as_str(), file.media_type.as_str(), &octets[file.range.clone()])).collect();
    assert_eq!(files, [("Račun 2026.pdf", "application/pdf", &b"%PDF-1.4 one"[..]), ("načrt.png", "image/png", &b"two"[..])]);
}

#[test]
fn a_message_within_is_a_file_and_html_is_read_in_its_own_code_page() {
    let object = [&hex_message()[..], &SIGNATURE, b"rest"].concat();
    let data = properties(&[property(properties::DATA, 0x0d, &object), property(properties::DISPLAY_NAME, 0x1e, b"Old offer\0")]);
    let html = property(properties::HTML, 0x102, b"<p>\xcf\xf0\xe8</p>");
    let message = properties(&[html, property(properties::INTERNET_CODEPAGE, 3, &1251_u32.to_le_bytes())]);
    let octets = Builder::new()
        .attribute(attributes::MESSAGE_PROPERTIES, &message)
        .attribute(attributes::FILE_BEGINS, &[0; 14])
        .attribute(attributes::FILE_PROPERTIES, &data)
        .0;
    let container = open(&octets).unwrap_or_default();
    assert_eq!(container.html.as_deref(), Some("<p>При</p>"));
    assert_eq!(container.files[0].name, "Old offer.tnef");
    assert_eq!(&octets[container.files[0].range.clone()], [&SIGNATURE[..], b"rest"].concat());
    assert!(container.is_whole);
}

fn hex_message() -> [u8; 16] {
    [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46]
}

#[test]
fn what_breaks_off_is_said_and_the_rest_is_read() {
    let octets = example();
    for end in 0..octets.len() - 2 {
        if let Some(container) = open(&octets[..end]) {
            let at_border = container.is_whole;
            assert!(!at_border || octets[..end].len() < octets.len());
            assert!(container.files.iter().all(|file| file.range.end <= end));
        }
    }
    assert!(!open(&octets[..octets.len() - 6]).unwrap_or_default().is_whole);
    assert!(open(&[&octets[..], b"\r\n"].concat()).unwrap_or_default().is_whole);
    assert!(open(b"no container").is_none());
}

#[test]
fn an_entity_is_made_of_what_there_is() {
    let both = Container { text: Some("a".to_owned()), html: Some("<p>a".to_owned()), ..Container::default() };
    let entity = String::from_utf8(both.entity().unwrap_or_default()).unwrap_or_default();
    assert!(entity.starts_with("Content-Type: multipart/alternative") && entity.contains("YQ=="));
    assert_eq!(Container::default().entity(), None);
}

proptest! {
    #[test]
    fn any_octets_can_be_opened(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12), cut in any::<prop::sample::Index>(), noise in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut octets = example();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        octets.truncate(cut.index(octets.len() + 1).max(octets.len() / 2));
        octets.extend(noise);
        if let Some(container) = open(&octets) {
            prop_assert!(container.files.iter().all(|file| file.range.start <= file.range.end && file.range.end <= octets.len()));
            let _ = container.entity();
        }
    }
}
