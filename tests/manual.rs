//! The manual, held against the program: pages are found and links lead somewhere, blocks of configuration are read without a fault,
//! verbs and options are there, and outcomes, exit codes and alarms are explained. That its commands do what they say is tried by
//! the test `package`, on a machine.

#![expect(clippy::unwrap_used, reason = "a page that cannot be read has to stop the test")]

#[path = "manual/page.rs"]
#[expect(dead_code, reason = "what the test of the package does with blocks")]
mod page;
#[path = "manual/program.rs"]
mod program;

use std::collections::BTreeSet;
use std::fs;

use page::{Block, Page, anchor, links, pages, root};
use postdesk::model::arrival::{Cause, Outcome};
use postdesk::settings::read;

/// Languages of blocks: what is run or read by a test, and what is shown.
const LANGUAGES: [&str; 12] = ["sh", "console", "toml", "text", "json", "yaml", "ini", "sql", "nginx", "caddy", "zone", "promql"];

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_index_has_every_page_and_every_link_leads_somewhere() {
    let mut faults = Vec::new();
    let index = fs::read_to_string(root().join("docs/README.md")).unwrap();
    for page in pages().iter().filter(|page| page.path.starts_with("docs/") && page.path != "docs/README.md") {
        let name = page.path.trim_start_matches("docs/");
        if !index.contains(&format!("({name})")) {
            faults.push(format!("{}: docs/README.md does not name it", page.path));
        }
    }
    for page in pages() {
        for (number, line) in &page.lines {
            let wrong = links(line).into_iter().filter(|target| !is_there(&page, target));
            faults.extend(wrong.map(|target| format!("{}:{number}: nothing is at {target}", page.path)));
        }
    }
    none(&faults);
}

/// Whether a link leads to a file of ours and a heading in it. Where the network leads, nobody asks.
fn is_there(page: &Page, target: &str) -> bool {
    if target.contains("://") {
        return true;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let here = root().join(&page.path);
    let path = if file.is_empty() { here } else { here.parent().unwrap().join(file) };
    if heading.is_empty() {
        return path.exists();
    }
    let Ok(text) = fs::read_to_string(&path) else { return false };
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading)
}

