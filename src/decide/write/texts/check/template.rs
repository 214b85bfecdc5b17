//! A subject or body: it renders with every sample, uses words that there are, and has no line that would be taken for something else.

use minijinja::Value;

use super::super::super::phrases::{ENGLISH, Voice};
use super::super::{Frame, Texts, built_in, sample, values};
use super::Fault;
use crate::decide::parse::cut::has_marker;
use crate::model::suggestion::nearest;
use crate::model::time::Zone;

/// Words without which a notice has lost what it is for.
const ESSENTIAL: [&str; 2] = ["text", "own_words"];

/// The fault of a template that cannot be read, or fails.
pub(in super::super) fn of_template(name: &str, source: &str, error: &minijinja::Error) -> Fault {
    let what = error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    let line = error.line().map(|line| line.min(source.lines().count().max(1)));
    Fault::grave(name, line, what, "compare it with the English text of this name")
}

/// All faults of one file.
pub(super) fn faults(texts: &Texts, (language, file): (&str, &str), source: &str, samples: &[Value]) -> Vec<Fault> {
    let name = format!("{language}/{file}");
    let mut faults = unknown_words(texts, &name, source);
    if faults.is_empty() {
        faults.extend(failing(texts, &name, source, samples));
    }
    faults.extend(mistaken_lines(file, &name, source));
    faults.extend(missing(texts, file, &name));
    faults
}

/// Words that no notice has. A turn that no sample takes is looked at, too.
fn unknown_words(texts: &Texts, name: &str, source: &str) -> Vec<Fault> {
    let known = values(&crate::decide::write::words::Words::default());
    let mut used: Vec<String> = used(texts, name).collect();
    used.sort();
    let unknown = used.iter().filter(|path| !is_known(&known, path));
    let fault = |path: &String| {
        let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
        let line = (1..).zip(source.lines()).find(|(_, line)| line.contains(path.as_str())).map(|(number, _)| number);
        let beside = names(&walk(&known, above).unwrap_or_default());
        let remedy = match nearest(last, beside.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", beside.join(", ")),
        };
        Fault::grave(name, line, format!("nothing is called `{path}`"), remedy)
    };
    unknown.map(fault).collect()
}

fn used(texts: &Texts, name: &str) -> impl Iterator<Item = String> + use<> {
    let found = texts.environment.get_template(name).map(|template| template.undeclared_variables(true)).unwrap_or_default();
    // What every template has beside the words: `range`, `namespace` and the like.
    let globals: Vec<String> = texts.environment.globals().map(|(name, _)| name.to_owned()).collect();
    found.into_iter().filter(move |path| !globals.iter().any(|global| path.split('.').next() == Some(global)))
}

fn walk(known: &Value, path: &str) -> Option<Value> {
    path.split('.')
        .filter(|name| !name.is_empty())
        .try_fold(known.clone(), |value, name| value.get_attr(name).ok().filter(|value| !value.is_undefined()))
}

fn is_known(known: &Value, path: &str) -> bool {
    walk(known, path).is_some()
}

fn names(value: &Value) -> Vec<String> {
    value.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default()
}

/// What texts of a language are tried with.
pub(super) fn samples(texts: &Texts, language: &str) -> Vec<Value> {
    let zone = Zone::default();
    let voice = Voice { phrases: &texts.phrases, language, zone: &zone };
    sample::all(voice).iter().map(values).collect()
}

/// What fails while it is rendered: an operation that cannot be done, an unknown word of something in a list.
fn failing(texts: &Texts, name: &str, source: &str, samples: &[Value]) -> Option<Fault> {
    let failed = samples.iter().find_map(|words| texts.try_render(name, words).err());
    failed.map(|error| of_template(name, source, &error))
}

/// Lines that a mail program, or the gateway when the notice comes back quoted, would take for something else.
fn mistaken_lines(file: &str, name: &str, source: &str) -> Vec<Fault> {
    let text = file.strip_suffix(".body").unwrap_or_default();
    let below_foot = text.ends_with("-foot") || Frame::of(text, true).foot;
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(source.lines()) {
        let mut told = |what: &str, remedy: &str| faults.push(Fault::grave(name, Some(number), what, remedy));
        if line.starts_with('#') && !line[1..].trim_start().starts_with(|c: char| c.is_numeric()) {
            told("the line would be taken for a command where it is quoted", "put four spaces before it, or words");
        }
        if below_foot && line.trim_end() == "--" {
            told("mail programs leave out what is below such a line, and the foot stands below one already", "take the line out");
        }
        if has_marker(line) {
            told("the line says where a notice begins, which the gateway puts there itself", "take the line out");
        }
    }
    faults
}

/// What the English text shows and this one does not.
fn missing(texts: &Texts, file: &str, name: &str) -> Vec<Fault> {
    let shown: Vec<String> = used(texts, name).collect();
    let english = built_in::source(ENGLISH, file).unwrap_or_default();
    let lost = ESSENTIAL
        .into_iter()
        .filter(|word| english.contains(&format!("{{{{ {word} }}}}")) && !shown.iter().any(|known| known == word));
    lost.map(|word| {
        Fault::slight(
            name,
            None,
            format!("it does not show `{word}`, what somebody wrote"),
            format!("put {{{{ {word} }}}} on a line of its own"),
        )
    })
    .collect()
}
