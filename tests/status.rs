//! `postdesk status`: a running gateway that is asked, one that is gone, one that cannot get on; once, again and again, and on a terminal.
//! And the files for Prometheus and Grafana. A terminal and a reader of YAML need the feature `peers`.
#![cfg(test)]

#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with tests that do more to it")]
mod gateway;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use gateway::{DEADLINE, Gateway, wait_for};
use serde_json::Value;
use tempfile::TempDir;

/// A gateway that delivers to nobody.
fn gateway() -> (TempDir, Gateway) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let gateway = Gateway::new(folder.path(), "discard:");
    (folder, gateway)
}

fn run(gateway: &Gateway, arguments: &[&str]) -> Output {
    gateway.command(arguments).output().unwrap()
}

fn json(gateway: &Gateway) -> (Option<i32>, Value) {
    let output = run(gateway, &["status", "--json"]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

/// A mail from outside.
fn receive(gateway: &Gateway) {
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.port())).unwrap();
    let mail = "EHLO mx.customer.example\r\nMAIL FROM:<mia@customer.example>\r\nRCPT TO:<help@shop.example>\r\nDATA\r\n\
                From: <mia@customer.example>\r\nTo: <help@shop.example>\r\nSubject: Kettle\r\nMessage-ID: <k@customer.example>\r\n\r\n\
                It leaks.\r\n.\r\nQUIT\r\n";
    let mut replies = BufReader::new(stream.try_clone().unwrap());
    replies.read_line(&mut String::new()).unwrap();
    for piece in mail.split_inclusive("DATA\r\n") {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    let mut rest = String::new();
    replies.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("\r\n221 "), "{rest}");
}

