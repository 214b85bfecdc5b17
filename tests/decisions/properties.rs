//! What holds for any octets.

use postdesk::decide::parse::parse;
use postdesk::model::desk::Limits;
use postdesk::model::mail::Mail;
use proptest::prelude::*;

use crate::world::families;

const LIMITS: Limits = Limits {
    header_size: 64 * 1024,
    header_fields: 200,
    nesting: 10,
    parts: 50,
    references: 10,
    received: 100,
    text_size: 20_000,
    followers: 10,
};

/// Everything that is promised of a mail, whatever it was made from.
fn check(raw: &[u8]) -> Result<Mail, TestCaseError> {
    let mail = parse(raw, &LIMITS);
    for value in header_values(&mail) {
        prop_assert!(!value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')), "{value:?}");
        prop_assert!(!value.chars().any(is_bidi), "{value:?}");
    }
    for text in [&mail.text, &mail.quoted] {
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
    }
    prop_assert!(mail.references.len() <= LIMITS.references);
    prop_assert!(mail.text.len() + mail.quoted.len() <= LIMITS.text_size + 4);
    for file in &mail.attachments {
        prop_assert!(0 <= file.start && file.start <= file.end && file.end as usize <= raw.len());
        prop_assert!(!file.name.is_empty() && file.name.len() <= 120, "{:?}", file.name);
        let unsafe_in_names = |c: char| c.is_control() || is_bidi(c) || "/\\:*?\"<>|\u{200b}\u{feff}".contains(c);
        prop_assert!(!file.name.chars().any(unsafe_in_names) && !file.name.starts_with('.'), "{:?}", file.name);
        prop_assert!(file.media_type.contains('/') && file.media_type.is_ascii());
    }
    let enclosed: usize = mail.enclosed.iter().map(|enclosed| enclosed.text.len()).sum();
    prop_assert!(enclosed <= LIMITS.text_size + 2);
    for enclosed in &mail.enclosed {
        prop_assert!(enclosed.file < mail.attachments.len() && enclosed.tokens.len() <= 200);
        prop_assert!(!enclosed.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{:?}", enclosed.text);
    }
    for defect in &mail.defects {
        prop_assert!(
            defect.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit()) && !defect.detail.is_empty()
        );
    }
    Ok(mail)
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn header_values(mail: &Mail) -> Vec<String> {
    let people = [&mail.from, &mail.to, &mail.cc, &mail.reply_to];
    let people = people.into_iter().flatten().map(ToString::to_string);
    let others = [Some(mail.subject.clone()), Some(mail.date.clone()), mail.message_id.clone()].into_iter().flatten();
    people.chain(others).chain(mail.references.clone()).chain(mail.delivered_to.iter().map(ToString::to_string)).collect()
}

/// Pieces that mean something to a parser.
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\r\n ",
    "\r\n\r\n",
    ":",
    ";",
    "<",
    ">",
    "\"",
    "(",
    ")",
    "\\",
    "=",
    ",",
    "@",
    "--",
    "--b",
    "--b--",
    "\0",
    "=?utf-8?q?=0D=0Ax:_y?=",
    "=?utf-8?b?DQp4OiB5?=",
    "=?utf-8?q?=E2=80=AE?=",
    "=?iso-2022-jp?b?GyRC?=",
    "\u{202e}",
    "\u{2028}",
    "From",
    "To",
    "Subject",
    "Message-ID",
    "References",
    "Content-Type",
    "Con tent-type ",
    "multipart/mixed",
    "multipart/digest",
    "message/rfc822",
    "boundary=b",
    "boundary*=utf-8''b",
    "text/html",
    "name=\"../a\"",
    "filename*=utf-8''%00%2F..%2Fb",
    "Content-Disposition: attachment",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    "<blockquote>",
    "<p>",
    "&#2;",
    "mia@customer.example",
    "<1@a.example>",
    "charset=utf-7",
    "SGVsbG8=",
];

/// Pieces of which header values and bodies are made.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~]{0,12}".prop_map(String::into_bytes),
        "\\PC{0,6}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(PIECES).prop_map(|text| text.as_bytes().to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_octets_give_a_mail(raw in prop::collection::vec(any::<u8>(), 0..600)) {
        check(&raw)?;
    }

    #[test]
    fn any_pieces_of_mails_give_a_mail(pieces in prop::collection::vec(piece(), 0..60)) {
        check(&pieces.concat())?;
    }

    #[test]
    fn no_header_value_holds_a_line_end_or_a_control_character(value in prop::collection::vec(piece(), 0..10), name in 0..8_usize) {
        let name = ["From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "References", "Date"][name];
        let value = value.concat();
        let raw = [name.as_bytes(), b": ", &value, b"\r\nContent-Type: text/plain; name=\"", &value, b"\"\r\n\r\nbody\r\n"].concat();
        check(&raw)?;
    }

    #[test]
    fn a_copy_that_was_folded_and_passed_on_has_the_same_key(subject in "[a-z]{1,8}( [a-z]{1,8}){0,4}", body in "[a-z\n]{0,80}") {
        let first = format!("From: a@b.example\r\nSubject: {subject}\r\n\r\n{}", body.replace('\n', "\r\n"));
        let second = format!("Received: x\nFrom:  a@b.example\nSubject:\n {}\n\n{body}\n\n", subject.replace(' ', "\n "));
        prop_assert_eq!(parse(first.as_bytes(), &LIMITS).content_key, parse(second.as_bytes(), &LIMITS).content_key);
        let other = format!("From: a@b.example\r\nSubject: {subject}\r\n\r\n{}.", body.replace('\n', "\r\n"));
        prop_assert_ne!(parse(first.as_bytes(), &LIMITS).content_key, parse(other.as_bytes(), &LIMITS).content_key);
    }
}

#[test]
fn every_family_keeps_the_promises_also_when_octets_of_it_are_changed() {
    let families = families();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 3_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let change = (any::<prop::sample::Index>(), piece(), 0..4_usize);
    let strategy = (any::<prop::sample::Index>(), prop::collection::vec(change, 0..8));
    runner
        .run(&strategy, |(family, changes)| {
            let mut raw = family.get(&families).raw.clone();
            for (at, piece, removed) in changes {
                let at = at.index(raw.len() + 1);
                let end = (at + removed * 8).min(raw.len());
                raw.splice(at..end, piece);
            }
            check(&raw).map(|_| ())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn no_word_of_a_familys_text_is_lost_by_cutting() {
    use postdesk::decide::parse::cut;
    for family in families() {
        let mail = parse(&family.raw, &Limits::default());
        assert_eq!(
            cut::cut(&mail.text, cut::is_forward_subject(&mail.subject)),
            (mail.text.clone(), String::new()),
            "{}",
            family.name
        );
    }
}
