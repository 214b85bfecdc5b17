//! A file of phrases: every key is one that is said, with the values that English has, in the forms that the language has.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::phrases::plural::{self, OTHER};
use super::super::super::phrases::{ENGLISH, lines};
use super::super::{PHRASES, Texts, built_in};
use super::Fault;
use crate::model::suggestion::nearest;

/// The key that names the rule for numbers.
const RULE: &str = "plural";

/// The phrases that are said, as the built-in English has them.
struct Known {
    /// The words of each; of one that counts, those of its form `other`, without the form in the key.
    phrases: BTreeMap<&'static str, &'static str>,
    counting: BTreeSet<&'static str>,
}

impl Known {
    fn new() -> Self {
        let source = built_in::source(ENGLISH, PHRASES).unwrap_or_default();
        let all: Vec<(&str, &str)> = lines(source).filter_map(|(_, line)| line.ok()).collect();
        let counting: BTreeSet<&str> = all.iter().filter_map(|(key, _)| key.strip_suffix(".one")).collect();
        let phrases = all
            .iter()
            .map(|(key, words)| (counted(key).filter(|(key, _)| counting.contains(key)).map_or(*key, |(key, _)| key), *words));
        Self { phrases: phrases.collect(), counting }
    }

    /// The known phrase that a key is of, and its form.
    fn find<'k>(&self, key: &'k str) -> Option<(&'static str, &'static str, Option<&'k str>)> {
        let of = |key: &str| self.phrases.get_key_value(key).map(|(key, words)| (*key, *words));
        let form = counted(key).and_then(|(base, form)| self.counting.contains(base).then_some((of(base)?, form)));
        match form {
            Some(((base, words), form)) => Some((base, words, Some(form))),
            None => of(key).filter(|(key, _)| !self.counting.contains(key)).map(|(key, words)| (key, words, None)),
        }
    }
}

/// A key without the form at its end.
fn counted(key: &str) -> Option<(&str, &str)> {
    key.rsplit_once('.').filter(|(_, form)| matches!(*form, "zero" | "one" | "two" | "few" | "many" | "other"))
}

/// How many phrases a language has, and how many there are.
pub(super) fn count(texts: &Texts, language: &str) -> (usize, usize) {
    let known = Known::new();
    let has = |key: &&str| {
        let form = if known.counting.contains(*key) { format!("{key}.{OTHER}") } else { (*key).to_owned() };
        texts.phrases.own(language, &form).is_some()
    };
    (known.phrases.keys().filter(|key| has(key)).count(), known.phrases.len())
}

/// All faults of one file.
pub(super) fn faults(texts: &Texts, language: &str, name: &str, source: &str) -> Vec<Fault> {
    let known = Known::new();
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, line) in lines(source) {
        match line {
            Err(what) => faults.push(Fault::grave(name, Some(number), what, "write it as `key = words`, or put a # before it")),
            Ok((key, words)) => {
                if let Some(first) = seen.insert(key, number) {
                    let what = format!("`{key}` stands in line {first} already");
                    faults.push(Fault::slight(name, Some(number), what, "take one of them out; the last one is said"));
                }
                faults.extend(
                    of_line(&known, texts.rule(language), key, words)
                        .map(|(what, remedy)| Fault::slight(name, Some(number), what, remedy)),
                );
            }
        }
    }
    faults.extend(missing_forms(&known, texts, language, name, &seen));
    faults
}

impl Texts {
    /// The rule by which a language counts.
    fn rule(&self, language: &str) -> &str {
        self.phrases.own(language, RULE).unwrap_or_default()
    }
}

/// What is wrong with a phrase, and what to do.
fn of_line(known: &Known, rule: &str, key: &str, words: &str) -> Option<(String, String)> {
    if key == RULE {
        let rules = || plural::RULES.iter().map(|(name, _)| *name);
        return (!rules().any(|known| known == words)).then(|| {
            let all = rules().collect::<Vec<_>>().join(", ");
            (format!("there is no rule `{words}` for numbers"), format!("known are {all}"))
        });
    }
    let Some((base, english, form)) = known.find(key) else {
        let near = nearest(key, known.phrases.keys().copied());
        let remedy = near.map_or_else(|| "take it out".to_owned(), |near| format!("did you mean `{near}`?"));
        let counts = known.counting.contains(key);
        let remedy = if counts { format!("write one for each form: {key}.one, {key}.other ...") } else { remedy };
        return Some((format!("no phrase is called `{key}`"), remedy));
    };
    if let Some(form) = form.filter(|form| !plural::forms(rule).contains(form)) {
        let forms = plural::forms(rule).join(", ");
        return Some((
            format!("numbers do not ask for the form `{form}` by the rule of this language"),
            format!("its forms are {forms}; `{RULE} =` names the rule"),
        ));
    }
    of_values(base, english, form, words)
}

/// Values that English has and this does not, or the other way.
fn of_values(key: &str, english: &str, form: Option<&str>, words: &str) -> Option<(String, String)> {
    let (wanted, given) = (values(english), values(words));
    // `one hour` needs no number, and a language may write a date without a part.
    let may_lack = |name: &str| name == "n" && form.is_some_and(|form| form != OTHER);
    let may_have = |name: &str| key.starts_with("date") && DATE.contains(&name);
    if let Some(unknown) = given.iter().find(|name| !wanted.contains(*name) && !may_have(name)) {
        let all: Vec<String> = wanted.iter().map(|name| format!("{{{name}}}")).collect();
        let remedy = if all.is_empty() { "write it without braces".to_owned() } else { format!("there are {}", all.join(", ")) };
        return Some((format!("nothing comes in for {{{unknown}}}"), remedy));
    }
    let lost = wanted.iter().find(|name| !given.contains(*name) && !may_lack(name))?;
    Some((format!("{{{lost}}} is missing"), format!("put {{{lost}}} where the value belongs; English: {english}")))
}

/// What dates are made of.
const DATE: [&str; 6] = ["year", "month", "day", "weekday", "hour", "minute"];

fn values(words: &str) -> BTreeSet<&str> {
    words.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

/// A phrase that counts needs all the forms of its language.
fn missing_forms(known: &Known, texts: &Texts, language: &str, name: &str, seen: &BTreeMap<&str, usize>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let rule = texts.rule(language);
    let counted: BTreeMap<&str, usize> = seen
        .iter()
        .filter_map(|(key, line)| counted(key).filter(|(base, _)| known.counting.contains(base)).map(|(base, _)| (base, *line)))
        .collect();
    if let Some(line) = counted.values().next().filter(|_| rule.is_empty()) {
        let all = plural::RULES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let what = "the language does not say which forms numbers ask for";
        faults.push(Fault::slight(name, Some(*line), what, format!("write `{RULE} =` and one of {all}")));
    }
    for (base, line) in &counted {
        let lacks = |form: &&&str| texts.phrases.own(language, &format!("{base}.{form}")).is_none();
        if let Some(form) = plural::forms(rule).iter().find(lacks) {
            faults.push(Fault::slight(
                name,
                Some(*line),
                format!("`{base}` lacks the form `{form}`"),
                format!("write {base}.{form} = ..."),
            ));
        }
    }
    faults
}
