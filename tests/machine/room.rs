//! A disk without room, without inodes, with a limit on its files, or that fails: what cannot be kept is not promised, and the mail flows
//! again without a restart where the disk recovers, or after one where it cannot be trusted any more.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::disk::Disk;
use crate::gateway::{DEADLINE, wait_for};
use crate::times;
use crate::tracer::{calls, tampered};
use crate::trial::{Trial, folder};

/// Sends mails, each again and again until it is taken, until one attempt is answered with this code; how long that took.
fn until_answered(trial: &mut Trial, code: u16) -> Duration {
    let begun = Instant::now();
    let port = trial.port();
    wait_for(&format!("a mail to be answered {code}"), DEADLINE, || {
        let answer = trial.try_once(port);
        trial.assert_that_it_runs();
        answer.filter(|answer| *answer == code).map(drop)
    });
    begun.elapsed()
}

/// Under load the fault is made, the answer to mail is waited for, the fault ends, and the mail flows again in the same process.
fn and_again(trial: &mut Trial, name: &str, make: impl FnOnce(&Trial), mend: impl FnOnce(&Trial)) {
    let (port, process) = (trial.port(), trial.number());
    let took = trial.under_load(port, 200, |trial, load| {
        make(trial);
        until_answered(trial, 452);
        mend(trial);
        let took = until_answered(trial, 250);
        load.allow(40);
        took
    });
    trial.assert_that_it_runs();
    assert_eq!(trial.number(), process, "it was not started again");
    println!("{name}: mail is taken again after {} ms", took.as_millis());
}

#[test]
fn nothing_is_lost_by_a_disk_that_is_full_under_load() {
    for reserve in ["0 %", "5 %"] {
        let disk = Disk::mount(192, &[]);
        let mut trial = Trial::begun(&disk.path(), &[("store", &format!("min_free_space = \"{reserve}\""))]);
        for _ in 0..times(1, 5) {
            and_again(&mut trial, "full disk", |_| disk.fill(), |_| disk.free());
        }
        trial.judge("full disk", &format!("reserve={reserve}"));
    }
}

#[test]
fn nothing_is_lost_by_a_disk_without_inodes() {
    let disk = Disk::mount(192, &["-N", "2000"]);
    let mut trial = Trial::begun(&disk.path(), &[]);
    let port = trial.port();
    disk.use_up_inodes();
    // The store is there and needs no further file: mail is taken, and its notices wait for room.
    for _ in 0..5 {
        trial.send(port);
    }
    let told = wait_for("a notice that cannot be written", DEADLINE, || {
        let notices = trial.json(&["outbox", "list", "--json", "--all"]);
        notices.into_iter().find(|notice| !notice["last_error"].is_null())
    });
    assert!(told["last_error"].as_str().unwrap().contains("No space left"), "{told}");
    disk.free_inodes();
    for notice in trial.json(&["outbox", "list", "--json", "--all"]) {
        if notice["state"] == "due" {
            // One that is on its way says so and needs nothing.
            trial.command(&["outbox", "retry", &notice["id"].to_string()]).output().unwrap();
        }
    }
    trial.judge("inodes gone", "");
}

#[test]
fn nothing_is_lost_by_a_limit_on_the_size_of_files() {
    let folder = folder();
    let mut trial = Trial::begun(folder.path(), &[]);
    let limit = |trial: &Trial, limit: &str| {
        let number = trial.number().to_string();
        assert!(Command::new("prlimit").args(["--pid", &number, &format!("--fsize={limit}:")]).status().unwrap().success());
    };
    and_again(&mut trial, "file size limit", |trial| limit(trial, "40000000"), |trial| limit(trial, "unlimited"));
    trial.judge("file size limit", "");
}

/// What is broken from the call with this number on, for good.
fn broken_disk(call: &str, short: usize) {
    let whole = folder();
    let log = whole.path().join("calls");
    let mut trial = Trial::begun(whole.path(), &[]);
    trial.kill();
    let command = tampered(&trial, &[call], &log);
    trial.launch(command);
    let port = trial.port();
    trial.send(port);
    crate::found::wait_until_settled(&trial);
    trial.kill();
    let last = calls(&log, call);
    assert!(last > 2, "{call} was called {last} times");
    let (mut ends, mut codes) = (0, std::collections::BTreeMap::new());
    for number in (1..=last).step_by((last / times(short, last)).max(1)) {
        let command = tampered(&trial, &[&format!("{call}:error=EIO:when={number}+")], &log);
        trial.launch(command);
        // One mail more than the calls that are left: the disk fails beneath one of them at the latest.
        let code = trial.under_load(port, 40, |trial, _| {
            let status = wait_for("the end of a gateway whose disk fails", DEADLINE, || trial.ended());
            trial.start();
            status.code()
        });
        assert!(code.is_some_and(|code| code != 0), "{call} number {number} failed and the gateway ended with {code:?}");
        *codes.entry(code.unwrap()).or_insert(0) += 1;
        ends += 1;
        crate::found::wait_until_settled(&trial);
        trial.kill();
    }
    trial.start();
    trial.judge(&format!("EIO of {call}"), &format!("ends={ends} of {last} calls, exit codes={codes:?}"));
}

#[test]
fn nothing_is_lost_by_a_sync_that_fails() {
    broken_disk("fsync", 3);
}

#[test]
fn nothing_is_lost_by_a_write_that_fails() {
    broken_disk("pwrite64", 5);
}
