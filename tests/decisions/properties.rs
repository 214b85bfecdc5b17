//! What holds for any octets.

use postdesk::decide::parse::parse;
use postdesk::model::desk::Limits;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::promises::{LIMITS, check, words};
use crate::world::families;

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
        check(&raw);
    }

    #[test]
    fn any_pieces_of_mails_give_a_mail(pieces in prop::collection::vec(piece(), 0..60)) {
        check(&pieces.concat());
    }

    #[test]
    fn no_header_value_holds_a_line_end_or_a_control_character(value in prop::collection::vec(piece(), 0..10), name in 0..8_usize) {
        let name = ["From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "References", "Date"][name];
        let value = value.concat();
        let raw = [name.as_bytes(), b": ", &value, b"\r\nContent-Type: text/plain; name=\"", &value, b"\"\r\n\r\nbody\r\n"].concat();
        check(&raw);
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

/// Lines as people and their programs write them, in ASCII: nothing in them is changed by reading.
const LINES: &[&str] = &[
    "",
    "Hello Ana,",
    "it does not boil any more",
    "> have you tried the other socket?",
    ">> twice quoted",
    "On Thu, 12 Nov 2026 at 10:11, Ana wrote:",
    "Am 12.11.2026 um 10:11 schrieb Ana:",
    "-----Original Message-----",
    "From: Ana <ana@staff.example>",
    "Sent: Thursday, November 12, 2026 10:11 AM",
    "Subject: Re: kettle",
    "---------- Forwarded message ---------",
    "-- ",
    "Mia Berg, Kettles Ltd, +44 20 7946 0000",
    "Sent from my iPhone",
    "This e-mail is confidential.",
    "________________________________",
    "-- Write your answer above this line. --",
    "begin 644 list.txt",
    "From here on",
    "  * a point",
    "a | b | c",
];

/// Other lines. None begins with what would make it a short line of a uuencoded file, which is no text.
const WILD: &str = "[a-zA-Z<>?][a-zA-Z.,:?!<>-]{0,11}( [a-z0-9.,:>|*_-]{1,9}){0,6}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_word_of_a_plain_mail_stands_in_its_text_or_in_what_was_cut(
        lines in prop::collection::vec(prop_oneof![4 => prop::sample::select(LINES).prop_map(str::to_owned), 1 => WILD], 1..25),
        passes_on in any::<bool>(),
    ) {
        let body = lines.join("\r\n");
        let subject = if passes_on { "Fwd: kettle" } else { "Re: kettle" };
        let mail = check(format!("From: mia@customer.example\r\nSubject: {subject}\r\n\r\n{body}").as_bytes());
        prop_assert_eq!(words(&[&mail.text, &mail.quoted]), words(&[&body]));
        prop_assert!(!mail.text.trim().is_empty() || body.trim().is_empty(), "cutting left nothing of {:?}", body);
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn a_family_that_breaks_off_anywhere_keeps_the_promises() {
    let families = families();
    let strategy = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let result = runner(1_500).run(&strategy, |(family, end)| {
        let raw = &family.get(&families).raw;
        check(&raw[..end.index(raw.len() + 1)]);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn two_families_run_together_keep_the_promises_and_are_read_the_same_each_time() {
    let families = families();
    let place = || (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let result = runner(1_000).run(&(place(), place()), |((first, end), (second, start))| {
        let (first, second) = (&first.get(&families).raw, &second.get(&families).raw);
        let raw = [&first[..end.index(first.len() + 1)], &second[start.index(second.len() + 1)..]].concat();
        prop_assert_eq!(check(&raw), parse(&raw, &LIMITS));
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn every_family_is_read_the_same_each_time() {
    for family in families() {
        let limits = Limits::default();
        assert_eq!(parse(&family.raw, &limits), parse(&family.raw, &limits), "{}", family.name);
    }
}

#[test]
fn every_family_keeps_the_promises_also_when_octets_of_it_are_changed() {
    let families = families();
    let mut runner = runner(3_000);
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
            check(&raw);
            Ok(())
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
