//! Phrases said: forms for numbers, dates, values that hold what they are looked for by.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::time::Time;

/// 2026-11-12, 08:05 in UTC: a Thursday.
const THEN: Time = Time(1_794_470_700_000_000);

fn phrases(files: &[(&str, &str)]) -> Phrases {
    let mut phrases = Phrases::default();
    phrases.add(ENGLISH, built_in::source(ENGLISH, "phrases").unwrap());
    files.iter().for_each(|(language, source)| phrases.add(language, source));
    phrases
}

fn with<T>(phrases: &Phrases, language: &str, say: impl FnOnce(Voice<'_>) -> T) -> T {
    let zone = Zone::default();
    say(Voice { phrases, language, zone: &zone })
}

/// Examples of the Unicode CLDR, release 46, `plurals.xml`, for whole numbers.
#[test]
fn numbers_ask_for_the_forms_that_unicode_says() {
    let examples: [(&str, &str, &[u64]); 13] = [
        ("english", "one", &[1]),
        ("english", "other", &[0, 2, 16, 100, 101, 1000]),
        ("portuguese", "one", &[0, 1]),
        ("portuguese", "other", &[2, 17, 100, 1000]),
        ("romanian", "one", &[1]),
        ("romanian", "few", &[0, 2, 16, 19, 101, 119, 1001, 1019]),
        ("romanian", "other", &[20, 35, 100, 120, 1000, 10_000]),
        ("croatian", "one", &[1, 21, 31, 101, 1001]),
        ("croatian", "few", &[2, 4, 22, 24, 102, 1002]),
        ("croatian", "other", &[0, 5, 11, 12, 14, 19, 25, 100, 111, 112, 1000]),
        ("none", "other", &[0, 1, 2, 100]),
        ("", "one", &[1]),
        ("", "other", &[0, 2]),
    ];
    for (rule, form, numbers) in examples {
        for number in numbers {
            assert_eq!(plural::form(rule, *number), form, "{rule}: {number}");
            assert!(plural::forms(rule).contains(&form));
        }
    }
}

#[test]
fn a_language_without_the_forms_of_a_phrase_says_it_in_english_forms() {
    let phrases = phrases(&[("hu", "plural = none\nday.other = {n} nap"), ("hr", "plural = croatian\nhour.few = {n} sata")]);
    let counted = |language, key: &str, count| with(&phrases, language, |voice| voice.count(key, count));
    assert_eq!(counted("hu", "day", 1), "1 nap");
    assert_eq!(counted("hu", "hour", 1), "1 hour", "not the English words in a Hungarian form");
    assert_eq!((counted("hr", "hour", 3), counted("hr", "hour", 1)), ("3 sata".to_owned(), "1 hour".to_owned()));
}

#[test]
fn dates_are_written_as_each_language_writes_them() {
    let months = "month.11 = novembra\nweekday.4 = četvrtok";
    let cases = [
        ("hu", "date = {year}. {month} {day}. {hour}:{minute}\nmonth.11 = november", "2026. november 12. 08:05"),
        ("hr", "date = {day}. {month} {year}. u {hour}:{minute}\nmonth.11 = studenoga", "12. studenoga 2026. u 08:05"),
        ("bg", "date = {day} {month} {year} г., {hour}:{minute}\nmonth.11 = ноември", "12 ноември 2026 г., 08:05"),
        ("pt-BR", "date = {day} de {month} de {year}, {hour}:{minute}\nmonth.11 = novembro", "12 de novembro de 2026, 08:05"),
        ("sk", months, "12 novembra 2026, 08:05"),
    ];
    for (language, source, wanted) in cases {
        let phrases = phrases(&[(language, source)]);
        assert_eq!(with(&phrases, language, |voice| voice.date(THEN)), wanted);
    }
    let phrases = phrases(&[]);
    let said = with(&phrases, "en", |voice| [voice.date(THEN), voice.day(THEN), voice.due(THEN)]);
    assert_eq!(said, ["12 November 2026, 08:05", "12 November 2026", "Thursday, 12 November 2026, 08:05"]);
}

#[test]
fn sizes_have_the_decimal_mark_of_the_language() {
    let phrases = phrases(&[("hu", "decimal = ,")]);
    let said = |language| with(&phrases, language, |voice| [12, 12_600, 1_468_006].map(|octets| voice.size(octets)));
    assert_eq!(said("en"), ["12 B", "12 KiB", "1.4 MiB"]);
    assert_eq!(said("hu"), ["12 B", "12 KiB", "1,4 MiB"]);
}

#[test]
fn lists_and_commands_are_said_in_the_language_of_the_reader() {
    let phrases = phrases(&[("hu", "list.or = {before} vagy {next}\nplaceholder.name = NÉV\nrefused.lacks = hiányos: {form}")]);
    let list = Phrase::new("refused.several").list("agents", "list.or", ["Ana", "Boris", "Vera"]);
    assert_eq!(list.to_string(), "could mean Ana or Boris or Vera; write the key or the address");
    let lacks = Phrase::new("refused.lacks").value("form", Value::Command("assign"));
    assert_eq!(lacks.to_string(), "lacks a word; it is written #assign NAME");
    assert_eq!(with(&phrases, "hu", |voice| voice.tell(&lacks)), "hiányos: #assign NÉV");
}

#[test]
fn every_known_command_has_its_own_word_in_its_form() {
    let phrases = phrases(&[]);
    for (word, form) in KNOWN {
        let written = with(&phrases, "en", |voice| voice.value(&Value::Command(word)));
        assert!(written == format!("#{word}") || written.starts_with(&format!("#{word} ")), "{form}");
        assert!(!written.contains('{'), "{written}");
    }
}

proptest! {
    #[test]
    fn a_value_is_never_looked_at_for_values(value in "[{}a-z]{0,12}", wild in any::<String>()) {
        for value in [value, wild] {
            let said = fill("{name} wrote on {date}", &[("name", &value), ("date", "Friday")]);
            prop_assert_eq!(said, format!("{} wrote on Friday", on_one_line(&value)));
        }
    }

    #[test]
    fn any_file_of_phrases_is_read_and_gives_lines_of_it(source in "[a-z.={} #\n]{0,200}") {
        let count = source.lines().count();
        let read: BTreeMap<usize, bool> = lines(&source).map(|(number, line)| (number, line.is_ok())).collect();
        prop_assert!(read.keys().all(|number| (1..=count).contains(number)));
    }
}
