//! The clock of the machine jumps: a year on, a day back. Nothing is given up for it, nothing waits for the old time to come again, and
//! nobody runs in circles.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::caps::processor_time;
use crate::gateway::{DEADLINE, wait_for};
use crate::times;
use crate::trial::{Trial, folder};

/// The clock of a gateway: a file that tells by how much it is wrong.
struct Clock(PathBuf);

/// Where Debian's package faketime has the library for programs with threads; the folder is named after the machine.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let library = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.exists());
    library.expect("libfaketime is not here; tests/run installs it with the package faketime")
}

impl Clock {
    fn below(folder: &Path) -> Self {
        let clock = Self(folder.join("clock"));
        clock.set("+0");
        clock
    }

    /// Sets it: `+365d`, `-1d`.
    fn set(&self, offset: &str) {
        let other = self.0.with_extension("new");
        std::fs::write(&other, format!("{offset}\n")).unwrap();
        std::fs::rename(other, &self.0).unwrap();
    }

    /// Starts the gateway by this clock. Time that is measured, not told, goes on as ever, as it does when a machine's clock is set.
    fn start(&self, trial: &mut Trial) {
        let mut command = trial.command(&["serve"]);
        command.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", &self.0);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        trial.launch(command);
        trial.wait_until_it_greets();
    }
}

/// Mail comes and goes, then the clock is set under load, with notices that wait for their next attempt; then all is to leave.
fn jump(name: &str, offset: &str) {
    let folder = folder();
    let clock = Clock::below(folder.path());
    let mut trial = Trial::new(folder.path(), &[]);
    clock.start(&mut trial);
    trial.open();
    let outgoing = trial.folder().join("outgoing");
    crate::found::wait_until_settled(&trial);
    // A file where the folder was: every attempt fails and is put off.
    std::fs::rename(&outgoing, trial.folder().join("away")).unwrap();
    std::fs::write(&outgoing, "in the way").unwrap();
    let port = trial.port();
    trial.under_load(port, 60, |trial, _| {
        wait_for("notices that wait for another attempt", DEADLINE, || {
            let notices = trial.json(&["outbox", "list", "--json", "--all"]);
            let tried = notices.iter().any(|notice| !notice["last_error"].is_null());
            (tried && notices.len() > 60).then_some(())
        });
    });
    // What is being decided while the clock jumps may be queued by either time.
    wait_for("every mail to be decided", DEADLINE, || {
        let arrivals = trial.json(&["arrival", "list", "--json", "--all"]);
        arrivals.iter().all(|arrival| !arrival["outcome"].is_null()).then_some(())
    });
    let used = trial.under_load(port, 20, |trial, _| {
        clock.set(offset);
        let (before, begun) = (processor_time(trial.number()), Instant::now());
        let while_it_settles = Duration::from_secs(times(5, 60) as u64);
        wait_for("a while after the jump", DEADLINE * 2, || (begun.elapsed() > while_it_settles).then_some(()));
        trial.assert_that_it_runs();
        (processor_time(trial.number()) - before, while_it_settles)
    });
    if offset.starts_with('-') {
        let first = trial.json(&["arrival", "list", "--json", "--all"]).pop().unwrap()["received_at"].clone();
        wait_for("notices that wait to be brought forward", DEADLINE, || {
            let notices = trial.json(&["outbox", "list", "--json", "--all"]);
            let waits =
                |notice: &serde_json::Value| notice["state"] == "due" && notice["next_attempt_at"].as_str() > first.as_str();
            (!notices.iter().any(waits)).then_some(())
        });
    }
    let notices = trial.json(&["outbox", "list", "--json", "--all"]);
    let given_up = notices.iter().filter(|notice| ["failed", "dropped"].contains(&notice["state"].as_str().unwrap())).count();
    assert_eq!(given_up, 0, "nothing is given up for a clock: {notices:?}");
    std::fs::remove_file(&outgoing).unwrap();
    std::fs::rename(trial.folder().join("away"), &outgoing).unwrap();
    let waiting = notices.iter().filter(|notice| notice["state"] == "due").count();
    assert!(waiting > 20, "hardly a notice waits: {waiting}");
    // The clock is set right, and the gateway started anew: what was put off by the other clock is asked for at once.
    assert!(trial.stop().success());
    trial.start();
    for notice in notices.iter().filter(|notice| notice["state"] == "due") {
        // One that has left meanwhile, or is about to, says so and needs nothing.
        trial.command(&["outbox", "retry", &notice["id"].to_string()]).output().unwrap();
    }
    let told = format!("waiting={waiting}, {} hundredths of a second of processor time in {} s", used.0, used.1.as_secs());
    trial.judge(name, &told);
}

#[test]
fn nothing_is_lost_by_a_clock_that_jumps_a_year_on() {
    jump("clock a year on", "+365d");
}

#[test]
fn nothing_is_lost_by_a_clock_that_jumps_a_day_back() {
    jump("clock a day back", "-1d");
}
