//! The reply cut off from its quotation: what is lost (nothing), what stays, and what is ours by content.

use postdesk::decide::parse::cut::{self, MARKERS, cut_known, cut_marked};
use proptest::prelude::*;

fn cut(text: &str) -> (String, String) {
    cut::cut(text, false)
}

/// Lines of every kind that the cutter knows, and some that it must not take for one.
const LINES: &[&str] = &[
    "",
    "",
    " ",
    "Hello,",
    "thanks",
    "Best, Ana",
    "> quoted",
    ">> quoted twice",
    ">",
    "> > deep",
    "| bar",
    "On 12 Nov 2026, Mia wrote:",
    "On Thu, Nov 12, 2026 at 10:11 AM Mia Berg <",
    "mia@customer.example> wrote:",
    "> On 12 Nov 2026, at 10:11, Mia wrote:",
    "On reflection I like what you wrote:",
    "-----Original Message-----",
    "-------- Original Message --------",
    "________________________________",
    "From: Mia",
    "*Sent:* today",
    "Date: 1",
    "To: Ana",
    "Subject: kettle",
    "-- ",
    "--",
    "Sent from my iPhone",
    "Get Outlook for iOS",
    "-- Write your answer above this line. --",
    "> -- Write your answer above this",
    "line. --",
    "Write",
    "On ",
    "---------- Forwarded message ---------",
    "Best regards,",
    "Mia Berg",
    "Head of Sales",
    "Tel. +49 40 1234567",
    "mia@customer.example",
    "Please deliver to:",
    "This e-mail is confidential and intended for the addressee.",
    "DISCLAIMER",
    "Virus-free. www.avast.com",
    "<https://www.avast.com/sig-email>",
    "[cid:image001.png@01DAC5F2.8F3B1C20]",
    "Kettles mailing list, to unsubscribe see https://lists.example.org",
    "[EXTERNAL]",
    "CAUTION: This email originated from outside of the organization. Do not click",
    "-----BEGIN PGP SIGNED MESSAGE-----",
    "Hash: SHA256",
    "-----BEGIN PGP SIGNATURE-----",
    "-----END PGP SIGNATURE-----",
    "- -- ",
    "***",
    "| one",
    "MB> two",
    ">From now on",
    "> a quoted line that is so long that the program of who answered wrapped it",
    "here",
    "2026-11-12 10:11 Mia <mia@customer.example>:",
];

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn letter() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(LINES), 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_word_is_lost_and_none_is_added(text in letter()) {
        let (own, quoted) = cut(&text);
        let mut parts = [words(&own), words(&quoted)].concat();
        let mut whole = words(&text);
        parts.sort_unstable();
        whole.sort_unstable();
        prop_assert_eq!(parts, whole);
    }

    #[test]
    fn what_was_cut_once_is_not_cut_again(text in letter()) {
        let (own, _) = cut(&text);
        prop_assert_eq!(cut(&own), (own.clone(), String::new()));
    }

    #[test]
    fn something_is_always_left(text in letter()) {
        let (own, _) = cut(&text);
        prop_assert_eq!(own.trim().is_empty(), text.trim().is_empty());
    }

    #[test]
    fn cutting_what_is_known_loses_no_word_and_leaves_something(text in letter(), known in letter()) {
        let (own, quoted) = cut_known(&text, "before", &[&known]);
        let mut parts = [words(&own), words(&quoted)].concat();
        let mut whole = [words(&text), vec!["before"]].concat();
        parts.sort_unstable();
        whole.sort_unstable();
        prop_assert_eq!(parts, whole);
        prop_assert_eq!(own.trim().is_empty(), text.trim().is_empty());
    }
}

const NOTICE: &str = "-- Write your answer above this line. --\n\nHello,\n\nsince yesterday my kettle leaks at the handle. \
                      I bought it three weeks ago, order 4711.\n\nCan you send me a new one?\n\nMia Berg";

#[test]
fn the_marker_is_found_in_every_language_and_in_whatever_way_it_was_quoted() {
    for marker in MARKERS.iter().map(|marker| marker.words) {
        let halves = marker.rsplit_once(' ').unwrap();
        for line in [
            format!("-- {marker} --"),
            format!("> -- {marker} --"),
            format!("   > > -- {marker} --"),
            format!("| -- {marker}"),
            format!("| -- {marker} -- |"),
            format!("– {marker} –"),
            format!("- - {marker} - -"),
            format!("*-- {marker} --*"),
            format!("MB> -- {marker} --"),
            format!("-- {} --", marker.replace(' ', "\u{a0}")),
            format!("—{marker}—"),
            format!("}} -- {} --", marker.to_uppercase()),
            format!("Am 12.11.2026 um 10:11 schrieb Example Support: -- {marker} --"),
            format!("-- {marker} -- Hello, {}", "the kettle leaks and leaks. ".repeat(30)),
            format!("> -- {}\n> {} --", halves.0, halves.1),
        ] {
            let text = format!("Dear Mia,\n\nit is done.\n\n{line}\n\nour own words");
            let (own, quoted) = cut(&text);
            assert_eq!(own, "Dear Mia,\n\nit is done.", "{line}");
            assert_eq!(quoted, format!("{line}\n\nour own words"));
            assert!(cut::has_marker(&text), "{line}");
        }
        let text = format!("Your mail says: {marker}\nSo I do.");
        assert_eq!(cut(&text), (text.clone(), String::new()));
        let language = MARKERS.iter().find(|known| known.words == marker).unwrap().language;
        assert_eq!(cut::marker_in(language), marker);
    }
    assert_eq!(cut::marker_in("de"), "Write your answer above this line.");
}

