//! Delivery reports: what holds whatever they are made of, and that no size of them is slow.

use postdesk::decide::parse::parse;
use postdesk::model::desk::Limits;
use proptest::prelude::*;

/// Pieces that mean something to who reads reports.
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r\n ",
    "\r\n\r\n",
    ":",
    ";",
    "<",
    ">",
    "@",
    "--r\r\n",
    "\r\n--r--\r\n",
    "Content-Type: message/delivery-status\r\n\r\n",
    "Content-Type: message/global-delivery-status\r\n\r\n",
    "Content-Type: message/rfc822\r\n\r\n",
    "Content-Type: text/rfc822-headers\r\n\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Final-Recipient: rfc822; ",
    "Original-Recipient: ",
    "Action: failed",
    "Action: delayed (a day)",
    "Status: 5.1.1",
    "Status: 5.1.99999999999999999999",
    "Diagnostic-Code: smtp; ",
    "Message-ID: ",
    "mia@customer.example",
    "<mia@customer.example>:",
    "Hi. This is the qmail-send program at ",
    "This message was created automatically by mail delivery software",
    "--- Below this line is a copy of the message.",
    "#5.1.1",
    "550",
    "5.2.2",
    "Subject: Undeliverable: x\r\n",
    "Return-Path: <>\r\n",
    "Content-Type: message/feedback-report\r\n\r\n",
    "Content-Type: message/disposition-notification\r\n\r\n",
    "Disposition: manual-action; displayed",
    "Original-Message-ID: <",
    "Original-Rcpt-To: ",
    "Final-Recipient: utf-8; \\x{10D}",
    "\\x{",
    "很抱歉您发送的邮件被退回：",
    "收件人：",
    "İleti",
    "------ This is a copy of",
    "ž",
    "\u{130}",
    "\u{202e}",
    "\0",
];

const STRUCTURED: &str = "From: MAILER-DAEMON@mx.customer.example\r\nContent-Type: multipart/report; \
                          report-type=delivery-status; boundary=r\r\n\r\n--r\r\n";
/// Nothing but the sender says that it is one.
const BY_SENDER: &str = "From: Postmaster <postmaster@mx.customer.example>\r\nTo: help@shop.example\r\n";
const IN_WORDS: &str = "From: MAILER-DAEMON@mx.customer.example\r\nX-Failed-Recipients: mia@customer.example\r\n\r\n";

fn check(raw: &[u8]) -> Result<(), TestCaseError> {
    let Some(report) = parse(raw, &Limits::default()).report else { return Ok(()) };
    prop_assert!(report.recipients.len() <= 100);
    for told in &report.recipients {
        prop_assert!(told.addresses.len() <= 2);
        prop_assert!(told.diagnostic.len() <= 500);
        prop_assert!(!told.diagnostic.chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", told.diagnostic);
    }
    let id = report.message_id.unwrap_or_else(|| "a@b".to_owned());
    prop_assert!(id.len() <= 512 && id.contains('@') && id.bytes().all(|octet| octet.is_ascii_graphic()), "{id:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_of_reports_give_a_mail(
        head in prop::sample::select(vec![STRUCTURED, IN_WORDS, BY_SENDER]),
        pieces in prop::collection::vec(prop_oneof![prop::sample::select(PIECES).prop_map(str::to_owned), "\\PC{0,4}"], 0..60),
    ) {
        check(format!("{head}{}", pieces.concat()).as_bytes())?;
    }
}

/// Texts of the size of the largest mail, each made to be slow for who looks at every line, word or recipient again and again.
#[test]
fn a_report_of_ten_megabytes_of_anything_is_read_and_bounded() {
    const SIZE: usize = 10 * 1024 * 1024;
    let status = "Content-Type: message/delivery-status\r\n\r\n";
    for (head, piece) in [
        (STRUCTURED.to_owned() + status, "Final-Recipient: rfc822; mia@customer.example\r\nAction: failed\r\n\r\n"),
        (STRUCTURED.to_owned() + status, "Final-Recipient: x\r\n "),
        (STRUCTURED.to_owned() + status, " folded\r\n"),
        (STRUCTURED.to_owned() + "Content-Type: message/rfc822\r\n\r\n", "Message-ID:"),
        (IN_WORDS.to_owned(), "a@b.example\r\n"),
        (IN_WORDS.to_owned(), "<a@b.example>: 5.1.1 "),
        (IN_WORDS.to_owned(), "5.5.5."),
        (IN_WORDS.to_owned(), "a@b.example:"),
        (IN_WORDS.to_owned(), "Message-ID: <"),
        ("From: mailer-daemon@b.example\r\n\r\n".to_owned(), "deliver recipient\r\n"),
        ("From: mailer-daemon@b.example\r\n\r\n".to_owned(), "your message to your message "),
        ("From: mailer-daemon@b.example\r\n\r\n".to_owned(), "Final-Recipient: \r\n"),
        ("From: mailer-daemon@b.example\r\n\r\n".to_owned(), "Original-Recipient: x@b.example\r\n\r\nStatus: 5\r\n\r\n"),
        ("From: postmaster@b.example\r\nReturn-Path: <>\r\n\r\n".to_owned(), "\u{130}********* -------- "),
        ("Subject: Automatic reply\r\n\r\n".to_owned(), "i am out of i am out of "),
    ] {
        let raw = head + &piece.repeat(SIZE / piece.len());
        check(raw.as_bytes()).unwrap_or_else(|failure| panic!("{piece:?}: {failure}"));
    }
}
