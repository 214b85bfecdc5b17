//! The Debian package on a machine: installed, configured, used, upgraded, removed and purged under a real systemd; and every command of
//! the manual, run there as an operator would.

#![expect(clippy::unwrap_used, reason = "a machine that cannot be had has to stop the test")]

#[path = "package/life.rs"]
mod life;
#[path = "package/machine.rs"]
mod machine;
#[path = "manual/page.rs"]
#[expect(dead_code, reason = "what the test of the pages themselves does with them")]
mod page;
#[path = "package/script.rs"]
mod script;

use std::path::PathBuf;
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use machine::Machine;

/// The package of the version that the pages speak of, and the same under the next one's number.
static PACKAGES: LazyLock<[PathBuf; 2]> = LazyLock::new(|| {
    let package = package();
    let next = machine::next_version(&package);
    [package, next]
});

/// Makes the package with `packaging/build`, of the program that the tests were built with.
fn package() -> PathBuf {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let mut command = Command::new("timeout");
    command.arg("300").arg(machine::root().join("packaging/build"));
    let output = command.args(["--profile", profile, "--version", "0.1.0", "--built"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "packaging/build: {}\n{told}", output.status);
    machine::root().join(String::from_utf8(output.stdout).unwrap().trim())
}

#[test]
fn every_command_of_the_manual_does_what_it_should() {
    let scripts: Vec<script::Script> = page::pages().iter().filter_map(script::of).collect();
    let commands: usize = scripts.iter().map(|script| script.commands).sum();
    assert!(commands > 20, "only {commands} commands were found");
    let (next, faults) = (Mutex::new(scripts.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        // Two machines at a time: each is busy for seconds and idle for some.
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(script) = next.lock().unwrap().next() else { return };
                    if let Err(why) = try_page(script) {
                        faults.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n\n"));
    let apart: usize = scripts.iter().map(|script| script.only_read.len()).sum();
    println!("manual: pages={} commands={commands} run, {apart} blocks only read:", scripts.len());
    scripts.iter().flat_map(|script| &script.only_read).for_each(|block| println!("  {block}"));
}

/// Runs the commands of a page on a machine of its own.
fn try_page(script: &script::Script) -> Result<(), String> {
    let machine = Machine::start(&[PACKAGES[0].clone()]);
    machine.say(&format!("/srv/prepare {}", script.machine));
    let output = machine.run(&script.text);
    if output.status.success() {
        return Ok(());
    }
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let last: Vec<&str> = said.lines().rev().take(40).collect();
    let said = last.into_iter().rev().collect::<Vec<_>>().join("\n");
    Err(format!("== {}\n{said}\n-- told:\n{told}\n-- journal:\n{}", script.page, machine.log()))
}
