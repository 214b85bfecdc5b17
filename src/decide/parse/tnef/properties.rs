//! MAPI properties as they lie in an attribute ([MS-OXTNEF] section 2.1.3.4, [MS-OXCDATA] section 2.11).

use std::ops::Range;

use super::codepage::{Codepage, utf_16};

/// `PidTagBody`
pub(super) const BODY: u16 = 0x1000;
/// `PidTagRtfCompressed`
pub(super) const RTF: u16 = 0x1009;
/// `PidTagHtml`
pub(super) const HTML: u16 = 0x1013;
/// `PidTagDisplayName`
pub(super) const DISPLAY_NAME: u16 = 0x3001;
/// `PidTagAttachDataBinary`, `PidTagAttachDataObject`
pub(super) const DATA: u16 = 0x3701;
/// `PidTagAttachFilename`
pub(super) const SHORT_NAME: u16 = 0x3704;
/// `PidTagAttachLongFilename`
pub(super) const LONG_NAME: u16 = 0x3707;
/// `PidTagAttachMimeTag`
pub(super) const MIME_TAG: u16 = 0x370e;
/// `PidTagAttachContentId`
pub(super) const CONTENT_ID: u16 = 0x3712;
/// `PidTagInternetCodepage`
pub(super) const INTERNET_CODEPAGE: u16 = 0x3fde;

const STRING8: u16 = 0x001e;
const UNICODE: u16 = 0x001f;
const OBJECT: u16 = 0x000d;
const BINARY: u16 = 0x0102;
/// There are several values, after their number.
const MULTIPLE: u16 = 0x1000;
/// Names from here on are not numbers but stand before the value.
const NAMED: u16 = 0x8000;
/// The id of the interface before an object; this one is a message's: `IID_IMessage`.
const MESSAGE: [u8; 16] = [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

/// One property; of several values the first.
#[derive(Debug, Clone)]
pub(super) struct Property<'a> {
    /// Its number.
    pub(super) id: u16,
    kind: u16,
    /// The value.
    pub(super) data: &'a [u8],
    /// Where the value begins in the container.
    start: usize,
}

impl Property<'_> {
    /// The value as text.
    pub(super) fn text(&self, codepage: Codepage) -> String {
        let text = if self.kind == UNICODE { utf_16(self.data) } else { codepage.decoded(self.data) };
        text.trim_end_matches('\0').to_owned()
    }

    /// The value as HTML, which is kept as octets and often says itself how they are meant.
    pub(super) fn html(&self, codepage: Codepage) -> String {
        match std::str::from_utf8(self.data) {
            Ok(html) if self.kind != UNICODE => html.trim_end_matches('\0').to_owned(),
            _ => self.text(codepage),
        }
    }

    /// Where the octets of a file are, and whether they are a message.
    pub(super) fn object(&self) -> (Range<usize>, bool) {
        let skipped = if self.kind == OBJECT { MESSAGE.len().min(self.data.len()) } else { 0 };
        let is_message = self.kind == OBJECT && self.data.starts_with(&MESSAGE);
        (self.start + skipped..self.start + self.data.len(), is_message)
    }
}

/// The properties of an attribute. Ends where one does not fit into it.
#[derive(Debug)]
pub(super) struct Properties<'a> {
    octets: &'a [u8],
    at: usize,
    /// Offset of the octets in the container.
    start: usize,
    left: u32,
}

impl<'a> Properties<'a> {
    pub(super) fn new(octets: &'a [u8], start: usize) -> Self {
        let mut properties = Self { octets, at: 0, start, left: 0 };
        properties.left = properties.number().unwrap_or(0);
        properties
    }

    /// Whether there were as many as it says.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4).and_then(|octets| octets.try_into().ok()).map(u32::from_le_bytes)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let octets = self.octets.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(octets)
    }

    /// So many octets, and those that fill them up to a multiple of four, which may be missing at the end.
    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let octets = self.take(length)?;
        self.at = (self.at + (4 - length % 4) % 4).min(self.octets.len());
        Some(octets)
    }

    fn name(&mut self) -> Option<()> {
        self.take(16)?;
        if self.number()? == 0 {
            self.number()?;
        } else {
            let length = self.number()?;
            self.padded(usize::try_from(length).ok()?)?;
        }
        Some(())
    }

    /// The first of the values of a property, and where it begins.
    fn values(&mut self, kind: u16) -> Option<(&'a [u8], usize)> {
        let single = kind & !MULTIPLE;
        let is_long = matches!(single, STRING8 | UNICODE | OBJECT | BINARY);
        let count = if is_long || kind & MULTIPLE != 0 { self.number()? } else { 1 };
        let mut first = None;
        for _ in 0..count {
            let length = match single {
                _ if is_long => usize::try_from(self.number()?).ok()?,
                0x0002..=0x0004 | 0x000a | 0x000b => 4,
                0x0005..=0x0007 | 0x0014 | 0x0040 => 8,
                0x0048 => 16,
                _ => return None,
            };
            let start = self.at;
            let value = self.padded(length)?;
            first = first.or(Some((value, start)));
        }
        Some(first.unwrap_or((&[], self.at)))
    }

    fn property(&mut self) -> Option<Property<'a>> {
        let tag = self.number()?;
        let (kind, id) = ((tag & 0xffff) as u16, (tag >> 16) as u16);
        if id >= NAMED {
            self.name()?;
        }
        let (data, start) = self.values(kind)?;
        Some(Property { id, kind: kind & !MULTIPLE, data, start: self.start + start })
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        if self.left == 0 {
            return None;
        }
        let property = self.property()?;
        self.left -= 1;
        Some(property)
    }
}
