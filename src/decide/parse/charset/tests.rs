//! Charsets as mails declare them, and as they do not.

use encoding_rs::Encoding;
use proptest::prelude::*;

use super::*;

fn text(octets: &[u8], declared: &str) -> String {
    decode(octets, Some(declared).filter(|name| !name.is_empty())).text.into_owned()
}

/// What each charset is declared as in mails, and a text that it can write.
const WRITTEN: [(&str, &str, &str); 27] = [
    ("windows-1252", "cp1252", "Grüße – 50 €"),
    ("windows-1252", "CP-1252", "Grüße"),
    ("windows-1252", "windows1252", "naïve café"),
    ("windows-1252", "iso-8859-1", "“quoted” – dash"),
    ("windows-1252", "ISO8859-1", "Åse"),
    ("iso-8859-15", "iso8859-15", "50 € für Œuvre"),
    ("iso-8859-2", "iso-8859-2", "Łódź, Žižka"),
    ("windows-1250", "windows-1250;", "Příliš žluťoučký kůň"),
    ("windows-1251", "\"windows-1251\"", "Здравствуйте, не работает"),
    ("koi8-r", "KOI8-R", "Добрый день"),
    ("koi8-u", "koi8-u", "Привіт, їжак"),
    ("windows-1253", "windows-1253", "Καλημέρα"),
    ("windows-1254", "iso-8859-9", "İstanbul'da çalışmıyor"),
    ("windows-1255", "windows-1255", "שלום עולם"),
    ("windows-1256", "cp1256", "مرحبا بكم"),
    ("windows-874", "tis-620", "สวัสดีครับ"),
    ("gbk", "x-gbk", "打印机坏了，请帮忙"),
    ("gb18030", "gb18030", "打印机坏了"),
    ("big5", "big5", "印表機壞了"),
    ("shift_jis", "cp932", "プリンタが壊れました①"),
    ("shift_jis", "x-sjis", "ﾌﾟﾘﾝﾀ"),
    ("euc-jp", "EUC-JP", "お世話になっております"),
    ("iso-2022-jp", "iso-2022-jp", "お世話になっております"),
    ("euc-kr", "ks_c_5601-1987", "프린터가 고장났습니다"),
    ("macintosh", "x-mac-roman", "Grüße à tous"),
    ("x-mac-cyrillic", "x-mac-cyrillic", "Привет"),
    ("utf-8", "utf8", "Žofie — ありがとう"),
];

#[test]
fn a_charset_is_known_by_every_name_that_mails_use() {
    for (encoding, declared, original) in WRITTEN {
        let (octets, _, lossy) = Encoding::for_label(encoding.as_bytes()).unwrap().encode(original);
        assert!(!lossy, "{original}");
        let decoded = decode(&octets, Some(declared));
        assert_eq!((decoded.text.as_ref(), decoded.finding), (original, None), "{declared}");
    }
    for name in ["utf8", "UTF-8\"", "\"utf-8;\"", "utf_8", "UTF8MB4", "x-utf-8", "utf-8; format=flowed", "charset=utf-8"] {
        assert_eq!(Label::of(&label::cleaned(name)), Label::Of(UTF_8), "{name}");
    }
    for name in ["us-ascii", "ANSI_X3.4-1968", "ascii", "8bit", "US-ASCII;"] {
        assert_eq!(Label::of(&label::cleaned(name)), Label::Ascii, "{name}");
    }
    for name in ["x-unknown", "unknown-8bit", "iso-8859-99", "none", "x-user-defined", "replacement"] {
        assert_eq!(Label::of(&label::cleaned(name)), Label::Unknown, "{name}");
    }
    assert_eq!(Label::of("iso-8859-1-windows-3.1-latin-1"), Label::Of(WINDOWS_1252));
}

#[test]
fn charsets_that_the_standard_does_not_have_are_decoded() {
    assert_eq!(text(b"Hi Mom +Jjo-!", "utf-7"), "Hi Mom \u{263a}!");
    assert_eq!(text(b"1 +- 1, A+ImIDkQ.", "unicode-1-1-utf-7"), "1 + 1, A\u{2262}\u{391}.");
    assert_eq!(text(b"1+1 = 2", "utf-7"), "1+1 = 2");
    assert_eq!(text(b"~{<:Ky2;S{#,~}~~ ok", "hz-gb-2312"), "己所不欲，~ ok");
    assert_eq!(text(b"\x1b$)C\x0eGA7!\x0f.", "iso-2022-kr"), text(&[0xc7, 0xc1, 0xb7, 0xa1, b'.'], "euc-kr"));
    assert_eq!(text(&[0x81, 0x84, 0x94, 0x99, 0xe1], "cp850"), "üäöÖß");
    assert_eq!(text(&[0x81, 0x84, 0x94, 0x99, 0xe1], "IBM437"), "üäöÖß");
    assert_eq!(text(&[0xe7, 0x9f, 0xa7], "cp852"), "ščž");
    for upper in [table::CP437, table::CP850, table::CP858, table::CP852] {
        assert_eq!(upper.chars().count(), 128);
    }
    assert_eq!(text(b"\xfe\xff\0H\0i", "utf-16"), "Hi");
    assert_eq!(text(b"H\0i\0", "utf-16"), "Hi");
    assert_eq!(text(b"\0H\0i", "utf-16"), "Hi");
    assert_eq!(text(b"\xff\xfe\0\0H\0\0\0", "utf-32"), "H");
    assert_eq!(text(b"\x1b$B\x248\x1b(B \x1b(I1\x1b(B", "iso-2022-jp"), "じ ｱ");
    assert_eq!(text(b"\x1b$B\x248\x1b(B\x1b$B\x248\x1b(B\x1b(I1\x1b(B", "iso-2022-jp"), "じじｱ");
}

