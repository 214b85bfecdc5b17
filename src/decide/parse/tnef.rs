//! TNEF, the container that Exchange and Outlook put a mail's files and its formatted text into: `winmail.dat` ([MS-OXTNEF]).
//!
//! Read in one pass and without recursion: a message within is listed as a file, unopened. Lengths are believed only as far as there
//! are octets. Whatever the octets are, there is a result, and it says whether something could not be read.

mod attributes;
mod codepage;
mod compressed;
mod properties;
mod rtf;

use std::ops::Range;

use super::names;
use crate::model::encoding::base64_lines;
use attributes::Attribute;
use codepage::Codepage;
use properties::{Properties, Property};

/// The first octets of every container ([MS-OXTNEF] section 2.1.3.1).
const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];
/// Files of one container that are listed. What is beyond stays in the container.
const MOST_FILES: usize = 500;
/// Octets of a text that are kept: more than the limit of a mail's text, and less than would be a burden.
const MOST_TEXT: usize = 8 * 1024 * 1024;

/// What was found in a container.
#[derive(Debug, Default)]
pub(super) struct Container {
    /// Its files.
    pub(super) files: Vec<File>,
    /// The text of the mail, when it has one.
    pub(super) text: Option<String>,
    /// The HTML of the mail, when it has one.
    pub(super) html: Option<String>,
    /// Everything could be read and is listed.
    pub(super) is_whole: bool,
}

/// A file in a container.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// The name as it was given, perhaps empty.
    pub(super) name: String,
    /// Lower-case `type/subtype`.
    pub(super) media_type: String,
    /// Content-ID, when the text refers to it.
    pub(super) content_id: Option<String>,
    /// Where its octets are in the container.
    pub(super) range: Range<usize>,
}

/// Whether a part may be a container, by what its header says.
pub(super) fn is_container(media_type: &str, name: Option<&str>) -> bool {
    matches!(media_type, "application/ms-tnef" | "application/vnd.ms-tnef")
        || name.is_some_and(|name| name.trim().eq_ignore_ascii_case("winmail.dat"))
}

/// Opens a container; `None` when the octets are none.
pub(super) fn open(octets: &[u8]) -> Option<Container> {
    let stream = octets.strip_prefix(&SIGNATURE)?.get(2..)?;
    let mut reader = Reader::default();
    let mut attributes = attributes::Stream::new(stream, octets.len() - stream.len());
    for attribute in attributes.by_ref() {
        reader.attribute(&attribute);
    }
    reader.end_file();
    Some(reader.finish(attributes.is_whole()))
}

impl Container {
    /// The mail's text as an entity (RFC 2045) that can be read like any other; `None` when there is none.
    pub(super) fn entity(&self) -> Option<Vec<u8>> {
        let part = |subtype: &str, text: &str| {
            let head = format!("Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
            [head.as_bytes(), &base64_lines(text.as_bytes())].concat()
        };
        match (&self.text, &self.html) {
            (Some(text), None) => Some(part("plain", text)),
            (None, Some(html)) => Some(part("html", html)),
            (Some(text), Some(html)) => {
                // No line of base64 is the boundary.
                let head = b"Content-Type: multipart/alternative; boundary=\"=_tnef\"\r\n\r\n--=_tnef\r\n";
                let (text, html) = (part("plain", text), part("html", html));
                Some([&head[..], &text, b"\r\n--=_tnef\r\n", &html, b"\r\n--=_tnef--\r\n"].concat())
            }
            (None, None) => None,
        }
    }
}

/// Reads attribute by attribute.
#[derive(Default)]
struct Reader<'a> {
    codepage: Codepage,
    internet_codepage: Option<Codepage>,
    body: Option<Property<'a>>,
    old_body: Option<&'a [u8]>,
    html: Option<Property<'a>>,
    rtf: Option<&'a [u8]>,
    files: Vec<File>,
    /// The file that is being read.
    file: Option<Pending>,
    incomplete: bool,
}

/// A file of which not everything is known yet.
#[derive(Default)]
struct Pending {
    title: String,
    name: Option<String>,
    display_name: Option<String>,
    media_type: Option<String>,
    content_id: Option<String>,
    data: Option<Range<usize>>,
    /// A message or an object, which lies in a property of its own.
    object: Option<Range<usize>>,
    is_message: bool,
}

