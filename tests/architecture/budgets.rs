//! Sizes: a file is read at one sitting, a function on one screen; and the table of contents is complete.

use super::source::{Source, closing, line_of, words};
use super::violation::Violation;

/// Lines of a file.
const LONGEST_FILE: usize = 400;
/// Lines of a function, from `fn` to its last brace.
const LONGEST_FUNCTION: usize = 60;

/// The modules in the order of the listing, which is the way of a mail.
const CONTENTS: [&str; 15] = [
    "accept",
    "authenticate",
    "decide",
    "deliver",
    "duty",
    "inspect",
    "login",
    "model",
    "observe",
    "operate",
    "process",
    "run",
    "settings",
    "store",
    "web",
];

/// Checks one file.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    let lines = source.text.lines().count();
    if lines > LONGEST_FILE {
        let remedy = format!("cut it in two: {LONGEST_FILE} is the most");
        violations.push(Violation::new(&source.path, LONGEST_FILE, format!("{lines} lines"), remedy));
    }
    if !source.text.starts_with("//!") {
        let remedy = "begin with //! and say what it promises and how it fails";
        violations.push(Violation::new(&source.path, 1, "no header", remedy));
    }
    for (line, name, length) in functions(source).into_iter().filter(|(_, _, length)| *length > LONGEST_FUNCTION) {
        let remedy = format!("cut it in two: {LONGEST_FUNCTION} is the most");
        violations.push(Violation::new(&source.path, line, format!("fn {name} has {length} lines"), remedy));
    }
    violations
}

/// Every function with a body: its line, its name, its length in lines.
pub(crate) fn functions(source: &Source) -> Vec<(usize, String, usize)> {
    let code = &source.code;
    let mut found = Vec::new();
    for start in words(code, "fn") {
        let name: String = code[start + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if let Some(open) = body(code, start).filter(|_| !name.is_empty()) {
            let (first, last) = (line_of(code, start), line_of(code, closing(code, open) - 1));
            found.push((first, name, last - first + 1));
        }
    }
    found
}

/// The brace that opens the body of the function at `start`; `None` for one that a trait only declares.
fn body(code: &str, start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += code[at..].find(['(', '[', '{', ';'])?;
        match code.as_bytes()[at] {
            b'{' => return Some(at),
            b';' => return None,
            _ => at = closing(code, at),
        }
    }
}

/// `lib.rs` names every module, each with its line, in the order of the listing.
pub(crate) fn check_contents(library: &Source, sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut named = Vec::new();
    let lines: Vec<&str> = library.text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        if !number.checked_sub(1).is_some_and(|before| lines[before].starts_with("///")) {
            let remedy = "give it one line that says what it does";
            violations.push(Violation::new(&library.path, number + 1, format!("{name} has no doc line"), remedy));
        }
        named.push(name);
    }
    let existing: Vec<&str> =
        CONTENTS.into_iter().filter(|name| sources.iter().any(|s| s.module().first() == Some(name))).collect();
    if named != existing {
        let remedy = format!("the listing is the flow: {existing:?}");
        violations.push(Violation::new(&library.path, 1, format!("the contents are {named:?}"), remedy));
    }
    violations
}

#[test]
fn the_length_of_a_function_is_counted_past_braces_in_literals_and_comments() {
    let text = "fn a(b: [u8; 2]) -> char {\n    // }\n    let _ = \"}\";\n    let _: &'static str = r#\"}\"#;\n    '}'\n}\ntrait T { fn declared(&self); }\n";
    assert_eq!(functions(&Source::new("src/x.rs", text)), [(1, "a".to_owned(), 6)]);
    let long = format!("//! Header.\nfn long() {{\n{}}}\n", "    step();\n".repeat(LONGEST_FUNCTION - 1));
    assert_eq!(check(&Source::new("src/x.rs", &long)).len(), 1);
    assert_eq!(check(&Source::new("src/x.rs", &long.replacen("    step();\n", "", 1))).len(), 0);
}
