//! Mails made to exhaust stack, memory or time. Each is read on a small stack; nothing asserts on time.

use postdesk::decide::parse::parse;
use postdesk::model::desk::Limits;
use postdesk::model::encoding::base64_lines;
use postdesk::model::mail::Mail;

/// Reads a mail on the stack that a worker thread has.
fn read_on_a_small_stack(raw: Vec<u8>) -> Mail {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(move || parse(&raw, &Limits::default())).expect("a thread").join().expect("parsing neither panics nor overflows")
}

fn has(mail: &Mail, name: &str) -> bool {
    mail.defects.iter().any(|defect| defect.name == name)
}

const HEAD: &str = "From: mia@customer.example\r\nSubject: Bomb\r\nMessage-ID: <bomb@customer.example>\r\n";

#[test]
fn messages_nested_in_one_base64_part_stay_one_opaque_file() {
    let inner = format!("{}\r\ndeepest", "Content-Type: message/rfc822\r\n\r\n".repeat(3_000));
    let body = String::from_utf8(base64_lines(inner.as_bytes())).expect("ASCII");
    let mail = read_on_a_small_stack(
        format!("{HEAD}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}").into_bytes(),
    );
    assert_eq!(mail.subject, "Bomb");
    assert_eq!(mail.attachments.len(), 1);
    assert_eq!(mail.attachments[0].media_type, "message/rfc822");
    assert_eq!(mail.attachments[0].size, inner.len() as i64);
}

#[test]
fn messages_nested_forty_thousand_deep_stay_one_opaque_file() {
    for field in [
        "Content-Type: message/rfc822\r\n\r\n",
        "Con tent-Type : message/global\r\n\r\n",
        "Content-Type: (;) MESSAGE / rfc822\n\n",
    ] {
        let mail = read_on_a_small_stack(format!("{HEAD}{}deepest", field.repeat(40_000)).into_bytes());
        assert_eq!(mail.attachments.len(), 1, "{field:?}");
    }
}

#[test]
fn ten_thousand_nested_multiparts_are_one_opaque_text() {
    let nested: String =
        (0..10_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}x\r\n\r\n--b{n}x\r\n")).collect();
    let mail = read_on_a_small_stack(format!("{HEAD}{nested}\r\ndeepest").into_bytes());
    assert!(has(&mail, "too-many-parts"), "{:?}", mail.defects);
    assert!(mail.attachments.is_empty() && mail.text.starts_with("--b0x"));
}

#[test]
fn parts_nested_beyond_the_limit_are_one_opaque_text() {
    let nested: String = (0..60).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}x\r\n\r\n--b{n}x\r\n")).collect();
    let mail = read_on_a_small_stack(format!("{HEAD}{nested}\r\ndeepest").into_bytes());
    assert!(has(&mail, "nested-too-deep"), "{:?}", mail.defects);
    assert!(mail.text.ends_with("deepest"));
}

#[test]
fn a_hundred_thousand_parts_are_one_opaque_text() {
    for boundary in ["b", "-", "\"--\""] {
        let bare = boundary.trim_matches('"');
        let parts = format!("--{bare}\r\n\r\nx\r\n").repeat(100_000);
        let mail = read_on_a_small_stack(
            format!("{HEAD}Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n{parts}").into_bytes(),
        );
        assert!(has(&mail, "too-many-parts"), "{boundary}: {:?}", mail.defects);
    }
}

#[test]
fn a_mail_of_many_dashes_and_few_parts_is_read_by_its_parts() {
    let lines = format!("{}\r\n", "-".repeat(70)).repeat(2_000);
    let mail = read_on_a_small_stack(
        format!("{HEAD}Content-Type: multipart/mixed; boundary=\"------------0123\"\r\n\r\n--------------0123\r\n\r\n{lines}\r\n--------------0123--\r\n")
            .into_bytes(),
    );
    assert!(mail.defects.is_empty(), "{:?}", mail.defects);
    assert_eq!(mail.text.lines().count(), 2_000);
}

