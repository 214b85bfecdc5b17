//! The units: what systemd says of them, and that the gateway needs nothing which they take away. systemd need not run for this.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::gateway::{DEADLINE, Gateway, free_port, wait_for};
use crate::wire::Wire;

fn units() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

fn analyze(arguments: &[&str]) -> Output {
    Command::new("systemd-analyze").arg("--no-pager").args(arguments).output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[test]
fn the_exposure_of_the_service_is_at_most_1_5() {
    let unit = units().join("postdesk.service");
    let output = analyze(&["security", "--offline=true", "--threshold=15", unit.to_str().unwrap()]);
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}{}", text(&output.stderr));
    println!("{}", told.lines().last().unwrap());
    // Without the sandbox the same question is answered no.
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("postdesk.service");
    fs::write(&open, "[Service]\nType=notify\nExecStart=/usr/bin/postdesk serve\n").unwrap();
    assert!(!analyze(&["security", "--offline=true", "--threshold=15", open.to_str().unwrap()]).status.success());
}

#[test]
fn systemd_finds_no_fault_in_the_units() {
    let folder = tempfile::tempdir().unwrap();
    // With the program where it is, and without the pages of the manual, which the package brings.
    let verify = |from: &str, to: &str| {
        let files = ["postdesk.service", "postdesk.socket"].map(|name| {
            let unit =
                fs::read_to_string(units().join(name)).unwrap().replace("/usr/bin/postdesk", env!("CARGO_BIN_EXE_postdesk"));
            fs::write(folder.path().join(name), unit.replace(from, to)).unwrap();
            folder.path().join(name).display().to_string()
        });
        let output = analyze(&["verify", "--man=no", &files[0], &files[1]]);
        (output.status.success(), text(&output.stderr))
    };
    assert_eq!(verify("", ""), (true, String::new()));
    let (_, told) = verify("WatchdogSec=", "WatchDogSec=");
    assert!(told.contains("WatchDogSec"), "a key that there is not is told: {told}");
}

/// A gateway at work: started on a new store, mail taken, decided, and a relay called by its name; stopped. Each line is a system call.
fn calls_of_a_gateway_at_work() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut gateway = Gateway::new(folder.path(), &format!("smtp://localhost:{}", free_port()));
    let trace = folder.path().join("trace");
    let serve = gateway.command(&["serve"]);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-e", "signal=none", "-o"]).arg(&trace).arg(serve.get_program()).args(serve.get_args());
    command.env("NOTIFY_SOCKET", folder.path().join("nobody")).env("WATCHDOG_USEC", "300000");
    let mut strace = command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the port", DEADLINE, || std::net::TcpStream::connect(("127.0.0.1", gateway.port())).ok());
    assert_eq!(Wire::connect(gateway.port()).mail("watched"), 250);
    wait_for("a notice to be tried", DEADLINE, || {
        let notices = gateway.json(&["outbox", "list", "--json"]);
        notices.iter().any(|notice| !notice["last_error"].is_null()).then_some(())
    });
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let number = fs::read_to_string(children).unwrap().trim().to_owned();
    assert!(Command::new("kill").args(["-TERM", &number]).status().unwrap().success());
    assert!(wait_for("the gateway to end", DEADLINE, || strace.try_wait().unwrap()).success());
    gateway.kill();
    fs::read_to_string(trace).unwrap().lines().map(|line| line.split_once(' ').unwrap().1.trim_start().to_owned()).collect()
}

/// The calls of these groups.
fn group(names: &[&str]) -> BTreeSet<String> {
    let mut calls = BTreeSet::new();
    for name in names {
        let told = text(&analyze(&["syscall-filter", name]).stdout);
        for line in told.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let found = if line.starts_with('@') { group(&[line]) } else { BTreeSet::from([line.to_owned()]) };
            calls.extend(found);
        }
    }
    calls
}

/// What the unit says under a key, over all its lines.
fn said(key: &str) -> Vec<String> {
    let unit = fs::read_to_string(units().join("postdesk.service")).unwrap();
    let values = unit.lines().filter_map(|line| line.strip_prefix(&format!("{key}=")));
    values.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

#[test]
fn a_gateway_at_work_makes_no_call_that_the_unit_forbids() {
    let calls = calls_of_a_gateway_at_work();
    let (mut allowed, mut forbidden, mut negative) = (BTreeSet::new(), BTreeSet::new(), false);
    for word in said("SystemCallFilter") {
        negative |= word.starts_with('~');
        let set = if negative { &mut forbidden } else { &mut allowed };
        set.extend(group(&[word.trim_start_matches('~')]));
    }
    let name = |call: &String| call.split_once('(').map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with('<'));
    let made: BTreeSet<String> = calls.iter().filter_map(name).collect();
    println!("{} calls of {} kinds", calls.len(), made.len());
    assert!(made.contains("fsync") && made.contains("accept4") && made.contains("sendto"), "it was at work: {made:?}");
    // SQLite gives its files to the owner of the database when root runs it, as this test may and the service never does.
    let refused = |call: &&String| (!allowed.contains(*call) || forbidden.contains(*call)) && *call != "fchown";
    let refused: Vec<&String> = made.iter().filter(refused).collect();
    assert_eq!(refused, Vec::<&String>::new());

    // MemoryDenyWriteExecute: nothing is both, and nothing becomes executable that was not.
    let executable = |call: &&String| {
        call.contains("PROT_EXEC") && (call.starts_with("mprotect") || (call.starts_with("mmap") && call.contains("PROT_WRITE")))
    };
    assert_eq!(calls.iter().filter(executable).collect::<Vec<_>>(), Vec::<&String>::new());

    // RestrictAddressFamilies. Looking up a name asks the kernel for our addresses, and goes on without an answer.
    let families = said("RestrictAddressFamilies");
    let family = |call: &String| Some(call.strip_prefix("socket(")?.split([',', ')']).next()?.to_owned());
    let wanted: BTreeSet<String> = calls.iter().filter_map(family).filter(|family| family != "AF_NETLINK").collect();
    assert!(wanted.len() > 1 && wanted.iter().all(|family| families.contains(family)), "{wanted:?}");
}

#[test]
fn a_gateway_at_work_writes_nowhere_but_in_its_state() {
    let writes = |call: &&String| call.starts_with("openat(") && (call.contains("O_RDWR") || call.contains("O_WRONLY"));
    let calls = calls_of_a_gateway_at_work();
    let path = |call: &String| call.split('"').nth(1).unwrap_or_default().to_owned();
    let written: BTreeSet<String> = calls.iter().filter(writes).map(path).collect();
    // SQLite sorts what is large in /var/tmp.
    assert_eq!(said("PrivateTmp"), ["yes"]);
    let of_its_own = |path: &&String| path.contains("/data/") || path.starts_with("/var/tmp/") || *path == "/dev/null";
    assert!(written.iter().any(|path| path.ends_with("postdesk.db")), "{written:?}");
    assert_eq!(written.iter().filter(|path| !of_its_own(path)).collect::<Vec<_>>(), Vec::<&String>::new());
}
