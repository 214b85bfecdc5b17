//! Every kind of content that people send, as mails to the public mailbox.

use postdesk::model::encoding::base64_lines;

/// A mail of a customer: what is peculiar in it, and the mail with LF line ends.
pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) mail: String,
}

/// A word of two hundred letters.
fn long_word(letter: char) -> String {
    letter.to_string().repeat(200)
}

/// An encoded word of any length, as bad programs write them.
fn word(text: &str) -> String {
    format!("=?UTF-8?B?{}?=", postdesk::model::encoding::base64(text.as_bytes()))
}

fn mail(number: usize, name: &str, subject: &str, rest: &str) -> String {
    let (name, subject) = (word(name), word(subject));
    format!(
        "From: {name} <mia@customer.example>\nTo: help@shop.example\nSubject: {subject}\nDate: Sat, 21 Nov 2026 12:00:00 +0100\n\
         Message-ID: <content-{number}@customer.example>\nMIME-Version: 1.0\n{rest}"
    )
}

fn plain(text: &str) -> String {
    format!("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n")
}

/// A text and a file; the header of the file's part comes as it is.
fn with_file(header: &str, content: &str) -> String {
    format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nThe file is attached.\n\
         --b\n{header}\n\n{content}\n--b--\n"
    )
}

/// A file of this name, in the form of RFC 2231.
fn named(name: &str) -> String {
    let escaped: String = name.bytes().map(|octet| format!("%{octet:02X}")).collect();
    let header = "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment;\n filename*=UTF-8''";
    with_file(&format!("{header}{escaped}"), "AAECAwQF/v8=")
}

/// The cases, numbered by their place.
pub(crate) fn cases() -> Vec<Case> {
    let every_octet: Vec<u8> = (0..=255).cycle().take(4096).collect();
    let base64 = String::from_utf8(base64_lines(&every_octet)).unwrap().replace("\r\n", "\n");
    let one_line = base64.replace('\n', "");
    let sentences = "The kettle does not boil and ".repeat(20);
    let [m, w, cyrillic, other] = ['m', 'w', '\u{43c}', '\u{449}'].map(long_word);
    let wide = "\u{6c34}\u{58f6}".repeat(80);
    let kinds: Vec<(&str, &str, &str, String)> = vec![
        ("plain words", "Mia Berg", "Broken kettle", plain("It does not boil.")),
        ("a long subject", "Mia Berg", &sentences, plain("See above.")),
        ("a long word of ASCII", &m, &w, plain(&long_word('x'))),
        ("a long word of Cyrillic", &cyrillic, &other, plain(&long_word('ю'))),
        ("Chinese without spaces", "\u{738b}\u{82b3}", &wide, plain(&wide)),
        ("right to left", "\u{5de}\u{5d9}\u{5d4} ברג", "הקומקום שבור 42 (חדש)", plain("שלום,\n\nהקומקום לא רותח.")),
        ("emoji", "Mia 🫖👩‍👩‍👧‍👦", "🫖💥", plain("🫖🫖🫖")),
        (
            "quotation marks and commas",
            "Berg, \"Mia\" (shop); <x@y.example>: \\",
            "\"a\", <b>: c; d\\ =?x?=",
            plain("\"a\", <b>"),
        ),
        ("what looks encoded", "=?UTF-8?Q?x?=", "=?UTF-8?B?eA==?= and =?", plain("=?UTF-8?B?eA==?=\n=20=\n=")),
        ("letters outside the first plane", "𝕄𝕚𝕒", "𝓚𝓮𝓽𝓽𝓵𝓮 \u{1f9ea}", plain("𝕒\u{10ffff}𝕓")),
        ("combining letters", "Zoe\u{308}", "a\u{301}\u{323}e\u{301}", plain("a\u{301}\u{323}")),
        (
            "white space",
            " Mia \t Berg ",
            "  two  spaces\tand a tab  ",
            plain("trailing  \nand a tab\t\n\n  indented\n\u{a0}hard\u{a0}"),
        ),
        (
            "control characters",
            "Mi\u{1}a\u{7f}",
            "a\u{0}b\u{8}c\u{2028}d\u{85}e",
            plain("a\u{1}b\u{7f}c\u{c}d\u{b}e\u{2028}f\u{85}g"),
        ),
        ("NUL", "Mia", "NUL", plain("a\0b")),
        ("line ends in the header", "Mia\r\nBcc: eva@evil.example", "a\r\nBcc: eva@evil.example\n\nb", plain("Hello")),
        ("what servers change", "Mia", "From the start", plain("From here\n.\n..\n.hidden\n>From there\n-- \nFrom")),
        ("a line of ten thousand", "Mia", "Long lines", plain(&format!("{}\n{}", "abc ".repeat(2_500), "x".repeat(10_000)))),
        ("a long line of other letters", "Mia", "Long lines", plain(&"щ".repeat(5_000))),
        ("nothing", "", "", plain("")),
        ("nothing but white space", " ", " ", plain("  \n\t\n")),
        ("a name with a quotation mark", "Mia", "file", named("the \"new\" one\\two.pdf")),
        ("a name of many scripts", "Mia", "file", named("счёт, 請求書; ümläut 🫖 = 1.pdf")),
        ("a long name", "Mia", "file", named(&format!("{}.pdf", "水".repeat(60)))),
        ("a long name of ASCII", "Mia", "file", named(&format!("{}.pdf", "long name ".repeat(15)))),
        ("a name from right to left", "Mia", "file", named("חשבונית 7.pdf")),
        ("a name with a way out", "Mia", "file", named("../../etc/pass\0wd\r\nBcc: x.pdf")),
        ("a percent sign in a name", "Mia", "file", named("100%41 'sure'.pdf")),
        (
            "every octet",
            "Mia",
            "file",
            with_file("Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64", &base64),
        ),
        (
            "base64 in one line",
            "Mia",
            "file",
            with_file("Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64", &one_line),
        ),
        (
            "base64 with something between",
            "Mia",
            "file",
            with_file("Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64", "aGVs\u{fc}\nbG8="),
        ),
        (
            "an 8-bit text file",
            "Mia",
            "file",
            with_file(
                "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\nContent-Transfer-Encoding: 8bit",
                "čšž\nFrom here\n.",
            ),
        ),
        (
            "a text file of one long line",
            "Mia",
            "file",
            with_file("Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment", &"1;".repeat(5_000)),
        ),
        (
            "quoted-printable with long lines",
            "Mia",
            "file",
            with_file(
                "Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment\nContent-Transfer-Encoding: quoted-printable",
                &"=31;".repeat(3_000),
            ),
        ),
        (
            "an attached mail",
            "Mia",
            "file",
            with_file(
                "Content-Type: message/rfc822; name=a.eml\nContent-Disposition: attachment",
                "Subject: inner\nFrom: a@b.example\n\nInner.",
            ),
        ),
        (
            "an attached mail in 8 bit",
            "Mia",
            "file",
            with_file(
                "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit",
                "Subject: inner\nFrom: a@b.example\n\nčšž",
            ),
        ),
        (
            "an empty file",
            "Mia",
            "file",
            with_file("Content-Type: application/pdf; name=empty.pdf\nContent-Transfer-Encoding: base64", ""),
        ),
    ];
    let case = |(number, (what, name, subject, rest)): (usize, (&'static str, &str, &str, String))| Case {
        what,
        mail: mail(number, name, subject, &rest),
    };
    kinds.into_iter().enumerate().map(case).collect()
}
