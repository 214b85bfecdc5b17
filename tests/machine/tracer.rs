//! Commands that become the gateway after they have done something to it, keeping its process number.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::gateway::Gateway;

/// The calls by which the gateway changes anything outside itself. `write` is left to its log and its wake-ups; sockets are written by
/// `sendto`.
pub(crate) const CALLS: [&str; 5] = ["pwrite64", "fsync", "rename", "sendto", "ftruncate"];

/// The gateway behind a program that ends by becoming it.
fn behind(program: &str, arguments: &[&str], gateway: &Gateway) -> Command {
    let inner = gateway.command(&["serve"]);
    let mut command = Command::new(program);
    command.args(arguments).arg(inner.get_program()).args(inner.get_args());
    if let Some(folder) = inner.get_current_dir() {
        command.current_dir(folder);
    }
    // One thread for all sockets, so that the calls of a life come in much the same order each time.
    command.env("TOKIO_WORKER_THREADS", "1");
    command
}

/// The gateway with a tracer beside it that tampers with its calls, as in `fdatasync:error=EIO:when=3+`. The calls are counted in each
/// thread by itself.
pub(crate) fn tampered(gateway: &Gateway, tampering: &[&str], log: &Path) -> Command {
    let calls: Vec<&str> = tampering.iter().map(|what| what.split(':').next().unwrap_or_default()).collect();
    let log = log.display().to_string();
    let trace = format!("trace={}", calls.join(","));
    // -D: the tracer is the grandchild, and the process that was started becomes the gateway.
    let mut arguments = vec!["-D", "-f", "-qq", "-o", &log, "-e", &trace, "-e", "signal=none"];
    let injections: Vec<String> = tampering.iter().map(|what| format!("inject={what}")).collect();
    for injection in injections.iter().filter(|injection| injection.contains(':')) {
        arguments.extend(["-e", injection]);
    }
    assert_that_there_is("strace");
    behind("strace", &arguments, gateway)
}

/// The gateway with limits of `prlimit`, such as `--nofile=64`.
pub(crate) fn limited(gateway: &Gateway, limits: &[&str]) -> Command {
    assert_that_there_is("prlimit");
    behind("prlimit", limits, gateway)
}

/// How often each call was made at most in one thread, from the log of [`tampered`].
pub(crate) fn calls(log: &Path, call: &str) -> usize {
    let text = std::fs::read_to_string(log).unwrap();
    let mut threads: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        if rest.trim_start().starts_with(&format!("{call}(")) {
            *threads.entry(thread).or_default() += 1;
        }
    }
    threads.values().copied().max().unwrap_or(0)
}

/// A test that needs a program says so, and never passes for want of it.
pub(crate) fn assert_that_there_is(program: &str) {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(found.is_ok_and(|status| status.success()), "{program} cannot be run; tests/run installs what this test needs");
}