#[test]
fn what_is_declared_wrongly_is_found_out() {
    let wrong = |octets: &[u8], declared: &str| {
        let decoded = decode(octets, Some(declared));
        assert!(matches!(decoded.finding, Some(Finding::Wrong(_))), "{declared}: {:?}", decoded.text);
        decoded.text.into_owned()
    };
    for declared in ["iso-8859-1", "us-ascii", "windows-1250", "iso-8859-15"] {
        assert_eq!(wrong("Grüße".as_bytes(), declared), "Grüße");
    }
    assert_eq!(wrong("打印机坏了".as_bytes(), "gb2312"), "打印机坏了");
    assert_eq!(wrong("Здравствуйте".as_bytes(), "koi8-r"), "Здравствуйте");
    for declared in ["utf-8", "us-ascii"] {
        assert_eq!(
            wrong(b"Sehr geehrte Damen, sch\xf6ne Gr\xfc\xdfe aus K\xf6ln", declared),
            "Sehr geehrte Damen, schöne Grüße aus Köln"
        );
    }
    let (russian, ..) = encoding_rs::WINDOWS_1251.encode("Здравствуйте, у меня не работает принтер");
    for declared in ["utf-8", "iso-8859-1", "us-ascii", "windows-1252"] {
        assert_eq!(wrong(&russian, declared), "Здравствуйте, у меня не работает принтер");
    }
    let mixed = b"Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln\r\n-- \r\nGesch\xe4ftsf\xfchrer";
    assert_eq!(wrong(mixed, "utf-8"), "Grüße aus Köln\r\n-- \r\nGeschäftsführer");
    assert_eq!(wrong(b"cut: Gr\xc3\xbc\xc3\x9fe \xc3", "utf-8"), "cut: Grüße \u{fffd}");
}

#[test]
fn what_is_not_declared_is_guessed() {
    let guess = |encoding: &str, original: &str| {
        let (octets, ..) = Encoding::for_label(encoding.as_bytes()).unwrap().encode(original);
        assert_eq!(decode(&octets, None).text, original, "{encoding}");
        let unknown = decode(&octets, Some("x-unknown"));
        assert_eq!(unknown.text, original, "{encoding}");
        assert!(matches!(unknown.finding, Some(Finding::Unknown(_))));
    };
    guess("windows-1252", "Bonjour, l'imprimante du deuxième étage est cassée depuis hier.");
    guess("windows-1251", "Здравствуйте, принтер не работает.");
    guess("koi8-r", "Здравствуйте, принтер не работает.");
    guess("gbk", "您好，我们的打印机坏了，请帮忙。");
    guess("big5", "您好，我們的印表機壞了，請幫忙。");
    guess("shift_jis", "お世話になっております。プリンタが壊れました。");
    guess("euc-jp", "お世話になっております。プリンタが壊れました。");
    guess("iso-2022-jp", "お世話になっております。");
    guess("euc-kr", "안녕하세요, 프린터가 고장났습니다.");
    guess("windows-1253", "Καλημέρα, ο εκτυπωτής δεν λειτουργεί.");
    guess("utf-8", "Žofie — ありがとう");
}

#[test]
fn html_names_its_charset_in_its_head() {
    let of = |html: &str| of_html(html.as_bytes());
    assert_eq!(of("<html><head><meta charset=\"KOI8-R\">").as_deref(), Some("koi8-r"));
    let old = "<META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=windows-1251\">";
    assert_eq!(of(old).as_deref(), Some("windows-1251"));
    assert_eq!(of("<meta charset=utf-16>").as_deref(), Some("utf-8"));
    assert_eq!(of("<?xml version='1.0' encoding='iso-8859-2'?><html>").as_deref(), Some("iso-8859-2"));
    assert_eq!(of("<p>charset=koi8-r</p>"), None);
}

proptest! {
    #[test]
    fn any_octets_give_a_text(octets in prop::collection::vec(any::<u8>(), 0..200), name in "[ -~]{0,12}", known in 0..WRITTEN.len()) {
        for name in [name.as_str(), WRITTEN[known].1, "utf-7", "hz", "iso-2022-kr", "utf-16", "utf-32", "cp437", "us-ascii"] {
            decode(&octets, Some(name));
            of_html(&octets);
        }
    }

    #[test]
    fn what_is_declared_right_is_read_right(known in 0..WRITTEN.len(), times in 1..4_usize, words in "[a-zA-Z ,.]{0,20}") {
        let (encoding, declared, original) = WRITTEN[known];
        let original = format!("{words} {}", format!("{original} {words}\r\n").repeat(times));
        let (octets, ..) = Encoding::for_label(encoding.as_bytes()).unwrap().encode(&original);
        prop_assert_eq!(text(&octets, declared), original);
    }

    #[test]
    fn utf_8_is_never_taken_for_anything_else(original in "\\PC{0,40}") {
        prop_assert_eq!(decode(original.as_bytes(), Some("utf-8")).text, original.trim_start_matches('\u{feff}'));
    }
}
