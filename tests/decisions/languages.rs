//! The language of a mail is found only when it is sure: measured with mails in the languages that there are texts for, and in others.
//!
//! `fixtures/languages/<language>` has twenty short mails, a line each; a longer one is four of them, one after another.

use std::fs;
use std::path::Path;

use postdesk::decide::language::detect;

const OURS: [&str; 6] = ["en", "ro", "hr", "bg", "pt-BR", "hu"];

fn ours(text: &str) -> Option<&'static str> {
    detect(text, |language| OURS.contains(&language))
}

/// Name, the short mails and the longer ones of every language.
fn languages() -> Vec<(String, Vec<String>, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/languages");
    let mut all: Vec<_> = fs::read_dir(folder)
        .expect("the fixtures can be read")
        .map(|entry| {
            let entry = entry.expect("the fixtures can be read");
            let text = fs::read_to_string(entry.path()).expect("the fixtures can be read");
            let short: Vec<String> = text.lines().map(str::to_owned).collect();
            let four = |at: usize| [0, 1, 7, 13].map(|shift| short[(at + shift) % short.len()].as_str()).join("\n");
            let longer = (0..short.len()).map(four).collect();
            (entry.file_name().to_string_lossy().replace("pt", "pt-BR"), short, longer)
        })
        .collect();
    all.sort();
    all
}

/// How many are taken for their own language, and which for another one of ours.
fn measured<'a>(language: &str, mails: &'a [String]) -> (usize, Vec<(&'a str, &'static str)>) {
    let found: Vec<_> = mails.iter().filter_map(|mail| Some((mail.as_str(), ours(mail)?))).collect();
    let (right, wrong): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, found)| *found == language);
    (right.len(), wrong)
}

#[test]
fn a_language_is_found_when_it_is_sure_and_never_taken_for_another() {
    println!("{:<8} {:>14} {:>14}", "", "short", "longer");
    let mut mistaken = Vec::new();
    let mut missed = Vec::new();
    for (language, short, longer) in languages() {
        let (of_short, wrong) = measured(&language, &short);
        mistaken.extend(wrong.iter().map(|(mail, found)| format!("{language} as {found}: {mail}")));
        let (of_longer, wrong) = measured(&language, &longer);
        mistaken.extend(wrong.iter().map(|(mail, found)| format!("{language} as {found}: {mail}")));
        println!("{language:<8} {of_short:>8} of {} {of_longer:>8} of {}", short.len(), longer.len());
        if OURS.contains(&language.as_str()) && (of_longer < 19 || of_short < 12) {
            missed.push(language.clone());
            for mail in short.iter().filter(|mail| ours(mail).is_none()) {
                println!("         missed: {mail}");
            }
        }
    }
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn what_is_short_or_in_two_languages_is_in_none() {
    let all = languages();
    let mails = |language: &str| all.iter().find(|(name, ..)| name == language).map(|(_, short, _)| short.clone()).unwrap();
    for text in [
        "",
        "ok",
        "Thank you!",
        "Hello, please call me.",
        "Mulțumesc!",
        "1042 1043 1044 https://shop.example/en/the/and/of",
        "👍👍👍",
    ] {
        assert_eq!(ours(text), None, "{text:?}");
    }
    for (left, right) in [("en", "hu"), ("en", "ro"), ("hr", "en"), ("bg", "en"), ("en", "de"), ("pt-BR", "es"), ("ro", "hu")] {
        for (one, other) in mails(left).iter().zip(mails(right)) {
            assert_eq!(ours(&format!("{one} {other}\n{one} {other}")), None, "{one} {other}");
        }
    }
}

#[test]
fn quoted_lines_addresses_and_a_name_in_another_language_do_not_count() {
    let text = "> The kettle is broken and we have not heard from you.\nA vízforralóm tegnap óta szivárog, kérem, küldjenek egy újat. \
                Amit vettem: The Great British Kettle Company.\nhttps://shop.example/the/kettle/of/my/life";
    assert_eq!(ours(text), Some("hu"));
}

#[test]
fn a_language_without_texts_is_none_and_one_of_ones_own_is_found_in_a_longer_mail() {
    let all = languages();
    let longer = |language: &str| all.iter().find(|(name, ..)| name == language).map(|(.., longer)| longer[0].clone()).unwrap();
    assert_eq!(detect(&longer("hu"), |language| language == "en"), None);
    assert_eq!(detect(&longer("de"), |language| ["en", "de"].contains(&language)), Some("de"));
    assert_eq!(detect(&longer("pt-BR"), |language| language == "pt"), Some("pt"), "an own folder of that name goes before ours");
    assert_eq!(detect("Wann kommt meine Bestellung an?", |language| language == "de"), None, "too short for one witness");
}

proptest::proptest! {
    #[test]
    fn any_text_has_a_language_or_none(text in "\\PC{0,400}") {
        let _ = detect(&text, |_| true);
    }
}