#[test]
fn half_a_million_header_fields_are_read_up_to_the_limit() {
    let mail = read_on_a_small_stack(format!("{HEAD}{}\r\nthe text", "X: y\r\n".repeat(500_000)).into_bytes());
    assert!(has(&mail, "header-too-large"));
    assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("Bomb", "the text"));
}

#[test]
fn header_values_made_to_be_slow_are_read() {
    for piece in
        ["=?utf-8?q?a", "=?utf-8?b?QUFB", "=?", "<", "(", "a,", "\"", "<a@b.example> ", "a@b.example, ", "=?utf-8?q?=0A?= ", "\\"]
    {
        for name in ["Subject", "From", "To", "References", "Content-Type", "Content-Disposition"] {
            let value = piece.repeat(200_000 / piece.len());
            let mail = read_on_a_small_stack(format!("{HEAD}{name}: {value}\r\n\r\ntext").into_bytes());
            assert!(mail.references.len() <= 50);
        }
    }
}

#[test]
fn parameters_in_a_million_pieces_are_one_opaque_text() {
    for name in ["Content-Type", "Content-Disposition", "Con tent-Disposition"] {
        let field = format!("{name}: text/plain; {}", "a*1=b; ".repeat(1_500_000));
        let mail = read_on_a_small_stack(
            format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{field}\r\n\r\ntext\r\n--b--\r\n")
                .into_bytes(),
        );
        assert!(has(&mail, "too-many-parts"), "{name}");
    }
}

#[test]
fn html_made_to_be_slow_is_read() {
    for piece in
        ["<div>", "<blockquote>", "<a \"", "<a '", "<!--", "<script", "</", "<", "&", "&#2;", "<p>&nbsp;</p>", "<style>x</sty"]
    {
        let body = piece.repeat(3_000_000 / piece.len());
        let mail = read_on_a_small_stack(format!("{HEAD}Content-Type: text/html\r\n\r\n<p>Hello</p>{body}").into_bytes());
        assert!(mail.text.starts_with("Hello"), "{piece:?}: {:?}", &mail.text[..mail.text.len().min(40)]);
    }
}

#[test]
fn html_made_to_be_slow_to_sanitise_is_read() {
    for piece in [
        "<div>x",
        "<b>",
        "<b><p>",
        "<font><div>",
        "<table><a>",
        "<a><table><td>",
        "<table>x</table>",
        "<td>x",
        "<p>x",
        "<ul><li>",
        "<x ",
        "&",
        "<a href='http://shop.example/'>y",
        "<span style='display:none'>",
        "<blockquote type=cite>x",
        "<div class=gmail_quote>x<br>",
    ] {
        let body = piece.repeat(1_000_000 / piece.len());
        let mail = read_on_a_small_stack(format!("{HEAD}Content-Type: text/html\r\n\r\n<p>Hello</p>{body}").into_bytes());
        assert!(mail.text.starts_with("Hello"), "{piece:?}: {:?}", &mail.text[..mail.text.floor_char_boundary(40)]);
        assert!(mail.html.is_some_and(|html| html.starts_with("<p>Hello</p>")), "{piece:?}");
    }
    let attributes = "a=\"b\" ".repeat(200_000);
    let mail = read_on_a_small_stack(format!("{HEAD}Content-Type: text/html\r\n\r\n<div {attributes}>Hello</div>").into_bytes());
    assert_eq!(mail.text, "Hello");
}

#[test]
fn a_text_beyond_the_limit_is_shortened_and_says_so() {
    let mail = read_on_a_small_stack(format!("{HEAD}\r\n{}", "é\u{301} word ".repeat(500_000)).into_bytes());
    assert!(has(&mail, "text-shortened"));
    assert!(mail.text.len() <= Limits::default().text_size);
}
