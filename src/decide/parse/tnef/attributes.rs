//! The attributes of a container, one after another ([MS-OXTNEF] section 2.1.3).

/// `attOemCodepage`: the code page of texts that have none of their own.
pub(super) const OEM_CODEPAGE: u32 = 0x0006_9007;
/// `attBody`: the text, in that code page.
pub(super) const BODY: u32 = 0x0002_800c;
/// `attMsgProps`: the properties of the message.
pub(super) const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
/// `attAttachRenddata`: with it, everything of another file begins.
pub(super) const FILE_BEGINS: u32 = 0x0006_9002;
/// `attAttachTitle`: its short name.
pub(super) const FILE_TITLE: u32 = 0x0001_8010;
/// `attAttachData`: its octets.
pub(super) const FILE_DATA: u32 = 0x0006_800f;
/// `attAttachment`: its properties.
pub(super) const FILE_PROPERTIES: u32 = 0x0006_9005;

/// Octets before the data of an attribute: level, id, length.
const HEAD: usize = 9;
/// Octets behind it: a checksum, at which nobody looks.
const CHECKSUM: usize = 2;

/// One attribute.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    /// Type and name.
    pub(super) id: u32,
    /// Its data.
    pub(super) data: &'a [u8],
    /// Where the data begin in the container.
    pub(super) start: usize,
}

/// The attributes of a container. Ends where one does not fit into it any more.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    rest: &'a [u8],
    /// Offset of the rest in the container.
    at: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn new(rest: &'a [u8], at: usize) -> Self {
        Self { rest, at }
    }

    /// Whether everything was read. What some gateways append is no loss.
    pub(super) fn is_whole(&self) -> bool {
        self.rest.iter().all(|octet| octet.is_ascii_whitespace() || *octet == 0)
    }
}

impl<'a> Iterator for Stream<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let (&[level, a, b, c, d, e, f, g, h], data) = self.rest.split_first_chunk::<HEAD>()?;
        let length = usize::try_from(u32::from_le_bytes([e, f, g, h])).ok()?;
        if !matches!(level, 1 | 2) || length > data.len() {
            return None;
        }
        let start = self.at + HEAD;
        // The last checksum may be missing.
        let next = (length + CHECKSUM).min(data.len());
        self.rest = &data[next..];
        self.at = start + next;
        Some(Attribute { id: u32::from_le_bytes([a, b, c, d]), data: &data[..length], start })
    }
}
