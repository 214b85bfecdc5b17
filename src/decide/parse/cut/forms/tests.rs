//! Every row of the tables, with its own examples.

use proptest::prelude::*;

use super::languages::{Language, all};
use super::{
    attribution, folding, header_block, is_forward, is_forward_prefix, is_group_wise, is_reply_line, notes_block, separates,
};

/// A line wrapped at `columns`, between words, as programs do.
fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last().map_or(0, |last| last.chars().count());
        if last > 0 && last + 1 + word.chars().count() > columns {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

fn strings(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

fn examples(language: &Language) -> impl Iterator<Item = &'static str> {
    language.verbs.iter().chain(language.endings).map(|(_, example)| *example)
}

#[test]
fn every_attribution_is_found() {
    for language in all() {
        for example in examples(language) {
            for columns in [500, 76, 60] {
                let lines = wrapped(example, columns);
                let lines = strings(&lines);
                let with = |below: &'static str| lines.iter().copied().chain([below]).collect::<Vec<_>>();
                assert_eq!(attribution(&with("> Hello")), lines.len(), "{}: {lines:?} above a quoted line", language.name);
                assert_eq!(attribution(&with("")), lines.len(), "{}: {lines:?} alone", language.name);
            }
        }
    }
}

#[test]
fn every_example_shows_its_word() {
    for language in all() {
        for (word, example) in language.verbs.iter().chain(language.endings) {
            assert!(folding::folded(example).contains(word), "{}: {word} is not in {example}", language.name);
        }
        assert!(!language.sentences.is_empty(), "{} has no sentences", language.name);
    }
}

#[test]
fn every_word_is_spelled_as_lines_are() {
    for language in all() {
        let words = language.verbs.iter().chain(language.endings).map(|(word, _)| *word);
        let tables = [language.originals, language.forwards, language.prefixes].into_iter().chain(language.fields).flatten();
        for word in words.chain(tables.copied()) {
            assert_eq!(folding::folded(word), word, "{}", language.name);
        }
    }
}

#[test]
fn every_rule_is_found() {
    for language in all() {
        for original in language.originals {
            for line in [format!("-----{original}-----"), format!("-------- {} --------", original.to_uppercase())] {
                // Letters that have no capital of their own do not come back.
                if folding::folded(&line).contains(original) {
                    assert!(separates(&[&line, "Hello"], 0), "{}: {line}", language.name);
                }
            }
            assert!(!separates(&[original, "Hello"], 0), "{}: {original} without dashes", language.name);
        }
        for forward in language.forwards {
            for line in [format!("---------- {forward} ---------"), format!("*{forward}:*"), format!("{forward} :")] {
                assert!(is_forward(&line), "{}: {line}", language.name);
            }
            assert!(!is_forward(forward), "{}: {forward} without a sign", language.name);
        }
        for start in language.forwarded_by {
            assert!(is_forward(&format!("----- {start}Mia Berg <mia@customer.example> -----")), "{}: {start}", language.name);
        }
        for prefix in language.prefixes {
            assert!(is_forward_prefix(prefix), "{}: {prefix}", language.name);
        }
    }
}

#[test]
fn every_header_name_makes_a_block() {
    for language in all() {
        let [froms, dates, recipients, subjects, _] = language.fields;
        let most = froms.len().max(dates.len()).max(recipients.len()).max(subjects.len());
        for number in 0..most {
            let pick = |names: &[&'static str]| names.get(number).or(names.first()).copied().unwrap_or("Date");
            let [from, date, to, subject] = [froms, dates, recipients, subjects].map(pick);
            let lines = [
                format!("*{from}:* Mia Berg <mia@customer.example>"),
                format!("*{date}:* 12.11.2026 10:11"),
                format!("*{to}:* Example Support"),
                format!("*{subject}:* Broken kettle"),
                String::new(),
            ];
            for order in [[0, 1, 2, 3, 4], [1, 0, 2, 3, 4], [3, 1, 0, 2, 4], [2, 0, 1, 3, 4], [0, 3, 1, 4, 4], [0, 1, 2, 4, 4]] {
                let block: Vec<&str> = order.iter().map(|at| lines[*at].as_str()).collect();
                assert!(separates(&block, 0), "{}: {block:?}", language.name);
            }
            for order in [[0, 1, 4], [0, 3, 4], [1, 2, 3]] {
                let block: Vec<&str> = order.iter().map(|at| lines[*at].as_str()).collect();
                assert!(!separates(&block, 0), "{}: {block:?}", language.name);
            }
        }
    }
}

#[test]
fn what_people_write_is_left_alone() {
    for language in all() {
        for sentence in language.sentences {
            let lines = [*sentence, "", "It leaks.", "Please call me."];
            assert_eq!(attribution(&lines), 0, "{}: {sentence}", language.name);
            assert!(!separates(&lines, 0), "{}: {sentence}", language.name);
            assert!(!is_forward(sentence), "{}: {sentence}", language.name);
        }
    }
}

#[test]
fn a_bracket_alone_on_its_line_is_no_quotation() {
    let lines = ["On Thu, Nov 12, 2026 at 4:20 PM Mia Berg <mia@customer.example", "> wrote:", "", "> It leaks."];
    assert_eq!(attribution(&lines), 2);
    assert_eq!(attribution(&["On 12.11.2026 10:11 Mia <mia@customer.example>", "> wrote:"]), 0);
}

/// Lines that are nearly what is looked for, and any others.
fn foreign_line() -> impl Strategy<Value = String> {
    let pieces = [
        "On ",
        "12.11.2026",
        " 10:11",
        "\u{202f}",
        "：",
        ":",
        "<",
        ">",
        "@",
        "é",
        "写道",
        "-----",
        "___",
        "Von",
        "From",
        "To: ",
        "Date:",
        "Subject:",
        "wrote",
        "\u{200f}",
        "١٢",
        " ",
        ">>> ",
        "---",
        "Original Message",
        "İ",
        "10h",
        "99999999999",
        "\t",
    ];
    let nearly = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![nearly, ".{0,60}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_lines_are_read(lines in prop::collection::vec(foreign_line(), 1..12)) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let count = attribution(&lines);
        prop_assert!(count <= lines.len());
        separates(&lines, 0);
        is_forward(lines[0]);
        is_group_wise(lines[0]);
        is_forward_prefix(lines[0]);
        for block in [header_block(&lines), notes_block(&lines)].into_iter().flatten() {
            prop_assert!(block.lines <= lines.len());
        }
    }

    #[test]
    fn any_text_is_searched_for_what_it_passes_on(lines in prop::collection::vec(foreign_line(), 0..12), passes_on: bool) {
        let text = lines.join("\n");
        if let Some(found) = super::super::forward::find(&text, passes_on) {
            prop_assert!(found.words.len() + found.text.len() <= text.len());
        }
        super::super::forward::is_forward_subject(&text);
    }
}

#[test]
fn the_sentence_above_an_attribution_is_not_part_of_it() {
    let sentence = "Please ring twice and tell the neighbour that you have been here";
    let lines = [sentence, "On 12 Nov 2026 at 10:11 Mia Berg <mia@customer.example> wrote:", "> It leaks."];
    assert_eq!(attribution(&lines), 0);
    assert_eq!(attribution(&lines[1..]), 1);
    assert_eq!(attribution(&["Please ring twice.", "Mia Berg <mia@customer.example> wrote:", "> It leaks."]), 0);
}

#[test]
fn header_names_in_english_are_mixed_into_any_language_and_others_are_not() {
    assert!(separates(&["Från: Mia", "Date: 12.11.2026", "Till: Ana", "Subject: x"], 0));
    assert!(!separates(&["Från: Mia", "Datum: 12.11.2026", "Aan: Ana", "Objet: x"], 0));
}

#[test]
fn a_form_is_no_header_block() {
    let form =
        ["A new message from the form:", "", "From: Mia", "Date: 2026-11-12 10:11", "Subject: Lid", "Message: Do you sell lids?"];
    assert!(!separates(&form, 2));
    assert!(!separates(&[&form[..5], &["", "Do you sell lids?"]].concat(), 2));
    assert!(!separates(&["Hello", "", "From: Mia", "Date: 2026-11-12", "Subject: Lid", ""], 2));
    assert!(separates(&["Hello", "", "From: Mia", "Date: 2026-11-12 10:11", "Subject: Lid", "", "Do you sell lids?"], 2));
}

#[test]
fn the_line_of_another_help_desk_is_the_border_and_a_sentence_about_one_is_not() {
    for line in [
        "##- Please type your reply above this line -##",
        "-- Reply above this line --",
        "=== Bitte antworten Sie oberhalb dieser Linie ===",
        "*** Escriba su respuesta por encima de esta línea ***",
    ] {
        assert!(is_reply_line(line), "{line}");
    }
    for line in ["I wrote it above this line.", "- above the line it is red", "--"] {
        assert!(!is_reply_line(line), "{line}");
    }
}
