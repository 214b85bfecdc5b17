//! The configuration: what is read, and that everything that is wrong is said at once.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case that cannot be set up has to stop the test")]

#[path = "settings/cases.rs"]
mod cases;
#[path = "settings/check.rs"]
mod check;
#[path = "settings/delivery.rs"]
mod delivery;
#[path = "settings/imap.rs"]
mod imap;
#[path = "settings/keys.rs"]
mod keys;

use std::collections::BTreeSet;
use std::time::Duration;

use postdesk::deliver::Relay;
use postdesk::settings::{Faults, Settings, load, read};
use proptest::prelude::*;

const MANUAL: &str = include_str!("../config/postdesk.toml");

/// A configuration without faults. Cases put lines into its sections.
const GOOD: &str = r#"[gateway]
hostname = "desk.example.org"
[store]
[smtp]
[authentication]
[delivery]
relay = "file:var/outgoing"
[limits]
[acknowledgements]
[automatic_mail]
[[department]]
key = "support"
name = "Support"
prefix = "SUP"
address = "support@desk.example.org"
agents = ["ana"]
[[agent]]
key = "ana"
name = "Ana"
address = "ana@staff.example"
"#;

fn faults(text: &str) -> Faults {
    read(text, "desk.toml").expect_err("a configuration that should have faults")
}

fn good(text: &str) -> Settings {
    read(text, "desk.toml").unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// `GOOD` with a line put directly below a section's header; a line with a key that is there already takes its place. A section that it does
/// not have is added.
fn with(section: &str, line: &str) -> String {
    let key = line.split('=').next().unwrap_or_default().trim();
    let Some((before, rest)) = GOOD.split_once(&format!("{section}\n")) else {
        return format!("{GOOD}{section}\n{line}\n");
    };
    let end = rest.find("\n[").map_or(rest.len(), |at| at + 1);
    let kept: String =
        rest[..end].lines().filter(|row| row.split('=').next().unwrap().trim() != key).map(|row| format!("{row}\n")).collect();
    format!("{before}{section}\n{line}\n{kept}{}", &rest[end..])
}

/// The only fault of a text, as `line: key: message`.
fn only_fault(text: &str) -> (usize, String, String) {
    let Faults(mut list) = faults(text);
    assert_eq!(list.len(), 1, "one fault wanted: {list:?}\n{text}");
    let fault = list.remove(0);
    assert_eq!(fault.file, "desk.toml");
    (fault.line, fault.key, fault.message)
}

#[test]
fn the_built_in_configuration_says_what_its_text_says() {
    let settings = good(MANUAL);
    assert_eq!(settings.hostname, "desk.example.org");
    assert_eq!(settings.smtp.listen, ["127.0.0.1:2525".parse().unwrap()]);
    assert_eq!(settings.smtp.max_message_size, 25 * 1024 * 1024);
    assert_eq!(settings.store.place.to_string(), "sqlite:var/postdesk.db");
    assert_eq!(settings.key_file.to_str(), Some("var/key"));
    assert_eq!(settings.delivery.relay, Relay::File("var/outgoing".into()));
    assert_eq!(settings.authenticate.trusted_networks.len(), 2);
    assert_eq!(settings.departments[0].agents, ["ana", "boris"]);
    assert_eq!(settings.departments[0].answer_within, Some(Duration::from_secs(8 * 3600)));
    assert_eq!(settings.departments[0].reopen_within, Duration::from_secs(14 * 86_400));
    assert_eq!(settings.agents[1].name, "Boris Ilić");
    assert_eq!(settings.attempts, 3);
    assert_eq!(settings.digest, Some(Duration::from_secs(3_600)));
    assert_eq!(good(&with("[held]", "digest = \"0s\"")).digest, None);
    assert!(settings.changed.is_empty(), "{:?}", settings.changed);
}

#[test]
fn the_manual_states_the_true_default_of_every_key() {
    // Keys that the manual gives an example for, since they have no default.
    let examples = [
        "texts",
        "certificate",
        "private_key",
        "user",
        "password_file",
        "oauth2",
        "ca_file",
        "dkim",
        "assignee",
        "internal_assignee",
        "other_addresses",
        "objects",
        "objects_credentials_file",
        "relays",
        "authserv_id",
        "name_servers",
        "public_url",
        // Where there is no public_url, it may not be set.
        "public_listen",
        // Its default is what fits where the log goes.
        "format = \"json\"",
        // The agent's; the department's has a default.
        "language = \"hr\"",
    ];
    // Sections that there is no default of are read in tests of their own.
    let (before, section) = MANUAL.split_once("\n#[[imap]]\n").unwrap();
    let manual = format!("{before}\n\n{}", section.split_once("\n\n").unwrap().1);
    let uncommented: String = manual
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest)
                if !rest.starts_with(' ')
                    && !examples.iter().any(|key| rest.starts_with(&format!("{key} =")) || rest == *key) =>
            {
                rest
            }
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(uncommented.contains("\nbacklog = 1024\n"));
    assert_eq!(format!("{:?}", good(&uncommented)), format!("{:?}", good(MANUAL)));
}

