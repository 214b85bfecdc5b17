//! Exit codes and words of the verbs, as scripts and MTAs see them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::gateway::Gateway;

/// Runs the program in a folder with something on its standard input.
fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // A verb that does not read its input may have gone by now.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    process.wait_with_output().unwrap()
}

/// A folder with a configuration that is in order.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    drop(Gateway::new(folder.path(), "discard:"));
    folder
}

const MAIL: &str = "From cron Sat Nov 21 22:16:55 2026\nFrom: mia@customer.example\nSubject: by pipe\n\nHello\n";

#[test]
fn the_pipe_says_by_its_exit_code_what_became_of_a_mail() {
    let folder = folder();
    let pipe =
        |to: &str| run(folder.path(), &["--config", "postdesk.toml", "pipe", "--to", to, "--from", "mia@customer.example"], MAIL);
    let cases = [
        ("help@shop.example", 0, ""),
        ("nobody@desk.example.org", 67, "5.1.1 nobody@desk.example.org is neither"),
        ("somebody@elsewhere.example", 67, "5.1.1 "),
        ("odd address@desk.example.org", 67, "5.1.1 "),
        // What stands in place of an address was written by whoever set up the mail server.
        ("no address", 75, "4.3.0 \"no address\" is given as the recipient"),
        ("", 75, "4.3.0 "),
    ];
    for (to, code, told) in cases {
        let output = pipe(to);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{to}: {words}");
        assert!(words.starts_with(told), "{to}: {words}");
    }
    let listed = run(folder.path(), &["--config", "postdesk.toml", "arrival", "list", "--json"], "");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(listed.contains(r#""source":"pipe""#), "{listed}");
    let raw = run(folder.path(), &["--config", "postdesk.toml", "arrival", "raw", "1"], "").stdout;
    assert_eq!(String::from_utf8(raw).unwrap(), "From: mia@customer.example\r\nSubject: by pipe\r\n\r\nHello\r\n");
}

#[test]
fn the_pipe_takes_what_mail_servers_write_for_the_null_sender_and_refuses_no_mail_for_its_own_command_line() {
    let folder = folder();
    let pipe = |arguments: &[&str]| {
        run(folder.path(), &[&["--config", "postdesk.toml", "pipe", "--to", "help@shop.example"], arguments].concat(), MAIL)
    };
    let senders = ["", "<>", "MAILER-DAEMON", "<mailer-daemon>", "-odd-@customer.example"];
    for sender in senders {
        let output = pipe(&["--from", sender]);
        assert_eq!(output.status.code(), Some(0), "{sender}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let wrong = pipe(&["--from", "nobody in particular"]);
    assert_eq!(wrong.status.code(), Some(65));
    assert!(wrong.stderr.starts_with(b"5.1.7 "), "{}", String::from_utf8_lossy(&wrong.stderr));
    assert_eq!(pipe(&["--form", "mia@customer.example"]).status.code(), Some(75));
    assert_eq!(run(folder.path(), &["--config", "postdesk.toml", "pipe"], MAIL).status.code(), Some(75));
    assert_eq!(run(folder.path(), &["ticket", "--form"], "").status.code(), Some(64));
    let listed = run(folder.path(), &["--config", "postdesk.toml", "arrival", "list", "--json"], "");
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 5);
}

#[test]
fn a_mail_that_is_too_large_for_the_pipe_goes_back_with_a_reason() {
    let folder = folder();
    let file = folder.path().join("postdesk.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[smtp]\n", "[smtp]\nmax_message_size = \"4 KiB\"\n")).unwrap();
    let mail = MAIL.to_owned() + &"much too much\n".repeat(100_000);
    let output = run(folder.path(), &["--config", "postdesk.toml", "pipe", "--to", "help@shop.example"], &mail);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(65), "{told}");
    assert!(told.starts_with("5.3.4 the mail is larger than 4096 octets"), "{told}");
}

#[tokio::test]
async fn the_pipe_asks_its_caller_to_come_back_while_the_store_is_locked() {
    use sqlx::{Connection, Executor, SqliteConnection};
    let folder = folder();
    let arguments = ["--config", "postdesk.toml", "pipe", "--to", "help@shop.example"];
    assert_eq!(run(folder.path(), &arguments, MAIL).status.code(), Some(0));
    let mut other = SqliteConnection::connect(folder.path().join("data/postdesk.db").to_str().unwrap()).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let output = run(folder.path(), &arguments, MAIL);
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_fault_of_a_configuration_is_told_at_once_and_ends_the_verbs_with_78_but_the_pipe_with_75() {
    let folder = folder();
    let file = folder.path().join("postdesk.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let wrong =
        text.replace("reopen_within", "reopen_witin").replace(r#"agents = ["ana", "boris"]"#, r#"agents = ["ana", "carl"]"#);
    std::fs::write(&file, wrong).unwrap();
    // An MTA bounces a mail for every code but 75, and a typing error of ours must cost no customer's mail.
    let pipe = ["pipe", "--to", "help@shop.example"];
    for (verb, code) in [(&["check"][..], 78), (&["serve"], 78), (&["ticket", "list"], 78), (&pipe, 75)] {
        let arguments = [&["--config", "postdesk.toml"], verb].concat();
        let output = run(folder.path(), &arguments, "");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{verb:?}: {told}");
        assert!(told.contains("postdesk.toml:") && told.contains("reopen_witin") && told.contains("carl"), "{told}");
    }
}

#[test]
fn without_any_configuration_the_built_in_one_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["check"], "");
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(page.contains("support@desk.example.org"), "{page}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "check makes nothing");
}

#[test]
fn a_dry_run_tells_what_would_happen_and_changes_nothing() {
    let folder = folder();
    std::fs::write(folder.path().join("mail.eml"), MAIL).unwrap();
    let arguments = ["--config", "postdesk.toml", "try", "mail.eml", "--to", "help@shop.example", "--json"];
    let output = run(folder.path(), &arguments, "");
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&printed["outcome"], &printed["ticket"]), (&"request".into(), &"SUP-1".into()), "the mail's own author");
    let null = [&arguments[..], &["--from", "<>"]].concat();
    let printed: serde_json::Value = serde_json::from_slice(&run(folder.path(), &null, "").stdout).unwrap();
    assert_eq!((&printed["outcome"], &printed["ticket"]), (&"automatic".into(), &serde_json::Value::Null), "the null sender");
    let from = [&arguments[..], &["--from", "mia@customer.example"]].concat();
    let printed: serde_json::Value = serde_json::from_slice(&run(folder.path(), &from, "").stdout).unwrap();
    assert_eq!((&printed["outcome"], &printed["ticket"]), (&"request".into(), &"SUP-1".into()));
    assert_eq!(printed["message"]["text"], "Hello");
    assert!(!folder.path().join("data/postdesk.db").exists(), "no store was made");
}

#[test]
fn the_demo_plays_its_conversation_to_the_end_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
    let output = command.arg("demo").current_dir(folder.path()).env("TMPDIR", folder.path()).output().unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for seen in ["SUP-1 is awaiting-customer", "for agents only", "#clsoe", "closed → open", "undelivered"] {
        assert!(page.contains(seen), "{seen} is missing in:\n{page}");
    }
    assert!(!page.contains('\u{1b}'), "no colours where there is no terminal");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
