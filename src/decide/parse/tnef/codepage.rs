//! Code pages of Windows: the charsets of texts that say a number instead of a name.

use mail_parser::decoders::charsets::map::charset_decoder;

/// Names by number, as far as the numbers do not tell them.
const NAMES: &[(u32, &str)] = &[
    (874, "windows-874"),
    (932, "shift_jis"),
    (936, "gbk"),
    (949, "euc-kr"),
    (950, "big5"),
    (10_000, "macintosh"),
    (20_127, "windows-1252"),
    (20_866, "koi8-r"),
    (20_932, "euc-jp"),
    (21_866, "koi8-u"),
    (28_598, "iso-8859-8"),
    (38_598, "iso-8859-8"),
    (50_220, "iso-2022-jp"),
    (50_221, "iso-2022-jp"),
    (50_222, "iso-2022-jp"),
    (51_932, "euc-jp"),
    (51_936, "gbk"),
    (51_949, "euc-kr"),
    (52_936, "gbk"),
    (54_936, "gb18030"),
];

/// Charsets of fonts in RTF (`\fcharset`), with their code pages.
const FONTS: &[(i32, u32)] = &[
    (77, 10_000),
    (128, 932),
    (129, 949),
    (134, 936),
    (136, 950),
    (161, 1253),
    (162, 1254),
    (163, 1258),
    (177, 1255),
    (178, 1256),
    (186, 1257),
    (204, 1251),
    (222, 874),
    (238, 1250),
];

/// The number of a code page. One that is not known is read as Windows-1252.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codepage(pub(super) u32);

impl Default for Codepage {
    fn default() -> Self {
        Self(1252)
    }
}

impl Codepage {
    /// From the number in its first four octets.
    pub(super) fn of_octets(octets: &[u8]) -> Self {
        octets.first_chunk().map_or_else(Self::default, |number| Self(u32::from_le_bytes(*number)))
    }

    /// The code page that goes with the charset of a font, when it says one.
    pub(super) fn of_font(charset: i32) -> Option<Self> {
        FONTS.iter().find(|(known, _)| *known == charset).map(|(_, number)| Self(*number))
    }

    /// The octets as text, without the NUL that ends it.
    pub(super) fn decoded(self, octets: &[u8]) -> String {
        let end = octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
        let octets = &octets[..end];
        if octets.is_ascii() && !(50_220..=50_222).contains(&self.0) {
            return String::from_utf8_lossy(octets).into_owned();
        }
        let name = match self.0 {
            65_001 => return String::from_utf8_lossy(octets).into_owned(),
            1200 => return utf_16(octets),
            number @ 1250..=1258 => format!("windows-{number}"),
            number => NAMES.iter().find(|(known, _)| *known == number).map_or_else(
                || if let 28_591..=28_605 = number { format!("iso-8859-{}", number - 28_590) } else { "windows-1252".to_owned() },
                |(_, name)| (*name).to_owned(),
            ),
        };
        let decoder = charset_decoder(name.as_bytes()).or_else(|| charset_decoder(b"windows-1252"));
        decoder.map_or_else(|| String::from_utf8_lossy(octets).into_owned(), |decode| decode(octets))
    }
}

/// UTF-16 with the little end first, as Windows keeps all its text.
pub(super) fn utf_16(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_page_has_a_decoder() {
        for (number, name) in NAMES {
            assert!(charset_decoder(name.as_bytes()).is_some(), "{number} {name}");
        }
        for number in (1250..=1258).chain(28_592..=28_597) {
            assert_ne!(Codepage(number).decoded(b"\xe8\xe6"), "", "{number}");
        }
        for (charset, number) in FONTS {
            assert_eq!(Codepage::of_font(*charset), Some(Codepage(*number)));
        }
        assert_eq!(Codepage(1250).decoded(b"ra\xe8un\0\0"), "ra\u{10d}un");
        assert_eq!(Codepage(1251).decoded(b"\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет");
        assert_eq!(Codepage(4_000_000_000).decoded(b"caf\xe9"), "café");
    }
}