#[test]
fn every_key_the_reader_knows_is_in_the_manual() {
    let sections = [
        "[gateway]",
        "[store]",
        "[smtp]",
        "[log]",
        "[http]",
        "[authentication]",
        "[delivery]",
        "[limits]",
        "[acknowledgements]",
        "[automatic_mail]",
        "[held]",
        "[[department]]",
        "[[agent]]",
        "[[imap]]",
    ];
    let text = MANUAL.replace("\n#[[", "\n[[");
    let mut known = BTreeSet::new();
    for section in sections {
        let line = match section {
            "[[imap]]" => format!("{}quite_another_thing = 1", imap::ACCOUNT),
            _ => "quite_another_thing = 1".to_owned(),
        };
        let (_, _, message) = only_fault(&with(section, &line));
        let (_, list) = message.split_once("known here: ").expect("the list of known keys");
        let keys: Vec<&str> = list.split(", ").collect();
        let manual = text.split_once(&format!("\n{section}\n")).expect("a section of the manual").1;
        let manual = manual.split("\n[").next().unwrap();
        for key in keys {
            assert!(manual.lines().any(|line| line.trim_start_matches('#').starts_with(&format!("{key} ="))), "{section} {key}");
            known.insert(format!("{section}.{key}"));
        }
    }
    assert!(known.len() >= 70, "{} keys", known.len());
}

#[test]
fn an_empty_file_is_told_what_every_configuration_needs() {
    let Faults(list) = faults("");
    let keys: Vec<&str> = list.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["gateway.hostname", "delivery.relay", "department", "agent"]);
    assert!(list.iter().all(|fault| fault.line == 1 && fault.message.starts_with("is missing")));
}

/// A configuration with a fault in nearly every line.
const BAD: &str = r#"[gateway]
host_name = "desk.example.org"
data = 5
[smtp]
listen = [
  "127.0.0.1:2525",
  "localhost",
]
max_message_size = "25 MB"
idle_timeout = "5 minutes"
trusted_networks = ["10.0.0.0/33"]
lmtp = ["desk"]
[http]
public_listen = "127.0.0.1:9026"
[delivery]
relay = "smtp://relay.example:x"
user = "postdesk"
[[department]]
key = "support"
name = "Support"
prefix = "SUP"
address = "support@desk.example.org"
agents = ["anna"]
[[department]]
key = "sales"
name = "Sales"
prefix = "SUP"
address = "support@desk.example.org"
agents = []
[[agent]]
key = "ana"
name = "Ana"
name = "Ana K."
address = "ana"
"#;

#[test]
fn faults_all_over_one_file_are_reported_in_one_run_in_the_order_of_its_lines() {
    let listed: Vec<String> = faults(BAD).0.iter().map(|fault| format!("{} {}", fault.line, fault.key)).collect();
    let wanted = [
        "1 gateway.hostname",
        "2 gateway.host_name",
        "3 gateway.data",
        "7 smtp.listen[2]",
        "9 smtp.max_message_size",
        "10 smtp.idle_timeout",
        "11 smtp.trusted_networks[1]",
        "12 smtp.lmtp[1]",
        "14 http.public_listen",
        "16 delivery.relay",
        "17 delivery.user",
        "23 department[1].agents[1]",
        "27 department[2].prefix",
        "28 department[2].address",
        "29 department[2].agents",
        "33 agent[1].name",
        "34 agent[1].address",
    ];
    assert_eq!(listed, wanted);
    let printed = faults(BAD).to_string();
    assert!(printed.contains("desk.toml:12: smtp.lmtp[1]: `desk` is neither an IP address with a port"), "{printed}");
    assert!(printed.contains("desk.toml:2: gateway.host_name: is not a known key; did you mean `hostname`?\n"), "{printed}");
    assert!(
        printed.contains("desk.toml:23: department[1].agents[1]: there is no agent `anna`; did you mean `ana`?\n"),
        "{printed}"
    );
    assert!(printed.contains("taken by department[1].address in line 22"), "{printed}");
}

#[test]
fn a_missing_key_of_any_section_is_reported_at_the_section() {
    for (section, key, path) in [
        ("[gateway]", "hostname", "gateway.hostname"),
        ("[delivery]", "relay", "delivery.relay"),
        ("[[department]]", "key", "department[1].key"),
        ("[[department]]", "name", "department[1].name"),
        ("[[department]]", "prefix", "department[1].prefix"),
        ("[[department]]", "address", "department[1].address"),
        ("[[department]]", "agents", "department[1].agents"),
        ("[[agent]]", "name", "agent[1].name"),
        ("[[agent]]", "address", "agent[1].address"),
    ] {
        let (before, rest) = GOOD.split_once(&format!("{section}\n")).unwrap();
        let start = rest.find(&format!("{key} =")).unwrap();
        let end = start + rest[start..].find('\n').unwrap() + 1;
        let (line, found, message) = only_fault(&format!("{before}{section}\n{}{}", &rest[..start], &rest[end..]));
        assert_eq!((line, found.as_str()), (before.lines().count() + 1, path));
        assert!(message.starts_with("is missing"), "{message}");
    }
}

