//! Names of charsets as mails write them: those of the WHATWG Encoding Standard, and those that only mail programs know.

use std::borrow::Cow;

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_2022_JP, REPLACEMENT, SHIFT_JIS, X_USER_DEFINED};

use super::table;
use super::wide::Unit;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Nothing to decode, or so it says.
    Ascii,
    /// One of the Encoding Standard.
    Of(&'static Encoding),
    /// RFC 2152.
    Utf7,
    /// UTF-16 or UTF-32.
    Wide(Unit),
    /// RFC 1843.
    Hz,
    /// ISO-2022-KR (RFC 1557) and ISO-2022-CN (RFC 1922): the set that SO switches to.
    Shifted(&'static Encoding),
    /// A code page of DOS, by its upper half.
    Table(&'static str),
    /// A name that says nothing.
    Unknown,
}

/// Names that are not in the Encoding Standard, or mean something else there; spelled as `plain` makes them.
const OTHERS: [(&str, Label); 66] = [
    ("usascii", Label::Ascii),
    ("ascii", Label::Ascii),
    ("ansix341968", Label::Ascii),
    ("ansix341986", Label::Ascii),
    ("ansix34", Label::Ascii),
    ("iso646us", Label::Ascii),
    ("iso646irv1991", Label::Ascii),
    ("us", Label::Ascii),
    ("cp367", Label::Ascii),
    ("7bit", Label::Ascii),
    ("8bit", Label::Ascii),
    ("default", Label::Ascii),
    ("utf7", Label::Utf7),
    ("unicode11utf7", Label::Utf7),
    ("unicode20utf7", Label::Utf7),
    ("xunicode20utf7", Label::Utf7),
    ("csunicode11utf7", Label::Utf7),
    ("utf16", Label::Wide(Unit::Two)),
    ("ucs2", Label::Wide(Unit::Two)),
    ("iso10646ucs2", Label::Wide(Unit::Two)),
    ("unicode", Label::Wide(Unit::Two)),
    ("utf16be", Label::Wide(Unit::TwoBigEnd)),
    ("unicodefffe", Label::Wide(Unit::TwoBigEnd)),
    ("utf16le", Label::Wide(Unit::TwoLittleEnd)),
    ("unicodefeff", Label::Wide(Unit::TwoLittleEnd)),
    ("utf32", Label::Wide(Unit::Four)),
    ("ucs4", Label::Wide(Unit::Four)),
    ("utf32be", Label::Wide(Unit::FourBigEnd)),
    ("utf32le", Label::Wide(Unit::FourLittleEnd)),
    ("hzgb2312", Label::Hz),
    ("hz", Label::Hz),
    ("iso2022kr", Label::Shifted(EUC_KR)),
    ("csiso2022kr", Label::Shifted(EUC_KR)),
    ("iso2022cn", Label::Shifted(GBK)),
    ("iso2022cnext", Label::Shifted(GBK)),
    ("cp437", Label::Table(table::CP437)),
    ("ibm437", Label::Table(table::CP437)),
    ("437", Label::Table(table::CP437)),
    ("cp850", Label::Table(table::CP850)),
    ("ibm850", Label::Table(table::CP850)),
    ("850", Label::Table(table::CP850)),
    ("cp858", Label::Table(table::CP858)),
    ("ibm00858", Label::Table(table::CP858)),
    ("cp852", Label::Table(table::CP852)),
    ("ibm852", Label::Table(table::CP852)),
    ("852", Label::Table(table::CP852)),
    ("cp932", Label::Of(SHIFT_JIS)),
    ("ms932", Label::Of(SHIFT_JIS)),
    ("mskanji", Label::Of(SHIFT_JIS)),
    ("windows932", Label::Of(SHIFT_JIS)),
    ("shiftjisms", Label::Of(SHIFT_JIS)),
    ("eucjpms", Label::Of(EUC_JP)),
    ("cp50220", Label::Of(ISO_2022_JP)),
    ("cp50221", Label::Of(ISO_2022_JP)),
    ("cp50222", Label::Of(ISO_2022_JP)),
    ("iso2022jp1", Label::Of(ISO_2022_JP)),
    ("iso2022jp2", Label::Of(ISO_2022_JP)),
    ("iso2022jpms", Label::Of(ISO_2022_JP)),
    ("cp936", Label::Of(GBK)),
    ("ms936", Label::Of(GBK)),
    ("euccn", Label::Of(GBK)),
    ("cp54936", Label::Of(GB18030)),
    ("cp949", Label::Of(EUC_KR)),
    ("uhc", Label::Of(EUC_KR)),
    ("cp950", Label::Of(BIG5)),
    ("ms950", Label::Of(BIG5)),
];

impl Label {
    /// Looks a name up, as `cleaned` gives it.
    pub(super) fn of(name: &str) -> Self {
        let plain = plain(name);
        if let Some((_, label)) = OTHERS.iter().find(|(other, _)| *other == plain) {
            return *label;
        }
        let known = Encoding::for_label(name.as_bytes()).or_else(|| Encoding::for_label(respelled(&plain).as_bytes()));
        match known.filter(|encoding| *encoding != REPLACEMENT && *encoding != X_USER_DEFINED) {
            Some(encoding) => Label::Of(encoding),
            None => Label::Unknown,
        }
    }

    /// Whether octets of ASCII mean themselves, escapes aside.
    pub(super) fn begins_with_ascii(self) -> bool {
        match self {
            Label::Ascii | Label::Table(_) | Label::Unknown => true,
            Label::Of(encoding) => encoding.is_ascii_compatible(),
            Label::Utf7 | Label::Wide(_) | Label::Hz | Label::Shifted(_) => false,
        }
    }
}

/// A name without the quotes, semicolons and comments that broken programs leave around it.
pub(super) fn cleaned(declared: &str) -> Cow<'_, str> {
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | ',' | '=' | '<' | '>' | '\\');
    let name = declared.trim_matches(around);
    // `utf-8; format=flowed` within quotes, `utf-8 (Unicode)`, and the language of RFC 2231.
    let name = name.split([';', '"', '(', '*', '\'']).next().unwrap_or_default().trim_matches(around);
    match name.get(..8) {
        Some(start) if start.eq_ignore_ascii_case("charset=") => Cow::Borrowed(name[8..].trim_matches(around)),
        _ => Cow::Borrowed(name),
    }
}

