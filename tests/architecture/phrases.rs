//! Every phrase is said by somebody, and every phrase that is said is there.
//!
//! A key stands in the code as a literal, or is made of a kind and the name of a thing (`Phrase::of("cause", …)`).

use std::collections::BTreeSet;

use postdesk::decide::update::command::KNOWN;
use postdesk::decide::write::phrases::lines;
use postdesk::decide::write::texts::built_in;
use postdesk::model::arrival::Cause;
use postdesk::model::notice::Event;
use postdesk::model::ticket::{Priority, Status};

use super::source::sources;

/// Keys that are made of a kind and a name: every name of the kind.
fn made() -> BTreeSet<String> {
    let mut made = BTreeSet::new();
    let mut add = |kind: &str, names: Vec<String>| made.extend(names.into_iter().map(|name| format!("{kind}.{name}")));
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    add("status", owned(&Status::ALL.map(Status::name)));
    add("priority", owned(&Priority::ALL.map(Priority::name)));
    add("mail", owned(&Event::ALL.map(Event::name)));
    add("mail", owned(&["other"]));
    add("cause", owned(&Cause::ALL.map(Cause::name)));
    add("command", KNOWN.iter().map(|(word, _)| (*word).to_owned()).collect());
    add("month", (1..=12).map(|month| month.to_string()).collect());
    add("weekday", (1..=7).map(|day| day.to_string()).collect());
    add("placeholder", owned(&["name", "word", "key", "address"]));
    add("fact", owned(&["reference", "requester", "department", "status", "priority", "due", "assignee", "nobody", "tags"]));
    made
}

/// The phrases of a language; of one that counts, the key without its form.
fn keys(language: &str) -> BTreeSet<String> {
    let source = built_in::source(language, "phrases").unwrap();
    let all: Vec<&str> = lines(source).map(|(_, line)| line.unwrap().0).collect();
    let counting = |key: &str| all.contains(&format!("{key}.other").as_str()) && key != "mail";
    all.iter()
        .map(|key| key.rsplit_once('.').map(|(base, _)| base).filter(|base| counting(base)).unwrap_or(key).to_owned())
        .filter(|key| key != "plural")
        .collect()
}

#[test]
fn every_language_has_every_phrase_and_no_other() {
    let english = keys("en");
    for language in built_in::languages() {
        let own = keys(language);
        let differences: Vec<_> = own.symmetric_difference(&english).collect();
        assert!(differences.is_empty(), "{language}: {differences:?}");
    }
}

#[test]
fn every_phrase_is_said_and_every_phrase_that_is_said_is_there() {
    let english = keys("en");
    let made = made();
    let texts: Vec<String> = sources(&["src"]).into_iter().map(|source| source.text).collect();
    let is_literal = |key: &str| texts.iter().any(|text| text.contains(&format!("\"{key}\"")));
    let unsaid: Vec<_> = english.iter().filter(|key| !made.contains(*key) && !is_literal(key)).collect();
    assert!(unsaid.is_empty(), "nobody says {unsaid:?}");
    let lacking: Vec<_> = made.iter().filter(|key| !english.contains(*key)).collect();
    assert!(lacking.is_empty(), "no language has {lacking:?}");
    // Only what may speak to people: elsewhere these are the names of other functions.
    let speaking = sources(&["src/decide"]).into_iter().map(|source| source.text).collect::<Vec<_>>();
    for call in ["Phrase::new(\"", "Phrase::counted(\"", ".say(\"", ".word(\"", "unclear(\""] {
        for said in speaking.iter().flat_map(|text| text.split(call).skip(1)).filter_map(|rest| rest.split('"').next()) {
            assert!(said.contains('{') || english.contains(said), "{call}{said}: no language has it");
        }
    }
}
