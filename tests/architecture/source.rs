//! A Rust file as the checks see it: comments and the insides of literals blanked out, line by line where it was.
//!
//! Not a parser: it knows comments, strings, characters and brackets, which is what the checks need. What it cannot tell
//! apart it leaves standing, so that a check may complain too much, never too little.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of ours.
pub(crate) struct Source {
    /// Path below the root of the repository.
    pub(crate) path: String,
    /// The file as it is.
    pub(crate) text: String,
    /// Without comments and the insides of literals.
    pub(crate) code: String,
    /// The same without what is compiled for tests only.
    pub(crate) production: String,
}

impl Source {
    /// Reads a text as if it were the file at `path`.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = blank_comments_and_literals(text);
        let production = if is_for_tests(path) { spaces(&code) } else { blank_tests(&code) };
        Self { path: path.to_owned(), text: text.to_owned(), code, production }
    }

    /// The module it is: `["accept", "smtp", "tls"]`; nothing for `lib.rs` and `main.rs`.
    pub(crate) fn module(&self) -> Vec<&str> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        if ["lib", "main"].contains(&inner) { Vec::new() } else { inner.split('/').collect() }
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below these folders, in order.
pub(crate) fn sources(folders: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    for path in folders.iter().flat_map(|folder| files(&root().join(folder))) {
        if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source::new(&below_root(&path), &fs::read_to_string(&path).unwrap()));
        }
    }
    sources
}

/// Every file below a folder, in order, without what is built, kept by git, or written by a run.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file() && name != ".git" {
            found.push(path);
        } else if path.is_dir() && ![".git", "target", "var"].contains(&name.as_str()) {
            found.extend(files(&path));
        }
    }
    found
}

/// A path as people write it.
pub(crate) fn below_root(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

/// The number of the line that an offset is on, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|octet| **octet == b'\n').count() + 1
}

/// Offsets at which `word` stands by itself, not as a part of a longer name.
pub(crate) fn words(code: &str, word: &str) -> Vec<usize> {
    let part_of_name = |octet: Option<&u8>| octet.is_some_and(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
    let octets = code.as_bytes();
    let alone = |offset: &usize| {
        !part_of_name(offset.checked_sub(1).and_then(|before| octets.get(before)))
            && !part_of_name(octets.get(offset + word.len()))
    };
    code.match_indices(word).map(|(offset, _)| offset).filter(alone).collect()
}

/// The offset behind the bracket that closes the one at `open`; the end of the code when there is none.
pub(crate) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (offset, octet) in code.bytes().enumerate().skip(open) {
        match octet {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return offset + 1;
        }
    }
    code.len()
}

fn is_for_tests(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Blanks each item that `#[cfg(test)]` stands before.
fn blank_tests(code: &str) -> String {
    let mut production = code.to_owned();
    for (start, mark) in code.match_indices("#[cfg(test)]") {
        let body = start + mark.len() + code[start + mark.len()..].find(['{', ';']).unwrap_or(0);
        let end = if code.as_bytes().get(body) == Some(&b'{') { closing(code, body) } else { body + 1 };
        production.replace_range(start..end, &spaces(&code[start..end]));
    }
    production
}

/// The same number of octets and lines with nothing in them.
fn spaces(text: &str) -> String {
    text.bytes().map(|octet| if octet == b'\n' { '\n' } else { ' ' }).collect()
}

fn blank_comments_and_literals(text: &str) -> String {
    let octets = text.as_bytes();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < octets.len() {
        let end = end_of_blank(octets, at);
        if end > at {
            code.push_str(&spaces(&text[at..end]));
            at = end;
        } else {
            let character = text[at..].chars().next().unwrap();
            code.push_str(if character.is_ascii() { &text[at..=at] } else { "  " });
            at += character.len_utf8();
            // One space for each octet, so that offsets in the code are offsets in the text.
            code.push_str(&" ".repeat(if character.is_ascii() { 0 } else { character.len_utf8() - 2 }));
        }
    }
    code
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none does.
fn end_of_blank(octets: &[u8], at: usize) -> usize {
    let rest = &octets[at..];
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + end_of_block_comment(rest);
    }
    let in_name = at > 0 && (octets[at - 1].is_ascii_alphanumeric() || octets[at - 1] == b'_');
    match rest[0] {
        b'r' if !in_name || octets[at - 1] == b'b' => at + end_of_raw_string(rest),
        b'"' => at + end_of_quoted(rest, b'"'),
        b'\'' => at + end_of_character(rest),
        _ => at,
    }
}

fn end_of_block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// `r"…"`, `r#"…"#`, …; 0 for anything else that begins with an r.
fn end_of_raw_string(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|octet| **octet == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let end = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let begin = 2 + hashes;
    let length = rest[begin..].windows(end.len()).position(|window| window == end);
    length.map_or(rest.len(), |length| begin + length + end.len())
}

fn end_of_quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// `'x'` or `'\n'`; 0 for a lifetime.
fn end_of_character(rest: &[u8]) -> usize {
    let width = match rest.get(1) {
        Some(b'\\') => return end_of_quoted(rest, b'\''),
        Some(first) if *first >= 0xf0 => 4,
        Some(first) if *first >= 0xe0 => 3,
        Some(first) if *first >= 0xc0 => 2,
        _ => 1,
    };
    if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 0 }
}