/// Letters and digits in lower case, without what goes before a name that somebody made up.
fn plain(name: &str) -> String {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).take(40).map(|c| c.to_ascii_lowercase()).collect();
    let shorter = plain.strip_prefix("cs").or_else(|| plain.strip_prefix('x')).unwrap_or(&plain);
    if OTHERS.iter().any(|(other, _)| *other == shorter) { shorter.to_owned() } else { plain }
}

/// A name as the Encoding Standard spells it, from its letters and digits.
fn respelled(plain: &str) -> String {
    const FAMILIES: [(&str, &str); 18] = [
        ("iso8859", "iso-8859-"),
        ("xiso8859", "iso-8859-"),
        ("8859", "iso-8859-"),
        ("windows", "windows-"),
        ("xwindows", "windows-"),
        ("win", "windows-"),
        ("cp", "windows-"),
        ("xcp", "windows-"),
        ("ansi", "windows-"),
        ("mswin", "windows-"),
        ("utf8", "utf-8"),
        ("xutf8", "utf-8"),
        ("koi8", "koi8-"),
        ("xgbk", "gbk"),
        ("xgb", "gb"),
        ("big5", "big5"),
        ("xsjis", "shift_jis"),
        ("gb2312", "gb2312"),
    ];
    for (family, spelling) in FAMILIES {
        if let Some(rest) = plain.strip_prefix(family) {
            // Whatever stands behind is left out where it changes nothing: `utf8mb4`, `iso88591windows`, `gb231280`.
            let rest: String = match spelling {
                "utf-8" | "gbk" | "shift_jis" | "gb2312" | "big5" => String::new(),
                "koi8-" => rest.chars().take(1).collect(),
                "iso-8859-" => rest.chars().take_while(char::is_ascii_digit).take(2).collect(),
                _ => rest.to_owned(),
            };
            return format!("{spelling}{rest}");
        }
    }
    match plain {
        "xmacroman" | "macroman" | "applemacintosh" | "xmacintosh" => "macintosh".to_owned(),
        "xmaccyrillic" | "maccyrillic" => "x-mac-cyrillic".to_owned(),
        "eucjp" | "xeucjp" | "ujis" => "euc-jp".to_owned(),
        "euckr" | "xeuckr" | "ksc56011987" | "ksc5601" | "ksx1001" | "windows949" => "euc-kr".to_owned(),
        "sjis" | "shiftjis" | "xshiftjis" => "shift_jis".to_owned(),
        "tis620" | "xtis620" => "windows-874".to_owned(),
        "latin1" | "isolatin1" | "westerneuropean" => "windows-1252".to_owned(),
        "latin9" => "iso-8859-15".to_owned(),
        other => other.to_owned(),
    }
}

/// Octets of a document in which its charset must be named (HTML section 13.2.3.2 says 1,024; programs put styles before it).
const LONGEST_PRESCAN: usize = 4 * 1024;

/// The charset of a `<meta charset=…>` or `<meta http-equiv=… content="…; charset=…">` or an XML declaration.
pub(super) fn of_html(octets: &[u8]) -> Option<String> {
    let head = &octets[..octets.len().min(LONGEST_PRESCAN)];
    let text: String = head.iter().map(|octet| char::from(octet.to_ascii_lowercase())).collect();
    if let Some(start) = text.trim_start().strip_prefix("<?xml") {
        let declaration = start.split('>').next().unwrap_or_default();
        if let Some((_, name)) = declaration.split_once("encoding=") {
            return named(name);
        }
    }
    for tag in text.split("<meta").skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        if let Some((_, value)) = tag.split_once("charset")
            && let Some(value) = value.trim_start().strip_prefix('=')
        {
            return named(value);
        }
    }
    None
}

fn named(value: &str) -> Option<String> {
    let value = value.trim_start_matches([' ', '"', '\'']);
    let name: String = value.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c)).take(40).collect();
    // What names itself in octets of ASCII is not in UTF-16, whatever it says.
    let name = if name.starts_with("utf-16") || name.starts_with("utf-32") { "utf-8".to_owned() } else { name };
    (!name.is_empty()).then_some(name)
}