#[test]
fn every_block_says_what_it_is_so_that_no_command_goes_untried() {
    let mut faults = Vec::new();
    for page in pages() {
        for block in page.blocks.iter().filter(|block| !LANGUAGES.contains(&block.language())) {
            faults.push(format!("{}:{}: `{}` is none of {LANGUAGES:?}", page.path, block.line, block.words.join(" ")));
        }
        let mut in_list = false;
        for (number, line) in &page.lines {
            let indent = line.len() - line.trim_start().len();
            in_list = if indent == 0 && !line.is_empty() { line.starts_with(['-', '*']) || line.contains(". ") } else { in_list };
            if indent >= 4 && !in_list {
                faults.push(format!("{}:{number}: a block without a fence: {line}", page.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_configuration_that_is_shown_is_read_without_a_fault() {
    let mut faults = Vec::new();
    let mut count = 0;
    for page in pages() {
        for block in page.blocks.iter().filter(|block| block.language() == "toml") {
            count += 1;
            // Secrets of the manual's desk are on no machine that the tests run on; a credential is a file like any other here.
            let text = whole(block).replace("credential:", "/nowhere/");
            let found = read(&text, "postdesk.toml").err().map_or(Vec::new(), |found| found.0);
            let wrong = found.iter().filter(|fault| !fault.message.contains("cannot be read: No such file"));
            faults.extend(wrong.map(|fault| format!("{}:{}: {}: {}", page.path, block.line, fault.key, fault.message)));
        }
    }
    none(&faults);
    assert!(count > 10, "only {count} blocks of configuration were found");
}

/// A configuration without faults, section by section.
const SECTIONS: [(&str, &str); 5] = [
    ("[gateway]", "hostname = \"desk.example.org\"\n"),
    ("[delivery]", "relay = \"smtps://mail.shop.example\"\n"),
    (
        "[[department]]",
        "key = \"support\"\nname = \"Support\"\nprefix = \"SUP\"\naddress = \"support@desk.example.org\"\nmailboxes = [\"help@shop.example\"]\nagents = [\"ana\", \"boris\"]\n",
    ),
    ("[[agent]]", "key = \"ana\"\nname = \"Ana\"\naddress = \"ana@staff.example\"\naccess = \"admin\"\n"),
    (
        "[[imap]]",
        "name = \"support\"\nhost = \"imap.example.org\"\nuser = \"support@shop.example\"\npassword_file = \"/etc/postdesk/support-password\"\n",
    ),
];

/// A block of the manual within a whole configuration: its sections take the place of ours, key by key. Lines above its first section belong
/// to the one that the fence names, as in `toml delivery`. A block `toml whole` is a file by itself.
fn whole(block: &Block) -> String {
    if block.words.iter().any(|word| word == "whole") {
        return block.text.clone();
    }
    let named = block.words.get(1).map_or(String::new(), |name| {
        let list = SECTIONS.iter().find(|(header, _)| *header == format!("[[{name}]]"));
        list.map_or(format!("[{name}]"), |(header, _)| (*header).to_owned())
    });
    let mut given = vec![(named, String::new())];
    for line in block.text.lines() {
        if line.starts_with('[') && line.ends_with(']') {
            given.push((line.to_owned(), String::new()));
        } else {
            given.last_mut().unwrap().1.push_str(&format!("{line}\n"));
        }
    }
    let keys = |text: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim().to_owned()).collect()
    };
    let mut text = String::new();
    for (header, defaults) in SECTIONS {
        let own: Vec<&String> = given.iter().filter(|(name, _)| name == header).map(|(_, lines)| lines).collect();
        if own.is_empty() && header == "[[imap]]" {
            continue;
        }
        for lines in if own.is_empty() { vec![String::new()] } else { own.into_iter().cloned().collect() } {
            let set = keys(&lines);
            let password = |line: &str| line.starts_with("password_file") && set.contains("oauth2");
            let kept = defaults.lines().filter(|line| !keys(line).iter().any(|key| set.contains(key)) && !password(line));
            text.push_str(&format!("{header}\n{}\n{lines}\n", kept.collect::<Vec<_>>().join("\n")));
        }
        if header == "[[agent]]" && !block.text.contains("key = \"boris\"") {
            text.push_str("[[agent]]\nkey = \"boris\"\nname = \"Boris\"\naddress = \"boris@staff.example\"\n");
        }
    }
    let is_ours = |name: &str| SECTIONS.iter().any(|(header, _)| *header == name);
    let is_empty = |name: &str, lines: &str| name.is_empty() && lines.trim().is_empty();
    let others = given.iter().filter(|(name, lines)| !is_ours(name) && !is_empty(name, lines));
    others.fold(text, |text, (name, lines)| format!("{text}{name}\n{lines}\n"))
}

#[test]
fn every_verb_and_option_that_is_named_is_one_of_the_program() {
    let mut faults = Vec::new();
    let mut program = program::Program::default();
    for page in pages() {
        for (number, line) in &page.lines {
            for code in line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("postdesk ")) {
                faults.extend(program.fault_of(code).map(|why| format!("{}:{number}: `{code}`: {why}", page.path)));
            }
        }
        for block in page.blocks.iter().filter(|block| block.commands().is_some()) {
            for line in block.text.lines().filter(|line| line.trim_start_matches("$ ").starts_with("postdesk ")) {
                let code = line.trim_start_matches("$ ");
                faults.extend(program.fault_of(code).map(|why| format!("{}:{}: `{code}`: {why}", page.path, block.line)));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_outcome_and_every_cause_is_explained() {
    let page = fs::read_to_string(root().join("docs/outcomes.md")).unwrap();
    let outcomes = Outcome::ALL.iter().map(|outcome| outcome.name());
    let missing: Vec<&str> = outcomes.chain(Cause::ALL.iter().map(|cause| cause.name())).collect();
    let missing: Vec<&&str> = missing.iter().filter(|name| !page.contains(&format!("| `{name}` |"))).collect();
    assert!(missing.is_empty(), "docs/outcomes.md has no row of {missing:?}");
}

#[test]
fn whatever_is_logged_as_an_error_stands_in_what_to_do_when() {
    let page = fs::read_to_string(root().join("docs/what-to-do-when.md")).unwrap();
    let errors = program::errors();
    assert!(errors.len() > 10, "only {errors:?} were found");
    let missing: Vec<&String> = errors.iter().filter(|words| !page.contains(words.as_str())).collect();
    assert!(missing.is_empty(), "docs/what-to-do-when.md has no row of {missing:#?}");
    for code in [64, 65, 67, 69, 70, 74, 75, 78] {
        assert!(page.contains(&format!("| {code} |")), "docs/what-to-do-when.md has no row of the exit code {code}");
    }
}