#[test]
fn the_words_of_the_marker_within_a_sentence_cut_nothing() {
    let text = "Your mail says: Write your answer above this line.\nSo I do.";
    assert_eq!(cut(text), (text.to_owned(), String::new()));
}

#[test]
fn a_sentence_that_ends_like_an_attribution_cuts_nothing() {
    let text = "Hello,\n\nOn reflection, this is what your colleague wrote:\n\nnothing at all.";
    assert_eq!(cut(text).0, text);
}

#[test]
fn an_attribution_over_four_lines_is_cut_with_its_quotation() {
    let text = "Yes.\n\nOn Thursday, the 12th of November\n2026, at 10:11, Mia Berg\n<mia@customer.example>\nwrote:\n> Really?";
    assert_eq!(cut(text).0, "Yes.");
}

#[test]
fn interleaved_answers_keep_the_lines_they_answer() {
    let text = "On 12 Nov 2026, Mia wrote:\n> red?\nyes\n> big?\nno\n> Mia";
    assert_eq!(cut(text), ("> red?\nyes\n> big?\nno".to_owned(), "On 12 Nov 2026, Mia wrote:\n> Mia".to_owned()));
}

#[test]
fn the_line_of_a_phone_stays_where_nothing_else_was_written() {
    let text = "Sent from my iPhone\n\n> Is it red?";
    assert_eq!(cut(text), ("Sent from my iPhone".to_owned(), "> Is it red?".to_owned()));
}

#[test]
fn a_long_text_below_two_dashes_is_no_signature() {
    let text = format!("Agenda\n--\n{}", "one more point\n".repeat(20));
    assert_eq!(cut(&text).1, "");
}

#[test]
fn our_text_is_cut_by_content_without_marker_and_with_other_line_ends() {
    let tail = "| Hello,\n|\n| since yesterday my kettle\n| leaks at the handle. I bought it three weeks ago,\n| order 4711.\n|\n| Can you send me a new one?\n|\n| Mia Berg";
    let (own, quoted) = cut_known(&format!("Dear Mia,\n\nit is done.\n\n{tail}"), "older", &[NOTICE]);
    assert_eq!(own, "Dear Mia,\n\nit is done.");
    assert_eq!(quoted.trim_start(), format!("{tail}\n\nolder"));
}

#[test]
fn other_quote_marks_accents_and_prefixes_make_no_difference() {
    let sent = "Hello,\n\nI don't know what \"it's leaking\" means in the café.\nCan you send me a new one?";
    let quoted =
        "MB> Hello,\nMB>\nMB> I don’t know what „it’s leaking“\nMB> means in the cafe.\nMB> Can you send\u{a0}me a new one?";
    let (own, _) = cut_known(&format!("It is done.\n\n{quoted}"), "", &[sent]);
    assert_eq!(own, "It is done.");
}

#[test]
fn what_the_html_marks_is_cut_from_the_plain_text_with_the_line_above_it() {
    let marked = "Hello, since yesterday my kettle leaks at the handle.\n\nMia Berg";
    let text = "Bai.\n\n2026(e)ko aza. 12(a) egunean Mia Bergek idatzi du:\nHello, since yesterday my\nkettle leaks at the handle.\n\nMia Berg";
    let (own, quoted) = cut_marked(text, marked).unwrap();
    assert_eq!(own, "Bai.");
    assert_eq!(quoted, text.trim_start_matches("Bai.\n\n"));
    assert_eq!(cut_marked("Bai.\n\nThe kettle leaks.", marked), None);
    assert_eq!(cut_marked(marked, marked), None);
}

#[test]
fn an_answer_between_known_lines_stays() {
    let text = "Dear Mia,\n\nsince yesterday my kettle leaks at the handle.\n\nThat should not happen.\n\nCan you send me a new one?\nsince yesterday my kettle leaks at the handle.";
    let (own, _) = cut_known(text, "", &[NOTICE]);
    assert!(own.ends_with("That should not happen."), "{own}");
}

#[test]
fn a_mail_of_nothing_but_our_text_is_left_whole() {
    assert_eq!(cut_known(NOTICE, "", &[NOTICE]), (NOTICE.to_owned(), String::new()));
}

#[test]
fn one_short_known_line_is_not_enough() {
    let text = "All done.\nMia Berg";
    assert_eq!(cut_known(text, "", &[NOTICE]).0, text);
}

/// Hundreds of kilobytes of what regular expressions choke on, and of what almost is a signature. Nothing here asserts on time; a quadratic cutter does not end.
#[test]
fn texts_made_to_be_slow_are_cut() {
    let repeated = |piece: &str| piece.repeat(400_000 / piece.len());
    for piece in [
        "> > > >",
        "> > > >\n",
        "-",
        "-----\n",
        "On 1 wrote\n",
        "On 1\n",
        "From:\n",
        "________________________________\n",
        " ",
        "> ",
        "-- Write your answer above this\n",
        "Sent from my \n",
        "write ",
        "a\n",
        "--\na\n",
        "Best regards\n",
        "Best regards\nTel. +49 40 1234567\n",
        "Sent from my iPhone\n",
        "> a\nSent from my iPhone\n",
        "On 12 Nov 2026, Mia wrote:\nSent from my iPhone\n",
        "This e-mail is confidential and intended for the addressee.\n\n",
        "confidential addressee in error ",
        "-----BEGIN PGP MESSAGE-----\n",
        "____________________\nmailing list\n",
        "2026 10:11 a@b.c:\n> a\n",
        "MB> a\n",
        "| a\n",
    ] {
        let text = format!("Hello\n{}", repeated(piece));
        let (own, quoted) = cut(&text);
        assert!(own.starts_with("Hello"), "{piece:?}");
        let _ = cut_known(&own, &quoted, &[&text[..1_000]]);
    }
}
