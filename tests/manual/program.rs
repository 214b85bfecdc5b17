//! What the program knows: verbs and options by its own help, and what it logs as an error by its source.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::page::root;

/// The help of verbs, asked once each.
#[derive(Default)]
pub(crate) struct Program {
    help: HashMap<String, Option<String>>,
}

impl Program {
    /// What is wrong with a command line as it stands in the manual, where words in capitals and dots stand for values.
    pub(crate) fn fault_of(&mut self, line: &str) -> Option<String> {
        let line = line.split(['|', '>', '<', '#', ';', '&']).next().unwrap_or_default();
        let words = line.split_whitespace().skip(1).map(|word| word.trim_matches(['[', ']', '…', '(', ')', ',']));
        let words: Vec<&str> = words.collect();
        let mut verb: Vec<&str> = Vec::new();
        let mut from = words.iter().position(|word| !word.starts_with("--")).unwrap_or(words.len());
        if words.first() == Some(&"--config") {
            from = 2;
        }
        // The deepest verb that has a help of its own; `ticket list|show` names several.
        for word in words.iter().skip(from).take(2) {
            let first = word.split('|').next().unwrap_or_default();
            let mut deeper = verb.clone();
            deeper.push(first);
            if !is_word(first) || self.help(&deeper.join(" ")).is_none() {
                break;
            }
            verb = deeper;
        }
        if verb.is_empty() && words.iter().any(|word| is_word(word)) {
            return Some("there is no such verb".to_owned());
        }
        let help = self.help(&verb.join(" "))?;
        let is_group = help.contains("\nCommands:\n");
        let next = words.get(from + verb.len()).copied().unwrap_or_default();
        if is_group && !verb.is_empty() && is_word(next) {
            return Some(format!("`{next}` is no verb of `{}`", verb.join(" ")));
        }
        let options =
            words.iter().filter_map(|word| word.strip_prefix("--")).map(|word| word.split('=').next().unwrap_or_default());
        let unknown = options.filter(|name| !name.is_empty()).find(|name| !help.contains(&format!("--{name}")));
        unknown.map(|name| format!("--{name} is no option of `{}`", verb.join(" ")))
    }

    fn help(&mut self, verb: &str) -> Option<String> {
        let ask = |verb: &str| {
            let output =
                Command::new(env!("CARGO_BIN_EXE_postdesk")).args(verb.split_whitespace()).arg("--help").output().unwrap();
            let help = String::from_utf8(output.stdout).unwrap();
            // A word that is no verb but a value of one is shown the help of that verb.
            let usage = format!("Usage: postdesk {verb}");
            (output.status.success() && help.contains(usage.trim_end())).then_some(help)
        };
        self.help.entry(verb.to_owned()).or_insert_with(|| ask(verb)).clone()
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'-') && !word.starts_with('-')
}

/// The words of every line that production code logs as an error.
pub(crate) fn errors() -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for path in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let production = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for call in production.split("tracing::error!(").skip(1) {
            let call = call.split(");").next().unwrap_or_default();
            // The words are the last string of a call; values stand before it.
            found.extend(call.rsplit('"').nth(1).map(str::to_owned));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
