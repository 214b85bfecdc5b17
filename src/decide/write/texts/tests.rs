//! Texts: whole in every language, faults told with file and line.

use super::check::check;
use super::*;
use crate::model::time::Zone;

fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let overrides = files.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
    Texts::load(overrides).1.iter().map(Fault::to_string).collect()
}

fn one(name: &str, source: &str) -> String {
    let found = faults(&[(name, source)]);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

#[test]
fn every_built_in_text_renders_in_every_turn_and_every_language_is_whole() {
    let (faults, summaries) = check(Vec::new());
    assert!(faults.is_empty(), "{}", faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"));
    assert_eq!(summaries.len(), built_in::FOLDERS.len());
    for summary in summaries {
        assert_eq!((summary.english, summary.texts), (0, 36), "{} lacks something", summary.language);
    }
}

#[test]
fn a_translation_has_the_variables_of_the_english_text_and_no_others() {
    let (texts, _) = Texts::load(Vec::new());
    let used = |language: &str, file: &str| {
        texts.environment.get_template(&format!("{language}/{file}")).unwrap().undeclared_variables(true)
    };
    for language in built_in::languages() {
        for file in built_in::names().filter(|file| *file != PHRASES) {
            assert_eq!(used(language, file), used(ENGLISH, file), "{language}/{file}");
        }
    }
}

#[test]
fn a_file_of_ones_own_replaces_that_one_and_a_language_of_ones_own_falls_back_file_by_file_and_key_by_key() {
    let files = [
        ("en/closed.subject", "Done: {{ subject }}"),
        ("de/closed.subject", "Erledigt: {{ subject }}"),
        ("de/phrases", "status.open = offen"),
    ];
    let texts = Texts::new(files.map(|(name, source)| (name.to_owned(), source.to_owned())).into()).unwrap();
    let zone = Zone::default();
    let voice = |language| Voice { phrases: &texts.phrases, language, zone: &zone };
    assert_eq!(texts.show(voice("en"), "closed", false).0, "Done: Broken kettle");
    let (subject, page) = texts.show(voice("de"), "closed", true);
    assert_eq!(subject, "Erledigt: Broken kettle");
    let body = page.text();
    assert!(body.starts_with("-- Write your answer above this line. --\n\nAna Kovač has closed SUP-7."), "{body}");
    assert!(texts.show(voice("de"), "reply", true).1.text().contains("offen"), "its own phrase among English ones");
    assert!(texts.speaks("de") && !texts.speaks("fr"));
}

#[test]
fn mistakes_in_a_text_are_told_with_file_and_line() {
    assert_eq!(
        one("en/closed.body", "Hello,\n\n{{ refrence }} is closed."),
        "en/closed.body, line 3: nothing is called `refrence`; did you mean `reference`?"
    );
    let of_part = one("en/undelivered.body", "{% if returned.dead %}{{ returned.adress }}{% endif %}");
    assert_eq!(of_part, "en/undelivered.body, line 1: nothing is called `returned.adress`; did you mean `address`?");
    let in_list = one("en/digest.body", "{% for mail in held.entries %}\n{{ mail.form }}\n{% endfor %}");
    assert!(in_list.starts_with("en/digest.body, line 2: undefined value"), "{in_list}");
    let broken = one("en/begun.body", "Hello\n{% if assignee %}\nwe have begun");
    assert!(broken.starts_with("en/begun.body, line 3: syntax error"), "{broken}");
    assert!(one("en/closed.body", "#close it").contains("line 1: the line would be taken for a command"));
    assert!(one("en/closed.body", "Closed.\n-- \nUs").contains("line 2: mail programs leave out what is below"));
    assert!(
        one("en/closed.body", "-- Odgovor --\n-- Napišite odgovor iznad ove crte. --")
            .contains("line 2: the line says where a notice begins")
    );
    assert!(one("de/answer.body", "{{ author.name }} hat geantwortet.").contains("it does not show `text`"));
    assert_eq!(
        one("de/acknowledgment.body", "Danke."),
        "de/acknowledgment.body: there is no text of this name; call it `acknowledgement.body`, if that is meant, or take it out of the folder"
    );
    assert_eq!(one("EN/closed.body", "Closed."), "EN/closed.body: the language is written `en`; rename the folder");
}

#[test]
fn mistakes_in_phrases_are_told_with_file_and_line() {
    let whole = "plural = english\n";
    let of = |line: &str| one("de/phrases", &format!("{whole}{line}"));
    assert_eq!(of("done.asign = {name}"), "de/phrases, line 2: no phrase is called `done.asign`; did you mean `done.assign`?");
    assert!(
        of("done.assign = fertig").contains("line 2: {name} is missing; put {name} where the value belongs; English: {name} is")
    );
    assert!(of("done.answer = Danke {name}").contains("nothing comes in for {name}; write it without braces"));
    assert!(of("status.open offen").contains("line 2: is neither `key = words` nor a comment"));
    assert!(of("status.open = offen\nstatus.open = auf").contains("line 3: `status.open` stands in line 2 already"));
    assert!(of("hour.one = eine Stunde").contains("`hour` lacks the form `other`"));
    assert!(of("hour.one = eine Stunde\nhour.other = {n} Stunden\nhour.few = {n}").contains("do not ask for the form `few`"));
    assert!(of("hour = {n}").contains("write one for each form: hour.one, hour.other"));
    assert!(of("date = {day}. {month} {jahr}, {hour}:{minute}").contains("nothing comes in for {jahr}"));
    assert!(
        one("de/phrases", "plural = german").contains("there is no rule `german` for numbers; known are english, portuguese")
    );
    assert!(one("de/phrases", "day.one = ein Tag\nday.other = {n} Tage").contains("does not say which forms numbers ask for"));
    assert!(faults(&[("de/phrases", "plural = english\nhour.one = eine Stunde\nhour.other = {n} Stunden")]).is_empty());
}

#[test]
fn what_a_mail_would_meet_stops_a_start_and_what_makes_it_poorer_does_not() {
    let start = |name: &str, source: &str| Texts::new(vec![(name.to_owned(), source.to_owned())]);
    let refused = start("en/closed.body", "{{ refrence }}").map(|_| ()).unwrap_err();
    assert_eq!(refused, "en/closed.body, line 1: nothing is called `refrence`; did you mean `reference`?");
    assert!(start("en/phrases", "nonsense").is_err());
    assert!(start("en/phrases", "done.of-an-older-version = {name}").is_ok());
    assert!(start("en/answer.body", "Somebody answered.").is_ok());
    let both = vec![("en/closed.body".to_owned(), "{{ a }}".to_owned()), ("xx/none.body".to_owned(), String::new())];
    assert_eq!(Texts::new(both).map(|_| ()).unwrap_err().lines().count(), 2, "all at once");
}

#[test]
fn every_text_is_shown_to_those_who_get_it() {
    let (texts, _) = Texts::load(Vec::new());
    let zone = Zone::default();
    for language in built_in::languages() {
        let voice = Voice { phrases: &texts.phrases, language, zone: &zone };
        for event in built_in::names().filter_map(|name| name.strip_suffix(".subject")) {
            for to_agent in [true, false] {
                let (subject, page) = texts.show(voice, event, to_agent);
                let body = page.text();
                assert!(!subject.is_empty() && body.len() > 20, "{language}/{event}: {body}");
                assert!(!body.contains(['{', '\u{e000}']), "{language}/{event}: {body}");
            }
        }
    }
}
