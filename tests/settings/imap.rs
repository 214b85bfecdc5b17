//! `[[imap]]`: what an account is read as, and its faults.

use std::path::PathBuf;
use std::time::Duration;

use postdesk::accept::imap::{Account, After, Security, Start};
use postdesk::login::Secret;
use postdesk::operate::check::{check, check_json};
use serde_json::{Value, json};

use super::{GOOD, MANUAL, faults, good, only_fault};

/// The keys that every account needs.
pub(super) const ACCOUNT: &str =
    "name = \"box\"\nhost = \"imap.example.org\"\nuser = \"desk@shop.example\"\npassword_file = \"Cargo.toml\"\n";

/// `GOOD` with an account whose lines these are, besides those that every account needs; a line with a key of those takes its place.
fn with(lines: &str) -> String {
    let key = |line: &str| line.split('=').next().unwrap().trim().to_owned();
    let own: Vec<String> = lines.lines().map(key).collect();
    let kept: String = ACCOUNT.lines().filter(|line| !own.contains(&key(line))).map(|line| format!("{line}\n")).collect();
    format!("{GOOD}[[imap]]\n{kept}{lines}\n")
}

fn account(lines: &str) -> Account {
    let mut accounts = good(&with(lines)).imap;
    assert_eq!(accounts.len(), 1);
    accounts.remove(0)
}

#[test]
fn an_account_needs_four_keys_and_has_a_default_for_every_other() {
    let account = account("");
    assert_eq!((account.name.as_str(), account.host.as_str(), account.port), ("box", "imap.example.org", 993));
    assert_eq!(account.login.user, "desk@shop.example");
    assert_eq!(account.login.secret, Secret::Password(PathBuf::from("Cargo.toml")));
    assert_eq!((account.security, account.after, account.start), (Security::Tls, After::Seen, Start::New));
    assert_eq!((account.folders, account.department), (vec!["INBOX".to_owned()], None));
    assert_eq!((account.poll, account.reconcile), (Duration::from_secs(60), Duration::from_secs(3_600)));
    assert_eq!((account.ca_file, account.authserv_id), (None, None));
    assert_eq!(account.max_message_size, 25 * 1024 * 1024);
    assert!(good(GOOD).imap.is_empty(), "without a section there is no account");
    let keys: Vec<String> = faults(&format!("{GOOD}[[imap]]\n")).0.into_iter().map(|fault| fault.key).collect();
    assert_eq!(keys, ["imap[1].name", "imap[1].host", "imap[1].user", "imap[1].password_file"]);
}

#[test]
fn the_manual_states_the_true_default_of_every_key_of_an_account() {
    let section = MANUAL.split_once("\n#[[imap]]\n").unwrap().1.split_once("\n\n").unwrap().0;
    let no_default = ["name", "host", "user", "password_file", "oauth2", "ca_file", "folders", "department", "authserv_id"]
        .map(|key| format!("{key} ="));
    let stated: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix('#')).filter(|line| !line.starts_with(' ')).collect();
    let (examples, defaults): (Vec<&str>, Vec<&str>) =
        stated.into_iter().partition(|line| no_default.iter().any(|key| line.starts_with(key)));
    assert_eq!((examples.len(), defaults.len()), (no_default.len(), 8), "{examples:?} {defaults:?}");
    let defaults: String =
        defaults.iter().filter(|line| !line.starts_with("allow_clear_text")).map(|line| format!("{line}\n")).collect();
    assert_eq!(account(&defaults), account(""));
    assert!(good(&with(&defaults)).changed.is_empty());
}

#[test]
fn every_key_of_an_account_is_read() {
    let other = account(
        "security = \"starttls\"\nfolders = [\"inbox\", \"Büro\"]\nafter = \"move:Done\"\nstart = \"all\"\npoll = \"5s\"\nreconcile = \"5m\"\ndepartment = \"support\"\nauthserv_id = \"mx.shop.example\"",
    );
    assert_eq!((other.security, other.port), (Security::StartTls, 143));
    assert_eq!(other.folders, ["INBOX", "Büro"]);
    assert_eq!((other.after, other.start), (After::Move("Done".to_owned()), Start::All));
    assert_eq!((other.poll, other.reconcile), (Duration::from_secs(5), Duration::from_secs(300)));
    assert_eq!((other.department.as_deref(), other.authserv_id.as_deref()), (Some("support"), Some("mx.shop.example")));
    let [provider] = &good(&with("authserv_id = \"mx.shop.example\"")).authenticate.fetched[..] else { panic!() };
    assert_eq!((provider.account.as_str(), provider.authserv_id.as_str()), ("box", "mx.shop.example"));
    assert!(good(&with("")).authenticate.fetched.is_empty());
    assert_eq!(account("after = \"delete\"\nport = 1993").port, 1993);
    let plain = account("security = \"plain\"\nhost = \"[::1]\"");
    assert_eq!((plain.host.as_str(), plain.port, plain.security), ("::1", 143, Security::Plain));
    account("security = \"plain\"\nallow_clear_text = true");
    let text = with("").replace("[smtp]\n", "[smtp]\nmax_message_size = \"1 MiB\"\n");
    assert_eq!(good(&text).imap[0].max_message_size, 1024 * 1024);
}

