//! Compressed RTF ([MS-OXRTFCP]): the only user of `compressed_rtf`.
//!
//! That crate believes the sizes in the header: 16 octets that are missing, or a size that lies, end the process or take any
//! amount of memory. So the header is made true on a copy before the crate sees it.

/// Octets of compressed RTF that are read. What comes out is at most eight times as long.
const MOST_COMPRESSED: usize = 2 * 1024 * 1024;
/// Octets of the header: two sizes, the kind and a checksum.
const HEADER: usize = 16;
/// Kinds: compressed, and not.
const COMPRESSED: &[u8; 4] = b"LZFu";
const PLAIN: &[u8; 4] = b"MELA";

/// The RTF as its octets; `None` when it cannot be read.
pub(super) fn decompressed(data: &[u8]) -> Option<Vec<u8>> {
    let size = usize::try_from(u32::from_le_bytes(*data.first_chunk()?)).ok()?;
    // The first size counts all but itself.
    let data = data.get(..size.checked_add(4)?.min(data.len()))?;
    if data.len() < HEADER || data.len() > MOST_COMPRESSED {
        return None;
    }
    let kind = data.get(8..12)?;
    let plain = u32::from_le_bytes(*data.get(4..)?.first_chunk()?);
    let room = u32::try_from(data.len() - HEADER).ok()?;
    let plain = if kind == PLAIN { plain.min(room) } else { plain.min(room.saturating_mul(8)) };
    if kind != PLAIN && kind != COMPRESSED {
        return None;
    }
    let mut copy = data.to_vec();
    copy.get_mut(..4)?.copy_from_slice(&u32::try_from(data.len() - 4).ok()?.to_le_bytes());
    copy.get_mut(4..8)?.copy_from_slice(&plain.to_le_bytes());
    let rtf = compressed_rtf::decompress_rtf(&copy).ok()?;
    // The crate makes a character of each octet.
    Some(rtf.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_that_lies_does_no_harm() {
        let true_one = compressed_rtf::compress_rtf("{\\rtf1 hello hello hello}").unwrap_or_default();
        assert_eq!(decompressed(&true_one).as_deref(), Some(&b"{\\rtf1 hello hello hello}"[..]));
        let mut huge = true_one.clone();
        huge[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decompressed(&huge), decompressed(&true_one));
        for end in 0..true_one.len() {
            let _ = decompressed(&true_one[..end]);
        }
        let plain = [&20_u32.to_le_bytes()[..], &u32::MAX.to_le_bytes(), PLAIN, &[0; 4], b"{\\rtf1 a}"].concat();
        assert_eq!(decompressed(&plain).as_deref(), Some(&b"{\\rtf1 a"[..]));
    }

    proptest! {
        #[test]
        fn any_octets_can_be_tried(sizes in any::<[u32; 2]>(), kind in prop::sample::select(vec![COMPRESSED, PLAIN]), rest in prop::collection::vec(any::<u8>(), 0..200)) {
            for size in [sizes[0], rest.len() as u32 + 12, 0] {
                let data = [&size.to_le_bytes()[..], &sizes[1].to_le_bytes(), kind, &rest].concat();
                let _ = decompressed(&data);
            }
        }
    }
}
