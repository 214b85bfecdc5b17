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

/// A case before it is numbered: what it is, name and subject, and the rest of the mail.
struct Kind(&'static str, String, String, String);

fn kind(what: &'static str, name: &str, subject: &str, rest: String) -> Kind {
    Kind(what, name.to_owned(), subject.to_owned(), rest)
}

/// The cases, numbered by their place.
pub(crate) fn cases() -> Vec<Case> {
    let kinds = scripts().into_iter().chain(oddities()).chain(names()).chain(files());
    let case =
        |(number, Kind(what, name, subject, rest)): (usize, Kind)| Case { what, mail: mail(number, &name, &subject, &rest) };
    kinds.enumerate().map(case).collect()
}

/// Words in many scripts, short and long.
fn scripts() -> Vec<Kind> {
    let sentences = "The kettle does not boil and ".repeat(20);
    let [m, w, cyrillic, other] = ['m', 'w', '\u{43c}', '\u{449}'].map(long_word);
    let wide = "\u{6c34}\u{58f6}".repeat(80);
    vec![
        kind("plain words", "Mia Berg", "Broken kettle", plain("It does not boil.")),
        kind("a long subject", "Mia Berg", &sentences, plain("See above.")),
        kind("a long word of ASCII", &m, &w, plain(&long_word('x'))),
        kind("a long word of Cyrillic", &cyrillic, &other, plain(&long_word('\u{44e}'))),
        kind("Chinese without spaces", "\u{738b}\u{82b3}", &wide, plain(&wide)),
        kind("right to left", "\u{5de}\u{5d9}\u{5d4} ברג", "הקומקום שבור 42 (חדש)", plain("שלום,\n\nהקומקום לא רותח.")),
        kind("emoji", "Mia 🫖👩‍👩‍👧‍👦", "🫖💥", plain("🫖🫖🫖")),
        kind("letters outside the first plane", "𝕄𝕚𝕒", "𝓚𝓮𝓽𝓽𝓵𝓮 \u{1f9ea}", plain("𝕒\u{10ffff}𝕓")),
        kind("combining letters", "Zoe\u{308}", "a\u{301}\u{323}e\u{301}", plain("a\u{301}\u{323}")),
    ]
}

/// What means something to a mail program or a server.
fn oddities() -> Vec<Kind> {
    let long = format!("{}\n{}", "abc ".repeat(2_500), "x".repeat(10_000));
    let spaced = "trailing  \nand a tab\t\n\n  indented\n\u{a0}hard\u{a0}";
    let controls = "a\u{1}b\u{7f}c\u{c}d\u{b}e\u{2028}f\u{85}g";
    let marks = "Berg, \"Mia\" (shop); <x@y.example>: \\";
    vec![
        kind("quotation marks and commas", marks, "\"a\", <b>: c; d\\ =?x?=", plain("\"a\", <b>")),
        kind("what looks encoded", "=?UTF-8?Q?x?=", "=?UTF-8?B?eA==?= and =?", plain("=?UTF-8?B?eA==?=\n=20=\n=")),
        kind("white space", " Mia \t Berg ", "  two  spaces\tand a tab  ", plain(spaced)),
        kind("control characters", "Mi\u{1}a\u{7f}", "a\u{0}b\u{8}c\u{2028}d\u{85}e", plain(controls)),
        kind("NUL", "Mia", "NUL", plain("a\0b")),
        kind("line ends in the header", "Mia\r\nBcc: eva@evil.example", "a\r\nBcc: eva@evil.example\n\nb", plain("Hello")),
        kind("what servers change", "Mia", "From the start", plain("From here\n.\n..\n.hidden\n>From there\n-- \nFrom")),
        kind("a line of ten thousand", "Mia", "Long lines", plain(&long)),
        kind("a long line of other letters", "Mia", "Long lines", plain(&"\u{449}".repeat(5_000))),
        kind("nothing", "", "", plain("")),
        kind("nothing but white space", " ", " ", plain("  \n\t\n")),
    ]
}

/// Names of files.
fn names() -> Vec<Kind> {
    let file = |what, name: &str| kind(what, "Mia", "file", named(name));
    vec![
        file("a name with a quotation mark", "the \"new\" one\\two.pdf"),
        file("a name of many scripts", "счёт, 請求書; ümläut 🫖 = 1.pdf"),
        file("a long name", &format!("{}.pdf", "水".repeat(60))),
        file("a long name of ASCII", &format!("{}.pdf", "long name ".repeat(15))),
        file("a name from right to left", "חשבונית 7.pdf"),
        file("a name with a way out", "../../etc/pass\0wd\r\nBcc: x.pdf"),
        file("a percent sign in a name", "100%41 'sure'.pdf"),
    ]
}

/// What is in files, and in which form it came.
fn files() -> Vec<Kind> {
    let every_octet: Vec<u8> = (0..=255).cycle().take(4096).collect();
    let base64 = String::from_utf8(base64_lines(&every_octet)).unwrap().replace("\r\n", "\n");
    let one_line = base64.replace('\n', "");
    let image = "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64";
    let text = "Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment";
    let in_8_bit = format!("{text}\nContent-Transfer-Encoding: 8bit");
    let quoted = format!("{text}\nContent-Transfer-Encoding: quoted-printable");
    let pdf = "Content-Type: application/pdf; name=empty.pdf\nContent-Transfer-Encoding: base64";
    let mail = "Content-Type: message/rfc822; name=a.eml\nContent-Disposition: attachment";
    let mail_in_8_bit = "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit";
    let file = |what, header: &str, content: &str| kind(what, "Mia", "file", with_file(header, content));
    vec![
        file("every octet", image, &base64),
        file("base64 in one line", image, &one_line),
        file("base64 with something between", image, "aGVs\u{fc}\nbG8="),
        file("an 8-bit text file", &in_8_bit, "čšž\nFrom here\n."),
        file("a text file of one long line", text, &"1;".repeat(5_000)),
        file("quoted-printable with long lines", &quoted, &"=31;".repeat(3_000)),
        file("an attached mail", mail, "Subject: inner\nFrom: a@b.example\n\nInner."),
        file("an attached mail in 8 bit", mail_in_8_bit, "Subject: inner\nFrom: a@b.example\n\nčšž"),
        file("an empty file", pdf, ""),
    ]
}
