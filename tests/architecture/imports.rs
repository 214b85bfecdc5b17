//! Who may name whom: the table of the house against the code, and what the pure modules must not know.

use super::source::{Source, line_of, words};
use super::violation::Violation;

/// A module, and the modules that it may name. From model to main each row names only rows above it, so there is no circle.
const TABLE: [(&str, &[&str]); 16] = [
    ("observe", &[]),
    ("web", &[]),
    ("login", &["observe", "web"]),
    ("model", &[]),
    ("decide", &["model"]),
    ("store", &["observe", "web", "model", "decide"]),
    ("accept", &["observe", "web", "login", "model", "decide", "store"]),
    ("authenticate", &["observe", "model", "decide", "store"]),
    ("deliver", &["observe", "login", "model", "decide", "store"]),
    ("duty", &["observe", "model", "decide", "store"]),
    ("process", &["observe", "model", "decide", "store", "accept", "authenticate", "deliver"]),
    ("inspect", &["observe", "model", "store", "accept"]),
    ("settings", &["inspect", "login", "model", "decide", "store", "accept", "authenticate", "deliver", "process"]),
    (
        "run",
        &["observe", "model", "decide", "store", "accept", "authenticate", "deliver", "duty", "process", "settings", "inspect"],
    ),
    (
        "operate",
        &[
            "observe",
            "login",
            "model",
            "decide",
            "store",
            "accept",
            "authenticate",
            "deliver",
            "process",
            "settings",
            "inspect",
            "run",
        ],
    ),
    (
        "main",
        &[
            "observe",
            "model",
            "decide",
            "store",
            "accept",
            "authenticate",
            "deliver",
            "process",
            "settings",
            "inspect",
            "run",
            "operate",
        ],
    ),
];

/// What decides is told everything: no I/O, clock, environment or chance in these modules.
const PURE: [&str; 2] = ["model", "decide"];

/// What a pure module must not name.
const IMPURE: [&str; 17] = [
    "tokio",
    "sqlx",
    "lettre",
    "rand",
    "SystemRandom",
    "std::fs",
    "std::env",
    "std::io",
    "std::process",
    "std::thread",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
];

/// Checks the production code of one file.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let module = source.module().first().map_or("main", |name| *name).to_owned();
    if source.path == "src/lib.rs" {
        return Vec::new();
    }
    let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == module) else {
        return vec![Violation::new(&source.path, 1, format!("{module} is not in the import table"), "give it a row in TABLE")];
    };
    let mut violations = Vec::new();
    for (offset, name) in named_modules(source) {
        let ours = TABLE.iter().any(|(module, _)| *module == name);
        if ours && name != module && !allowed.contains(&name.as_str()) {
            let what = format!("{module} names {name}");
            let remedy = format!("it may name {allowed:?}: move the code, or hand in a value");
            violations.push(Violation::new(&source.path, line_of(&source.code, offset), what, remedy));
        }
    }
    if PURE.contains(&module.as_str()) {
        violations.extend(impurities(source));
    }
    violations
}

fn impurities(source: &Source) -> Vec<Violation> {
    let found = IMPURE.iter().flat_map(|name| words(&source.production, name).into_iter().map(move |offset| (offset, name)));
    let remedy = "this module is told, it never asks: make it an argument";
    found
        .map(|(offset, name)| Violation::new(&source.path, line_of(&source.code, offset), format!("{name} is named"), remedy))
        .collect()
}

/// Every top-level module that a path names, by `crate::`, `postdesk::` or enough `super::`, with the offset of the path.
fn named_modules(source: &Source) -> Vec<(usize, String)> {
    let code = &source.production;
    let mut named = Vec::new();
    for start in words(code, "crate").into_iter().chain(words(code, "postdesk")) {
        named.extend(names_behind(code, start, code[start..].find(':').unwrap_or(0)));
    }
    // `super` of the file's own module is one step up; as many steps as the module is deep lead to the crate.
    let up = "super::".repeat(source.module().len());
    for start in words(code, "super").into_iter().filter(|_| !up.is_empty()) {
        if code[start..].starts_with(&up) && !code[..start].ends_with("super::") {
            named.extend(names_behind(code, start, up.len() - 2));
        }
    }
    named
}

/// The names behind the `::` at `start + length`: one, or those of a group.
fn names_behind(code: &str, start: usize, length: usize) -> Vec<(usize, String)> {
    let Some(rest) = code[start + length..].strip_prefix("::") else { return Vec::new() };
    let name = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![(start, name(rest))] };
    let (mut depth, mut names, mut begin) = (0, Vec::new(), 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push((start, name(&group[begin..at])));
                begin = at + 1;
            }
            _ => {}
        }
        if character == '}' && depth == 0 && begin == at + 1 {
            break;
        }
    }
    names
}

#[test]
fn a_path_to_a_module_that_may_not_be_named_is_found_in_each_of_its_forms() {
    let found = |path: &str, text: &str| check(&Source::new(path, text)).len();
    assert_eq!(found("src/accept/smtp/mod.rs", "use crate::deliver::Options;"), 1);
    assert_eq!(found("src/accept/smtp/mod.rs", "use crate::{model::mail::{Mail, Part}, deliver};"), 1);
    assert_eq!(found("src/accept/smtp/mod.rs", "use super::super::deliver::Options;"), 1);
    assert_eq!(found("src/accept/smtp/mod.rs", "use super::deliver::Options; use crate::store::Store;"), 0);
    assert_eq!(found("src/decide/mod.rs", "fn f() { let now = std::time::SystemTime::now(); }"), 1);
    assert_eq!(found("src/decide/mod.rs", "use std::net::IpAddr; // tokio\n#[cfg(test)] mod tests { use std::fs; }"), 0);
    assert_eq!(found("src/surprise.rs", ""), 1);
}