impl<'a> Reader<'a> {
    fn attribute(&mut self, attribute: &Attribute<'a>) {
        let data = attribute.data;
        match attribute.id {
            attributes::OEM_CODEPAGE => self.codepage = Codepage::of_octets(data),
            attributes::BODY => self.old_body = Some(data),
            attributes::MESSAGE_PROPERTIES => self.message(data, attribute.start),
            attributes::FILE_BEGINS => {
                self.end_file();
                self.file = Some(Pending::default());
            }
            attributes::FILE_TITLE => {
                let title = self.codepage.decoded(data);
                self.pending().title = title;
            }
            attributes::FILE_DATA => self.pending().data = Some(attribute.start..attribute.start + data.len()),
            attributes::FILE_PROPERTIES => self.file_properties(data, attribute.start),
            _ => {}
        }
    }

    fn pending(&mut self) -> &mut Pending {
        self.file.get_or_insert_default()
    }

    fn message(&mut self, data: &'a [u8], start: usize) {
        let mut properties = Properties::new(data, start);
        for property in properties.by_ref() {
            match property.id {
                properties::BODY => self.body = Some(property),
                properties::HTML => self.html = Some(property),
                properties::RTF => self.rtf = Some(property.data),
                properties::INTERNET_CODEPAGE => self.internet_codepage = Some(Codepage::of_octets(property.data)),
                _ => {}
            }
        }
        self.incomplete |= !properties.is_whole();
    }

    fn file_properties(&mut self, data: &'a [u8], start: usize) {
        let codepage = self.codepage;
        let file = self.file.get_or_insert_default();
        let mut properties = Properties::new(data, start);
        for property in properties.by_ref() {
            match property.id {
                properties::LONG_NAME => file.name = Some(property.text(codepage)),
                properties::SHORT_NAME => file.name = file.name.take().or_else(|| Some(property.text(codepage))),
                properties::DISPLAY_NAME => file.display_name = Some(property.text(codepage)),
                properties::MIME_TAG => file.media_type = Some(property.text(codepage)),
                properties::CONTENT_ID => file.content_id = Some(property.text(codepage)),
                properties::DATA => {
                    let (range, is_message) = property.object();
                    file.object = Some(range);
                    file.is_message = is_message;
                }
                _ => {}
            }
        }
        self.incomplete |= !properties.is_whole();
    }

    fn end_file(&mut self) {
        let Some(file) = self.file.take() else { return };
        if self.files.len() == MOST_FILES {
            self.incomplete = true;
        } else if let Some(file) = file.finish() {
            self.files.push(file);
        } else {
            self.incomplete = true;
        }
    }

    fn finish(self, is_whole: bool) -> Container {
        let kept = |text: String| {
            let mut text = text;
            text.truncate(text.floor_char_boundary(MOST_TEXT));
            Some(text).filter(|text| !text.trim().is_empty())
        };
        let start = |data: &'a [u8]| &data[..data.len().min(MOST_TEXT)];
        let body = self.body.as_ref().and_then(|body| kept(body.text(self.codepage)));
        let mut text = body.or_else(|| self.old_body.and_then(|body| kept(self.codepage.decoded(start(body)))));
        let by = self.internet_codepage.unwrap_or(self.codepage);
        let mut html = self.html.as_ref().and_then(|html| kept(html.html(by)));
        let mut unreadable = false;
        if let (None, None, Some(rtf)) = (&text, &html, self.rtf) {
            match compressed::decompressed(rtf).map(|rtf| rtf::read(&rtf)) {
                Some(rtf::Document::Html(found)) => html = kept(found),
                Some(rtf::Document::Text(found)) => text = kept(found),
                None => unreadable = true,
            }
        }
        Container { files: self.files, text, html, is_whole: is_whole && !self.incomplete && !unreadable }
    }
}

impl Pending {
    /// `None` when it has no octets.
    fn finish(self) -> Option<File> {
        let called = [self.name, Some(self.title), self.display_name].into_iter().flatten();
        let mut name = called.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_default();
        let is_message = self.is_message;
        if is_message {
            name = format!("{}.tnef", if name.is_empty() { "message" } else { &name });
        }
        let range = self.object.filter(|_| is_message || self.data.is_none()).or(self.data)?;
        let is_type = |text: &String| {
            let token = |text: &str| {
                !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-+._".contains(&octet))
            };
            text.len() <= 127 && text.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
        };
        let named = self.media_type.map(|media_type| media_type.trim().to_ascii_lowercase()).filter(is_type);
        let media_type = match named {
            _ if is_message => "application/ms-tnef".to_owned(),
            Some(media_type) => media_type,
            None => names::media_type_of(&name).to_owned(),
        };
        let content_id = self.content_id.map(|id| id.trim_matches(['<', '>', ' ']).to_owned()).filter(|id| !id.is_empty());
        Some(File { name, media_type, content_id, range })
    }
}

#[cfg(test)]
mod tests;