#[test]
fn an_account_logs_in_with_tokens_as_outgoing_mail_does() {
    let lines = with(
        "oauth2 = { token_endpoint = \"https://login.example/token\", client_id = \"desk\", refresh_token_file = \"Cargo.lock\", scope = \"imap\" }\n",
    );
    let text = lines.replace("password_file = \"Cargo.toml\"\n", "");
    let Secret::Token(source) = &good(&text).imap[0].login.secret else { panic!("no source of tokens") };
    assert_eq!(source.options().refresh_token_file, Some(PathBuf::from("Cargo.lock")));
    // Two accounts, one token: the fault names the second.
    let (_, second) = text.split_once("[[imap]]").unwrap();
    let both = format!("{text}[[imap]]{}", second.replace("\"box\"", "\"other\"").replace("desk@shop", "sales@shop"));
    let (_, key, message) = only_fault(&both);
    assert!(key == "imap[2].oauth2" && message.contains("taken by imap[1].oauth2"), "{key}: {message}");
}

/// Line put into an account, key of the one fault it must bring, words of its message.
const CASES: &[(&str, &str, &str)] = &[
    ("name = \"Box\"", "name", "is not a key"),
    ("host = \"imap.example.org:993\"", "host", "the port as port"),
    ("host = \"imaps://imap.example.org\"", "host", "write the name alone"),
    ("host = \"an imap server\"", "host", "is not a host name"),
    ("port = 0", "port", "from 1 to 65535"),
    ("port = \"993\"", "port", "takes a whole number"),
    ("security = \"ssl\"", "security", "takes \"tls\", \"starttls\" or \"plain\", not `ssl`"),
    ("security = \"plain\"", "security", "to everybody on the way to imap.example.org"),
    ("allow_clear_text = true", "allow_clear_text", "is of no use"),
    ("allow_clear_text = 1", "allow_clear_text", "takes true or false"),
    ("password_file = \"nowhere/at/all\"", "password_file", "cannot be read"),
    (
        "oauth2 = { token_endpoint = \"https://l.example/t\", client_id = \"d\", client_secret_file = \"Cargo.lock\" }",
        "oauth2",
        "takes the place of password_file",
    ),
    ("ca_file = \"Cargo.toml\"", "ca_file", "holds no certificate"),
    ("folder = \"\"", "folder", "is empty"),
    ("folder = \"Support*\"", "folder", "holds * or %"),
    ("folder = [\"INBOX\"]", "folder", "takes text in quotes, not a list"),
    ("folders = []", "folders", "is empty"),
    ("folders = [\"INBOX\", \"Inbox\"]", "folders[2]", "twice"),
    ("folder = \"A\"\nfolders = [\"B\"]", "folder", "of no use beside folders"),
    ("department = \"suport\"", "department", "did you mean `support`?"),
    ("department = \"logistics\"", "department", "add a [[department]]"),
    ("after = \"keep\"", "after", "takes \"seen\", \"move:FOLDER\" or \"delete\""),
    ("after = \"move:\"", "after", "is empty"),
    ("after = \"move:inbox\"", "after", "is fetched itself"),
    ("start = \"old\"", "start", "takes \"all\" or \"new\""),
    ("poll = \"4s\"", "poll", "from \"5s\" to \"3600s\""),
    ("reconcile = \"30s\"", "reconcile", "from \"60s\" to \"86400s\""),
    ("authserv_id = \"m x\"", "authserv_id", "is not a name"),
    ("polls = \"60s\"", "polls", "did you mean `poll`?"),
];

#[test]
fn each_fault_of_an_account_is_told_with_its_key() {
    for (line, key, words) in CASES {
        let (_, found, message) = only_fault(&with(line));
        assert!(found == format!("imap[1].{key}") && message.contains(words), "{line}: {found}: {message}");
    }
}

#[test]
fn two_accounts_share_neither_name_nor_folder_and_folders_differ_by_case() {
    let second = |lines: &str| format!("{}[[imap]]\n{lines}\n", with(""));
    let keys = ACCOUNT.replace("\"box\"", "\"other\"");
    let (_, key, message) = only_fault(&second(&keys));
    assert!(key == "imap[2].folder" && message.contains("would come in twice"), "{key}: {message}");
    let (_, key, message) = only_fault(&second(&format!("{ACCOUNT}folder = \"Support\"")));
    assert!(key == "imap[2].name" && message.contains("taken by imap[1].name"), "{key}: {message}");
    let text = format!("{}[[imap]]\n{keys}folder = \"support\"\n", with("folder = \"Support\""));
    assert_eq!(good(&text).imap.len(), 2);
}

#[test]
fn check_tells_what_an_account_resolved_to_and_never_its_secret() {
    let settings = good(&with("folders = [\"INBOX\", \"Support\"]\nafter = \"move:Done\"\nauthserv_id = \"mx.shop.example\""));
    let page = check(&settings);
    let wanted = "
IMAP account box: imaps://imap.example.org:993
  user        desk@shop.example, password in Cargo.toml
  folders     INBOX, Support
  department  by the recipients in the header, else support
  then        moved to Done
  begins      with what comes after the first look
  looks       every 1m, all numbers every 1h
  results of  mx.shop.example
";
    assert!(page.contains(wanted), "{page}");
    let object: Value = serde_json::from_str(&check_json(&settings)).unwrap();
    assert_eq!(
        object["imap"],
        json!([{"name": "box", "url": "imaps://imap.example.org:993", "user": "desk@shop.example", "folders": ["INBOX", "Support"],
            "department": null, "after": "move:Done", "start": "new", "poll": 60, "reconcile": 3600, "authserv_id": "mx.shop.example",
            "max_message_size": 26_214_400}])
    );
    let clear = check(&good(&with("security = \"plain\"\nallow_clear_text = true\nhost = \"2001:db8::1\"")));
    assert!(clear.contains("IMAP account box: imap://[2001:db8::1]:143\n"), "{clear}");
    assert!(clear.contains("password and mail go to 2001:db8::1 in clear text"), "{clear}");
}