#[test]
fn a_running_gateway_tells_that_mail_flows_and_what_was_done() {
    let (_folder, mut gateway) = gateway();
    gateway.start();
    receive(&gateway);
    let seen = wait_for("the request among what was done", DEADLINE, || {
        let (code, seen) = json(&gateway);
        assert_eq!(code, Some(0), "{seen}");
        (seen["hour"]["outcomes"]["request"] == 1 && seen["hour"]["notices"]["sent"].as_i64() >= Some(2)).then_some(seen)
    });
    assert_eq!((&seen["running"], &seen["flows"], &seen["trouble"]), (&Value::Bool(true), &Value::Bool(true), &Value::Null));
    assert_eq!(seen["queues"]["pending"]["count"], 0);
    assert_eq!(seen["tickets"]["by_status"]["new"], 1);
    assert_eq!(seen["room"]["kind"], "sqlite");
    assert!(seen["process"]["pid"].as_u64().is_some() && seen["process"]["started_at"].is_string(), "{seen}");
    let output = run(&gateway, &["status"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{page}");
    for words in
        ["Example desk (desk.example.org)\n  gateway     runs since ", "\n  mail        flows\n", "mails: request  ", "1 new"]
    {
        assert!(page.contains(words), "{words} in\n{page}");
    }
}

#[test]
fn without_a_gateway_the_store_tells_what_waits_and_it_ends_with_69() {
    let (_folder, mut gateway) = gateway();
    let output = run(&gateway, &["status"]);
    assert_eq!(output.status.code(), Some(69));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("does not run here") && page.contains("there is no store at sqlite:"), "{page}");
    gateway.start();
    gateway.kill();
    // What nobody works on waits.
    let mut pipe = gateway.command(&["pipe", "--to", "help@shop.example", "--from", "mia@customer.example"]);
    let mut pipe = pipe.stdin(Stdio::piped()).spawn().unwrap();
    pipe.stdin.take().unwrap().write_all(b"From: <mia@customer.example>\nSubject: Kettle\n\nIt leaks.\n").unwrap();
    assert!(pipe.wait().unwrap().success());
    let (code, seen) = json(&gateway);
    assert_eq!(code, Some(69), "{seen}");
    assert_eq!((&seen["running"], &seen["flows"], &seen["process"]), (&Value::Bool(false), &Value::Bool(false), &Value::Null));
    assert!(seen["trouble"].as_str().unwrap().contains("no gateway is running here"), "{seen}");
    assert_eq!(seen["queues"]["pending"]["count"], 1);
    let told = run(&gateway, &["status"]);
    assert!(String::from_utf8_lossy(&told.stderr).contains("no gateway is running here"));
}

#[test]
fn a_gateway_that_hangs_is_not_taken_for_one_that_is_gone() {
    let (_folder, mut gateway) = gateway();
    gateway.start();
    gateway.signal("-STOP");
    let (code, seen) = json(&gateway);
    gateway.signal("-CONT");
    assert_eq!(code, Some(69), "{seen}");
    assert_eq!(seen["running"], true);
    assert!(seen["trouble"].as_str().unwrap().contains("did not answer"), "{seen}");
}

#[test]
fn watching_prints_one_object_after_another_until_it_is_interrupted() {
    let (_folder, mut gateway) = gateway();
    gateway.start();
    let mut watching = gateway.command(&["status", "--json", "--watch", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let seen: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(seen["flows"], true, "{seen}");
    }
    assert!(Command::new("kill").args(["-INT", &watching.id().to_string()]).status().unwrap().success());
    let ended = wait_for("the end of watching", DEADLINE, || watching.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
}

#[cfg(feature = "peers")]
#[test]
fn watching_on_a_terminal_draws_in_place_and_leaves_it_as_it_was() {
    let (folder, mut gateway) = gateway();
    gateway.start();
    let typescript = folder.path().join("typescript");
    let config = folder.path().join("postdesk.toml");
    let binary = env!("CARGO_BIN_EXE_postdesk");
    // `script` (bsdutils) gives it a terminal of its own; `stty` a size.
    let command = format!("stty cols 60 rows 20; echo $$ > pid; exec {binary} --config {} status --watch 1", config.display());
    let mut script = Command::new("script");
    script.args(["--quiet", "--flush", "--command", &command]).arg(&typescript).current_dir(folder.path());
    script.env("TERM", "xterm").env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::null());
    let mut script = script.spawn().unwrap();
    let shown = || String::from_utf8_lossy(&std::fs::read(&typescript).unwrap_or_default()).into_owned();
    wait_for("two frames", DEADLINE, || (shown().matches("\u{1b}[1;1H").count() >= 2).then_some(()));
    let process = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    assert!(Command::new("kill").args(["-INT", process.trim()]).status().unwrap().success());
    wait_for("the end of watching", DEADLINE, || script.try_wait().unwrap());
    let shown = shown();
    assert!(shown.contains("\u{1b}[?1049h\u{1b}[?25l") && shown.contains("Example desk"), "{shown:?}");
    assert!(shown.contains("\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"), "{shown:?}");
    // NO_COLOR: nothing is coloured or bold.
    assert!(!shown.contains("\u{1b}[1m") && !shown.contains("\u{1b}[32m"), "{shown:?}");
}

/// Every name that begins like one of our numbers in a text, without what Prometheus adds to histograms.
fn numbers_in(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c: char| !is_part(c)).filter(|word| word.starts_with("postdesk_"));
    let bare =
        |word: &str| ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned();
    words.map(bare).collect()
}

#[test]
fn rules_and_dashboard_name_only_numbers_that_there_are() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/monitoring");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (rules, dashboard) = (read("alerts.yml"), read("grafana.json"));
    let parsed: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(parsed["panels"].as_array().unwrap().len() > 10);
    let known: Vec<&str> = postdesk::observe::numbers::METRICS.iter().map(|metric| metric.name).collect();
    for (name, text, least) in [("alerts.yml", &rules, 12), ("grafana.json", &dashboard, 20)] {
        let mut named = numbers_in(text);
        named.sort();
        named.dedup();
        let unknown: Vec<&String> = named.iter().filter(|number| !known.contains(&number.as_str())).collect();
        assert!(unknown.is_empty(), "{name} names {unknown:?}");
        assert!(named.len() >= least, "{name} names only {named:?}");
    }
}

#[cfg(feature = "peers")]
#[test]
fn rules_are_yaml_and_each_says_what_it_is_about() {
    let check = "import sys, yaml\n\
                 rules = [rule for group in yaml.safe_load(open(sys.argv[1]))['groups'] for rule in group['rules']]\n\
                 assert len({rule['alert'] for rule in rules}) == len(rules) >= 15\n\
                 for rule in rules:\n    \
                     assert rule['expr'] and rule['labels']['severity'] in ('page', 'ticket'), rule\n    \
                     assert rule['annotations']['summary'] and rule['annotations']['description'], rule\n";
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/monitoring/alerts.yml");
    let output = Command::new("/usr/bin/python3").args(["-c", check]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
