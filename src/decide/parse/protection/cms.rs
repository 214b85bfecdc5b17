//! What lies in an S/MIME file (CMS, RFC 5652): which kind it is, and the content of an opaque signature.
//!
//! Only the way to the content is read, in BER (X.690): lengths definite or not, octet strings whole or in pieces. Nothing recurses, and
//! each octet is looked at once.

/// Pieces within pieces of an octet string. Programs write one level.
const DEEPEST: usize = 16;

const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// `[0]`, with something in it.
const CONTEXT_0: u8 = 0xa0;
/// A value made of others.
const CONSTRUCTED: u8 = 0x20;

/// `id-signedData`, and the others, without their tag and length.
const SIGNED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const AUTHENTICATED_ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17];

/// Kinds of S/MIME files that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Signed, with what was signed in it.
    Signed,
    /// Encrypted.
    Enveloped,
}

/// The kind, by the first identifier in the octets.
pub(super) fn kind(octets: &[u8]) -> Option<Kind> {
    let mut reader = Reader { octets, at: 0 };
    reader.enter(SEQUENCE)?;
    match reader.value(OBJECT_IDENTIFIER)? {
        SIGNED => Some(Kind::Signed),
        ENVELOPED | AUTHENTICATED_ENVELOPED => Some(Kind::Enveloped),
        _ => None,
    }
}

/// What was signed, when it lies in the file (RFC 5652 section 5.2: `eContent`).
pub(super) fn signed_content(octets: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader { octets, at: 0 };
    // ContentInfo: the kind, then the signed data: a version, the digests.
    reader.enter(SEQUENCE)?;
    reader.skip()?;
    reader.enter(CONTEXT_0)?;
    reader.enter(SEQUENCE)?;
    reader.skip()?;
    reader.skip()?;
    // EncapsulatedContentInfo: its type, then the content.
    reader.enter(SEQUENCE)?;
    reader.skip()?;
    reader.enter(CONTEXT_0)?;
    let content = reader.octet_string();
    Some(content).filter(|content| !content.is_empty())
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn octet(&mut self) -> Option<u8> {
        let octet = *self.octets.get(self.at)?;
        self.at += 1;
        Some(octet)
    }

    /// A tag of one octet, and the length; `None` within stands for one that is not known before its end.
    fn head(&mut self) -> Option<(u8, Option<usize>)> {
        let tag = self.octet()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        match self.octet()? {
            0x80 => Some((tag, None)),
            length @ ..0x80 => Some((tag, Some(usize::from(length)))),
            size => {
                let mut length = 0_usize;
                for _ in 0..(size & 0x7f) {
                    length = length.checked_mul(256)?.checked_add(usize::from(self.octet()?))?;
                }
                Some((tag, Some(length)))
            }
        }
    }

    fn enter(&mut self, wanted: u8) -> Option<()> {
        self.head().filter(|(tag, _)| *tag == wanted).map(|_| ())
    }

    fn value(&mut self, wanted: u8) -> Option<&'a [u8]> {
        let (_, length) = self.head().filter(|(tag, _)| *tag == wanted)?;
        self.take(length?)
    }

    /// So many octets, or as many as there are: a file that was cut off is read as far as it goes.
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let rest = self.octets.get(self.at..)?;
        let taken = &rest[..length.min(rest.len())];
        self.at += taken.len();
        Some(taken)
    }

    /// Passes over one value, whatever is in it.
    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.head()? {
                (0, Some(0)) => open = open.checked_sub(1)?,
                (_, Some(length)) => {
                    self.take(length)?;
                }
                (_, None) => open += 1,
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    /// An octet string, put together from its pieces.
    fn octet_string(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        // Where the strings end that were entered; `None` for those that say so when they end.
        let mut open: Vec<Option<usize>> = Vec::new();
        loop {
            while open.last().is_some_and(|end| end.is_some_and(|end| self.at >= end)) {
                open.pop();
                if open.is_empty() {
                    return content;
                }
            }
            match self.head() {
                Some((0, Some(0))) => {
                    open.pop();
                }
                Some((OCTET_STRING, Some(length))) => content.extend_from_slice(self.take(length).unwrap_or_default()),
                Some((tag, length)) if tag == OCTET_STRING | CONSTRUCTED && open.len() < DEEPEST => {
                    open.push(length.map(|length| self.at.saturating_add(length)));
                }
                _ => return content,
            }
            if open.is_empty() {
                return content;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value with a definite length.
    fn definite(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len() as u32;
        [&[tag, 0x84][..], &length.to_be_bytes(), content].concat()
    }

    /// One that ends with two zeros.
    fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80][..], content, &[0, 0]].concat()
    }

    fn signed(wrap: fn(u8, &[u8]) -> Vec<u8>, content: &[u8]) -> Vec<u8> {
        let data = [&definite(OBJECT_IDENTIFIER, &[0x2a]), &wrap(CONTEXT_0, content)[..]].concat();
        let digests = wrap(0x31, &wrap(SEQUENCE, &definite(OBJECT_IDENTIFIER, &[1, 2])));
        let body = [&definite(2, &[1])[..], &digests, &wrap(SEQUENCE, &data), &wrap(0x31, b"")].concat();
        wrap(SEQUENCE, &[&definite(OBJECT_IDENTIFIER, SIGNED)[..], &wrap(CONTEXT_0, &wrap(SEQUENCE, &body))].concat())
    }

    #[test]
    fn the_content_is_found_in_either_form() {
        let pieces = [definite(OCTET_STRING, b"Hello, "), definite(OCTET_STRING, b"Mia")].concat();
        for file in [
            signed(definite, &definite(OCTET_STRING, b"Hello, Mia")),
            signed(indefinite, &indefinite(OCTET_STRING | CONSTRUCTED, &pieces)),
            signed(indefinite, &definite(OCTET_STRING | CONSTRUCTED, &pieces)),
        ] {
            assert_eq!(kind(&file), Some(Kind::Signed));
            assert_eq!(signed_content(&file).as_deref(), Some(&b"Hello, Mia"[..]));
        }
        assert_eq!(signed_content(&signed(definite, b"")), None);
        let behind = [definite(OCTET_STRING | CONSTRUCTED, &pieces), definite(OCTET_STRING, b"!")].concat();
        assert_eq!(signed_content(&signed(definite, &behind)).as_deref(), Some(&b"Hello, Mia"[..]));
    }

    #[test]
    fn what_is_encrypted_is_told_by_its_identifier() {
        for identifier in [ENVELOPED, AUTHENTICATED_ENVELOPED] {
            assert_eq!(kind(&indefinite(SEQUENCE, &definite(OBJECT_IDENTIFIER, identifier))), Some(Kind::Enveloped));
        }
        assert_eq!(kind(b"plain words"), None);
    }

    #[test]
    fn nesting_without_an_end_ends() {
        let deep = [0x24, 0x80].repeat(100_000);
        assert_eq!(signed_content(&signed(indefinite, &deep)), None);
        let _ = signed_content(&[0x30, 0x80].repeat(100_000));
    }

    proptest! {
        #[test]
        fn any_octets_can_be_read(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8), cut in any::<prop::sample::Index>()) {
            let mut file = signed(indefinite, &indefinite(OCTET_STRING | CONSTRUCTED, &definite(OCTET_STRING, b"Hello")));
            for (at, octet) in changes {
                let at = at.index(file.len());
                file[at] = octet;
            }
            file.truncate(cut.index(file.len() + 1));
            let _ = (kind(&file), signed_content(&file));
        }
    }
}