#[test]
fn a_broken_line_does_not_bring_false_complaints_about_the_rest() {
    let text = GOOD.replace("[[agent]]", "[[agent").replace("[store]", "[store]\nmin_free_space = true");
    let listed: Vec<String> = faults(&text).0.iter().map(|fault| format!("{} {}", fault.line, fault.key)).collect();
    // Without its header the agent's keys stand nowhere, but it is the header that is wrong. What is certainly wrong is told
    // as well.
    assert_eq!(listed, ["4 store.min_free_space", "18 agent"]);
}

#[test]
fn a_section_that_is_no_section_is_told_how_to_write_it() {
    for (text, key, words) in [
        ("gateway = 1\n", "gateway", "written [gateway]"),
        ("[agent]\n", "agent", "write [[agent]]"),
        ("agent = [1]\n", "agent[1]", "written [[agent]]"),
        ("store = \"x\"\n", "store", "written [store]"),
    ] {
        let list = faults(text).0;
        assert!(list.iter().any(|fault| fault.key == key && fault.line == 1 && fault.message.contains(words)), "{list:?}");
    }
}

#[test]
fn two_departments_or_agents_never_share_a_key() {
    let second = GOOD.split_once("[[department]]").unwrap().1;
    let text = format!("{GOOD}[[department]]{second}");
    let keys: Vec<String> = faults(&text).0.iter().map(|fault| format!("{} {}", fault.line, fault.key)).collect();
    let wanted =
        ["22 department[2].key", "24 department[2].prefix", "25 department[2].address", "28 agent[2].key", "30 agent[2].address"];
    assert_eq!(keys, wanted);
}

#[test]
fn a_named_file_is_read_and_one_that_cannot_be_read_is_said_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.toml");
    let name = file.display().to_string();
    let Faults(list) = load(Some(&file)).unwrap_err();
    assert!(list.len() == 1 && list[0].file == name && list[0].message.starts_with("cannot be read"), "{list:?}");
    std::fs::write(&file, GOOD).unwrap();
    assert_eq!(load(Some(&file)).unwrap().origin, name);
    std::fs::write(&file, b"[gateway]\nname = \"Ana Kova\xe8\"\n").unwrap();
    assert_eq!(load(Some(&file)).unwrap_err().to_string(), format!("{name}:2: is not UTF-8; save the file in that encoding"));
    std::fs::write(&file, "#".repeat(1024 * 1024 + 1)).unwrap();
    assert!(load(Some(&file)).unwrap_err().to_string().contains("larger than 1048576 octets"));
    assert!(load(Some(folder.path())).unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn without_a_name_the_file_below_the_working_directory_is_taken() {
    // Tests run in the folder of the package, which has one.
    assert_eq!(load(None).unwrap().origin, "config/postdesk.toml");
}

/// Text that is nearly a configuration: lines of the manual, whole or broken, in any order.
fn nearly_a_configuration() -> impl Strategy<Value = String> {
    let lines: Vec<&'static str> = MANUAL.lines().map(|line| line.trim_start_matches('#')).collect();
    let line = (prop::sample::select(lines), 0..200usize, "[\\[\\]\"'=.,#{}a-z0-9\n\r\t ]{0,3}").prop_map(|(line, at, noise)| {
        let at = (0..=at.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        if at % 3 == 0 { format!("{}{noise}{}\n", &line[..at], &line[at..]) } else { format!("{line}\n") }
    });
    prop::collection::vec(line, 0..60).prop_map(|lines| lines.concat())
}

/// Whatever the text, there are settings, or faults that point into it.
fn holds(text: &str) {
    if let Err(Faults(list)) = read(text, "x") {
        assert!(!list.is_empty());
        let lines = text.matches('\n').count() + 1;
        assert!(list.iter().all(|fault| (1..=lines).contains(&fault.line)), "{list:?}\n{text}");
        assert!(list.is_sorted_by_key(|fault| fault.line));
    }
}

proptest! {
    #[test]
    fn no_text_whatever_makes_the_reader_panic(text in any::<String>()) {
        holds(&text);
    }

    #[test]
    fn no_mutation_of_the_manual_makes_the_reader_panic(text in nearly_a_configuration()) {
        holds(&text);
    }
}

#[test]
fn a_key_of_a_million_dots_and_a_million_brackets_are_faults_and_nothing_worse() {
    for text in ["a.".repeat(500_000), "[".repeat(1_000_000), format!("a = {}", "[".repeat(1_000_000)), "a={".repeat(300_000)] {
        assert!(!faults(&text).0.is_empty());
    }
}
